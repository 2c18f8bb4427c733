"""What the tests of the actions share: a request that the model server can answer, and looks at what came of it."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from synthgen_core.actions import datasets
from synthgen_core.actions.generation import GenerationRequest, start_generation
from synthgen_core.database import NewDataset, NewExample
from synthgen_core.models import Job, JsonObject, ProviderConfig
from synthgen_core.workspace import Workspace
from tests.support.replies import MODEL
from tests.support.server import Act, ModelServer

SECONDS = 60.0
BAD = Act(text="I would rather not.")
ATTEMPTS = 9
"""Bad replies after which an item is given up."""
NASTY_NAME = "\0 my\tdata \n set: 100% \ud800 “x” 👩‍👩‍👧 \u202eabc ../../etc"


def config(server: ModelServer) -> ProviderConfig:
    return ProviderConfig("openai", MODEL, server.url, "sk-secret-key")


def ask(server: ModelServer, num_examples: int = 5, **changes: object) -> GenerationRequest:
    request = GenerationRequest("support", "technical_support", config(server), num_examples=num_examples, workers=4)
    return replace(request, **changes)  # type: ignore[arg-type]


def finish(workspace: Workspace, job: Job) -> Job:
    assert workspace.runner.wait(job.id, SECONDS)
    return workspace.database.get_job(job.id)


def make(workspace: Workspace, request: GenerationRequest) -> Job:
    return finish(workspace, start_generation(workspace, request))


def lines(workspace: Workspace, dataset_id: int) -> list[JsonObject]:
    """The dataset's file, line by line."""
    return [orjson.loads(line) for line in datasets.download_dataset(workspace, dataset_id).read_bytes().splitlines()]


def stored(workspace: Workspace, dataset_id: int) -> list[JsonObject]:
    """The dataset in the database, as its file should have it."""
    return [{**c, "metadata": m} for c, m in workspace.database.stream_contents(dataset_id)]


def until(is_so: Callable[[], object]) -> None:
    end = time.monotonic() + SECONDS
    while not is_so():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)


def files(workspace: Workspace) -> list[Path]:
    return sorted(workspace.settings.datasets_dir.glob("**/*"))


def start_and_wait_for_three(workspace: Workspace, server: ModelServer, num_examples: int = 10) -> Job:
    job = start_generation(workspace, ask(server, num_examples, workers=2, seed=1))
    until(lambda: workspace.database.get_job(job.id).done == 3)
    server.wait_for_calls(5)
    return job


def add_dataset(workspace: Workspace, name: str = "a", count: int = 2, **changes: Any) -> int:
    new = NewDataset(name, "support", "returns", "chat", f"datasets/{name}.jsonl")
    dataset = workspace.database.create_dataset(replace(new, **changes))
    workspace.database.add_examples(
        dataset.id, [NewExample(n, {"messages": [{"role": "user", "content": f"{n}"}]}, {}) for n in range(count)]
    )
    workspace.mirror.rewrite(dataset.id, dataset.file_path)
    return dataset.id
