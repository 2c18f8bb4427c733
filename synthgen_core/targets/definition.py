"""What an export target is: the shape of its rows, what it demands of them, and what it has no place for."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from synthgen_core.formats import Issue
from synthgen_core.models import JsonObject
from synthgen_core.shapes import extra_of, to_shape_row


@dataclass(frozen=True, slots=True)
class Omission:
    """Something that a target has no place for, and that is left out of a row."""

    reason: str
    """A short class for counting."""
    message: str


def omitted_key(key: str, where: str) -> Omission:
    """What is told of a key that is left out; ``where`` it stood."""
    return Omission(f"key {key}", f"There is no place for the key “{key}” {where}; it is left out.")


@dataclass(frozen=True, slots=True)
class Draft:
    """A row on its way into a file."""

    row: JsonObject
    omissions: tuple[Omission, ...]
    issues: tuple[Issue, ...]
    """Why the target refuses it; empty: it does not."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of an export where its companion files are written."""

    name: str
    """Of the dataset."""
    description: str
    origin: str
    """How the dataset came to be."""
    format: str
    """The stored format of the rows, after conversion."""
    fields: frozenset[str] = frozenset()
    """Keys that occur in rows; those of messages as ``messages.name``."""
    rows: Mapping[str, int] = field(default_factory=dict)
    """File name -> rows, in order: train first."""
    licence: str = ""
    languages: tuple[str, ...] = ()
    """Codes, where they are known."""
    models: Mapping[str, int] = field(default_factory=dict)
    """Model that wrote -> examples; empty: not known."""
    examples: int = 0
    """Examples that the rows were made from."""
    accepted: int = 0
    """Of them: accepted by a person, as they are now."""
    rejected: int = 0
    scored: int = 0
    """Of them: with a judge's score."""
    mean_score: float | None = None
    repeats: int = 0
    """Of them: equal to an earlier one, to the letter."""


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """A shape that somebody's tool loads. All that differs between targets is here."""

    name: str
    label: str
    summary: str
    """One line: what it is for."""
    file_type: str
    """``jsonl``, ``csv`` or ``parquet``."""
    formats: tuple[str, ...]
    """Stored formats that it takes; examples of others are converted to the first of them that is possible."""
    shapes: Mapping[str, str]
    """Stored format -> the shape of its rows, a key of ``shapes.SHAPES``."""
    check: Callable[[str, JsonObject], Iterator[Issue]]
    """Format and row -> why it refuses the row."""
    trim: Callable[[str, JsonObject], tuple[JsonObject, tuple[Omission, ...]]] = lambda format, content: (content, ())
    """Format and content -> the content without what it has no place for, and what that was."""
    keeps_extras: bool = False
    """Keys of the source that are not of the format are written as they came."""
    is_folder: bool = False
    """It needs a folder of its own, split or not."""
    is_verbatim: bool = False
    """A row is the stored text, content and metadata: nothing is read or checked on the way."""
    needs_licence: bool = False
    few: int = 0
    """Fewer rows than this bring a warning."""
    companions: Callable[[Facts], Mapping[str, str]] = lambda facts: {}
    """Further files: name -> text."""
    columns: Callable[[str, frozenset[str]], Mapping[str, str]] = lambda format, fields: {}
    """Format and the keys that occur -> column -> its kind for ``writers``; needed by CSV and Parquet."""

    @property
    def needs_fields(self) -> bool:
        """What is written depends on which keys occur in the rows."""
        return self.is_folder or self.file_type != "jsonl"

    @property
    def keeps_metadata(self) -> bool:
        """A row has the example's metadata."""
        return "own" in self.shapes.values()

    def to_row(self, format: str, content: JsonObject, metadata: JsonObject) -> JsonObject:
        """An example as a row. Raises InvalidExampleError for what the shape cannot hold."""
        kept = metadata if self.keeps_extras or self.keeps_metadata else {}
        return to_shape_row(self.shapes[format], format, content, kept)

    def make_row(self, format: str, content: JsonObject, metadata: JsonObject) -> JsonObject:
        """An example as a row, without what the target has no place for. Raises as ``to_row``."""
        return self.to_row(format, self.trim(format, content)[0], metadata)

    def draft(self, format: str, content: JsonObject, metadata: JsonObject) -> Draft:
        """As ``make_row``, with what is left out and what is wrong. Raises as ``to_row``."""
        trimmed, omissions = self.trim(format, content)
        if not (self.keeps_extras or self.keeps_metadata):
            omissions += tuple(omitted_key(key, "of the imported rows") for key in extra_of(metadata))
        row = self.to_row(format, trimmed, metadata)
        return Draft(row, omissions, tuple(self.check(format, row)))
