"""Data folders with something in them, for apps that are started afterwards."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from synthgen_core.settings import load_settings
from synthgen_core.workspace import Workspace, open_workspace


@contextlib.contextmanager
def filling(data_dir: Path) -> Iterator[Workspace]:
    """A workspace on this folder, closed at the end."""
    workspace = open_workspace(load_settings({"DATA_DIR": str(data_dir)}))
    try:
        yield workspace
    finally:
        workspace.close()
