"""One report on a dataset's quality: what the Quality page shows, with what each figure rests on."""

from pathlib import Path

from synthgen_core import __version__
from synthgen_core.access import Role, requires
from synthgen_core.actions import report_sections as sections
from synthgen_core.actions.charts import CHARTS, figures_of
from synthgen_core.actions.coverage import COVERAGE, read_coverage
from synthgen_core.actions.diversity import DIVERSITY, read_diversity
from synthgen_core.actions.judge_health import MEASURE as JUDGE_HEALTH
from synthgen_core.actions.judge_health import get_orders, judges_in
from synthgen_core.actions.losses import get_losses, get_model_use
from synthgen_core.actions.measures import Measure, get_or_measure
from synthgen_core.actions.quality_state import get_quality_state
from synthgen_core.actions.review_plans import get_plans
from synthgen_core.actions.trust import get_pairs
from synthgen_core.database.datasets import now
from synthgen_core.errors import ConfigError
from synthgen_core.files import write_atomically
from synthgen_core.models import Dataset
from synthgen_core.reports import Report, Section, as_html, as_markdown
from synthgen_core.workspace import Workspace

__all__ = ["AS", "make_report", "report_file", "save_report"]

AS = {"html": ("text/html", as_html), "md": ("text/markdown", as_markdown)}
"""Ending of a file -> its media type, and how a report is written so."""
THRESHOLD = 7.0


def make_report(workspace: Workspace, dataset_id: int, *, threshold: float = THRESHOLD) -> Report:
    """The report on the dataset as it is now. What was not measured in this state yet is measured, which takes seconds
    for every 100,000 examples.

    ``threshold``: the score below which a judge would remove. Raises NotFoundError.
    """
    dataset = workspace.database.get_dataset(dataset_id)
    state, figures = get_quality_state(workspace, dataset), figures_of(_measured(workspace, dataset, CHARTS))
    judges, orders = judges_in(_measured(workspace, dataset, JUDGE_HEALTH)), get_orders(workspace, dataset_id)
    pairs, plans = get_pairs(workspace, dataset_id), get_plans(workspace, dataset_id)
    found: list[Section | None] = [
        sections.overview(state),
        sections.scores(figures),
        sections.rules(figures, state),
        sections.shape(figures),
        sections.diversity(read_diversity(_measured(workspace, dataset, DIVERSITY))),
        sections.coverage(read_coverage(workspace, dataset, _measured(workspace, dataset, COVERAGE))),
        sections.losses(get_losses(workspace, dataset), get_model_use(workspace, dataset)),
        sections.trust(pairs, threshold) if state.judges else None,
        sections.health(judges, orders) if judges or orders else None,
        sections.plans(plans) if plans else None,
    ]
    told = " / ".join(filter(None, (dataset.domain, dataset.subdomain)))
    subtitle = f"Dataset {dataset.id}, {dataset.example_count:,} active examples, {dataset.format}, {dataset.origin}"
    return Report(
        f"Quality of “{dataset.name}”",
        f"{subtitle}, {told}" if told else subtitle,
        now(),
        f"SynthGen {__version__}",
        tuple(section for section in found if section is not None),
    )


def report_file(workspace: Workspace, dataset_id: int, ending: str, *, threshold: float = THRESHOLD) -> bytes:
    """The report as a file with this ending of ``AS``. Raises NotFoundError, or ConfigError for another ending."""
    if ending not in AS:
        raise ConfigError(
            f"A report cannot be written as “.{ending}”.", f"Known: {', '.join(f'.{one}' for one in AS)}."
        )
    _, write = AS[ending]
    return write(make_report(workspace, dataset_id, threshold=threshold)).encode()


@requires(Role.REVIEWER)
def save_report(workspace: Workspace, dataset_id: int, path: Path, *, threshold: float = THRESHOLD) -> None:
    """Write the report to a file; its ending says how. Raises as ``report_file`` does, and DatabaseError."""
    write_atomically(path, [report_file(workspace, dataset_id, path.suffix[1:].lower(), threshold=threshold)])


def _measured(workspace: Workspace, dataset: Dataset, name: str) -> Measure:
    measure = get_or_measure(workspace, dataset, name, at_once=dataset.example_count)
    assert measure is not None
    return measure
