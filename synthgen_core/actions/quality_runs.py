"""The work of a quality job, in the background: judge, decide, write down as it comes; in the end the new dataset."""

from array import array
from collections.abc import Iterator, Sequence

from synthgen_core.actions.providers import model_table, open_provider
from synthgen_core.actions.quality_datasets import make_improved
from synthgen_core.actions.quality_records import Counters, to_outcome, to_row
from synthgen_core.actions.quality_requests import QualityRequest
from synthgen_core.actions.runs import close_later, log_of, memory_of
from synthgen_core.budget import Budget
from synthgen_core.concurrency import DaemonExecutor
from synthgen_core.database import PaidReply, Progress
from synthgen_core.database.judgements import Judgeable, NewJudgement, NewOutcome
from synthgen_core.errors import InvalidExampleError
from synthgen_core.formats import get_format
from synthgen_core.jobs import Run
from synthgen_core.judging import Judgement, parse_judgement
from synthgen_core.judging.assessing import Assessment, Subject, conclude, is_settled
from synthgen_core.judging.verdicts import mean_of
from synthgen_core.models import Completion, Side, Usage, Watermark
from synthgen_core.outcomes import Call, Reply
from synthgen_core.quality import QualityController, Result
from synthgen_core.sampling import draw
from synthgen_core.workspace import Workspace, forget_expired

READ = 200
"""Examples that are read at a time."""


def chosen_examples(workspace: Workspace, request: QualityRequest, mark: Watermark) -> "array[int]":
    """The ids of the examples that a run is about, by index: the same for the same state and seed."""
    ids = workspace.database.get_active_at(request.dataset_id, mark)
    if request.sample is None:
        return ids
    return array("q", (ids[n] for n in draw(len(ids), request.sample, request.seed or 0)))


def known_before(workspace: Workspace, request: QualityRequest, job_id: int | None = None) -> set[int]:
    """The examples whose present text needs no call, because the same judge scored it by the same rubric before."""
    if request.again:
        return set()
    return workspace.database.get_judged(request.dataset_id, request.judge, request.runs, but_for_job=job_id)


