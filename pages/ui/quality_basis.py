"""What a figure of quality rests on, in words: whose scores, how many, and what is left out and why."""

from pages.ui.words import plural
from synthgen_core.actions.charts import QualityFigures
from synthgen_core.statistics import Figure

JUDGE, RULES, PEOPLE = "quality_score", "rule_score", "person_score"
NAMES = {JUDGE: "Judge", RULES: "Rules", PEOPLE: "People"}
TITLES = {JUDGE: "Judge's scores", RULES: "Rule scores", PEOPLE: "People's scores"}
MISSING = {
    JUDGE: "No example has a judge's score. See the part “Judge”.",
    RULES: "The rules have not read these examples. See the part “Rules”.",
    PEOPLE: "Nobody has given a score. That is done on the Review page.",
}
"""Where there is no score at all."""
WITHOUT = {JUDGE: "not judged", RULES: "not read by the rules", PEOPLE: "not scored by a person"}


def basis(figures: QualityFigures, score: str) -> str:
    """On how many examples a figure of these scores rests, and what is left out."""
    n = figures.scores[score].sums.n
    failed = figures.judge_failed if score == JUDGE else 0
    left_out = [
        f"{count:,} {why}"
        for count, why in (
            (figures.active - n - failed, WITHOUT[score]),
            (failed, "where the judge failed"),
            (figures.removed, "removed"),
        )
        if count > 0
    ]
    told = f"n = {n:,} of {plural(figures.active, 'active example')}."
    return f"{told} Left out: {', '.join(left_out)}." if left_out else told


def in_words(figure: Figure) -> str:
    """A figure with its interval, or why there is none."""
    if figure.value is None:
        return figure.why_withheld
    interval = "" if figure.low is None or figure.high is None else f" ({figure.low:.2f} to {figure.high:.2f})"
    return f"{figure.value:.2f}{interval}"
