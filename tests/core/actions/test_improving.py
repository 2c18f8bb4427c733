"""A better version is a proposal: asked of a real client, checked, logged, and saved by nobody."""

import json
import threading

import pytest

from synthgen_core.actions.improving import TRIES, improve
from synthgen_core.database import NewExample, NewFlag
from synthgen_core.errors import ConfigError, InvalidExampleError, ProviderRefusedError, ProviderUnavailableError
from synthgen_core.models import JsonObject, ProviderConfig, Severity
from synthgen_core.workspace import Workspace
from tests.core.actions.support import add_dataset, config
from tests.support.server import Act, ModelServer

QUESTION = {"role": "user", "content": "Why is my bill higher?"}
BETTER: JsonObject = {"messages": [QUESTION, {"role": "assistant", "content": "Your plan changed on the 3rd."}]}


def one_example(workspace: Workspace) -> int:
    dataset_id = add_dataset(workspace, count=0)
    content: JsonObject = {"messages": [QUESTION, {"role": "assistant", "content": "Dear [Name], it is."}]}
    flag = NewFlag("placeholder", Severity.ERROR, "A blank was not filled in.")
    workspace.database.add_examples(dataset_id, [NewExample(0, content, {}, flags=(flag,))])
    return workspace.database.get_dataset_examples(dataset_id)[0].id


def test_the_model_hears_of_the_flags_and_the_wish_and_its_version_is_not_saved(
    workspace: Workspace, server: ModelServer
) -> None:
    example_id = one_example(workspace)
    server.then(Act(text=json.dumps(BETTER)))
    proposal = improve(workspace, example_id, "Name the date.", config(server))
    assert (proposal.content, proposal.revision, proposal.calls) == (BETTER, 1, 1)
    assert "A blank was not filled in." in server.calls[0].words
    assert "Name the date." in server.calls[0].words
    assert workspace.database.get_example(example_id).revision == 1
    (call,) = workspace.database.get_calls()
    assert (call.outcome, call.usage.total, call.job_id) == ("ok", 150, None)


def test_a_version_with_other_turns_is_asked_for_again_and_never_taken(
    workspace: Workspace, server: ModelServer
) -> None:
    example_id = one_example(workspace)
    longer = {"messages": [*BETTER["messages"], QUESTION]}  # type: ignore[misc] # a list
    server.then(Act(text=json.dumps(longer)))
    server.then(Act(text=json.dumps(BETTER)))
    assert improve(workspace, example_id, "", config(server)).calls == 2
    server.choose = lambda call: Act(text=json.dumps(longer))
    with pytest.raises(InvalidExampleError, match="other roles"):
        improve(workspace, example_id, "", config(server))
    assert len(workspace.database.get_calls()) == 2 + TRIES


def test_a_refused_key_is_told_and_logged(workspace: Workspace, server: ModelServer) -> None:
    server.then(Act(status=401))
    with pytest.raises(ProviderRefusedError):
        improve(workspace, one_example(workspace), "", config(server))
    assert [call.outcome for call in workspace.database.get_calls()] == ["auth"]


def test_a_model_that_does_not_answer_is_given_up_in_time(workspace: Workspace, server: ModelServer) -> None:
    gate = threading.Event()
    server.choose = lambda call: Act(until=gate)
    with pytest.raises(ProviderUnavailableError, match="within"):
        improve(workspace, one_example(workspace), "", config(server), seconds=0.3)
    gate.set()


def test_the_embedded_model_is_not_asked(workspace: Workspace) -> None:
    with pytest.raises(ConfigError, match="too small"):
        improve(workspace, one_example(workspace), "", ProviderConfig("embedded"))
