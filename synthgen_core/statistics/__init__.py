"""Statistics of reviews and judgements, pure: every result is a ``Figure`` that says what it rests on, or why it is
withheld. Formulas and their sources stand with the functions."""

from synthgen_core.statistics.figures import LEAST, Figure

__all__ = ["LEAST", "Figure"]
