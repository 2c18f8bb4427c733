"""What was used and what it cost: prices, the log of calls, sums over it, and the replies that are kept."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from itertools import groupby
from typing import Unpack

from synthgen_core.access import Role, requires
from synthgen_core.actions.providers import model_table
from synthgen_core.budget import OK, Tariff, dollars, no_price
from synthgen_core.database import NO_JOB, CallBin, CallFilter, GroupBy, Kept, LoggedCall, UsageRow
from synthgen_core.database.calls import known_cost
from synthgen_core.models import Completion, ProviderConfig, Usage
from synthgen_core.providers import provider_kind
from synthgen_core.providers.catalogue import cost, load_models
from synthgen_core.providers.registry import is_at_home
from synthgen_core.settings import Settings
from synthgen_core.workspace import Workspace

__all__ = [
    "NO_JOB",
    "OK",
    "CallFilter",
    "GroupBy",
    "Kept",
    "LoggedCall",
    "UsageRow",
    "UsageTable",
    "dollars",
    "get_usage",
    "tariff_for",
]

JOBLESS, NO_DATASET = "no job", "no dataset"
PERIODS = (1, 5, 15, 60, 300, 900, 3600, 3 * 3600, 6 * 3600, 12 * 3600, *(days * 86400 for days in (1, 2, 7, 14, 30)))
"""Seconds for which calls are counted together; of the first that makes it so, ``MOST_PERIODS`` or fewer are shown."""
MOST_PERIODS = 60


@dataclass(frozen=True, slots=True)
class UsageTable:
    """Sums by group, and what each group is called."""

    group_by: GroupBy
    rows: list[UsageRow]
    names: Mapping[tuple[str, ...], str]
    total: UsageRow


@dataclass(frozen=True, slots=True)
class CallTimes:
    """How long calls took. Those that took about as long are one bin: durations are right to 10 %, and exact where a
    bin holds one call."""

    period: int
    """Seconds for which calls are counted together."""
    bins: Sequence[CallBin]
    """In the order of time."""

    @property
    def counts(self) -> dict[str, int]:
        """How many calls there are, by outcome, the most frequent first."""
        counts = Counter[str]()
        for each in self.bins:
            counts[each.outcome] += each.calls
        return dict(counts.most_common())

    def only(self, outcome: str) -> "CallTimes":
        """Those of the calls that ended like this."""
        return CallTimes(self.period, [each for each in self.bins if each.outcome == outcome])

    def by_period(self) -> dict[datetime, "CallTimes"]:
        """Each period in which calls ended, by when it began."""
        return {at: CallTimes(self.period, list(bins)) for at, bins in groupby(self.bins, lambda each: each.at)}

    def quantile(self, share: float) -> float | None:
        """The seconds within which this share of the calls ended, 0-1; None where there is none (nearest rank)."""
        rank = math.ceil(share * sum(each.calls for each in self.bins))
        for each in sorted(self.bins, key=lambda each: each.seconds / each.calls):
            rank -= each.calls
            if rank <= 0:
                return each.seconds / each.calls
        return None


def tariff_for(settings: Settings, config: ProviderConfig) -> Tariff:
    """What calls to this model cost, by the table of models and the user's own ``DATA_DIR/models.toml``.

    What we know of a service's prices does not hold at another address; what the user's own file says holds there too.

    Raises ConfigError where that file is wrong.
    """
    kind, models = provider_kind(config.type), model_table(settings)
    token_limit = models.facts(config).token_limit
    if not kind.is_paid:
        return Tariff(no_price, token_limit)
    known = models.find(kind.type, config.model)
    if known is None or (not is_at_home(config) and known == load_models().find(kind.type, config.model)):
        return Tariff(token_limit=token_limit)
    return Tariff(partial(cost, known), token_limit)


def get_usage(workspace: Workspace, group_by: GroupBy | str = GroupBy.DAY, **which: Unpack[CallFilter]) -> UsageTable:
    """Calls, tokens and costs by day (UTC), model, job or dataset, the latest used first; trials count, too."""
    by, database = GroupBy(group_by), workspace.database
    rows = database.get_usage(by, **which)
    names = {row.group: " ".join(row.group) for row in rows}
    if by is GroupBy.DATASET:
        titles = database.get_dataset_names()
        names = {group: titles.get(int(group[0]), "") if group[0] else NO_DATASET for group in names}
    elif by is GroupBy.JOB:
        names = {group: f"job {group[0]}" if group[0] else JOBLESS for group in names}
    return UsageTable(by, rows, names, _total(rows))


def _total(rows: Sequence[UsageRow]) -> UsageRow:
    unknown = sum(row.unknown_cost_calls for row in rows)
    return UsageRow(
        (),
        sum(row.calls for row in rows),
        sum(row.failed_calls for row in rows),
        sum((row.usage for row in rows), Usage()),
        known_cost(sum((row.cost or Decimal(0) for row in rows), Decimal(0)), unknown),
        unknown,
        math.fsum(row.seconds for row in rows),
    )


def get_calls(
    workspace: Workspace, *, limit: int = 100, offset: int = 0, **which: Unpack[CallFilter]
) -> list[LoggedCall]:
    """A page of the log of calls, the newest first."""
    return workspace.database.get_calls(limit=limit, offset=offset, **which)


def count_calls(workspace: Workspace, **which: Unpack[CallFilter]) -> dict[str, int]:
    """How many calls there are in all, by outcome, the most frequent first."""
    return workspace.database.count_calls(**which)


def get_called_models(workspace: Workspace) -> list[tuple[str, str]]:
    """Provider and model of all calls, each pair once, in order."""
    return workspace.database.get_called_models()


def get_call_times(workspace: Workspace, **which: Unpack[CallFilter]) -> CallTimes:
    """How long calls took, over time and by outcome: as much to read for a million of them as for a thousand."""
    return CallTimes(*workspace.database.get_call_bins(PERIODS, MOST_PERIODS, **which))


def get_call_reply(workspace: Workspace, call: LoggedCall) -> Completion | None:
    """What the model said in a call; None if nothing, or if it is not kept any more."""
    return workspace.database.get_call_reply(call.id)


def cache_size(workspace: Workspace) -> Kept:
    """How many paid replies are kept, how large they are, and how many of them jobs need in order to go on."""
    return workspace.database.get_kept()


@requires(Role.ADMIN)
def clear_cache(workspace: Workspace, *, with_needed: bool = False) -> int:
    """Forget the paid replies, but for those that jobs need in order to go on; with ``with_needed`` those, too.

    Returns how many were forgotten.
    """
    return workspace.database.delete_completions(with_needed=with_needed)


def cost_in_words(cost: Decimal | None, unknown_cost_calls: int) -> str:
    """A sum of costs as people read it: "$1.20", "unknown", or "$1.20 and 3 calls of unknown cost"."""
    if cost is None:
        return "unknown"
    if not unknown_cost_calls:
        return dollars(cost)
    calls = "1 call" if unknown_cost_calls == 1 else f"{unknown_cost_calls:,} calls"
    return f"{dollars(cost)} and {calls} of unknown cost"
