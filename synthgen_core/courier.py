"""Takes batches of requests to a service, and brings back what becomes of them.

A batch is written down before it is sent, and again once its replies are saved. So whatever breaks in between, none is
sent twice unknowingly, and no reply is paid for and lost: a run that begins looks for those that are still out.
"""

import base64
import logging
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice
from typing import NamedTuple, TypeVar

from synthgen_core.budget import OK, Budget, Tariff
from synthgen_core.concurrency import Stop
from synthgen_core.database import Batch, BatchState, Database, NewBatch
from synthgen_core.driving import RATE_LIMIT, Delay, back_off
from synthgen_core.errors import ProviderError, ProviderRefusedError, ProviderUnavailableError, StoppedError
from synthgen_core.jobs import Run
from synthgen_core.models import Completion, Usage
from synthgen_core.outcomes import Call, Failure, Outcome, Reply, Wanted
from synthgen_core.providers.batches import FULL, MOST_BYTES, MOST_REQUESTS, BatchService, BatchStatus

LOG = logging.getLogger(__name__)
T = TypeVar("T")
FIRST_LOOK, LONGEST_LOOK = 0.5, 300.0
"""Seconds until a batch is looked at again; they double."""
PATIENCE, PATIENCE_IN_A_QUEUE = 3600.0, 60.0
"""Seconds for which a service may be away, or too busy to take a batch while others of ours are with it."""
CANCEL_SECONDS = 60.0
"""For which a cancelled batch is waited for. What it brings later is fetched when the job is resumed."""
CHUNK = 200
"""Replies that are saved together."""
NO_ITEM = -1
"""The item of a failure that concerns a whole batch."""


class Place(NamedTuple):
    """Where a reply belongs."""

    item: int
    attempt: int
    key: str


def request_id(mark: str, place: Place) -> str:
    """A name for a request, of at most 64 plain characters, that says all that is needed to take in its reply."""
    key = base64.urlsafe_b64encode(bytes.fromhex(place.key)).decode().rstrip("=")
    return f"{mark}-{place.item}-{place.attempt}-{key}"


def place_of(name: str, mark: str) -> Place | None:
    """What ``request_id`` put into a name; None if the request was not one of the batch with this mark."""
    its_mark, *rest = name.split("-", 3)
    if its_mark != mark or len(rest) != 3:
        return None
    return Place(int(rest[0]), int(rest[1]), base64.urlsafe_b64decode(f"{rest[2]}=").hex())


@dataclass(slots=True)
class Pile:
    """Requests on their way into a batch, and the most that they can take."""

    mark: str = field(default_factory=lambda: secrets.token_hex(4))
    lines: list[bytes] = field(default_factory=list)
    size: int = 0
    tokens: int = 0
    cost: Decimal | None = Decimal(0)


@dataclass(slots=True)
class _Patience:
    """Waits longer and longer after failures that may pass, and gives up in the end."""

    seconds: float
    delay: Delay
    stop: Stop
    failures: int = 0
    since: float = field(default_factory=time.monotonic)

    def bear(self, error: ProviderUnavailableError) -> None:
        """Wait a little. Raises the error where this has gone on for too long, and StoppedError."""
        self.failures += 1
        pause = self.delay(self.failures, error.retry_after)
        if time.monotonic() + pause > self.since + self.seconds:
            raise error
        if self.stop.wait(pause):
            raise StoppedError from error


