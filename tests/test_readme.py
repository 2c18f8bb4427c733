"""The README and .env.example against the code: what they name exists, and what exists is named."""

import argparse
import re
import shlex
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from synthgen_core import __version__
from synthgen_core.cli import main
from synthgen_core.cli.commands import COMMANDS
from synthgen_core.database import open_database
from synthgen_core.domains import load_catalogue
from synthgen_core.formats import GENERATED
from synthgen_core.languages import LANGUAGES
from synthgen_core.providers import PROVIDERS
from synthgen_core.settings import ROOT, SETTINGS
from synthgen_core.targets import TARGETS
from tests.test_architecture import FLOORS

README = (ROOT / "README.md").read_text(encoding="utf-8")
ENV_EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
COMMAND = re.compile(r"^python -m synthgen_core .+$", re.MULTILINE)
PATHS = re.findall(r"`((?:(?!DATA_DIR|\.venv)[\w.]+/)+[\w.-]*|[A-Z]+\.md|LICENSE|requirements[\w.-]*)`", README)
NOT_FOR_READERS = {"weights"}
"""Make targets that others use."""


def default_of(name: str) -> str:
    """A setting's default as one would write it into ``.env``."""
    default = SETTINGS[name].default
    if isinstance(default, Path):
        return default.relative_to(ROOT).as_posix()
    if isinstance(default, float):
        return f"{default:g}"
    return str(default).lower() if isinstance(default, bool) else str(default)


def settings_table() -> str:
    """The README's table of settings, as it should be."""
    lines = ["| Setting | Default | What it does |", "|---|---|---|"]
    for name, setting in SETTINGS.items():
        shown = f"`{default_of(name)}`" if default_of(name) else ""
        lines.append(f"| `{name}` | {shown} | {setting.metadata['help']} |")
    return "\n".join(lines)


def section(title: str) -> str:
    """The text under a heading, up to the next of its level."""
    return re.split(r"^## ", README.split(f"\n## {title}\n")[1], flags=re.MULTILINE)[0]


def first_cells(text: str) -> list[str]:
    """The code in the first cell of each row of the tables in this text."""
    return re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE)


def test_the_table_of_settings_is_that_of_the_code() -> None:
    assert settings_table() in section("Settings"), f"put this into the README:\n{settings_table()}"


def test_settings_named_elsewhere_in_the_readme_exist() -> None:
    elsewhere = README.replace(settings_table(), "")
    named = set(re.findall(r"\b(?:[A-Z]+_)+[A-Z]+\b", elsewhere))
    assert named <= set(SETTINGS)


def test_the_example_of_an_env_file_is_that_of_the_code() -> None:
    expected = [f"# {setting.metadata['help']}\n#{name}={default_of(name)}" for name, setting in SETTINGS.items()]
    assert ENV_EXAMPLE.strip().split("\n\n")[1:] == expected


def test_the_providers_are_those_of_the_registry() -> None:
    assert first_cells(section("Models")) == list(PROVIDERS)


def test_the_pages_are_those_in_the_folder() -> None:
    pages = sorted(f"pages/{path.name}" for path in (ROOT / "pages").glob("*.py"))
    assert sorted(first_cells(section("Map of the code"))) == pages


def test_the_floors_are_those_that_the_architecture_test_holds() -> None:
    rows = re.findall(r"^\| (\d) \| ([^|]+) \|", section("Map of the code"), re.MULTILINE)
    shown = {int(level): re.findall(r"`(\w+)`", names) for level, names in rows}
    assert {level: set(names) for level, names in shown.items()} == {
        level: set(rooms) - {"__main__"} for level, rooms in enumerate(FLOORS)
    }


@pytest.mark.parametrize("line", COMMAND.findall(README))
def test_a_command_of_the_readme_can_be_given(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class ParsedSignal(Exception):  # noqa: N818 - no error: it carries what the parser made of the line
        """Ends the command before anything is run."""

    parse = argparse.ArgumentParser.parse_args

    def stop(self: argparse.ArgumentParser, *given: Any) -> None:
        raise ParsedSignal(parse(self, *given))

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", stop)
    with pytest.raises(ParsedSignal) as parsed:
        main(shlex.split(line)[3:])
    options = vars(parsed.value.args[0])
    if options["command"] == "generate":
        load_catalogue().find(options["domain"], options["subdomain"])
        assert options["provider"] in PROVIDERS
        assert options["format"] in GENERATED
        assert options["language"] in LANGUAGES


def test_every_command_is_in_the_readme() -> None:
    assert {line.split()[3] for line in COMMAND.findall(section("Command line"))} == {row.name for row in COMMANDS}


def test_the_export_targets_are_those_of_the_registry() -> None:
    rows = re.findall(r"^\| (`[a-z_`, ]+`) \|", section("Your data").split("### Export")[1], re.MULTILINE)
    assert [name for row in rows for name in re.findall("[a-z_]+", row)] == list(TARGETS)


def test_the_targets_of_make_are_those_of_the_makefile() -> None:
    match = re.search(r"^\.PHONY: (.+)$", MAKEFILE, re.MULTILINE)
    assert match
    targets = set(match[1].split()) - NOT_FOR_READERS
    text = f"{README}\n{CONTRIBUTING}"
    named = set(re.findall(r"(?:^|`)make ([a-z]+)", text, re.MULTILINE))
    assert named <= targets
    assert targets - {"help"} <= set(re.findall(r'echo "make ([a-z]+) ', MAKEFILE)), "make help tells of each"
    assert {"run", "test", "setup", "lint", "format", "types", "bench"} <= named


@pytest.mark.parametrize("path", PATHS)
def test_a_file_named_in_the_readme_exists(path: str) -> None:
    assert (ROOT / path).exists()


def test_the_queries_of_the_readme_work_on_our_database(tmp_path: Path) -> None:
    open_database(f"sqlite:///{tmp_path / 'a.db'}").close()
    queries = re.findall(r'^sqlite3 \S+ "(SELECT [^"]+)"$', README, re.MULTILINE)
    assert queries
    database = sqlite3.connect(tmp_path / "a.db")
    for query in queries:
        assert database.execute(query).fetchall() == []
    database.close()


def test_the_version_is_told() -> None:
    assert f"Version {__version__}." in README
    assert f'version = "{__version__}"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f"\n## {__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