class QualityWork:
    """One run of a judge over a dataset, and what it has decided so far."""

    def __init__(
        self, workspace: Workspace, run: Run, request: QualityRequest, mark: Watermark, budget: Budget
    ) -> None:
        self._workspace, self._database = workspace, workspace.database
        self._run, self._request, self._mark, self._budget = run, request, mark, budget
        self._dataset = self._database.get_dataset(request.dataset_id)
        self._format = get_format(self._dataset.format)
        self._chosen = chosen_examples(workspace, request, mark)
        self._known = known_before(workspace, request, run.job.id)
        self._counters = Counters(self._database.tally_outcomes(run.job.id))

    def perform(self) -> None:
        """Judge what is missing, and make the new dataset where one is wanted.

        Raises:
            NotFoundError: the dataset was deleted. StoppedError: somebody cancelled.
            ProviderError, PausedError: as ``QualityController.process_dataset_quality`` does.
        """
        decided = self._database.get_decided(self._run.job.id)
        missing = array("q", (each for each in self._chosen if each not in decided))
        if self._request.judge_only:
            missing = array("q", (each for each in missing if each not in self._known))
        else:
            missing = self._settle_known(missing)
        if missing:
            self._judge(missing)
        self._run.stop.check()
        if not self._request.judge_only:
            self._make_dataset()

    def _make_dataset(self) -> None:
        """All that was chosen goes in, also what has no score; but where nothing has one, there is no new dataset."""
        if not self._counters.scored:
            return
        self._run.note("Writing the new dataset.")
        made = make_improved(
            self._workspace, self._run, self._dataset, self._mark, self._chosen, self._counters.to_json()
        )
        self._counters.file = made.file_path
        self._record([])
        self._run.note("")

    def _judge(self, missing: "array[int]") -> None:
        request = self._request
        provider = open_provider(request.provider, model_table(self._workspace.settings))
        executor = DaemonExecutor(request.batch_size, f"synthgen-judge-{self._run.job.id}")
        try:
            self._run.note("Getting the model ready.")
            provider.prepare(lambda text, share: self._run.note(f"{text} {share:.0%}"), self._run.stop)
            self._run.note("")
            forget_expired(self._workspace)
            controller = QualityController(provider, request.demand)
            for results in controller.process_dataset_quality(
                self._subjects(missing),
                executor,
                request.batch_size,
                memory=memory_of(self._workspace, self._run.job, use_cache=not request.again),
                stop=self._run.stop,
                budget=self._budget if self._budget.is_capped else None,
            ):
                self._record(results)
        finally:
            close_later(executor, provider)

    def _subjects(self, ids: Sequence[int]) -> Iterator[Subject]:
        """The examples to judge, read as they are needed."""
        for start in range(0, len(ids), READ):
            some = ids[start : start + READ]
            rounds = self._database.count_failed_rounds(some, self._request.judge)
            known = self._verdicts([each for each in some if each in self._known])
            for row in self._database.get_judgeable(self._dataset.id, self._mark, some):
                yield self._subject(row, known.get(row.id), 1 + rounds.get(row.id, 0))

    def _subject(self, row: Judgeable, known: Judgement | None, tries: int = 1) -> Subject:
        known = known if row.is_present_text else None  # what was said is of the present text
        return Subject(row.id, row.revision, self._format, row.content, row.metadata, known, tries)

    def _verdicts(self, ids: Sequence[int]) -> dict[int, Judgement]:
        """Example -> what the judge said of it before."""
        rubric, found = self._request.rubric, {}
        for example_id, replies in self._database.get_replies(ids, self._request.judge).items():
            newest = replies[: self._request.runs]
            found[example_id] = mean_of([parse_judgement(Completion(reply, ""), rubric) for reply in newest], rubric)
        return found

    def _settle_known(self, ids: "array[int]") -> "array[int]":
        """Decide on what needs no call; returns what does."""
        left = array("q")
        for start in range(0, len(ids), READ):
            self._run.stop.check()
            some = ids[start : start + READ]
            known = self._verdicts([each for each in some if each in self._known])
            settled = []
            for row in self._database.get_judgeable(self._dataset.id, self._mark, [*known]):
                subject = self._subject(row, known[row.id])
                if is_settled(self._request.demand, subject):
                    settled.append(Assessment(subject, verdict=subject.known))
                    conclude(self._request.demand, settled[-1])
            if settled:
                self._record(settled)
            done = {each.subject.id for each in settled}
            left.extend(each for each in some if each not in done)
        return left

    def _record(self, results: Sequence[Result]) -> None:
        """Write down what came: calls, replies, judgements, decisions, counts."""
        judged, outcomes, failed = list[NewJudgement](), list[NewOutcome](), 0
        config, replies = self._request.provider, list[PaidReply]()
        for result in results:
            if isinstance(result, Reply):
                replies.append(PaidReply(result.key, result.item, result.attempt, config.type, result.completion))
            elif isinstance(result, Assessment):
                judged += [to_row(result.subject, each, config.model, self._request.rubric) for each in result.judged]
                if outcome := to_outcome(result):
                    outcomes.append(outcome)
                    self._counters.add(outcome)
                else:
                    failed += 1
                    self._run.count_error("failed_judgement", InvalidExampleError(result.reason))
        calls = [result for result in results if isinstance(result, Call | Reply)]
        progress = Progress(
            replies=replies,
            done=len(outcomes),
            failed=failed,
            calls=len(replies),
            usage=sum((reply.completion.usage for reply in replies), Usage()),
            log=log_of(calls, {Side.WRITER: config}, self._budget.tariffs),
            errors=self._run.errors_json() if failed else None,
            seconds=self._run.seconds,
        )
        counters = self._counters.to_json()
        self._database.record_judgements(self._run.job, self._request.judge, judged, outcomes, progress, counters)
