"""Fixtures for the tests of the core."""

import logging
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _quiet_log() -> Iterator[None]:
    """What a test has logged to does not outlive it: a command sets up the log anew, each on its own standard error."""
    yield
    logging.getLogger("synthgen_core").handlers.clear()
