"""What decides whether an example comes into a dataset: not if the dataset has it already, to the word or nearly so.

It also knows how the newest examples begin, so that prompts can ask for something else.
"""

from array import array
from collections.abc import Iterable

from synthgen_core.dedup import NEAR, Shelf, Sketch, digest, sketch, words_of
from synthgen_core.errors import InvalidExampleError
from synthgen_core.formats import Format
from synthgen_core.models import JsonObject

REPEAT, NEAR_REPEAT = "repeat", "near_repeat"
REASONS = (REPEAT, NEAR_REPEAT)
OPENINGS, REMEMBERED = 8, 64
"""How many openings a prompt names, and of how many of the newest they are chosen."""
MOST_WORDS = 256
"""Words of the first question, and of the last answer, that are compared."""
REMEDY = "Ask for fewer examples, for another subdomain, or for a higher temperature."


class Door:
    """For one thread, the one that accepts examples, since two that are alike can arrive together; only ``openings``
    may be called by others.

    Two examples are near repeats if first question and last answer, taken together, are ``NEAR`` in ``dedup``'s sense.
    Takes about 0.6 kB an example of 150 such words, and 1.3 kB at most (0.25 kB more right after the shelf has grown).
    """

    def __init__(self, format: Format, templates: Iterable[JsonObject] = ()) -> None:
        """``templates``: what prompts show as examples, and what no example may be a copy of."""
        self._format = format
        self._marks = array("Q")
        """Of all words of each example, in the order of the shelf."""
        self._shelf = Shelf()
        self._newest: tuple[tuple[str, str], ...] = ()
        """(situation, opening), the newest first; replaced, never changed, as other threads read it."""
        for content in templates:
            self._keep(*self._seen(content))

    def remember(self, content: JsonObject, situation: str = "") -> None:
        """Know an example that is in the dataset already."""
        self._keep(*self._seen(content))
        self._note_opening(content, situation)

    def let_in(self, content: JsonObject, situation: str = "") -> None:
        """Know an example from now on.

        Raises:
            InvalidExampleError: it repeats one that is known (reasons "repeat", "near_repeat").
        """
        mark, compared = self._seen(content)
        if near := self._shelf.nearest(compared):
            number, share = near
            if self._marks[number] == mark:
                raise InvalidExampleError("The example repeats another word for word.", REMEDY, reason=REPEAT)
            raise InvalidExampleError(
                f"The example is nearly another one again: {share:.0%} of its words ({NEAR:.0%} are too many).",
                REMEDY,
                reason=NEAR_REPEAT,
            )
        self._keep(mark, compared)
        self._note_opening(content, situation)

    def openings(self, situation: str) -> tuple[str, ...]:
        """How the newest examples begin, those of the same situation first: they are the likeliest to be repeated."""
        ordered = sorted(self._newest, key=lambda known: known[0] != situation)
        return tuple(opening for _, opening in ordered[:OPENINGS])

    def _seen(self, content: JsonObject) -> tuple[int, Sketch]:
        """A mark of all words, and what is compared."""
        turns = [words_of(turn.content) for turn in self._format.turns(content)]
        compared = [word for words in (turns[:1] + turns[1:][-1:]) for word in words[:MOST_WORDS]]
        mark = int.from_bytes(digest([word for words in turns for word in words])[:8], "big")
        return mark, sketch(compared)

    def _keep(self, mark: int, compared: Sketch) -> None:
        self._marks.append(mark)
        self._shelf.add(compared)

    def _note_opening(self, content: JsonObject, situation: str) -> None:
        opening = self._format.first_user_text(content)
        self._newest = ((situation, opening), *self._newest[: REMEMBERED - 1])
