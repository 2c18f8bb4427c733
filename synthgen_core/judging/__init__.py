"""Judging with a model, its pure part: the rubric, what the judge is told, and what its reply is worth."""

from synthgen_core.judging.rubric import CRITERIA, Criterion, Rubric
from synthgen_core.judging.verdicts import Judgement, JudgementState, parse_judgement

__all__ = ["CRITERIA", "Criterion", "Judgement", "JudgementState", "Rubric", "parse_judgement"]
