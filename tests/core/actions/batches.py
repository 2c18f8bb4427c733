"""What the tests of batches share: a server that takes them, a workspace that knows their price, and requests."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from synthgen_core.actions.generation import GenerationRequest
from synthgen_core.models import Job, ProviderConfig
from synthgen_core.settings import Settings
from synthgen_core.workspace import Workspace, open_workspace
from tests.support.batch_server import BatchServer
from tests.support.replies import MODEL
from tests.support.server import Act

PRICES = f"""
[[openai.models]]
name = "{MODEL}"
input = 1
output = 10
[[anthropic.models]]
name = "{MODEL}"
input = 1
output = 10
"""
A_CALL = (100 * Decimal(1) + 50 * Decimal(10)) / 10**6
"""What a call of the server's costs, one by one."""
BAD = Act(text="I would rather not.")
BOTH = pytest.mark.parametrize("provider", ["openai", "anthropic"])


def place_for_batches(folder: Path) -> Workspace:
    """A workspace whose table of models has the server's."""
    folder.mkdir(exist_ok=True)
    (folder / "models.toml").write_text(PRICES, encoding="utf-8")
    settings = Settings(data_dir=folder, openai_api_key="sk-secret-key", anthropic_api_key="sk-secret-key")
    return open_workspace(settings)


def ask(
    server: BatchServer,
    num_examples: int,
    provider: str = "openai",
    config: ProviderConfig | None = None,
    **changes: Any,
) -> GenerationRequest:
    config = config or ProviderConfig(provider, MODEL, server.url, "sk-secret-key")
    request = GenerationRequest("support", "technical_support", config, num_examples, workers=4, use_batch=True)
    return replace(request, **changes)


def spoil(server: BatchServer, act: Act, first: int) -> None:
    """Let this become of the first so many requests of batches; the others are answered well."""
    left = iter([act] * first)
    server.judge = lambda body: next(left, Act())


def has_note(workspace: Workspace, job: Job, words: str) -> Callable[[], bool]:
    return lambda: words in workspace.database.get_job(job.id).note