class Courier:
    """For one job and its thread; ``budget`` is told what is under way, and what it cost.

    All methods raise ProviderError where the service refuses, or stays away, and StoppedError.
    """

    def __init__(
        self,
        service: BatchService,
        database: Database,
        run: Run,
        model: str,
        tariff: Tariff,
        budget: Budget,
        *,
        delay: Delay = back_off,
        patience: float = PATIENCE,
    ) -> None:
        """``tariff``: what calls cost in a batch; ``patience``: seconds for which the service may be away."""
        self.name = service.name
        self.out: list[Batch] = []
        """Batches that are with the service."""
        self.most = MOST_REQUESTS
        """Requests that it takes in one batch."""
        self.is_full = False
        """It took the last batch not for what is in it, but because it holds too many requests already."""
        self._service = service
        self._database = database
        self._run = run
        self._model = model
        self._tariff = tariff
        self._budget = budget
        self._delay = delay
        self._patience = patience

    def look_around(self) -> Iterator[list[Outcome]]:
        """Find the batches that an earlier run of this job left with the service."""
        for batch in self._database.get_batches(self._run.job.id):
            if batch.state is BatchState.PLANNED:
                if not (name := self._insist(self._finder(batch))):
                    yield self._given_up(batch, BatchState.REFUSED, "never received")
                    continue
                batch = self._database.mark_batch_sent(batch.id, name)
            if batch.state is BatchState.SENT:
                self.out.append(batch)
            if batch.state in (BatchState.SENT, BatchState.LOST):
                self._budget.hold(batch.worst_tokens, batch.worst_cost)

    def put_on(self, pile: Pile, wanted: Wanted) -> bool:
        """Add a request to the pile; False if the budget has no room for it."""
        tokens, cost = self._tariff.worst_usage(wanted.request).total, self._tariff.worst_cost(wanted.request)
        if not self._budget.has_room(tokens, cost):
            return False
        self._budget.hold(tokens, cost)
        name = request_id(pile.mark, Place(wanted.item, wanted.attempt, wanted.key))
        pile.lines.append(self._service.line(name, wanted.request))
        pile.size += len(pile.lines[-1]) + 1
        pile.tokens += tokens
        pile.cost = None if pile.cost is None or cost is None else pile.cost + cost
        return True

    def has_enough(self, pile: Pile) -> bool:
        """Whether a batch should hold no more."""
        return len(pile.lines) >= self.most or pile.size >= MOST_BYTES

    def drop(self, pile: Pile) -> None:
        """Send none of it."""
        self._budget.let_go(pile.tokens, pile.cost)

    def send(self, pile: Pile, round: int) -> None:
        """Write a batch down, and hand it over. It may turn out that the service ``is_full``."""
        new = NewBatch(pile.mark, round, len(pile.lines), pile.tokens, pile.cost)
        batch = self._database.plan_batch(self._run.job.id, new)
        self._run.note(f"{self.name} is being sent a batch of {batch.requests:,} requests.")
        find, has_tried = self._finder(batch), False

        def hand_over() -> str:
            nonlocal has_tried
            name = find() if has_tried else None  # it may have arrived, and only the answer was lost
            has_tried = True
            return name or self._service.send(pile.mark, pile.lines)

        try:
            name = self._insist(hand_over, PATIENCE_IN_A_QUEUE if self.out else self._patience)
        except ProviderRefusedError:
            self._refused(batch)
            raise
        except ProviderUnavailableError as error:
            if error.cause != RATE_LIMIT or not self.out:
                raise  # it stays planned: nobody knows whether it arrived
            self._refused(batch)
            self.is_full = True
            return
        self.out.append(self._database.mark_batch_sent(batch.id, name))
        LOG.info("job %s: %s has taken batch %s of %s requests", batch.job_id, self.name, name, batch.requests)

    def collect(self) -> Iterator[list[Outcome]]:
        """Wait until no batch is out any more, and take in what they bring, of each as soon as it is over."""
        pause, has_waited = FIRST_LOOK, bool(self.out)
        while self.out:
            answered = 0
            for batch in list(self.out):
                status = self._insist(self._looker(batch))
                answered += status.answered if status else 0
                yield from self._take(batch, status)
            if self.out:
                self._tell(answered)
                if self._run.stop.wait(pause):
                    raise StoppedError
                pause = min(LONGEST_LOOK, 2 * pause)
        if has_waited:
            self._run.note("")

    def cancel(self) -> Iterator[list[Outcome]]:
        """Let the service stop its work, and take in what was done by then, as far as it is there within a minute."""
        end, pause = time.monotonic() + CANCEL_SECONDS, FIRST_LOOK
        try:
            for batch in self._database.get_batches(self._run.job.id):
                if batch.state is BatchState.PLANNED and (name := self._finder(batch)()):
                    self.out.append(self._database.mark_batch_sent(batch.id, name))
            for batch in self.out:
                self._call_off(batch)
            while self.out:
                self._run.note(f"Cancelled. {self.name} is asked for what it has done by now.")
                for batch in list(self.out):
                    yield from self._take(batch, self._service.status(batch.service_id))
                if not self.out or time.monotonic() + pause > end:
                    return
                time.sleep(pause)  # the stop is set already, and nothing else would wake us
                pause *= 2
        except (ProviderError, StoppedError) as error:
            LOG.warning("job %s: its batches cannot be looked at: %s", self._run.job.id, type(error).__name__)

    def _call_off(self, batch: Batch) -> None:
        try:
            self._service.cancel(batch.service_id)
        except ProviderError as error:  # most likely it is over already, which the next look will tell
            LOG.warning("job %s: batch %s was not cancelled: %s", batch.job_id, batch.service_id, error.cause)

    def _tell(self, answered: int) -> None:
        since = min(batch.sent_at or batch.planned_at for batch in self.out)
        done = f", {answered:,} of them done" if answered else ""
        self._run.note(
            f"{self.name} works on {sum(batch.requests for batch in self.out):,} requests in a batch "
            f"since {since:%d %b, %H:%M} UTC{done}. This can take up to 24 hours."
        )

    def _take(self, batch: Batch, status: BatchStatus | None) -> Iterator[list[Outcome]]:
        """Take in what a batch brings, if it is over."""
        if status is None:
            self.out.remove(batch)  # what it may have cost stays set aside
            yield self._given_up(batch, BatchState.LOST, "no longer knows")
        elif status.refusal:
            self.out.remove(batch)
            self._refused(batch)
            self._react(batch, status.refusal)
        elif status.is_over:
            yield from self._fetch(batch)

    def _react(self, batch: Batch, refusal: ProviderError) -> None:
        """Send less at a time where the service has no room, or none later than now; else it is the end."""
        if refusal.cause != FULL or (batch.requests == 1 and not self.out):
            raise refusal
        self.is_full = True
        if not self.out:  # it was not for others of ours
            self.most = max(1, batch.requests // 2)

    def _fetch(self, batch: Batch) -> Iterator[list[Outcome]]:
        """Take in the replies; from the start again, but for those that are saved, where the connection breaks."""
        failed: dict[Place, ProviderError] = {}
        patience = _Patience(self._patience, self._delay, self._run.stop)
        is_ours = has_strangers = False
        while True:
            try:
                for chunk in self._chunks(batch):
                    is_ours |= bool(chunk)
                    has_strangers |= not chunk
                    outcomes: list[Outcome] = []
                    for place, outcome in self._unknown(chunk):
                        if isinstance(outcome, ProviderError):
                            failed[place] = outcome
                        else:
                            self._budget.spend(outcome.usage.total, self._tariff.cost(outcome.usage))
                            call = Call(place.item, place.attempt, OK, self._model or outcome.model, outcome.usage, 0.0)
                            outcomes += [call, Reply(place.key, place.item, place.attempt, outcome)]
                    if outcomes:
                        yield outcomes
                break
            except ProviderUnavailableError as error:
                patience.bear(error)
        for place, reason in failed.items():
            ended = Call(place.item, place.attempt, reason.cause, self._model, Usage(), 0.0)
            yield [ended, Failure(place.item, reason, is_final=False)]
        self.out.remove(batch)
        self._budget.let_go(batch.worst_tokens, batch.worst_cost)
        if has_strangers and not is_ours:  # what was found was not our batch
            yield self._given_up(batch, BatchState.REFUSED, "never received")
        else:
            self._database.end_batch(batch.id, BatchState.FETCHED)

    def _chunks(self, batch: Batch) -> Iterator[list[tuple[Place, Completion | ProviderError]]]:
        replies = self._service.replies(batch.service_id)
        while chunk := list(islice(replies, CHUNK)):
            places = [(place_of(reply.request_id, batch.mark), reply.outcome) for reply in chunk]
            yield [(place, outcome) for place, outcome in places if place]

    def _unknown(
        self, chunk: list[tuple[Place, Completion | ProviderError]]
    ) -> list[tuple[Place, Completion | ProviderError]]:
        """Those that were not saved before, by this run or by one that died over it."""
        kept = self._database.get_completions([place.key for place, _ in chunk], job_id=self._run.job.id)
        return [(place, outcome) for place, outcome in chunk if place.key not in kept]

    def _refused(self, batch: Batch) -> None:
        self._budget.let_go(batch.worst_tokens, batch.worst_cost)
        self._database.end_batch(batch.id, BatchState.REFUSED)

    def _given_up(self, batch: Batch, state: BatchState, what: str) -> list[Outcome]:
        """A batch of which nothing will come, and what to say of it."""
        self._database.end_batch(batch.id, state)
        said = f"{self.name} {what} a batch of {batch.requests:,} requests."
        error = ProviderUnavailableError(said, "Its requests are sent again.", cause=f"{state}_batch")
        return [Failure(NO_ITEM, error, is_final=False)]

    def _finder(self, batch: Batch) -> Callable[[], str | None]:
        known = self._database.get_batch_names()
        return lambda: self._service.find(batch.mark, batch.planned_at, batch.requests, known)

    def _looker(self, batch: Batch) -> Callable[[], BatchStatus | None]:
        return lambda: self._service.status(batch.service_id)

    def _insist(self, ask: Callable[[], T], seconds: float | None = None) -> T:
        """Ask again, a little later, where that may help. Raises StoppedError, and what does not pass."""
        patience = _Patience(self._patience if seconds is None else seconds, self._delay, self._run.stop)
        while True:
            self._run.stop.check()
            try:
                return ask()
            except ProviderUnavailableError as error:
                patience.bear(error)
