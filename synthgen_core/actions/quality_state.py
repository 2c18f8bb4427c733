"""What is known of a dataset's quality so far: how much of it was measured, by what, and how far that holds."""

from collections.abc import Callable
from dataclasses import dataclass

from synthgen_core.actions.duplicates import SearchState, latest_search, search_state
from synthgen_core.actions.jobs import JobView, latest_task
from synthgen_core.actions.measures import get_or_measure
from synthgen_core.actions.review_progress import count_verdicts
from synthgen_core.actions.rubrics import get_rubrics
from synthgen_core.database import Search
from synthgen_core.models import Dataset, JobKind, JsonObject
from synthgen_core.reviewing import DISPUTED, Verdict
from synthgen_core.workspace import Workspace

MEASURING = (JobKind.RULES, JobKind.QUALITY, JobKind.COMPARISON, JobKind.DUPLICATES, JobKind.MEASURES)
"""The kinds of jobs that measure quality."""
OF_OWN_WORDS = "a rubric that is not kept"


@dataclass(frozen=True, slots=True)
class JudgedBy:
    """The scores that one judge gave to active examples, as they are now."""

    provider: str
    model: str
    rubric: str
    """Name and version."""
    scored: int
    mean: float


@dataclass(frozen=True, slots=True)
class QualityState:
    """How much of a dataset was measured. All counts are of active examples and their present texts."""

    active: int
    checked: int
    """All rules have read them."""
    rule_score: float | None
    """Mean; 0-10."""
    flagged: int
    """Rules that flagged any."""
    judges: tuple[JudgedBy, ...]
    """The one with most scores first."""
    accepted: int
    rejected: int
    disputed: int
    search: Search | None
    """The latest search for duplicates."""
    left: SearchState | None
    """What it is still worth."""
    runs: tuple[JobView, ...]
    """The latest job of each kind, the newest first."""

    @property
    def scored(self) -> int:
        """Examples with a judge's score."""
        return sum(judge.scored for judge in self.judges)

    @property
    def judge_score(self) -> float | None:
        """The mean of all scores, whoever gave them."""
        return sum(judge.mean * judge.scored for judge in self.judges) / self.scored if self.scored else None

    @property
    def reviewed(self) -> int:
        """Examples that people decided on, disputed ones too."""
        return self.accepted + self.rejected + self.disputed


def get_quality_state(workspace: Workspace, dataset: Dataset) -> QualityState:
    """What is known of this dataset's quality; what takes long is computed once for each state of it.

    Raises NotFoundError.
    """
    measure = get_or_measure(workspace, dataset, "overview", at_once=dataset.example_count)
    assert measure is not None, "nothing is too large for it"
    known = measure.result
    verdicts = count_verdicts(workspace, dataset.id)
    search = latest_search(workspace, dataset.id)
    jobs = [task for kind in MEASURING if (task := latest_task(workspace, dataset.id, kind))]
    return QualityState(
        active=measure.n,
        checked=int(str(known["checked"])),
        rule_score=None if known["rule_score"] is None else float(str(known["rule_score"])),
        flagged=int(str(known["flagged"])),
        judges=tuple(_judged_by(workspace, known)),
        accepted=verdicts.get(Verdict.ACCEPT, 0),
        rejected=verdicts.get(Verdict.REJECT, 0),
        disputed=verdicts.get(DISPUTED, 0),
        search=search,
        left=None if search is None else search_state(workspace, search),
        runs=tuple(sorted(jobs, key=lambda view: -view.job.id)),
    )


def measure_overview(workspace: Workspace, dataset: Dataset, tick: Callable[[], None]) -> tuple[int, JsonObject]:
    """The part of a dataset's ``QualityState`` for which all examples are read: see ``measures.MEASURES``."""
    rules = workspace.database.summarise_rules(dataset.id)
    tick()
    judges = workspace.database.get_judge_shares(dataset.id)
    return rules.active, {
        "checked": rules.checked,
        "rule_score": rules.mean_score,
        "flagged": len(rules.flags),
        "judges": [
            [each.judge.provider, each.judge.model, each.judge.rubric_hash, each.scored, each.mean] for each in judges
        ],
    }


def _judged_by(workspace: Workspace, known: JsonObject) -> list[JudgedBy]:
    shares = known["judges"]
    assert isinstance(shares, list)
    titles = {kept.hash: kept.title for kept in get_rubrics(workspace)} if shares else {}
    found = []
    for share in shares:
        assert isinstance(share, list)
        provider, model, rubric, scored, mean = map(str, share)
        found.append(JudgedBy(provider, model, titles.get(rubric, OF_OWN_WORDS), int(scored), float(mean)))
    return found
