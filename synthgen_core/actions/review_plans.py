"""Review plans: how many examples to read in order to know how many are bad, said before anybody looks.

The size follows from the aim, the sample is drawn once by seed and never changes, and the verdict comes when all of it
was read.
"""

from dataclasses import dataclass

from synthgen_core.access import Role, requires
from synthgen_core.actions.review_queues import choose_sample
from synthgen_core.database import ReviewPlan, SampleCounts
from synthgen_core.database.review_queries import MOST_CHOSEN
from synthgen_core.errors import ConfigError
from synthgen_core.reviewing import Aim
from synthgen_core.statistics.intervals import upper_bound
from synthgen_core.statistics.sampling_plan import (
    Interval,
    RunningEstimate,
    chance_to_show,
    running_estimate,
    size_to_estimate,
    size_to_show,
)
from synthgen_core.workspace import Workspace

METHODS = {Aim.ESTIMATE: Interval.WILSON, Aim.SHOW: Interval.EXACT}
MUCH_BETTER = 10
"""A plan says how likely it succeeds where the rate is really so many times lower than what is to be shown."""


@dataclass(frozen=True, slots=True)
class PlanState:
    """A plan, why it has its size, and what it has shown so far."""

    plan: ReviewPlan
    reasoning: str
    counts: SampleCounts
    estimate: RunningEstimate
    verdict: str
    """What it came to; empty while that is open."""

    @property
    def caution(self) -> str:
        """What to keep in mind, sentence by sentence; empty: nothing."""
        edited = self.counts.edited
        return " ".join(
            each
            for each in (
                "" if self.verdict else self.estimate.caution,
                f"{edited:,} of them were edited since the sample was drawn: the rate is that of the texts as they are "
                "now, not of those that were not drawn."
                if edited
                else "",
            )
            if each
        )


def plan_size(population: int, *, within: float | None = None, at_most: float | None = None) -> int:
    """Examples that a plan takes: to know the defect rate ``within`` a margin, or to show it to be ``at_most`` so high.

    Raises ConfigError where it is not one of the two, or no share between 0 and 1.
    """
    if within is not None and at_most is None:
        return size_to_estimate(within, population)
    if at_most is not None and within is None:
        return size_to_show(at_most, population)
    raise ConfigError("A review plan has one aim.", "Name the margin of an estimate, or the highest rate to be shown.")


@requires(Role.REVIEWER)
def plan_review(
    workspace: Workspace,
    dataset_id: int,
    *,
    within: float | None = None,
    at_most: float | None = None,
    seed: int | None = None,
    author: str = "",
) -> PlanState:
    """Plan a review of active examples, and draw them: by ``seed`` the same ones from the same dataset.

    Raises:
        NotFoundError: there is no such dataset.
        ConfigError: the dataset is empty, the aim cannot be meant, or it takes more examples than can be chosen.
    """
    dataset = workspace.database.get_dataset(dataset_id)
    if not dataset.example_count:
        raise ConfigError(f"“{dataset.name}” has no examples.", "Choose another dataset.")
    size = plan_size(dataset.example_count, within=within, at_most=at_most)
    if size > MOST_CHOSEN:
        raise ConfigError(
            f"That takes {size:,} reviews; {MOST_CHOSEN:,} can be planned at most.", "Ask for less precision."
        )
    aim, target = (Aim.ESTIMATE, within) if within is not None else (Aim.SHOW, at_most)
    assert target is not None
    sample = choose_sample(workspace, dataset_id, size, seed)
    return _state(workspace, workspace.database.add_plan(dataset_id, sample.id, aim, target, METHODS[aim], author))


def get_plans(workspace: Workspace, dataset_id: int) -> list[PlanState]:
    """The plans of a dataset with what each has shown so far, the newest first."""
    return [_state(workspace, plan) for plan in workspace.database.get_plans(dataset_id)]


def _state(workspace: Workspace, plan: ReviewPlan) -> PlanState:
    counts = workspace.database.count_sample(plan.sample_id)
    estimate = running_estimate(
        plan.size,
        counts.accepted + counts.rejected,
        counts.rejected,
        skipped=counts.skipped,
        interval=plan.method,
        population=plan.population,
    )
    words = _estimated if plan.aim is Aim.ESTIMATE else _shown
    return PlanState(
        plan,
        reason_for(plan.aim, plan.target, plan.size, plan.population),
        counts,
        estimate,
        words(plan, counts, estimate),
    )


def reason_for(aim: Aim, target: float, size: int, population: int) -> str:
    """Why a plan has its size, in words."""
    if size == population:
        return f"All {size:,} examples: with fewer, it could not be known."
    of = f"{size:,} of {population:,} examples"
    if aim is Aim.ESTIMATE:
        return (
            f"{of}: with 95 % confidence, the rate that they show is within ± {in_percent(target)} of that of all, "
            "even if half are defects, the worst case (Cochran's formula, with the correction for a finite number)."
        )
    better = target / MUCH_BETTER
    return (
        f"{of}: if none of them is a defect, the rate of all is at most {in_percent(target)} with 95 % confidence "
        f"(exact bound of Clopper and Pearson). One defect among them, and it is not shown. Where the rate is really "
        f"{in_percent(better)}, the plan succeeds in {in_percent(chance_to_show(better, size))} of cases; where it is "
        f"{in_percent(target / 2)}, in {in_percent(chance_to_show(target / 2, size))}."
    )


def in_percent(share: float) -> str:
    """``5 %``, ``0.25 %``."""
    return f"{share * 100:.3g} %"


def _estimated(plan: ReviewPlan, counts: SampleCounts, estimate: RunningEstimate) -> str:
    rate = estimate.rate
    if not estimate.is_complete or rate.value is None or rate.low is None or rate.high is None:
        return ""
    value, low, high = map(in_percent, (rate.value, rate.low, rate.high))
    found = f"The defect rate is {value} ({low} to {high}, n = {rate.n:,})."
    if not counts.skipped:
        return found
    worst = (counts.rejected + counts.skipped) / plan.size
    return (
        f"{found} {counts.skipped:,} that nobody could decide on are left out; if all of them were defects, it would "
        f"be {in_percent(worst)}."
    )


def _shown(plan: ReviewPlan, counts: SampleCounts, estimate: RunningEstimate) -> str:
    """It is settled before the end only where no further review can change it."""
    target, is_over = in_percent(plan.target), estimate.is_complete
    bad = counts.rejected + (counts.skipped if is_over else 0)
    best = bad / plan.size if plan.size == plan.population else upper_bound(bad, plan.size)
    counted = f", {counts.skipped:,} skipped ones counted as defects" if is_over and counts.skipped else ""
    if best > plan.target:
        so_far = "" if is_over else ", whatever the rest turns out to be"
        return (
            f"Not shown: with {bad:,} {'defect' if bad == 1 else 'defects'} among {plan.size:,}{counted}{so_far}, "
            f"the rate may be as high as {in_percent(best)}, more than {target}. To draw anew until a plan succeeds "
            "would show nothing."
        )
    if not is_over:
        return ""
    basis = f"bound {in_percent(best)}, n = {plan.size:,}{counted}"
    return f"Shown: at most {target} are defects, with 95 % confidence ({basis})."
