"""Trying one example before a run."""

import threading
import time

import pytest

from synthgen_core.actions import generation
from synthgen_core.errors import (
    InvalidExampleError,
    ProviderUnavailableError,
)
from synthgen_core.workspace import Workspace
from tests.core.actions.support import (
    ATTEMPTS,
    BAD,
    ask,
    files,
    make,
    stored,
)
from tests.support.server import Act, ModelServer


def test_a_trial_shows_the_run_s_first_example_and_keeps_nothing(workspace: Workspace, server: ModelServer) -> None:
    request = ask(server, 3, seed=9)
    trial = generation.try_example(workspace, request)
    assert (trial.calls, trial.usage.total) == (1, 150)
    assert trial.seconds > 0
    assert workspace.database.count_datasets() == workspace.database.count_jobs() == 0
    assert files(workspace) == []
    first = stored(workspace, make(workspace, request).dataset_id or 0)[0]
    assert first == {**trial.content, "metadata": trial.metadata}


def test_a_trial_says_why_there_is_no_example(workspace: Workspace, server: ModelServer) -> None:
    server.choose = lambda call: BAD
    with pytest.raises(InvalidExampleError, match="No attempt led to an example"):
        generation.try_example(workspace, ask(server))
    assert len(server.calls) == ATTEMPTS


def test_a_trial_ends_in_time(workspace: Workspace, server: ModelServer) -> None:
    gate = threading.Event()
    server.choose = lambda call: Act(until=gate)
    started = time.monotonic()
    with pytest.raises(ProviderUnavailableError) as caught:
        generation.try_example(workspace, ask(server), seconds=0.2)
    gate.set()
    assert caught.value.cause == "timeout"
    assert time.monotonic() - started < 10


def test_the_preview_is_what_the_first_call_sends(workspace: Workspace, server: ModelServer) -> None:
    request = ask(server, 1, seed=9)
    shown = generation.preview_prompt(workspace, request)
    assert server.calls == []
    make(workspace, request)
    sent = server.calls[0].body["messages"]
    assert [(message.role, message.content) for message in shown] == [(m["role"], m["content"]) for m in sent]
