"""The model that writes is the one that the user says, or one that answers."""

import pytest

from synthgen_core.actions import providers
from synthgen_core.errors import NotFoundError
from synthgen_core.models import JobStatus
from synthgen_core.settings import Settings
from synthgen_core.workspace import Workspace
from tests.core.actions.support import ask, make
from tests.support.replies import MODEL
from tests.support.server import Act, ModelServer


def test_ollama_is_chosen_where_it_answers_with_a_model(server: ModelServer) -> None:
    server.models = ["llama3:latest", "gemma:2b"]
    choice = providers.choose_provider(Settings(ollama_url=server.root))
    assert (choice.config.type, choice.config.model, choice.config.base_url) == ("ollama", "llama3:latest", server.root)
    assert "Ollama answers with llama3:latest" in choice.reason
    for wanted, found in (("gemma:2b", "gemma:2b"), ("llama3", "llama3:latest"), ("not there", "llama3:latest")):
        model = providers.choose_provider(Settings(ollama_url=server.root, llm_model=wanted)).config.model
        assert model == found
    server.models.append("gemma3:27b")
    assert providers.choose_provider(Settings(ollama_url=server.root)).config.model == "gemma3:27b"


def test_the_embedded_model_is_chosen_where_ollama_has_no_model_or_does_not_answer(server: ModelServer) -> None:
    server.models = []
    choice = providers.choose_provider(Settings(ollama_url=server.root))
    assert (choice.config.type, choice.reason) == ("embedded", "LLM_PROVIDER is not set, and Ollama has no model yet.")
    server.models_act = Act(status=500)
    for url in (server.root, "http://127.0.0.1:9"):
        choice = providers.choose_provider(Settings(ollama_url=url))
        assert choice.config.type == "embedded"
        assert "no Ollama answers" in choice.reason


def test_what_the_user_says_wins(server: ModelServer) -> None:
    choice = providers.choose_provider(Settings(ollama_url=server.root, llm_provider="openai", llm_model="m"))
    assert (choice.config.type, choice.config.model) == ("openai", "m")
    with pytest.raises(NotFoundError, match="Did you mean openai"):
        providers.choose_provider(Settings(llm_provider="opnai"))


def test_ollama_without_a_model_s_name_takes_one_that_is_there(workspace: Workspace, server: ModelServer) -> None:
    choice = providers.choose_provider(Settings(ollama_url=server.root, llm_provider="ollama"))
    job = make(workspace, ask(server, 2, provider=choice.config))
    assert (job.status, job.done) == (JobStatus.COMPLETED, 2)
    assert {call.path for call in server.calls} == {"/api/chat"}
    assert {call.body["model"] for call in server.calls} == {MODEL}
    assert workspace.database.get_dataset(job.dataset_id or 0).metadata["model"] == MODEL
