"""What the rules say of their own quality is what was measured, as the README has it."""

import re
from pathlib import Path

import pytest

from synthgen_core.rules import RULES

README = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
ROWS = {
    "duplicate": "near duplicates of 100,000 texts",
    "personal_data": "personal data of 21 kinds",
    "wrong_language": "answers in ten other languages",
    "repetition": "six kinds of loops",
}
"""Rule -> how the README's row begins that has its figures."""


@pytest.mark.parametrize("rule", ROWS)
def test_the_figures_of_a_rule_are_those_of_the_readme(rule: str) -> None:
    row = next(line for line in README.splitlines() if line.startswith(f"| {ROWS[rule]}"))
    figures = re.findall(r"\d\.\d+", row.split("|")[2])
    assert re.findall(r"\d\.\d+", RULES[rule].measured) == figures
    assert len(figures) == 2


def test_no_other_rule_claims_to_be_measured() -> None:
    assert {name for name, rule in RULES.items() if rule.measured} == set(ROWS)
