"""What reviewers do: verdicts, scores, edits, removals, tags, notes, drafts; and undoing and redoing them.

Everything is durable when the call returns, and written into the log of the session that did it.
"""

from collections.abc import Mapping, Sequence

from synthgen_core.access import Role, requires
from synthgen_core.actions.datasets import clean_name, storable, storable_filter
from synthgen_core.database import LogEntry, Saying
from synthgen_core.errors import ConfigError, ConflictError
from synthgen_core.formats import get_format
from synthgen_core.formats.definition import json_faults
from synthgen_core.models import Example, ExampleFilter, ExampleStatus, JsonObject, Origin
from synthgen_core.reviewing import LEAST_SCORE, MOST_SCORE, Actor, Conflict, Deed, Done, Draft, Verdict
from synthgen_core.texts import Part, replace_part
from synthgen_core.workspace import Workspace

LONGEST_SESSION, LONGEST_COMMENT, LONGEST_NOTE, MOST_TAGS = 80, 4000, 10_000, 50
TRIES = 20
"""Of an edit of one text, while others of the same example come in."""
NOTHING_SEEN: Mapping[int, int] = {}
Which = Sequence[int] | ExampleFilter
"""Examples by their ids, or all of a dataset that match."""


@requires(Role.REVIEWER)
def decide(
    workspace: Workspace,
    dataset_id: int,
    which: Which,
    verdict: Verdict,
    actor: Actor,
    *,
    seen: Mapping[int, int] = NOTHING_SEEN,
    comment: str = "",
    is_adjudication: bool = False,
) -> Done:
    """Write down a verdict; ``WITHDRAWN`` takes the actor's own back. One batch, undone at once.

    ``seen``: example -> the revision that the actor read. Of several examples, those whose text changed since are left
    alone and listed. ``is_adjudication`` settles a disagreement, whatever others say.

    Raises:
        NotFoundError: there is no such dataset.
        ConfigError: the actor has no name.
        ConflictError: it is one example, and its text changed; with both texts.
    """
    saying = Saying(verdict, comment=storable(comment)[:LONGEST_COMMENT], is_adjudication=is_adjudication)
    return workspace.database.say(dataset_id, _storable(which), saying, _checked(actor), seen=seen)


@requires(Role.REVIEWER)
def set_score(
    workspace: Workspace,
    dataset_id: int,
    which: Which,
    score: float | None,
    actor: Actor,
    *,
    seen: Mapping[int, int] = NOTHING_SEEN,
) -> Done:
    """Write down the actor's own score, 0-10, or take it back (None). The judge's score is another one, and stays.

    Raises as ``decide`` does, and ConfigError for another score.
    """
    if score is not None and not LEAST_SCORE <= score <= MOST_SCORE:  # also for NaN
        raise ConfigError(f"{score:g} is no score.", f"Give a number from {LEAST_SCORE:g} to {MOST_SCORE:g}.")
    saying = Saying(score=score, has_score=True)
    return workspace.database.say(dataset_id, _storable(which), saying, _checked(actor), seen=seen)


@requires(Role.REVIEWER)
def edit(
    workspace: Workspace, example_id: int, content: JsonObject, *, seen_revision: int, actor: Actor, reason: str = ""
) -> Example:
    """Replace the content of an example, as a new revision; the actor's draft of it is gone then.

    Raises:
        NotFoundError: there is no such example, or its dataset was deleted.
        InvalidExampleError: the content is not of the dataset's format; the message names the field. The rules are
            those for generated examples if all of the dataset's are such, else those for imported ones.
        ConfigError: the actor has no name.
        ConflictError: somebody else changed it meanwhile; with both texts.
    """
    actor = _checked(actor)
    dataset = workspace.database.get_dataset(workspace.database.get_example(example_id).dataset_id)
    format = get_format(dataset.format)
    valid = format.validate(content) if dataset.origin is Origin.GENERATED else format.accept(content)
    changed = workspace.database.edit_in_review(
        example_id, valid, seen_revision=seen_revision, actor=actor, reason=storable(reason)
    )
    workspace.mirror.rewrite_soon(dataset.id, dataset.file_path)
    return changed


@requires(Role.REVIEWER)
def edit_text(workspace: Workspace, example_id: int, part: Part, text: str, *, seen: str, actor: Actor) -> Example:
    """Replace one text of an example, as a cell of the grid does.

    Only this text is held against what the actor saw, not the whole example: cells that are edited one right after the
    other, also of one example, are all saved.

    Raises as ``edit`` does, and InvalidExampleError where the text is not a plain one.
    """
    for _ in range(TRIES):
        current = workspace.database.get_example(example_id)
        dataset = workspace.database.get_dataset(current.dataset_id)
        there, content = replace_part(dataset.format, current.content, part, text)
        if there == text:
            return current
        if there != seen:
            raise _text_conflict(workspace, current, replace_part(dataset.format, content, part, seen)[1], content)
        try:
            return edit(workspace, example_id, content, seen_revision=current.revision, actor=actor)
        except ConflictError:
            continue  # another text of the same example came in between
    raise ConflictError(f"Example {example_id} is changed by others all the time.", "Try again in a moment.")


