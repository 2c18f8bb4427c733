"""The health of judges: do they fail, waver, like long answers, their own words, one score, or whatever comes first?

Each figure is over what a judge said in one dataset. Of many examples, an even part is looked at.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from math import sqrt
from typing import Any

import orjson

from synthgen_core.actions.measures import Tick
from synthgen_core.database import Judge, JudgedItem, Measure
from synthgen_core.judging.preferences import A, B
from synthgen_core.judging.verdicts import JudgementState
from synthgen_core.models import Dataset, JsonObject
from synthgen_core.statistics import LEAST, Figure
from synthgen_core.statistics.correlation import spearman_figure
from synthgen_core.statistics.intervals import difference_of_means, mean_figure, wilson
from synthgen_core.workspace import Workspace

MEASURE = "judge_health"
"""Its name among the measures of a dataset."""
MOST_ITEMS = 20_000
"""Examples that are looked at for what needs their lengths, models and repeated judgements."""
MUCH = 0.8
"""A judge that gives one score in such a share of its judgements, or more, hardly tells them apart."""


@dataclass(frozen=True, slots=True)
class JudgeHealth:
    """What is known of one judge, a model with a rubric, from its judgements in one dataset."""

    provider: str
    model: str
    rubric_hash: str
    scored: int
    failed: int
    scores: Mapping[str, int]
    """Overall score -> how often it was given, ascending."""
    failures: Figure
    """Share of judgements that came to no score."""
    items: int
    """Examples that the following figures were looked for in."""
    spread: Figure
    """Standard deviation of the scores of one text in one job, the mean over texts with two scores or more."""
    length: Figure
    """Spearman's rho of score and length."""
    length_beyond_people: Figure
    """The same of the judge's score less people's: what the judge gives for length and people do not."""
    own: Figure
    """Mean score of what its own model wrote, less that of what others wrote; only texts as they were generated."""
    own_beyond_people: Figure
    """The same of the judge's score less people's."""
    own_and_others: Sequence[int]
    """Texts that its own model wrote, and others: of ``own``, then of ``own_beyond_people``."""

    @property
    def monotony(self) -> tuple[float, float] | None:
        """(score, share) where nearly all judgements gave one score; None: there is none, or too few did."""
        if self.scored < LEAST:
            return None
        score, count = max(self.scores.items(), key=lambda each: each[1])
        return (float(score), count / self.scored) if count >= MUCH * self.scored else None


@dataclass(frozen=True, slots=True)
class OrderHealth:
    """Whether a judge that compares pairs goes by the place, which was swapped for each."""

    provider: str
    model: str
    pairs: int
    first: int
    """Pairs in which what was shown first won both times."""
    second: int
    """Pairs in which what was shown second won both times."""
    turned: Figure
    """Share of the pairs in which the place won."""


def measure_health(workspace: Workspace, dataset: Dataset, tick: Tick) -> tuple[int, JsonObject]:
    """How many judgements there are in a dataset, and its judges, the latest first, as JSON."""
    counts = workspace.database.count_judgements(dataset.id)
    found = []
    for judge, states in counts.items():
        tick()
        found.append(_health(workspace, dataset.id, judge, states))
    made: JsonObject = orjson.loads(orjson.dumps({"judges": found}))
    return sum(sum(states.values()) for states in counts.values()), made


def judges_in(measure: Measure) -> list[JudgeHealth]:
    """The judges of a measure, the latest first."""
    kept: Any = measure.result["judges"]
    figures = [field.name for field in fields(JudgeHealth) if field.type is Figure]
    return [JudgeHealth(**each | {name: Figure(**each[name]) for name in figures}) for each in kept]


def _health(workspace: Workspace, dataset_id: int, judge: Judge, states: Mapping[str, int]) -> JudgeHealth:
    scored, failed = (states.get(state, 0) for state in (JudgementState.SCORED, JudgementState.FAILED))
    share = min(1.0, MOST_ITEMS / max(1, scored))
    items = workspace.database.get_judged_items(dataset_id, judge, share)
    repeated = [each for each in items if each.runs > 1]
    present = [each for each in items if each.revision >= each.content_revision]
    compared = [(each, each.mean - each.person) for each in present if each.person is not None]
    own, others = _by_author(judge, [(each, each.mean) for each in present])
    own_compared, others_compared = _by_author(judge, compared)
    return JudgeHealth(
        judge.provider,
        judge.model,
        judge.rubric_hash,
        scored,
        failed,
        {f"{score:g}": count for score, count in workspace.database.count_scores(dataset_id, judge).items()},
        wilson(failed, scored + failed) if scored + failed >= LEAST else Figure.too_few(scored + failed),
        len(items),
        mean_figure([_deviation(each) for each in repeated], "mean of standard deviations"),
        spearman_figure([each.mean for each in present], [each.characters for each in present]),
        spearman_figure([score for _, score in compared], [each.characters for each, _ in compared]),
        difference_of_means(own, others),
        difference_of_means(own_compared, others_compared),
        [len(own), len(others), len(own_compared), len(others_compared)],
    )


def _deviation(item: JudgedItem) -> float:
    """Of the sample of a text's scores."""
    return sqrt(max(0.0, item.squares - item.mean**2) * item.runs / (item.runs - 1))


def _by_author(judge: Judge, scores: Sequence[tuple[JudgedItem, float]]) -> tuple[list[float], list[float]]:
    """The scores of what the judge's own model wrote, and of what other models wrote, as they wrote it."""
    own: list[float] = []
    others: list[float] = []
    for item, score in scores:
        author = item.metadata.get("assistant_model") or item.metadata.get("model")
        if author and item.content_revision == 1:
            (own if str(author).lower() == judge.model.lower() else others).append(score)
    return own, others


def get_orders(workspace: Workspace, dataset_id: int) -> list[OrderHealth]:
    """The judges that compared pairs with this dataset, by name. No measure: to compare changes no dataset, so that its
    state would not tell whether the measure still holds."""
    won: dict[tuple[str, str], list[str]] = {}
    for parameters, reasons in workspace.database.get_preferences(dataset_id):
        straight, swapped = (_winner(reasons, order) for order in ("straight", "swapped"))
        provider = parameters.get("provider")
        if isinstance(provider, dict):
            name = (str(provider.get("type", "")), str(provider.get("model", "")))
            won.setdefault(name, []).append(straight if straight == swapped else "")
    found = []
    for (provider, model), places in sorted(won.items()):
        pairs, first, second = len(places), places.count(A), places.count(B)
        turned = wilson(first + second, pairs) if pairs >= LEAST else Figure.too_few(pairs)
        found.append(OrderHealth(provider, model, pairs, first, second, turned))
    return found


def _winner(reasons: JsonObject, order: str) -> str:
    said = reasons.get(order)
    return str(said.get("better", "")) if isinstance(said, dict) else ""
