"""The shapes of the rows that files have, each as one row of ``SHAPES``: how to know, read, and write them.

Reading keeps everything. What the stored format has no place for is kept beside it in ``metadata["source"]``: the
shape, the line, ``extra`` (the keys that the shape does not know), ``layout`` (which of its usual ways a row was
written in) and ``spelling`` (what still tells the row from that, such as roles under other names). With them,
``to_shape_row`` writes a row again that is equal to the one that was read, wherever the content is still the same.

To add a shape, write its ``Shape`` and put it into ``SHAPES`` at its place: a row that fits several is of the first.
"""

from synthgen_core.shapes.columns import MAPPINGS, MappingKind, apply_mapping, check_mapping, guess_mapping
from synthgen_core.shapes.definition import Shape
from synthgen_core.shapes.rows import SHAPES, ShapedRow, extra_of, get_shape, read_row, source_of, to_shape_row

__all__ = [
    "MAPPINGS",
    "SHAPES",
    "MappingKind",
    "Shape",
    "ShapedRow",
    "apply_mapping",
    "check_mapping",
    "extra_of",
    "get_shape",
    "guess_mapping",
    "read_row",
    "source_of",
    "to_shape_row",
]
