"""How varied a dataset's texts are: figures over samples of a fixed size, and a map of what the texts are about.

Pure: texts come in, values go out, the same ones for the same texts. All of it is counted from words, so that it says
something about wording and topics in any language, and nothing about what is meant.
"""

from synthgen_core.diversity.figures import (
    POOL,
    SIZES,
    VARIETY,
    SizedDiversity,
    Variety,
    common_size,
    measure_diversity,
)
from synthgen_core.diversity.islands import MAP_SIZE, Island, Point, TextMap, draw_map

__all__ = ["MAP_SIZE", "POOL", "SIZES", "VARIETY", "Island", "Point", "SizedDiversity", "TextMap", "Variety"]
__all__ += ["common_size", "draw_map", "measure_diversity"]
