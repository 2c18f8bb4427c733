"""What a shape is: how to know it, how to read it into a stored format, and how to write it again."""

from collections.abc import Callable
from dataclasses import dataclass, field

import orjson

from synthgen_core.errors import InvalidExampleError
from synthgen_core.models import Json, JsonObject


@dataclass(frozen=True, slots=True)
class Reading:
    """A row in the words of a stored format."""

    format: str
    content: JsonObject
    """Not looked at yet: whether it can be stored is for the format to say."""
    layout: JsonObject = field(default_factory=dict)
    """Which of several usual ways the row was written in, where it is not the shape's first; never any text of it."""
    used: frozenset[str] = frozenset()
    """The keys of the row that the content stands for."""


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """A way in which files of the field write an example.

    ``read`` raises InvalidExampleError where the row means to be of this shape and has no meaning in it. ``write`` is
    its reverse: ``read(write(c, format, layout)).content == c`` for every layout that ``read`` gives.
    """

    name: str
    label: str
    summary: str
    """One line on where it is found."""
    formats: tuple[str, ...]
    """The stored formats that it can hold."""
    is_match: Callable[[JsonObject], bool]
    """The row means to be of this shape, right or wrong in its details."""
    read: Callable[[JsonObject], Reading]
    write: Callable[[JsonObject, str, JsonObject], JsonObject]
    """(content, its format, layout) -> row. Raises InvalidExampleError for what the shape cannot hold."""


def read_tools(row: JsonObject, key: str = "tools") -> list[Json]:
    """The definitions of tools in a row, as a list. Some files write them as a text of JSON.

    Raises:
        InvalidExampleError: they are no list, or no JSON.
    """
    tools = row.get(key)
    if isinstance(tools, str) and tools.strip():
        try:
            tools = orjson.loads(tools)
        except orjson.JSONDecodeError as error:
            raise InvalidExampleError(
                f"“{key}” is a text that is no JSON: {error}.", "Write it as a list of objects.", reason="bad_tools"
            ) from error
    if not tools:
        return []
    if isinstance(tools, dict):
        return [tools]
    if not isinstance(tools, list):
        raise InvalidExampleError(f"“{key}” is no list of tools.", "Write a list of objects.", reason="bad_tools")
    return tools


# -- spelling: what tells a row from the usual way to write the same


def differences(usual: Json, actual: Json, path: tuple[str | int, ...] = ()) -> list[Json]:
    """What turns one JSON value into another: ``[path, value]`` puts a value there, ``[path]`` takes one away."""
    if isinstance(usual, dict) and isinstance(actual, dict):
        found: list[Json] = [[[*path, key]] for key in usual if key not in actual]
        for key, value in actual.items():
            if key not in usual:
                found.append([[*path, key], value])
            elif usual[key] != value:
                found += differences(usual[key], value, (*path, key))
        return found
    if isinstance(usual, list) and isinstance(actual, list) and len(usual) == len(actual):
        return [
            change
            for n, pair in enumerate(zip(usual, actual, strict=True))
            for change in differences(*pair, (*path, n))
        ]
    return [] if usual == actual else [[list(path), actual]]


def with_differences(usual: Json, changes: Json) -> Json:
    """The value with these changes made. Raises LookupError where they do not fit it."""
    found = _copied(usual)
    for change in changes if isinstance(changes, list) else []:
        path = _part(change, 0)
        if not isinstance(change, list) or not isinstance(path, list) or not path:
            raise LookupError(path)
        *way, last = path
        place = found
        for step in way:
            place = _part(place, step)
        if isinstance(place, list) and isinstance(last, int) and len(change) > 1:
            place[last] = change[1]
        elif not isinstance(place, dict) or not isinstance(last, str):
            raise LookupError(last)
        elif len(change) > 1:
            place[last] = change[1]
        else:
            del place[last]
    return found


def _part(place: Json, step: Json) -> Json:
    if isinstance(place, dict) and isinstance(step, str):
        return place[step]
    if isinstance(place, list) and isinstance(step, int):
        return place[step]
    raise LookupError(step)


def _copied(value: Json) -> Json:
    """Lists and objects anew; texts are shared."""
    if isinstance(value, dict):
        return {key: _copied(part) for key, part in value.items()}
    return [_copied(part) for part in value] if isinstance(value, list) else value
