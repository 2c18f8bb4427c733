"""Which example of one dataset is compared with which of another: those that were made of the same scenario or answer
the same question, as far as there are any; the rest as chance will have it."""

import hashlib
import random
from collections.abc import Iterable
from dataclasses import dataclass

import orjson

from synthgen_core.formats import Format
from synthgen_core.models import JsonObject, Role
from synthgen_core.sampling import draw

SCENARIO = ("domain", "subdomain", "seed", "item", "situation", "parameters", "language")
"""What tells in an example's metadata which scenario it was made of."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An example that can be drawn."""

    id: int
    matter: bytes
    """A mark of its scenario, or of the question where no scenario is known; of its text where nobody asks."""
    text: bytes
    """A mark of its whole text."""


@dataclass(frozen=True, slots=True)
class Pairing:
    """Pairs of examples, those of the same matter before those by chance."""

    pairs: tuple[tuple[int, int], ...]
    same_matter: int
    """So many of them, the first ones, are about the same."""
    alike: int
    """Examples that are word for word in both datasets: nothing to compare, and left out."""


def candidate(format: Format, example_id: int, content: JsonObject, metadata: JsonObject) -> Candidate:
    """An example with the marks by which it is paired."""
    messages = format.to_messages(content)
    asked = next((message.content for message in messages if message.role is Role.USER), "")
    is_drawn = metadata.get("item") is not None and metadata.get("seed") is not None
    text = [[message.role, message.content] for message in messages]
    matter = [metadata.get(name) for name in SCENARIO] if is_drawn else " ".join(asked.split()).lower() or text
    return Candidate(example_id, _mark(matter), _mark(text))


def pair_up(first: Iterable[Candidate], second: Iterable[Candidate], size: int, seed: int) -> Pairing:
    """``size`` pairs, or as many as there are, by seed the same each time.

    No example is in two pairs. Of several that are about the same, the first is taken.
    """
    there: dict[bytes, Candidate] = {}
    others: list[int] = []
    for each in second:
        if there.setdefault(each.matter, each) is not each:
            others.append(each.id)
    same, left, alike = [], [], 0
    for each in first:
        twin = there.pop(each.matter, None)
        if twin is None:
            left.append(each.id)
        elif twin.text == each.text:
            alike += 1
        else:
            same.append((each.id, twin.id))
    drawn = [same[number] for number in draw(len(same), size, seed)]
    others += [each.id for each in there.values()]
    chance = random.Random(seed)
    chance.shuffle(left)
    chance.shuffle(others)
    by_chance = list(zip(left, others, strict=False))[: size - len(drawn)]
    return Pairing((*drawn, *by_chance), len(drawn), alike)


def _mark(value: object) -> bytes:
    return hashlib.blake2b(orjson.dumps(value, option=orjson.OPT_SORT_KEYS), digest_size=12).digest()
