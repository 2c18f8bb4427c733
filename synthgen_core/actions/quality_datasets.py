"""The dataset that a quality run makes: all that it was about, mended or removed as it decided."""

import logging
from collections.abc import Sequence
from pathlib import PurePosixPath

from synthgen_core.actions.curation_plans import LONGEST_STEM
from synthgen_core.actions.datasets import clean_name
from synthgen_core.actions.unpublished import begin_unpublished, take_away
from synthgen_core.database import NewDataset
from synthgen_core.errors import DatabaseError
from synthgen_core.jobs import Run
from synthgen_core.models import Dataset, JsonObject, Origin, Parent, Watermark
from synthgen_core.workspace import Workspace

LOG = logging.getLogger(__name__)
COPIED = 1000
"""Examples that are copied at a time."""
IMPROVED = "_improved"
"""What the new dataset's file is called more than that of the old one."""
AUTHOR = "quality run"


def make_improved(
    workspace: Workspace, run: Run, source: Dataset, mark: Watermark, ids: Sequence[int], counters: JsonObject
) -> Dataset:
    """Copy these examples of a state, with what the job decided on them; nobody sees the dataset before it is whole.

    What an earlier run of the job left half made is taken away; one that is whole is returned.

    Raises:
        NotFoundError: the dataset was deleted. StoppedError: somebody cancelled. Then nothing is left behind.
        DatabaseError: nothing can be written.
    """
    database = workspace.database
    if made_before := database.get_made_by(run.job.id):
        return made_before[0]
    _start_over(workspace, run)
    try:
        made = _begin(workspace, run, source)
        for start in range(0, len(ids), COPIED):
            run.stop.check()
            some = ids[start : start + COPIED]
            database.copy_examples(run.job.id, source.id, mark, some, into=made.id, first_index=start)
            database.carry_out(run.job, made.id, some, start, AUTHOR)
        workspace.mirror.rewrite(made.id, made.file_path)
        run.stop.check()
        options = run.job.parameters | {"counts": counters}
        seed = options["seed"] if isinstance(options["seed"], int) else None
        parent = Parent(made.id, source.id, source.name, Origin.IMPROVED, seed, options, mark, len(ids))
        database.publish([made.id], parents=[parent])
    except BaseException:
        _give_up(workspace, run)
        raise
    return made


def _begin(workspace: Workspace, run: Run, source: Dataset) -> Dataset:
    stem = PurePosixPath(source.file_path).stem
    new = NewDataset(
        name=clean_name(f"{source.name[:LONGEST_STEM]}, improved"),
        domain=source.domain,
        subdomain=source.subdomain,
        format_type=source.format,
        file_path=workspace.mirror.claim_named(f"{stem}{IMPROVED}"),
        metadata=source.metadata,
        origin=Origin.IMPROVED,
    )
    return begin_unpublished(workspace, run, new)


def _start_over(workspace: Workspace, run: Run) -> None:
    for made in workspace.database.get_made_by(run.job.id, is_ready=False):
        take_away(workspace, made)


def _give_up(workspace: Workspace, run: Run) -> None:
    """Leave nothing behind. What cannot be taken away now stays hidden, and goes at the next start."""
    if run.is_interrupted:
        return  # the app closes; it would have to wait
    try:
        _start_over(workspace, run)
    except DatabaseError as error:
        LOG.warning("what job %s had made could not be taken away: %s", run.job.id, error.message)
