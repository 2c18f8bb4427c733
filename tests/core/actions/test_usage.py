"""What was used, and what it cost, is known of every call, and shown by job, dataset, model and day."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa

from synthgen_core.actions import jobs, usage
from synthgen_core.actions.generation import try_example
from synthgen_core.models import JobStatus, ProviderConfig, Usage
from synthgen_core.settings import Settings
from synthgen_core.workspace import Workspace, forget_expired, tidy
from tests.core.actions.support import BAD, ask, finish, make
from tests.core.actions.test_budget import PRICE, write_price
from tests.support.replies import MODEL
from tests.support.server import Act, ModelServer

ONE = Usage(1_000_000, 1_000_000)
BUSY = Act(status=429, headers={"retry-after": "0"})


def test_every_call_is_logged_with_what_became_of_it(each_workspace: Workspace, server: ModelServer) -> None:
    workspace = each_workspace
    write_price(workspace.settings.data_dir)
    server.then(BUSY, Act(status=500), BAD)
    job = make(workspace, ask(server, 2, workers=1))
    assert job.done == 2
    calls = usage.get_calls(workspace, job_id=job.id)
    assert len(calls) == len(server.calls) == 5
    assert usage.count_calls(workspace) == {"ok": 3, "rate_limit": 1, "server": 1}
    assert usage.count_calls(workspace, job_id=job.id, outcome="server") == {"server": 1}
    for call in calls:
        assert (call.provider, call.model, call.base_url) == ("openai", MODEL, server.url)
        assert (call.job_id, call.dataset_id, call.item in (0, 1)) == (job.id, job.dataset_id, True)
        assert call.cost == (PRICE if call.outcome == "ok" else 0)
        assert call.usage == (Usage(100, 50) if call.outcome == "ok" else Usage())
        assert call.seconds > 0
        assert (call.key is not None) == (call.outcome == "ok")
    assert (job.cost, job.unknown_cost_calls) == (3 * PRICE, 0)
    assert jobs.get_job(workspace, job.id).cost == "$0.00060"
    replies = [usage.get_call_reply(workspace, call) for call in calls]
    assert sorted(reply is not None for reply in replies) == [False, False, True, True, True]
    assert [reply.text for reply in replies if reply].count(str(BAD.text)) == 1


def test_what_a_call_said_is_shown_while_it_is_kept(workspace: Workspace, server: ModelServer) -> None:
    server.then(BUSY)
    make(workspace, ask(server, 1, workers=1))
    said, refused = usage.get_calls(workspace)
    assert usage.get_call_reply(workspace, refused) is None
    assert usage.get_call_reply(workspace, said)
    usage.clear_cache(workspace)
    assert usage.get_call_reply(workspace, said) is None


def test_a_reply_that_is_used_again_is_no_call(workspace: Workspace, server: ModelServer) -> None:
    write_price(workspace.settings.data_dir)
    make(workspace, ask(server, 3, seed=1))
    again = make(workspace, ask(server, 3, seed=1))
    assert (again.cost, again.unknown_cost_calls) == (Decimal(0), 0)
    assert usage.get_calls(workspace, job_id=again.id) == []
    assert usage.get_usage(workspace).total.calls == 3


def test_sums_are_named_by_what_they_are_of(each_workspace: Workspace, server: ModelServer) -> None:
    workspace = each_workspace
    write_price(workspace.settings.data_dir)
    job = make(workspace, ask(server, 2, name="My set"))
    try_example(workspace, ask(server, seed=9))
    for group_by, names in (
        ("model", [f"openai {MODEL}"]),
        ("job", ["no job", f"job {job.id}"]),
        ("dataset", ["no dataset", "My set"]),
    ):
        table = usage.get_usage(workspace, group_by)
        assert [table.names[row.group] for row in table.rows] == names
        assert (table.total.calls, table.total.cost) == (3, 3 * PRICE)
        assert sum(row.calls for row in table.rows) == 3
    (row,) = usage.get_usage(workspace, "dataset", dataset_id=job.dataset_id).rows
    assert (row.calls, row.failed_calls, row.usage, row.cost) == (2, 0, Usage(200, 100), 2 * PRICE)


def test_a_trial_costs_money_too(workspace: Workspace, server: ModelServer) -> None:
    write_price(workspace.settings.data_dir)
    server.then(BAD)
    trial = try_example(workspace, ask(server, seed=9))
    assert (trial.calls, trial.usage, trial.cost) == (2, Usage(200, 100), 2 * PRICE)
    assert usage.get_usage(workspace).total.cost == 2 * PRICE
    assert workspace.database.count_jobs() == 0


# -- prices


@pytest.mark.parametrize(
    ("config", "price"),
    [
        (ProviderConfig("openai", "gpt-6-luna", "https://api.openai.com/v1"), Decimal("0.95")),
        (ProviderConfig("openai", "gpt-6-luna-2026-09-01"), Decimal("0.95")),
        (ProviderConfig("openai", "gpt-6-luna", "http://localhost:8000/v1"), None),
        (ProviderConfig("openai", "gpt-4o", "https://api.openai.com/v1"), None),
        (ProviderConfig("openai", "nobody-knows-me", "https://api.openai.com/v1"), None),
        (ProviderConfig("ollama", "nobody-knows-me", "http://localhost:11434"), Decimal(0)),
        (ProviderConfig("embedded"), Decimal(0)),
    ],
)
def test_a_price_is_known_where_it_holds_and_nowhere_else(
    workspace: Workspace, config: ProviderConfig, price: Decimal | None
) -> None:
    tariff = usage.tariff_for(workspace.settings, config)
    assert tariff.cost(ONE) == price
    assert tariff.is_known == (price is not None)


def test_a_user_s_own_price_holds_at_any_address(workspace: Workspace) -> None:
    config = ProviderConfig("openai", MODEL, "http://localhost:8000/v1")
    assert usage.tariff_for(workspace.settings, config).cost(ONE) is None
    write_price(workspace.settings.data_dir)
    assert usage.tariff_for(workspace.settings, config).cost(ONE) == 3


@pytest.mark.parametrize(
    ("cost", "unknown", "said"),
    [
        (None, 3, "unknown"),
        (Decimal(0), 0, "$0.00"),
        (Decimal("1.2"), 0, "$1.20"),
        (Decimal("1.2"), 1, "$1.20 and 1 call of unknown cost"),
        (Decimal("0.0012"), 1200, "$0.0012 and 1,200 calls of unknown cost"),
    ],
)
def test_what_is_not_known_is_said_to_be_unknown(cost: Decimal | None, unknown: int, said: str) -> None:
    assert usage.cost_in_words(cost, unknown) == said


# -- the replies that are kept


def test_clearing_the_cache_clears_it(workspace: Workspace, server: ModelServer) -> None:
    make(workspace, ask(server, 3, seed=1))
    kept = usage.cache_size(workspace)
    assert (kept.replies, kept.needed) == (3, 0)
    assert kept.size > 3 * 100
    assert usage.clear_cache(workspace) == 3
    assert usage.cache_size(workspace).replies == 0
    assert make(workspace, ask(server, 3, seed=1)).calls == 3


def test_a_job_that_stopped_keeps_what_it_needs_to_go_on(workspace: Workspace, server: ModelServer) -> None:
    server.choose = lambda call: BAD if call.number < 2 else Act(status=401)
    job = make(workspace, ask(server, 5, seed=1, workers=1))
    assert (job.status, job.calls) == (JobStatus.FAILED, 2)
    assert usage.cache_size(workspace).needed == 2
    assert usage.clear_cache(workspace) == 0
    server.choose = lambda call: Act()
    assert finish(workspace, jobs.resume_task(workspace, job.id)).calls == 2 + 5
    assert usage.clear_cache(workspace, with_needed=True) > 0


def age(workspace: Workspace, hours: float) -> None:
    """Let time pass over all replies."""
    moment = (datetime.now(UTC) - timedelta(hours=hours)).replace(tzinfo=None)
    with workspace.database.engine.begin() as connection:
        connection.execute(sa.text("UPDATE completions SET created_at = :at"), {"at": moment})


def test_replies_older_than_their_time_are_forgotten_when_the_app_starts(
    workspace: Workspace, server: ModelServer
) -> None:
    make(workspace, ask(server, 2))
    tidy(workspace)
    assert usage.cache_size(workspace).replies == 2
    age(workspace, Settings().cache_ttl + 1)
    tidy(workspace)
    assert usage.cache_size(workspace).replies == 0


def test_and_when_a_job_starts(workspace: Workspace, server: ModelServer) -> None:
    make(workspace, ask(server, 2))
    age(workspace, Settings().cache_ttl + 1)
    make(workspace, ask(server, 1))
    assert usage.cache_size(workspace).replies == 1
    assert forget_expired(workspace) == 0
