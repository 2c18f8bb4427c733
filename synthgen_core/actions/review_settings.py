"""How a dataset is reviewed: what its reviewers go by, who they are, and how many see each example."""

from dataclasses import replace

from synthgen_core.access import Role, requires
from synthgen_core.actions.datasets import clean_name, storable
from synthgen_core.errors import ConfigError
from synthgen_core.models import Dataset, Json
from synthgen_core.reviewing import ReviewSettings
from synthgen_core.workspace import Workspace

KEY = "review"
"""Of the dataset's metadata."""
MOST_REVIEWERS, LONGEST_GUIDELINES = 100, 50_000


def settings_in(dataset: Dataset) -> ReviewSettings:
    """The review settings that a dataset's metadata hold, or those that hold where nobody set any."""
    kept = dataset.metadata.get(KEY)
    if not isinstance(kept, dict):
        return ReviewSettings()
    overlap, names = kept.get("overlap"), kept.get("reviewers")
    return ReviewSettings(
        overlap if isinstance(overlap, int) else 1,
        tuple(map(str, names)) if isinstance(names, list) else (),
        kept.get("is_blind") is True,
        kept.get("hides_judge") is True,
    )


def get_review_settings(workspace: Workspace, dataset_id: int) -> ReviewSettings:
    """How a dataset is reviewed by several people. Raises NotFoundError."""
    return settings_in(workspace.database.get_dataset(dataset_id))


@requires(Role.REVIEWER)
def set_review_settings(workspace: Workspace, dataset_id: int, settings: ReviewSettings) -> ReviewSettings:
    """Say how a dataset is reviewed; returns the settings as they are kept.

    Raises:
        NotFoundError: there is no such dataset.
        ConfigError: the numbers cannot work together.
    """
    names = list(dict.fromkeys(name for each in settings.reviewers if (name := clean_name(each))))
    if len(names) > MOST_REVIEWERS:
        raise ConfigError(f"{len(names)} reviewers are too many.", f"Name {MOST_REVIEWERS} at most.")
    most = len(names) or MOST_REVIEWERS
    if not 1 <= settings.overlap <= most:
        raise ConfigError(f"Each example cannot go to {settings.overlap} of {most} reviewers.", f"Choose 1 to {most}.")
    dataset = workspace.database.get_dataset(dataset_id)
    settings = replace(settings, reviewers=tuple(names))
    kept: Json = {
        "overlap": settings.overlap,
        "reviewers": list(names),
        "is_blind": settings.is_blind,
        "hides_judge": settings.hides_judge,
    }
    workspace.database.update_dataset(dataset_id, metadata=dataset.metadata | {KEY: kept})
    return settings


@requires(Role.REVIEWER)
def rate_blind(workspace: Workspace, dataset_id: int, *, hides_judge: bool) -> ReviewSettings:
    """Hide what judges said until a reviewer has said something themselves, or show it. Raises NotFoundError."""
    settings = replace(get_review_settings(workspace, dataset_id), hides_judge=hides_judge)
    return set_review_settings(workspace, dataset_id, settings)


@requires(Role.REVIEWER)
def set_guidelines(workspace: Workspace, dataset_id: int, text: str) -> None:
    """Write down what a dataset's reviewers should go by (Markdown). Raises NotFoundError, ConfigError."""
    if len(text) > LONGEST_GUIDELINES:
        raise ConfigError(f"The guidelines have {len(text):,} characters.", f"Keep them to {LONGEST_GUIDELINES:,}.")
    workspace.database.update_dataset(dataset_id, guidelines=storable(text).strip())
