"""What was used and what it cost: prices, the log of calls, sums over it, and the replies that are kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial

from synthgen_core.budget import Tariff, dollars, no_price
from synthgen_core.database import GroupBy, Kept, LoggedCall, UsageRow
from synthgen_core.models import Completion, ProviderConfig
from synthgen_core.providers import provider_kind
from synthgen_core.providers.catalogue import cost, load_models
from synthgen_core.providers.registry import is_at_home
from synthgen_core.settings import Settings
from synthgen_core.workspace import Workspace

__all__ = ["GroupBy", "Kept", "LoggedCall", "UsageRow", "UsageTable", "get_usage", "tariff_for"]

NO_JOB, NO_DATASET = "trials", "no dataset"


@dataclass(frozen=True, slots=True)
class UsageTable:
    """Sums by group, and what each group is called."""

    group_by: GroupBy
    rows: list[UsageRow]
    names: Mapping[tuple[str, ...], str]
    total: UsageRow


def tariff_for(settings: Settings, config: ProviderConfig) -> Tariff:
    """What calls to this model cost, by the table of models and the user's own ``DATA_DIR/models.toml``.

    What we know of a service's prices does not hold at another address; what the user's own file says holds there too.

    Raises ConfigError where that file is wrong.
    """
    kind, models = provider_kind(config.type), load_models(settings.data_dir / "models.toml")
    token_limit = models.facts(config).token_limit
    if not kind.is_paid:
        return Tariff(no_price, token_limit)
    known = models.find(kind.type, config.model)
    if known is None or (not is_at_home(config) and known == load_models().find(kind.type, config.model)):
        return Tariff(token_limit=token_limit)
    return Tariff(partial(cost, known), token_limit)


def get_usage(
    workspace: Workspace,
    group_by: GroupBy | str = GroupBy.DAY,
    *,
    job_id: int | None = None,
    dataset_id: int | None = None,
    since: datetime | None = None,
) -> UsageTable:
    """Calls, tokens and costs by day (UTC), model, job or dataset, the latest used first; trials count, too."""
    by, database = GroupBy(group_by), workspace.database
    rows = database.get_usage(by, job_id=job_id, dataset_id=dataset_id, since=since)
    (total,) = database.get_usage(job_id=job_id, dataset_id=dataset_id, since=since)
    names = {row.group: " ".join(row.group) for row in rows}
    if by is GroupBy.DATASET:
        titles = database.get_dataset_names()
        names = {group: titles.get(int(group[0]), "") if group[0] else NO_DATASET for group in names}
    elif by is GroupBy.JOB:
        names = {group: f"job {group[0]}" if group[0] else NO_JOB for group in names}
    return UsageTable(by, rows, names, total)


def get_calls(
    workspace: Workspace,
    *,
    job_id: int | None = None,
    dataset_id: int | None = None,
    provider: str = "",
    model: str = "",
    outcome: str = "",
    limit: int = 100,
    offset: int = 0,
) -> list[LoggedCall]:
    """A page of the log of calls, the newest first."""
    return workspace.database.get_calls(
        job_id=job_id,
        dataset_id=dataset_id,
        provider=provider,
        model=model,
        outcome=outcome,
        limit=limit,
        offset=offset,
    )


def count_calls(
    workspace: Workspace,
    *,
    job_id: int | None = None,
    dataset_id: int | None = None,
    provider: str = "",
    model: str = "",
    outcome: str = "",
) -> dict[str, int]:
    """How many calls there are in all, by outcome, the most frequent first."""
    return workspace.database.count_calls(
        job_id=job_id, dataset_id=dataset_id, provider=provider, model=model, outcome=outcome
    )


def get_call_reply(workspace: Workspace, call: LoggedCall) -> Completion | None:
    """What the model said in a call; None if nothing, or if it is not kept any more."""
    if call.key is None:
        return None
    ever = datetime.min.replace(tzinfo=UTC)
    return workspace.database.get_completions([call.key], since=ever).get(call.key)


def cache_size(workspace: Workspace) -> Kept:
    """How many paid replies are kept, how large they are, and how many of them jobs need in order to go on."""
    return workspace.database.get_kept()


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
