"""Whether a provider can write is told with its cause, and nobody waits for a silent server; saying hello, fetching."""

import json
import socket
import threading
from dataclasses import replace

import pytest

from synthgen_core.actions.model_pulls import Pull, get_pull, start_pull
from synthgen_core.actions.provider_states import (
    Check,
    Condition,
    begin_choice,
    get_last_errors,
    in_background,
    look_at,
    say_hello,
)
from synthgen_core.actions.usage import get_calls
from synthgen_core.errors import ConfigError, NotFoundError
from synthgen_core.models import JobStatus, ProviderConfig
from synthgen_core.providers import PROVIDERS
from synthgen_core.settings import Settings
from synthgen_core.workspace import Workspace
from tests.core.actions.support import SECONDS, ask, config, make
from tests.support.replies import MODEL
from tests.support.server import Act, ModelServer

CANARY = "sk-canary-0123456789wxyz"
NOBODY = "http://127.0.0.1:9/v1"
SERVED = [name for name, kind in PROVIDERS.items() if kind.default_base_url]
KEYED = [name for name in SERVED if PROVIDERS[name].key_setting]


def at(server: ModelServer, provider_type: str, **changes: str) -> ProviderConfig:
    """This provider, as if it were the local server."""
    root = provider_type in ("ollama", "anthropic")
    return replace(ProviderConfig(provider_type, MODEL, server.root if root else server.url, CANARY), **changes)


@pytest.mark.parametrize("provider_type", SERVED)
def test_a_provider_that_answers_is_ready_with_its_models(provider_type: str, server: ModelServer) -> None:
    server.models = [MODEL, "another"]
    state = look_at(at(server, provider_type))
    assert (state.condition, state.model, set(state.models)) == (Condition.READY, MODEL, {MODEL, "another"})
    assert state.error is None


def test_the_embedded_model_needs_nothing() -> None:
    state = look_at(ProviderConfig("embedded"))
    assert (state.condition, state.error) == (Condition.READY, None)
    assert state.models[0].startswith("SmolLM2")


@pytest.mark.parametrize("provider_type", KEYED)
def test_a_key_that_is_missing_is_told_from_one_that_is_refused(provider_type: str, server: ModelServer) -> None:
    state = look_at(ProviderConfig(provider_type))
    assert state.condition is Condition.NO_KEY
    assert PROVIDERS[provider_type].key_setting in str(state.error)
    server.models_act = server.key_act = Act(status=401, text=f"no such key: {CANARY}")
    refused = look_at(at(server, provider_type))
    assert (refused.condition, look_at(at(server, provider_type, api_key="")).condition) == (
        Condition.KEY_REFUSED,
        Condition.NO_KEY,
    )
    assert CANARY not in f"{refused} {refused.error}"


@pytest.mark.parametrize("provider_type", SERVED)
def test_a_server_that_is_not_there_is_named_by_its_address(provider_type: str) -> None:
    state = look_at(ProviderConfig(provider_type, MODEL, NOBODY, CANARY))
    assert state.condition is Condition.UNREACHABLE
    assert NOBODY in str(state.error)


def test_a_model_that_is_missing_is_told_with_those_that_are_there(server: ModelServer) -> None:
    state = look_at(at(server, "ollama", model="llama9"))
    assert (state.condition, state.models) == (Condition.NO_MODEL, (MODEL,))
    assert "ollama pull llama9" in str(state.error)
    server.models = []
    assert look_at(at(server, "ollama", model="")).condition is Condition.NO_MODEL


def test_an_address_that_is_none_cannot_be_used() -> None:
    assert look_at(ProviderConfig("openai", "m", "ftp://here.test", CANARY)).condition is Condition.UNUSABLE


def test_a_silent_server_is_looked_at_without_waiting_and_given_up_when_patience_ends() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/v1"
        asked = ProviderConfig("openai", "m", url, CANARY)
        assert Check(asked, patience=SECONDS).state().condition is Condition.UNKNOWN
        given_up = Check(asked, patience=0.0).state()
    assert given_up.condition is Condition.UNREACHABLE
    assert f"{url} gave no answer" in str(given_up.error)


def test_a_check_that_is_done_tells_what_it_found(server: ModelServer) -> None:
    check = Check(at(server, "openai"))
    assert check.state(SECONDS).condition is Condition.READY
    assert check.state().condition is Condition.READY, "and needs no more waiting"


def test_the_choice_of_a_provider_can_be_waited_for(server: ModelServer) -> None:
    assert begin_choice(Settings(ollama_url=server.root)).result(SECONDS).config.type == "ollama"
    with pytest.raises(NotFoundError):
        begin_choice(Settings(llm_provider="opnai")).result(SECONDS)


