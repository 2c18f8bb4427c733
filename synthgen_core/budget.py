"""What calls cost, and a cap on it that a run never passes: the worst case of each call is reserved before it starts.

Money is in US dollars, exact. What is not known is None, never 0.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from synthgen_core.errors import BudgetReachedError
from synthgen_core.models import ChatRequest, Side, Usage

OK = "ok"
"""The outcome of a call that brought a reply."""
REFUSED = frozenset({"auth", "credit", "forbidden", "model", "rate_limit", "server", "bad_request"})
"""Outcomes of calls that no service charges for. After any other failure (no reply in time, a connection that was cut)
nobody knows whether it was charged."""
MESSAGE_TOKENS, REQUEST_TOKENS = 16, 64
"""What a service may add to a message and to a request: roles, separators, its own instructions."""


def same_limit(reply_tokens: int) -> int:
    """The limit that is sent for a reply of at most so many tokens: just these."""
    return reply_tokens


def unknown_price(usage: Usage) -> Decimal | None:
    """The price of any call to a model of which none is known."""
    return None


def no_price(usage: Usage) -> Decimal | None:
    """The price of any call to a model that is free of charge."""
    return Decimal(0)


@dataclass(frozen=True, slots=True)
class Tariff:
    """What calls to one model cost, and how long their replies may get."""

    price: Callable[[Usage], Decimal | None] = unknown_price
    token_limit: Callable[[int], int] = same_limit
    """From the tokens that a reply may have to those that may be paid for, reasoning included."""

    @property
    def is_known(self) -> bool:
        """Whether there is a price."""
        return self.price(Usage(1, 1)) is not None

    def cost(self, usage: Usage, outcome: str = OK) -> Decimal | None:
        """What a call cost that ended like this; None if nobody knows.

        That includes replies of a service that does not count tokens.
        """
        if outcome in REFUSED:
            return Decimal(0)
        if usage.total:
            return self.price(usage)
        return Decimal(0) if self.price(Usage(1, 1)) == 0 else None

    def worst_usage(self, request: ChatRequest) -> Usage:
        """The most tokens that this request can take. A token is at least one byte of UTF-8, for every tokenizer."""
        texts = [message.content for message in request.messages] + [request.schema or ""]
        prompt = sum(len(text.encode("utf-8", "replace")) for text in texts)
        prompt += MESSAGE_TOKENS * len(request.messages) + REQUEST_TOKENS
        return Usage(prompt, self.token_limit(request.max_tokens))

    def worst_cost(self, request: ChatRequest) -> Decimal | None:
        """The most that this request can cost, whether or not the service writes all of it to its cache."""
        plain = self.worst_usage(request)
        written = Usage(plain.prompt_tokens, plain.completion_tokens, cache_write_tokens=plain.prompt_tokens)
        return max((cost for cost in (self.price(plain), self.price(written)) if cost is not None), default=None)


class Budget:
    """A cap in money, in tokens, in both or in none. For one thread: the one that starts calls and sees them end."""

    def __init__(
        self,
        tariff: Tariff,
        *,
        assistant: Tariff | None = None,
        max_cost: Decimal | None = None,
        max_tokens: int | None = None,
        spent_cost: Decimal | None = None,
        spent_tokens: int = 0,
    ) -> None:
        """``assistant``: what calls for the assistant's side cost, where another model answers them."""
        self.tariffs: Mapping[Side, Tariff] = {Side.WRITER: tariff, Side.ASSISTANT: assistant or tariff}
        self.max_cost = max_cost
        self.max_tokens = max_tokens
        self.cost = spent_cost or Decimal(0)
        """Spent so far; the worst case where it is not known."""
        self.tokens = spent_tokens
        self._reserved_cost = Decimal(0)
        self._reserved_tokens = 0

    @property
    def is_capped(self) -> bool:
        """Whether there is a cap at all."""
        return self.max_cost is not None or self.max_tokens is not None

    def reserve(self, request: ChatRequest, side: Side = Side.WRITER) -> bool:
        """Set the worst case of a call aside before it starts. False: it could pass the cap, and nothing is set aside.

        A price that is not known lets no call start under a cap in money.
        """
        tokens, cost = self.tariffs[side].worst_usage(request).total, self.tariffs[side].worst_cost(request)
        if not self.has_room(tokens, cost):
            return False
        self.hold(tokens, cost)
        return True

    def settle(self, request: ChatRequest, usage: Usage, outcome: str, side: Side = Side.WRITER) -> None:
        """A call that was reserved is over: it took what it took, or its worst case where nobody knows."""
        self.release(request, side)
        tariff = self.tariffs[side]
        tokens = 0 if outcome in REFUSED else usage.total or tariff.worst_usage(request).total
        cost = tariff.cost(usage, outcome)
        self.spend(tokens, tariff.worst_cost(request) if cost is None else cost)

    def release(self, request: ChatRequest, side: Side = Side.WRITER) -> None:
        """A call that was reserved was not made after all: its reply was there already, or the run was stopped."""
        self.let_go(self.tariffs[side].worst_usage(request).total, self.tariffs[side].worst_cost(request))

    def has_room(self, tokens: int, cost: Decimal | None) -> bool:
        """Whether so much more could be spent; a cost that is not known never fits under a cap in money."""
        if self.max_tokens is not None and self.tokens + self._reserved_tokens + tokens > self.max_tokens:
            return False
        if self.max_cost is None:
            return True
        return cost is not None and self.cost + self._reserved_cost + cost <= self.max_cost

    def hold(self, tokens: int, cost: Decimal | None) -> None:
        """Set so much aside for what is under way, whether or not there is room."""
        self._reserved_tokens += tokens
        self._reserved_cost += cost or 0

    def let_go(self, tokens: int, cost: Decimal | None) -> None:
        """Give back what was set aside."""
        self.hold(-tokens, -(cost or Decimal(0)))

    def spend(self, tokens: int, cost: Decimal | None) -> None:
        """So much is gone."""
        self.tokens += tokens
        self.cost += cost or 0

    def reached(self) -> BudgetReachedError:
        """What to raise when no call runs that could give anything back, and the next one was refused."""
        spent = []
        if self.max_cost is not None:
            spent.append(f"{dollars(self.cost)} of {dollars(self.max_cost)}")
        if self.max_tokens is not None:
            spent.append(f"{self.tokens:,} of {self.max_tokens:,} tokens")
        return BudgetReachedError(
            f"The budget is used up: {' and '.join(spent)} spent, and one more call could take it beyond.",
            "Resume the job with a higher budget.",
        )


def dollars(cost: Decimal) -> str:
    """A sum as people read it: cents, and two digits that count where it is less than a cent."""
    if not cost or abs(cost) >= Decimal("0.01"):
        return f"${cost:,.2f}"
    digits = min(9, 1 - cost.adjusted())
    return f"${cost:,.{digits}f}"
