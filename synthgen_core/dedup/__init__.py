"""Texts that are alike: exact repeats by a digest of their words, near repeats by MinHash and a verified similarity.

Two texts are as similar as the share of their words that stand in both in the same order (``similarity``). Comparing
each with each would be quadratic, so candidates come from banding (Leskovec, Rajaraman, Ullman: Mining of Massive
Datasets, chapter 3): texts that share a *band key*; what shares one is verified. ``Shelf`` is for texts that come one
by one and are judged at once, ``find_duplicates`` for all texts of a dataset; both use the same sketches.
"""

from synthgen_core.dedup.compared import Compared, compared_text
from synthgen_core.dedup.search import Star, Twin, find_duplicates
from synthgen_core.dedup.shelf import CHAIN, Shelf
from synthgen_core.dedup.sketches import (
    NEAR,
    ROUNDING,
    Sketch,
    digest,
    signs_of,
    similarity,
    similarity_of,
    sketch,
    words_of,
)

__all__ = [
    "CHAIN",
    "NEAR",
    "ROUNDING",
    "Compared",
    "Shelf",
    "Sketch",
    "Star",
    "Twin",
    "compared_text",
    "digest",
    "find_duplicates",
]
__all__ += ["signs_of", "similarity", "similarity_of", "sketch", "words_of"]
