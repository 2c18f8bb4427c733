"""The files of an export: written under temporary names, read back, and told apart by what decides their bytes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import orjson

from synthgen_core.database import Export
from synthgen_core.errors import ConfigError
from synthgen_core.exporting import Recipe, verify, write_rows
from synthgen_core.models import Json, JsonObject, Watermark
from synthgen_core.staging import Stage
from synthgen_core.targets import Facts, Omission, get_target
from synthgen_core.targets.pairs import NOT_BY_MODEL, pair_of
from synthgen_core.workspace import Workspace

MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """A file of an export."""

    name: str
    sha256: str
    size: int
    """Bytes."""
    rows: int
    """0: it has none, as a card."""


@dataclass(frozen=True, slots=True)
class Order:
    """All that decides the bytes of an export."""

    dataset_id: int
    mark: Watermark
    """The examples are taken as they were then."""
    recipe: Recipe
    edited: str
    """Stored format of the examples whose edits make the pairs that are written; empty: they are what is written."""
    parts: Mapping[str, Sequence[int]]
    """File name -> ids, in order."""
    fields: frozenset[str]
    """Keys that occur in rows."""
    facts: Facts
    """For the files that go with the rows; but for the numbers of rows, which the writing brings."""

    def to_options(self) -> JsonObject:
        """As it is kept with the export, but for the ids."""
        facts = asdict(self.facts)
        return {
            "source": self.recipe.source,
            "strategy": self.recipe.strategy,
            "edited": self.edited,
            "fields": [*sorted(self.fields)],
            "facts": {key: facts[key] for key in facts if key not in ("fields", "rows")},
        }


def order_of(workspace: Workspace, export: Export) -> Order:
    """The order that an export was made from. Raises NotFoundError."""
    options, ids = export.options, workspace.database.get_export_ids(export.id)
    parts, start = {}, 0
    examples = export.counts["examples"]
    assert isinstance(examples, dict)
    for name, count in examples.items():
        assert isinstance(count, int)
        parts[name] = ids[start : start + count]
        start += count
    facts, fields = options["facts"], options["fields"]
    assert isinstance(facts, dict)
    assert isinstance(fields, list)
    known = frozenset(map(str, fields))
    kept: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in facts.items()}
    recipe = Recipe(get_target(export.target), str(options["source"]), str(options["strategy"]))
    return Order(
        export.dataset_id,
        export.watermark,
        recipe,
        str(options["edited"]),
        parts,
        known,
        Facts(**kept, fields=known, rows={}),
    )


class Files(Protocol):
    """Where files are made: a stage, or nowhere at all."""

    def create(self, name: str) -> "OpenFile":
        """A new, empty file."""


class OpenFile(Protocol):
    """A file that is being written."""

    size: int

    def write(self, block: bytes, /) -> object:
        """Add bytes."""

    @property
    def sha256(self) -> str:
        """Of the bytes so far."""


def write_files(workspace: Workspace, order: Order, files: Files) -> list[ExportedFile]:
    """Write an export's rows, and then the files that go with them. Raises DatabaseError."""
    written = []
    for name, ids in order.parts.items():
        file = files.create(name)
        if order.recipe.is_verbatim:
            for block in workspace.database.stream_lines(order.dataset_id, ids, order.mark):
                file.write(block)
            rows = len(ids)
        else:
            examples = examples_of(workspace, order, ids)
            rows = write_rows(order.recipe, file, order.fields, examples)
        written.append(ExportedFile(name, file.sha256, file.size, rows))
    facts = replace(order.facts, rows={file.name: file.rows for file in written})
    for name, text in order.recipe.target.companions(facts).items():
        file = files.create(name)
        file.write(text.encode())
        written.append(ExportedFile(name, file.sha256, file.size, 0))
    return written


def read_back(stage: Stage, order: Order, files: Sequence[ExportedFile]) -> int:
    """Read the rows that were written with our own importer; returns how many came back as they are.

    Raises DatabaseError if any did not.
    """
    by_name = {file.name: file for file in files}
    for staged in stage.files:
        staged.close()
        if staged.name in order.parts:
            file = by_name[staged.name]
            verify(order.recipe, staged.path, file.sha256, file.rows, order.fields)
    return sum(file.rows for file in files)


def examples_of(
    workspace: Workspace, order: Order, ids: Sequence[int], tell: Callable[[int, Omission], object] = lambda *_: None
) -> Iterator[tuple[int, JsonObject, JsonObject]]:
    """(id, content, metadata) of examples as they were; or of the pairs that their edits make.

    ``tell`` hears which edited examples make no pair, and why.
    """
    if not order.edited:
        for block in workspace.database.stream_texts(order.dataset_id, ids, order.mark):
            for example_id, content, metadata in block:
                yield example_id, orjson.loads(content), orjson.loads(metadata)
        return
    for example_id, first, last, facts in workspace.database.stream_edits(order.dataset_id, ids, order.mark):
        known: JsonObject = orjson.loads(facts)
        is_by_model = known.get("model")
        pair = pair_of(order.edited, orjson.loads(first), orjson.loads(last)) if is_by_model else NOT_BY_MODEL
        if isinstance(pair, Omission):
            tell(example_id, pair)
        else:
            yield example_id, pair, known


def manifest_name(path: Path, *, is_folder: bool) -> str:
    """What the manifest is called: in the folder, or beside the file."""
    return MANIFEST if is_folder else f"{path.name}.{MANIFEST}"


def is_in_folder(export: Export) -> bool:
    """The export is a folder of its own."""
    asked = export.options["request"]
    assert isinstance(asked, dict)
    return get_target(export.target).is_folder or bool(asked["split"])


def manifest_of(export: Export) -> bytes:
    """The manifest of an export: the same bytes whenever it is written."""
    facts = export.options["facts"]
    assert isinstance(facts, dict)
    manifest: JsonObject = {
        "export": export.id,
        "app": f"SynthGen {export.app_version}",
        "created_at": export.created_at.isoformat(),
        "dataset": {
            "id": export.dataset_id,
            "name": facts["name"],
            "state": {"revision": export.watermark.seq, "example": export.watermark.example},
        },
        "target": export.target,
        "options": export.options["request"],
        "filter": export.filter,
        "seed": export.seed,
        "counts": export.counts,
        "generator_models": facts["models"],
        "files": export.files,
    }
    return orjson.dumps(manifest, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def read_manifest(path: Path) -> JsonObject:
    """A manifest of ours. Raises ConfigError for anything else."""
    try:
        found: Json = orjson.loads(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror or error}.", "See whether it is there.") from error
    except orjson.JSONDecodeError as error:
        raise ConfigError(f"{path} is not JSON.", "Choose the manifest.json of an export.") from error
    if not isinstance(found, dict) or not isinstance(found.get("export"), int) or "files" not in found:
        raise ConfigError(f"{path} is not the manifest of an export.", "Choose the manifest.json of an export.")
    return found


def exported_files(manifest: JsonObject) -> list[ExportedFile]:
    """The files that a manifest names. Raises ConfigError where they are not as we write them."""
    files = manifest["files"]
    found = []
    for entry in files if isinstance(files, list) else ():
        match entry:
            case {"name": str(name), "sha256": str(sha), "bytes": int(size), "rows": int(rows)}:
                found.append(ExportedFile(name, sha, size, rows))
            case _:
                raise ConfigError("The manifest does not say which files it is of.", "Choose another.")
    return found
