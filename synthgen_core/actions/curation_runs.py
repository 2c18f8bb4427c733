"""The work of an operation, in the background: plan, copy or convert batch by batch, show all that it makes at once."""

import logging
from collections.abc import Iterator
from dataclasses import replace

from synthgen_core.actions.curation_plans import Output, Plan, Take, Tick, contents_of, make_plan
from synthgen_core.actions.curation_requests import Request, check_request, to_json
from synthgen_core.actions.unpublished import begin_unpublished, take_away
from synthgen_core.conversion import Converted, LossReport, convert_content
from synthgen_core.database import NewDataset, NewExample, Progress
from synthgen_core.database.datasets import now
from synthgen_core.database.lineage import with_origin
from synthgen_core.errors import ConfigError, DatabaseError, StoppedError
from synthgen_core.jobs import Run
from synthgen_core.models import Dataset, Json, JsonObject, Parent
from synthgen_core.workspace import Workspace

LOG = logging.getLogger(__name__)
BATCH = 1000
"""Examples that are written in one transaction."""
OF_THE_PARENTS = ("language", "model")
"""What of a dataset's metadata holds for what is made of it, too."""


def converted(workspace: Workspace, take: Take, output: Output, tick: Tick) -> Iterator[tuple[int, Converted]]:
    """Every example of a take in the format of the output, or why it has to be skipped."""
    for example_id, content, metadata in contents_of(workspace, take, tick):
        result = convert_content(content, take.dataset.format, output.format, output.strategy, metadata)
        yield example_id, result


class CurationWork:
    """One run of an operation, and what it has made so far."""

    def __init__(self, workspace: Workspace, run: Run, request: Request) -> None:
        self._workspace, self._run, self._request = workspace, run, request
        self._made: list[Dataset] = []
        """New datasets; hidden."""
        self._parents: list[Parent] = []
        self._report = LossReport()

    def perform(self) -> None:
        """Make all new datasets, or leave nothing behind.

        Raises:
            NotFoundError: a dataset that it is made from was deleted. ConfigError: nothing would come of it.
            StoppedError: somebody cancelled. DatabaseError: nothing can be written.
        """
        if self._workspace.database.get_made_by(self._run.job.id):
            return  # all was done when the process died
        try:
            self._start_over()
            self._make()
        except BaseException:
            self._give_up()
            raise

    def _make(self) -> None:
        request, datasets = check_request(self._workspace, self._request)
        self._run.note("Looking through the examples.")
        plan = make_plan(self._workspace, request, datasets, self._check_stop)
        self._run.note(" ".join(plan.notes))
        work = sum(output.count for output in plan.outputs)
        self._run.record(Progress(done=0, requested=work, seconds=self._run.seconds))
        for output in plan.outputs:
            self._fill(request, plan, output)
        if not all(self._workspace.database.next_index(made.id) for made in self._made):
            raise ConfigError("No example would be left.", "See in the preview what is left out, and why.")
        self._run.note("Writing the files.")
        for made in self._made:
            self._check_stop()
            self._workspace.mirror.rewrite(made.id, made.file_path)
        self._check_stop()
        self._workspace.database.publish([made.id for made in self._made], parents=self._parents)
        self._made = []
        self._run.note("")

    def _fill(self, request: Request, plan: Plan, output: Output) -> None:
        made = self._begin(request, output)
        index = 0
        for take in output.takes:
            if take.dataset.format == output.format:
                self._copy(take, made, index)
                index += len(take.ids)
            else:
                index = self._convert(take, output, index)
        left_out: Json = [{"reason": each.reason, "count": each.count} for each in plan.left_out]
        found: JsonObject = {"left_out": left_out, "notes": list(plan.notes)}
        if self._report.rows:
            found["conversion"] = self._report.to_json()
        asked = to_json(request)
        self._parents += [
            Parent(
                made.id,
                take.dataset.id,
                take.dataset.name,
                request.operation,
                getattr(request, "seed", None),
                asked | found,
                take.mark,
                len(take.ids),
            )
            for take in output.takes
        ]

    def _copy(self, take: Take, made: Dataset, index: int) -> None:
        for start in range(0, len(take.ids), BATCH):
            self._check_stop()
            self._workspace.database.copy_examples(
                self._run.job.id,
                take.dataset.id,
                take.mark,
                take.ids[start : start + BATCH],
                into=made.id,
                first_index=index + start,
                seconds=self._run.seconds,
            )

    def _convert(self, take: Take, output: Output, index: int) -> int:
        """Write what becomes of a take; an operation that converts makes one dataset, so it is the job's."""
        batch: list[NewExample] = []
        rows = 0
        for example_id, result in converted(self._workspace, take, output, self._check_stop):
            self._report.add(example_id, result)
            rows += 1
            for content in result.contents:
                metadata = with_origin(result.metadata, take.dataset.id, example_id)
                batch.append(NewExample(index, content, metadata))
                index += 1
            if max(rows, len(batch)) >= BATCH:
                self._run.record(Progress(batch, done=rows, seconds=self._run.seconds))
                batch, rows = [], 0
        self._run.record(Progress(batch, done=rows, seconds=self._run.seconds))
        return index

    def _begin(self, request: Request, output: Output) -> Dataset:
        parents = [take.dataset for take in output.takes]
        domains = {(parent.domain, parent.subdomain) for parent in parents}
        domain, subdomain = domains.pop() if len(domains) == 1 else ("", "")
        shared: JsonObject = {}
        for key in OF_THE_PARENTS:
            values = [parent.metadata.get(key) for parent in parents]
            if values[0] is not None and all(value == values[0] for value in values):
                shared[key] = values[0]
        new = NewDataset(
            name=output.name,
            domain=domain,
            subdomain=subdomain,
            format_type=output.format,
            file_path=self._workspace.mirror.claim(domain or request.operation, now()),
            metadata=shared,
            origin=request.operation,
        )
        self._made.append(begin_unpublished(self._workspace, self._run, new))
        return self._made[-1]

    def _check_stop(self) -> None:
        if self._run.stop.is_set():
            raise StoppedError

    def _start_over(self) -> None:
        """Take away what this job made in an earlier run, or so far, and count from nothing."""
        for made in self._workspace.database.get_made_by(self._run.job.id, is_ready=False):
            take_away(self._workspace, made)
        self._made, self._parents = [], []
        self._run.job = replace(self._run.job, dataset_id=None)
        job = self._workspace.database.get_job(self._run.job.id)
        if job.done:
            self._run.record(Progress(done=-job.done, seconds=self._run.seconds))

    def _give_up(self) -> None:
        """Leave nothing behind. What cannot be taken away now stays hidden, and goes at the next start."""
        if self._run.is_interrupted:
            return  # the app closes; it would have to wait
        try:
            self._start_over()
        except DatabaseError as error:
            LOG.warning("what job %s had made could not be taken away: %s", self._run.job.id, error.message)
