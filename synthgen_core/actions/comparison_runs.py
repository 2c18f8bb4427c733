"""The work of a comparison, in the background: pairs are drawn once, and verdicts written down as they come."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from synthgen_core.actions.comparison_requests import ComparisonRequest, Sides, comparison_budget
from synthgen_core.actions.providers import model_table, open_provider
from synthgen_core.actions.runs import close_later, log_of, memory_of
from synthgen_core.comparing import Pair, Settled, compare_pairs
from synthgen_core.concurrency import DaemonExecutor
from synthgen_core.database import LoggedCall, PaidReply, Progress
from synthgen_core.database.comparisons import Compared
from synthgen_core.errors import ConfigError
from synthgen_core.jobs import Run
from synthgen_core.judging.pairing import Candidate, Pairing, candidate, pair_up
from synthgen_core.judging.preferences import Preference
from synthgen_core.models import Job, JsonObject, ProviderConfig, Side, Usage
from synthgen_core.outcomes import Call, Failure, Reply
from synthgen_core.workspace import Workspace, forget_expired

READ_AT_ONCE = 50
"""Pairs whose texts are read together."""


def compare_in_background(workspace: Workspace, job: Job, request: ComparisonRequest, sides: Sides) -> None:
    """Do what is missing of a pending job as soon as there is room; returns at once. ``request`` is complete."""
    workspace.runner.start(job, lambda run: _Work(workspace, run, request, sides).perform())


class _Work:
    """One run of a comparison."""

    def __init__(self, workspace: Workspace, run: Run, request: ComparisonRequest, sides: Sides) -> None:
        self._workspace, self._database, self._run = workspace, workspace.database, run
        self._request, self._sides = request, sides
        self._asked: dict[int, Compared] = {}
        """Pair under way -> what is compared; its verdict is not known yet."""

    def perform(self) -> None:
        """Raises as ``compare_pairs`` does, and StoppedError."""
        request, run = self._request, self._run
        pairs = self._pairs()
        budget, workers = comparison_budget(self._workspace, request, run.job), request.workers or 1
        provider = open_provider(request.provider, model_table(self._workspace.settings))
        executor = DaemonExecutor(workers, f"synthgen-call-{run.job.id}")
        try:
            run.note("Getting the judge ready.")
            provider.prepare(lambda text, share: run.note(f"{text} {share:.0%}"), run.stop)
            run.note("")
            forget_expired(self._workspace)
            for outcomes in compare_pairs(
                provider,
                self._sides.format,
                request.rubric,
                self._missing(pairs),
                executor,
                workers,
                memory=memory_of(self._workspace, run.job, use_cache=True),
                stop=run.stop,
                budget=budget if budget.is_capped else None,
            ):
                calls = [each for each in outcomes if isinstance(each, Call | Reply)]
                log = log_of(calls, {Side.WRITER: provider.config}, budget.tariffs)
                self._save(outcomes, provider.config, log)
        finally:
            close_later(executor, provider)

    def _pairs(self) -> list[tuple[int, int]]:
        """The pairs of the job, drawn when it first runs."""
        kept = self._database.get_counters(self._run.job.id).get("pairs")
        if isinstance(kept, list) and kept:
            return [(int(str(pair[0])), int(str(pair[1]))) for pair in kept if isinstance(pair, list)]
        request = self._request
        if request.are_examples:
            found = Pairing(((request.first, request.second),), same_matter=0, alike=0)
        else:
            assert request.seed is not None
            self._run.note("Drawing the pairs.")
            first, second = (self._candidates(number) for number in self._sides.datasets)
            found = pair_up(first, second, request.pairs, request.seed)
        counters: JsonObject = {"same_matter": found.same_matter, "alike": found.alike}
        self._database.keep_pairs(self._run.job.id, found.pairs, counters)
        if not found.pairs:
            raise ConfigError(
                f"There is nothing to compare: {found.alike:,} examples are the same in both.",
                "Choose another dataset.",
            )
        return list(found.pairs)

    def _candidates(self, dataset_id: int) -> Iterator[Candidate]:
        after = 0
        while batch := self._database.get_checkable(dataset_id, after):
            self._run.stop.check()
            yield from (candidate(self._sides.format, each.id, each.content, each.metadata) for each in batch)
            after = batch[-1].id

    def _missing(self, pairs: Sequence[tuple[int, int]]) -> Iterator[Pair]:
        """The pairs without a verdict, with their texts as they are now; one whose example is gone is left out."""
        found = {each.item: each for each in self._database.get_compared(self._run.job.id)}
        items = [n for n in range(len(pairs)) if n not in found or found[n].verdict == Preference.FAILED]
        for start in range(0, len(items), READ_AT_ONCE):
            some = items[start : start + READ_AT_ONCE]
            ids = {number for item in some for number in pairs[item]}
            texts = {example.id: example for example in self._database.get_examples_by_id(sorted(ids))}
            for item in some:
                first, second = (texts.get(number) for number in pairs[item])
                if first is None or second is None:
                    continue
                tries = found[item].reasons.get("tries", 0) if item in found else 0
                self._asked[item] = Compared(item, first.id, first.revision, second.id, second.revision, "", {})
                yield Pair(item, first.content, second.content, int(str(tries)) + 1)

    def _save(self, outcomes: Sequence[Call | Reply | Settled], config: ProviderConfig, log: list[LoggedCall]) -> None:
        """Write down what came: replies, calls, and the pairs that are settled."""
        replies = [
            PaidReply(reply.key, reply.item, reply.attempt, config.type, reply.completion)
            for reply in outcomes
            if isinstance(reply, Reply)
        ]
        settled = [end for end in outcomes if isinstance(end, Settled)]
        failures = [end for end in settled if end.verdict is None]
        for end in failures:
            assert end.error is not None
            self._run.count_error(Failure(end.item, end.error, is_final=True).cause, end.error)
        progress = Progress(
            replies=replies,
            done=len(settled) - len(failures),
            failed=len(failures),
            calls=len(replies),
            usage=sum((reply.completion.usage for reply in replies), Usage()),
            log=log,
            errors=self._run.errors_json() if failures else None,
            seconds=self._run.seconds,
        )
        self._database.record_comparisons(self._run.job, [self._compared(end) for end in settled], progress)

    def _compared(self, end: Settled) -> Compared:
        asked = self._asked.pop(end.item)
        if end.verdict is not None:
            return replace(asked, verdict=end.verdict.preference, reasons=end.verdict.to_json())
        assert end.error is not None
        return replace(asked, verdict=Preference.FAILED, reasons={"failure": end.error.message, "tries": end.tries})
