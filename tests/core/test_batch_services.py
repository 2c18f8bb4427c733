"""Batches as the services' SDKs speak of them: what is sent, what is found, what became of it, and what goes wrong."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthgen_core.courier import Place, place_of, request_id
from synthgen_core.errors import ConfigError, ProviderError, ProviderRefusedError, ProviderUnavailableError
from synthgen_core.models import Completion, ProviderConfig
from synthgen_core.providers import PROVIDERS, BatchService, LLMProvider, create_provider, open_batches
from synthgen_core.providers.batches import BatchStatus, lines_of
from synthgen_core.providers.catalogue import load_models
from tests.support.batch_server import EXPIRED, BatchServer
from tests.support.replies import MODEL
from tests.support.server import Act
from tests.support.wires import KEY, REQUEST

TYPES = [kind.type for kind in PROVIDERS.values() if kind.batches]
NOW = datetime.now(UTC)
MARK = "0a1b2c3d"


@pytest.fixture
def server() -> Iterator[BatchServer]:
    with BatchServer() as running:
        yield running


@pytest.fixture(params=TYPES)
def provider(request: pytest.FixtureRequest, server: BatchServer) -> Iterator[LLMProvider]:
    kind = request.param
    with closing(create_provider(kind, ProviderConfig(kind, MODEL, server.url, KEY))) as made:
        yield made


@pytest.fixture
def service(provider: LLMProvider) -> BatchService:
    return open_batches(provider)


def send(service: BatchService, count: int = 3) -> str:
    return service.send(MARK, [service.line(f"r-{n}", REQUEST) for n in range(count)])


def is_openai(provider: LLMProvider) -> bool:
    return provider.config.type == "openai"


def test_a_request_of_a_batch_says_what_a_single_call_says(
    provider: LLMProvider, service: BatchService, server: BatchServer
) -> None:
    provider.complete(REQUEST)
    send(service)
    assert list(server.batches[0].requests.values()) == [server.calls[0].body] * 3


def test_replies_come_back_under_their_ids_whatever_their_order(service: BatchService, server: BatchServer) -> None:
    refusal = Act(status=400, text="too long", code="request_too_large")
    acts = iter([Act(text="one\u2028two\u0085three"), EXPIRED, refusal])
    server.judge = lambda body: next(acts)
    name = send(service)
    assert service.status(name) == BatchStatus(is_over=True, answered=3)
    replies = {reply.request_id: reply.outcome for reply in service.replies(name)}
    good, late, refused = (replies[f"r-{n}"] for n in range(3))
    assert isinstance(good, Completion)
    assert (good.text, good.usage.total) == ("one\u2028two\u0085three", 150)
    assert isinstance(late, ProviderUnavailableError)
    assert late.cause == "expired"
    assert isinstance(refused, ProviderRefusedError)
    assert (refused.cause, refused.is_fatal) == ("bad_request", False)
    assert "too long" in refused.message


def test_a_reply_that_is_none_spoils_no_other(service: BatchService, server: BatchServer) -> None:
    acts = iter([Act(), Act(raw='{"choices": [], "content": null}'), Act()])
    server.judge = lambda body: next(acts)
    name = send(service)
    service.status(name)
    outcomes = [reply.outcome for reply in service.replies(name)]
    assert [isinstance(outcome, Completion) for outcome in outcomes].count(True) == 2
    assert [outcome.cause for outcome in outcomes if isinstance(outcome, ProviderError)] == ["bad_reply"]


def test_a_batch_that_is_not_over_says_so(service: BatchService, server: BatchServer) -> None:
    server.is_held.set()
    assert service.status(send(service)) == BatchStatus(is_over=False, answered=0)


def test_a_batch_that_nobody_knows_is_none(service: BatchService) -> None:
    assert service.status("batch_gone") is None


def test_a_batch_is_found_among_many_others(provider: LLMProvider, service: BatchService, server: BatchServer) -> None:
    ours = send(service)
    for _ in range(250):
        server.make({"x": {}}, "another")
    assert service.find(MARK, NOW, 3, set()) == ours
    assert server.seen["list"] == 3, "it is on the third page"
    assert service.find("ffffffff", NOW, 4, set()) is None


def test_old_batches_are_not_searched(service: BatchService, server: BatchServer) -> None:
    server.age = timedelta(days=2)
    send(service)
    for _ in range(250):
        server.make({"x": {}}, "another")
    assert service.find(MARK, NOW, 3, set()) is None
    assert server.seen["list"] == 1


def test_what_is_known_already_is_not_found_again_where_there_are_no_marks(server: BatchServer) -> None:
    config = ProviderConfig("anthropic", MODEL, server.url, KEY)
    with closing(create_provider("anthropic", config)) as provider:
        service = open_batches(provider)
        first, second = send(service), send(service)
        assert service.find(MARK, NOW, 3, set()) == first
        assert service.find(MARK, NOW, 3, {first}) == second
        assert service.find(MARK, NOW, 3, {first, second}) is None


STEPS: dict[str, Callable[[BatchService], Any]] = {
    "create": send,
    "look": lambda service: service.status("batch_0"),
    "list": lambda service: service.find(MARK, NOW, 3, set()),
    "results": lambda service: list(service.replies("batch_0")),
    "cancel": lambda service: service.cancel("batch_0"),
}


FAULTS = {
    "auth": Act(status=401, text=f"wrong key {KEY}"),
    "rate_limit": Act(status=429, headers={"retry-after": "7"}),
    "server": Act(status=500),
    "connection": Act(is_dropped=True),
    "bad_reply": Act(raw="<html>"),
}
UNREAD = ("cancel", "bad_reply")
"""What a service says to that is not looked at."""


@pytest.mark.parametrize(
    ("step", "cause"), [(step, cause) for step in STEPS for cause in FAULTS if (step, cause) != UNREAD]
)
def test_what_goes_wrong_is_told_as_for_single_calls(
    service: BatchService, server: BatchServer, step: str, cause: str
) -> None:
    service.status(send(service))
    server.fault(step, FAULTS[cause])
    with pytest.raises(ProviderError) as caught:
        STEPS[step](service)
    assert caught.value.cause == cause
    assert KEY not in str(caught.value)
    if cause == "rate_limit":
        assert isinstance(caught.value, ProviderUnavailableError)
        assert caught.value.retry_after == 7


def test_a_file_that_breaks_off_is_told(service: BatchService, server: BatchServer) -> None:
    name = send(service)
    service.status(name)
    server.fault("results", Act(cut=300))
    with pytest.raises(ProviderUnavailableError) as caught:
        list(service.replies(name))
    assert caught.value.cause == "connection"


def test_a_provider_without_batches_is_told() -> None:
    config = ProviderConfig("vllm", MODEL)
    with closing(create_provider("vllm", config)) as provider, pytest.raises(ConfigError, match="takes no batches"):
        open_batches(provider)


@given(st.lists(st.binary(max_size=12)), st.integers(1, 9))
def test_lines_are_whole_however_they_are_cut(texts: list[bytes], size: int) -> None:
    lines = [json.dumps(list(text)).encode() for text in texts]
    body = b"\n".join(lines)
    assert list(lines_of(body[n : n + size] for n in range(0, len(body), size))) == lines


@given(st.integers(0, 999_999), st.integers(1, 99), st.binary(min_size=32, max_size=32))
def test_a_requests_name_says_where_its_reply_belongs(item: int, attempt: int, key: bytes) -> None:
    place = Place(item, attempt, key.hex())
    name = request_id(MARK, place)
    assert len(name) <= 64
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
    assert place_of(name, MARK) == place
    assert place_of(name, "ffffffff") is None
    assert place_of("theirs", MARK) is None


@pytest.mark.parametrize("value", ["0", "2", "-0.5", "true", "'half'", "nan"])
def test_a_factor_that_is_none_is_refused_with_its_remedy(tmp_path: Path, value: str) -> None:
    file = tmp_path / "models.toml"
    file.write_text(f"[openai]\nbatch_factor = {value}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="part of the ordinary price"):
        load_models(file)