def _text_conflict(workspace: Workspace, current: Example, base: JsonObject, yours: JsonObject) -> ConflictError:
    last = workspace.database.get_revisions(current.id)[-1]
    return ConflictError(
        f"Somebody changed this text of example {current.id} meanwhile.",
        "Compare both texts and save again.",
        conflict=Conflict(current.id, base, yours, current.content, current.revision, last.author, last.at),
    )


@requires(Role.REVIEWER)
def set_status(workspace: Workspace, dataset_id: int, which: Which, status: ExampleStatus, actor: Actor) -> Done:
    """Remove, or bring back, these examples or all that match. Raises NotFoundError, or ConfigError without a name."""
    dataset = workspace.database.get_dataset(dataset_id)
    done = workspace.database.set_status_in_review(dataset_id, _storable(which), status, _checked(actor))
    workspace.mirror.rewrite_soon(dataset.id, dataset.file_path)
    return done


@requires(Role.REVIEWER)
def set_tags(
    workspace: Workspace,
    dataset_id: int,
    which: Which,
    actor: Actor,
    *,
    add: Sequence[str] = (),
    remove: Sequence[str] = (),
) -> Done:
    """Add and remove tags. Raises NotFoundError, or ConfigError without a name."""
    added = [tag for each in add if (tag := clean_name(each))]
    if len(added) > MOST_TAGS:
        raise ConfigError(f"{len(added)} tags are too many.", f"Add {MOST_TAGS} at most.")
    removed = [clean_name(each) for each in remove]
    return workspace.database.change_tags(
        dataset_id, _storable(which), _checked(actor), add=added, remove=[tag for tag in removed if tag not in added]
    )


@requires(Role.REVIEWER)
def set_note(workspace: Workspace, example_id: int, note: str, actor: Actor, *, seen: str) -> Done:
    """Put a note beside an example, in place of the one that the actor saw; empty: none.

    Raises NotFoundError, ConfigError, or ConflictError if there is another one than was seen.
    """
    if len(note) > LONGEST_NOTE:
        raise ConfigError(f"The note has {len(note):,} characters.", f"Keep it to {LONGEST_NOTE:,}.")
    return workspace.database.write_note(example_id, storable(note).strip(), _checked(actor), seen=seen)


@requires(Role.REVIEWER)
def undo(workspace: Workspace, dataset_id: int, actor: Actor) -> Done | None:
    """Undo what this session did last in a dataset, a bulk change as one; None: there is nothing.

    It is written as new revisions and reviews; what somebody changed since is left alone, and listed. Raises
    NotFoundError, or ConfigError without a name.
    """
    return _followed(workspace, workspace.database.undo(dataset_id, _checked(actor)))


@requires(Role.REVIEWER)
def redo(workspace: Workspace, dataset_id: int, actor: Actor) -> Done | None:
    """Do again what this session undid last; None: there is nothing. Raises as ``undo`` does."""
    return _followed(workspace, workspace.database.redo(dataset_id, _checked(actor)))


def get_turnable(workspace: Workspace, dataset_id: int, actor: Actor) -> tuple[LogEntry | None, LogEntry | None]:
    """What ``undo`` would undo, and what ``redo`` would do again."""
    return workspace.database.get_turnable(dataset_id, actor)


@requires(Role.REVIEWER)
def save_draft(
    workspace: Workspace, example_id: int, content: JsonObject, *, seen_revision: int, reviewer: str
) -> None:
    """Keep what somebody is writing. It may be against the format's rules, but must be JSON.

    Raises NotFoundError, InvalidExampleError, or ConfigError without a name.
    """
    for fault in json_faults(content):
        raise fault.as_error()
    name = _checked(Actor(reviewer)).name
    workspace.database.save_draft(example_id, content, seen_revision=seen_revision, reviewer=name)


@requires(Role.REVIEWER)
def discard_draft(workspace: Workspace, example_id: int, reviewer: str) -> None:
    """Forget what somebody was writing."""
    workspace.database.discard_draft(example_id, reviewer)


def get_drafts(workspace: Workspace, dataset_id: int, reviewer: str) -> list[Draft]:
    """What somebody was writing in a dataset, the newest first."""
    return workspace.database.get_drafts(dataset_id, reviewer)


def _followed(workspace: Workspace, done: Done | None) -> Done | None:
    """Let the file follow what changed the texts."""
    if done is not None and done.kind in (Deed.EDIT, Deed.STATUS):
        dataset = workspace.database.get_dataset(done.dataset_id)
        workspace.mirror.rewrite_soon(dataset.id, dataset.file_path)
    return done


def _checked(actor: Actor) -> Actor:
    if not (name := clean_name(actor.name)):
        raise ConfigError("A change needs an author.", "Type your name.")
    return Actor(name, storable(actor.session)[:LONGEST_SESSION])


def _storable(which: Which) -> Which:
    return storable_filter(which) if isinstance(which, ExampleFilter) else which
