"""Choices of examples to review: a random sample for an honest estimate, and the most useful ones first."""

import secrets

from synthgen_core.access import Role, requires
from synthgen_core.database.review_queries import MOST_CHOSEN
from synthgen_core.errors import ConfigError
from synthgen_core.queues import most_useful
from synthgen_core.reviewing import Choice, Purpose
from synthgen_core.statistics.sampling_plan import RunningEstimate, running_estimate
from synthgen_core.workspace import Workspace

USEFUL, THRESHOLD = 200, 7.0
SEEDS = 2**31


@requires(Role.REVIEWER)
def choose_sample(workspace: Workspace, dataset_id: int, size: int, seed: int | None = None) -> Choice:
    """Draw active examples by chance, each as likely as the others, and keep them as they were drawn.

    The same seed draws the same ones from the same dataset. Raises NotFoundError, or ConfigError for the size.
    """
    _check_size(size)
    dataset = workspace.database.get_dataset(dataset_id)
    seed = secrets.randbelow(SEEDS) if seed is None else seed
    drawn = workspace.database.draw_active(dataset_id, size, seed)
    return workspace.database.add_choice(dataset_id, Purpose.SAMPLE, drawn, seed=seed, population=dataset.example_count)


@requires(Role.REVIEWER)
def choose_useful(workspace: Workspace, dataset_id: int, *, size: int = USEFUL, threshold: float = THRESHOLD) -> Choice:
    """Look for the examples that are most worth a person's time among those that nobody reviewed, with reasons.

    There are fewer than ``size`` where fewer have any reason. Raises NotFoundError, or ConfigError for the size.
    """
    _check_size(size)
    dataset = workspace.database.get_dataset(dataset_id)
    found = most_useful(workspace.database.get_candidates(dataset_id, threshold), size, threshold)
    return workspace.database.add_choice(
        dataset_id,
        Purpose.USEFUL,
        [each.id for each in found],
        seed=0,
        population=dataset.example_count,
        reasons={each.id: each.reason for each in found},
    )


def get_choices(workspace: Workspace, dataset_id: int) -> list[Choice]:
    """The choices that were made of a dataset's examples, the newest first."""
    return workspace.database.get_choices(dataset_id)


def sample_estimate(workspace: Workspace, choice_id: int) -> RunningEstimate:
    """The share of rejected examples as a random sample shows it so far; disputed ones are open.

    Examples that were removed since count as they were judged. Raises NotFoundError, or ConfigError for another choice.
    """
    choice, _, _ = workspace.database.get_choice(choice_id)
    if choice.purpose is not Purpose.SAMPLE:
        raise ConfigError(
            "Only a random sample says how many defects there are; these were chosen for a reason.", "Draw a sample."
        )
    counts = workspace.database.count_sample(choice_id)
    return running_estimate(
        choice.size,
        counts.accepted + counts.rejected,
        counts.rejected,
        skipped=counts.skipped,
        population=choice.population,
    )


def _check_size(size: int) -> None:
    if not 1 <= size <= MOST_CHOSEN:
        raise ConfigError(f"{size:,} examples cannot be chosen.", f"Ask for 1 to {MOST_CHOSEN:,}.")
