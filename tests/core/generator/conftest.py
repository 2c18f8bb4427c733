"""The local server that stands for a model service."""

from collections.abc import Iterator

import pytest

from tests.support.server import ModelServer


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


# -- N asked are N delivered
