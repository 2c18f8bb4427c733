"""What a reviewer does with an example, by key or by button: the same function, the same message, the same safety.

Nothing here draws. A deed that is refused leaves the desk where it was, and says why.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from pages.ui.review_desk import Desk
from pages.ui.words import plural
from synthgen_core.actions import review_edit
from synthgen_core.actions.examples import get_example
from synthgen_core.actions.review import review_example
from synthgen_core.errors import InvalidExampleError, SynthGenError
from synthgen_core.models import ExampleFilter, ExampleStatus, JsonObject
from synthgen_core.reviewing import Actor, Deed, Done, ReviewQuery, Verdict
from synthgen_core.texts import Part
from synthgen_core.workspace import Workspace

FLAGGED = "flagged"
"""The tag that the key for a second look gives."""
SAID = {Verdict.ACCEPT: "accepted", Verdict.REJECT: "rejected", Verdict.SKIP: "skipped", Verdict.WITHDRAWN: "undecided"}
NOUNS = {
    Deed.EDIT: "an edit",
    Deed.VERDICT: "a verdict",
    Deed.SCORE: "a score",
    Deed.STATUS: "a removal or its reverse",
    Deed.TAGS: "tags",
    Deed.NOTE: "a note",
}


@dataclass(frozen=True, slots=True)
class Seat:
    """Who sits at which desk, and looks at what."""

    place: Workspace
    desk: Desk
    query: ReviewQuery
    actor: Actor

    def do(self, deed: Callable[[], object]) -> bool:
        """Whether it was done; if not, the desk says why."""
        try:
            deed()
        except SynthGenError as error:
            self.desk.refuse(error)
            return False
        return True

    def press(self, key: str, example_id: int, revision: int) -> None:
        """What a key means for the example that was in view when it was pressed.

        A decision on an example that is no longer the current one was pressed too often; it is not taken for the next.
        """
        if key in ("j", "k"):
            self.do(partial(self.desk.step, self.place, self.query, forward=key == "j"))
        elif key in ("z", "y"):
            self.do(partial(self.revert, is_redo=key == "y"))
        elif example_id != self.desk.current:
            return
        elif key in VERDICT_KEYS:
            self.do(partial(self.decide, VERDICT_KEYS[key], example_id, revision))
        elif key in SCORE_KEYS:
            self.do(partial(self.score, SCORE_KEYS[key], example_id, revision))
        elif key in ("f", "e", "esc", "save"):
            deeds = {"f": self.toggle_flag, "e": self.begin_edit, "esc": self.desk.stop_editing, "save": self.save}
            self.do(deeds[key])

    def decide(self, verdict: Verdict, example_id: int, revision: int, *, is_adjudication: bool = False) -> None:
        """Give the verdict, and go on to what came next when it was given."""
        around = self.desk.around(self.place, self.query, example_id)
        review_edit.decide(
            self.place,
            self.desk.dataset_id,
            [example_id],
            verdict,
            self.actor,
            seen={example_id: revision},
            is_adjudication=is_adjudication,
        )
        if around.next is None:
            self.desk.tell(f"The example was {SAID[verdict]}. It was the last one here.", "flag")
        self.desk.go(around.next)

    def score(self, score: float | None, example_id: int, revision: int) -> None:
        """Give the example a person's score; one stays with it."""
        seen = {example_id: revision}
        review_edit.set_score(self.place, self.desk.dataset_id, [example_id], score, self.actor, seen=seen)
        self.desk.tell("Your score was taken back." if score is None else f"Your score: {score:g}.", "star")

    def note(self, example_id: int, note: str, seen: str) -> None:
        """Put this note in the place of the one that was seen."""
        review_edit.set_note(self.place, example_id, note, self.actor, seen=seen)
        self.desk.tell("Saved.")

    def toggle_flag(self) -> None:
        """Mark the current example for a second look, or take the mark away."""
        if (example_id := self.desk.current) is None:
            return
        has_it = FLAGGED in review_example(self.place, example_id, self.actor.name).tags
        added, removed = ((), (FLAGGED,)) if has_it else ((FLAGGED,), ())
        review_edit.set_tags(self.place, self.desk.dataset_id, [example_id], self.actor, add=added, remove=removed)
        self.desk.tell("The flag was taken away." if has_it else f"Marked with the tag “{FLAGGED}”.", "flag")

    def revert(self, *, is_redo: bool = False) -> None:
        """Undo what this session did last here, or do again what it undid."""
        done = (review_edit.redo if is_redo else review_edit.undo)(self.place, self.desk.dataset_id, self.actor)
        if done is None:
            self.desk.tell(f"Nothing to {'redo' if is_redo else 'undo'} in this session.", "info")
            return
        left = f" {_left_alone(done)}" if done.skipped else ""
        how = "Done again" if is_redo else "Undone"
        self.desk.tell(f"{how}: {NOUNS[done.kind]} ({plural(done.changed, 'example')}).{left}", "undo")
        self.desk.go(done.example_id)

    def begin_edit(self) -> None:
        """Edit the current example: its draft, if there is one."""
        if (example_id := self.desk.current) is None or self.desk.is_editing:
            return
        view = review_example(self.place, example_id, self.actor.name)
        held = (view.draft.content, view.draft.seen_revision) if view.draft else None
        content, revision = held or (view.example.content, view.example.revision)
        self.edit_text(content, example_id, revision)

    def edit_text(self, content: JsonObject, example_id: int, revision: int) -> None:
        """Edit this content, as a text that stands in the place of that revision."""
        desk = self.desk
        desk.is_editing, desk.text_of, desk.fault = True, (example_id, revision), None
        self.redraw_fields(content)

    def redraw_fields(self, content: JsonObject) -> None:
        """Let the editor's fields begin with this content."""
        self.desk.text = self.desk.typed = content
        self.desk.shape += 1

    def keep_draft(self, content: JsonObject) -> None:
        """Keep what is being written, so that neither a refresh nor a crash loses it."""
        example_id, revision = self.desk.text_of
        review_edit.save_draft(self.place, example_id, content, seen_revision=revision, reviewer=self.actor.name)
        self.desk.typed = content

    def discard(self) -> None:
        """Throw the draft away."""
        review_edit.discard_draft(self.place, self.desk.text_of[0], self.actor.name)
        self.desk.stop_editing()

    def save(self) -> None:
        """Make what was written the example's next revision; a fault of its form is kept, to be shown at its place."""
        desk = self.desk
        if not desk.is_editing or desk.typed is None:
            return
        example_id, revision = desk.text_of
        if get_example(self.place, example_id).content == desk.typed:
            self.discard()
            return
        try:
            review_edit.edit(self.place, example_id, desk.typed, seen_revision=revision, actor=self.actor)
        except InvalidExampleError as error:
            desk.fault = error
            return
        desk.stop_editing()
        desk.tell("Saved.")

    def change_cell(self, example_id: int, column: str, before: object, after: object) -> None:
        """What was typed into a cell of the grid, saved at once."""
        revision = get_example(self.place, example_id).revision
        text = "" if after is None else str(after)
        dataset_id, one = self.desk.dataset_id, [example_id]
        if column == "verdict":
            verdict = Verdict(text) if text else Verdict.WITHDRAWN
            review_edit.decide(self.place, dataset_id, one, verdict, self.actor, seen={example_id: revision})
        elif column == "status":
            review_edit.set_status(self.place, dataset_id, one, ExampleStatus(text), self.actor)
        elif column == "person_score":
            score = float(text) if text else None
            review_edit.set_score(self.place, dataset_id, one, score, self.actor, seen={example_id: revision})
        elif column == "tags":
            old, new = _tags(before), _tags(after)
            added, removed = sorted(new - old), sorted(old - new)
            review_edit.set_tags(self.place, dataset_id, one, self.actor, add=added, remove=removed)
        elif column == "note":
            review_edit.set_note(self.place, example_id, text, self.actor, seen=str(before or ""))
        else:
            seen, part = str(before or ""), Part(column)
            edited = review_edit.edit_text(self.place, example_id, part, text, seen=seen, actor=self.actor)
            self.desk.seen[example_id] = edited.revision
        self.desk.tell("Saved.")

    def many(self, deed: Callable[[], Done], told: str) -> None:
        """Something done to many at once, which is undone at once."""

        def act() -> None:
            done = deed()
            left = f" {_left_alone(done)}" if done.skipped else ""
            self.desk.tell(f"{plural(done.changed, 'example')} {told}. Z undoes it.{left}")

        self.do(act)


VERDICT_KEYS: Mapping[str, Verdict] = {"a": Verdict.ACCEPT, "x": Verdict.REJECT, "s": Verdict.SKIP}
SCORE_KEYS: Mapping[str, float] = {**{str(n): float(n) for n in range(10)}, "-": 10.0}
Which = Sequence[int] | ExampleFilter


def _tags(cell: object) -> set[str]:
    return {tag.strip() for tag in str(cell or "").split(",") if tag.strip()}


def _left_alone(done: Done) -> str:
    return f"{plural(len(done.skipped), 'example')} changed since, and left alone."
