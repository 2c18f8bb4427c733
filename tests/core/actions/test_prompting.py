"""The prompt of an example, made again: what the model was really sent."""

import pytest

from synthgen_core.actions.prompting import prompt_of
from synthgen_core.errors import NotFoundError
from synthgen_core.models import Example, Method
from synthgen_core.workspace import Workspace
from tests.core.actions.support import add_dataset, ask, make
from tests.support.server import Act, ModelServer


def examples(workspace: Workspace, dataset_id: int | None) -> list[Example]:
    assert dataset_id is not None
    return workspace.database.get_dataset_examples(dataset_id)


def said(body: dict[str, list[dict[str, str]]]) -> list[tuple[str, str]]:
    return [(message["role"], message["content"]) for message in body["messages"]]


@pytest.mark.parametrize("method", [Method.STRUCTURED, Method.TURN_BY_TURN, Method.QUESTION_BANK])
def test_the_prompt_is_the_one_that_was_sent(workspace: Workspace, server: ModelServer, method: Method) -> None:
    job = make(workspace, ask(server, 1, seed=9, method=method, workers=1))
    (example,) = examples(workspace, job.dataset_id)
    sent = [said(call.body) for call in server.calls]
    assert [(message.role, message.content) for message in prompt_of(workspace, example)] in sent


def test_the_prompt_of_a_later_attempt_is_that_attempts(workspace: Workspace, server: ModelServer) -> None:
    server.choose = lambda call: Act(text="I would rather not.") if call.number < 4 else Act()
    job = make(workspace, ask(server, 1, seed=9, workers=1))
    (example,) = examples(workspace, job.dataset_id)
    assert example.metadata["tries"] == 5
    assert [(m.role, m.content) for m in prompt_of(workspace, example)] == said(server.calls[-1].body)
    assert said(server.calls[-1].body) != said(server.calls[0].body)


def test_what_was_not_made_here_has_no_prompt(workspace: Workspace) -> None:
    (example, *_) = examples(workspace, add_dataset(workspace))
    with pytest.raises(NotFoundError, match="not made here"):
        prompt_of(workspace, example)