@pytest.mark.parametrize("provider_type", SERVED)
def test_a_model_that_answers_says_hello(workspace: Workspace, provider_type: str, server: ModelServer) -> None:
    server.then(Act(text="Hello there!"))
    greeting = say_hello(workspace, at(server, provider_type))
    assert (greeting.reply, greeting.error, greeting.cause) == ("Hello there!", None, "")
    assert (greeting.model, greeting.address) == (MODEL, at(server, provider_type).base_url)
    assert greeting.seconds > 0
    assert "hello" in server.calls[0].words.lower()
    assert len(server.calls) == 1
    (logged,) = get_calls(workspace)
    assert (logged.provider, logged.model, logged.outcome, logged.job_id) == (provider_type, MODEL, "ok", None)
    assert logged.usage.total == 150
    assert (logged.cost == 0) == (not PROVIDERS[provider_type].is_paid)
    assert 0 < logged.seconds <= greeting.seconds


@pytest.mark.parametrize(
    ("act", "cause"),
    [
        (Act(status=401, text=f"bad key {CANARY}"), "auth"),
        (Act(status=404), "model"),
        (Act(status=429), "rate_limit"),
        (Act(status=500), "server"),
        (Act(raw="<html>proxy</html>"), "bad_reply"),
        (Act(is_dropped=True), "connection"),
        (Act(text=" "), "empty"),
    ],
)
def test_a_greeting_that_fails_tells_address_and_cause(
    workspace: Workspace, act: Act, cause: str, server: ModelServer
) -> None:
    server.then(act)
    greeting = say_hello(workspace, at(server, "openai"))
    assert greeting.error is not None
    assert (greeting.address, greeting.cause) == (server.url, cause)
    assert CANARY not in f"{greeting} {greeting.error}"
    (logged,) = get_calls(workspace)
    assert logged.outcome == ("ok" if cause == "empty" else cause), "an empty reply is a reply, and is charged for"


def test_a_greeting_does_not_wait_for_ever(workspace: Workspace, server: ModelServer) -> None:
    gate = threading.Event()
    server.choose = lambda call: Act(until=gate)
    asked = in_background(lambda: say_hello(workspace, at(server, "openai"), seconds=1.0), "test-hello")
    server.wait_for_calls(1)
    greeting = asked.result(SECONDS)
    assert greeting.cause == "timeout"
    gate.set()
    (logged,) = get_calls(workspace)
    assert (logged.outcome, logged.cost) == ("timeout", None), "nobody knows what it cost"


def test_a_greeting_that_never_came_to_a_call_is_not_in_the_log(workspace: Workspace, server: ModelServer) -> None:
    server.models_act = Act(status=401)
    assert say_hello(workspace, at(server, "openai")).cause == "auth"
    assert (server.calls, get_calls(workspace)) == ([], [])


def test_the_address_of_a_greeting_that_cannot_be_is_told(workspace: Workspace) -> None:
    greeting = say_hello(workspace, ProviderConfig("openai", "m", "ftp://here.test"))
    assert (greeting.address, greeting.cause) == ("ftp://here.test", "settings")


def test_the_last_error_of_a_provider_is_that_of_its_newest_job_with_one(
    workspace: Workspace, server: ModelServer
) -> None:
    assert get_last_errors(workspace) == {}
    server.choose = lambda call: Act(status=401, text="no such key")
    failed = make(workspace, ask(server, 1))
    assert failed.status is JobStatus.FAILED
    server.choose = lambda call: Act()
    make(workspace, ask(server, 1))
    last = get_last_errors(workspace)
    assert list(last) == [config(server).type]
    assert last["openai"].job_id == failed.id
    assert "refuses the key" in last["openai"].message


def _lines(*said: dict[str, object]) -> str:
    return "".join(json.dumps(line) + "\n" for line in said)


FETCHED = _lines({"status": "pulling aa", "digest": "aa", "total": 10, "completed": 5}, {"status": "success"})


def ended(pull: Pull) -> Pull:
    pull.wait(SECONDS)
    return pull


def test_a_model_is_fetched_once_however_often_one_asks(server: ModelServer) -> None:
    gate = threading.Event()
    server.choose = lambda call: Act(raw=FETCHED, until=gate)
    first = start_pull(at(server, "ollama"), " gemma3:4b ")
    assert start_pull(at(server, "ollama"), "another") is first is get_pull(at(server, "ollama"))
    assert (first.is_running, first.error) == (True, None)
    gate.set()
    assert ended(first).error is None
    assert (first.is_running, first.is_stopped, first.fraction) == (False, False, 1.0)
    assert [call.body["model"] for call in server.calls] == ["gemma3:4b"]
    assert ended(start_pull(at(server, "ollama"), "gemma3:4b")) is not first, "and again, once it has ended"


def test_a_pull_that_fails_says_why(server: ModelServer) -> None:
    server.choose = lambda call: Act(raw=_lines({"error": "pull model manifest: file does not exist"}))
    pull = ended(start_pull(at(server, "ollama"), "gemma99"))
    assert "gemma99" in str(pull.error)
    with pytest.raises(ConfigError, match="No model was named"):
        start_pull(at(server, "ollama"), " ")


def test_a_pull_can_be_stopped(server: ModelServer) -> None:
    gate = threading.Event()
    server.choose = lambda call: Act(raw=FETCHED, until=gate)
    pull = start_pull(at(server, "ollama"), "gemma3:4b")
    pull.stop()
    gate.set()
    assert ended(pull).is_stopped
