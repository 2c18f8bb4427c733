"""Reading for a review: pages of examples in any order, the next one, and one example with all that is known of it."""

from dataclasses import dataclass, replace
from datetime import datetime

from synthgen_core.actions.datasets import storable_filter
from synthgen_core.actions.review_settings import get_review_settings, settings_in
from synthgen_core.database import JudgementRow, Reviewable
from synthgen_core.errors import ConfigError
from synthgen_core.formats import Format, get_format
from synthgen_core.models import Dataset, Example, ExampleFilter, ExampleStatus, Flag, Revision
from synthgen_core.reviewing import Draft, Queue, Review, ReviewQuery, ReviewSettings, Verdict
from synthgen_core.standing import latest_of_each
from synthgen_core.texts import Part, plain_text
from synthgen_core.workspace import Workspace

PAGE_SIZE, LARGEST_PAGE = 50, 200
LONGEST_CELL = 2000
"""Characters of a text that a row shows; where there are more, the row says so."""
COUNTED = 1000
"""A position is counted up to here."""


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """An example as the grid shows it."""

    id: int
    index: int
    revision: int
    """Name it as seen with whatever is done to the example."""
    status: ExampleStatus
    verdict: str | None
    """What reviews come to: accept, reject, skip or disputed. Where they are blind, only once one has said theirs."""
    is_stale: bool
    """The verdict is of an older text."""
    mine: Verdict | None
    """What the reader said of it."""
    quality_score: float | None
    person_score: float | None
    rule_score: float | None
    flags: tuple[str, ...]
    """Names of the rules that flag its present text."""
    first_user: str
    input: str
    """What an instruction works on; empty in other formats."""
    last_answer: str
    fixed: tuple[Part, ...]
    """Which of these texts are longer than is shown, or not one plain text: edit them in the example's own view."""
    turns: int
    characters: int
    parameters: dict[str, str]
    reviewer: str
    """Who said something last."""
    changed: datetime
    tags: tuple[str, ...]
    note: str
    reason: str
    """Why it is in the queue; empty where it matches, and that is all."""


@dataclass(frozen=True, slots=True)
class ReviewPage:
    """Some rows in order."""

    rows: tuple[ReviewRow, ...]
    has_previous: bool
    has_next: bool


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Ids of the examples around one; None at either end."""

    previous: int | None
    next: int | None


@dataclass(frozen=True, slots=True)
class Position:
    """Which one it is, from 1."""

    number: int
    is_exact: bool
    """False: there are more before it; counting ended there."""


@dataclass(frozen=True, slots=True)
class ReviewView:
    """One example with all that is known of it."""

    example: Example
    verdict: str | None
    is_stale: bool
    person_score: float | None
    tags: tuple[str, ...]
    note: str
    mine: Review | None
    """What the reader says of it."""
    others: tuple[Review, ...]
    """The latest of each other reviewer."""
    adjudication: Review | None
    """What settled a disagreement."""
    is_hidden: bool
    """Reviews are blind, and the reader has not said theirs: what others said is left out."""
    is_judge_hidden: bool
    """People rate blind, and the reader has said nothing of the present text: what judges said is left out."""
    flags: tuple[Flag, ...]
    judgements: tuple[JudgementRow, ...]
    """The newest first."""
    revisions: tuple[Revision, ...]
    """All states, the first one first."""
    reply: str | None
    """The model's raw reply that it was made from, while that is kept."""
    draft: Draft | None
    """What the reader was writing."""


def review_page(
    workspace: Workspace,
    query: ReviewQuery,
    *,
    after: int | None = None,
    before: int | None = None,
    at: int | None = None,
    page: int = 1,
    size: int = PAGE_SIZE,
) -> ReviewPage:
    """A page of what a query means: after or before an example, from one on (``at``), or by its number from 1.

    Raises:
        NotFoundError: there is no such dataset, example or choice.
        ConfigError: there is no such order, or the page is too large.
    """
    if not 1 <= size <= LARGEST_PAGE:
        raise ConfigError(f"A page cannot have {size} rows.", f"Ask for 1 to {LARGEST_PAGE}.")
    dataset, query, settings = _prepared(workspace, query)
    ids, has_previous, has_next = workspace.database.review_page(
        query, settings, after=after, before=before, at=at, offset=(max(1, page) - 1) * size, limit=size
    )
    reasons: dict[int, str] = {}
    if query.queue is Queue.CHOSEN and query.sample_id is not None:
        _, _, reasons = workspace.database.get_choice(query.sample_id)
    flags: dict[int, list[str]] = {}
    for flag in workspace.database.get_flags(ids):
        flags.setdefault(flag.example_id, []).append(flag.rule)
    said = workspace.database.get_reviews(ids)
    rows = []
    for each in workspace.database.get_reviewables(ids):
        mine = _own(said.get(each.example.id, []), query.reviewer)
        names = tuple(dict.fromkeys(flags.get(each.example.id, [])))
        reason = reasons.get(each.example.id, "")
        if _is_judge_hidden(settings, mine, each):
            each, reason = _without_judge(each), ""  # a reason may tell the score
        is_hidden = settings.is_blind and not _has_said(mine)
        rows.append(_row(each, get_format(dataset.format), mine, names, reason, is_hidden))
    return ReviewPage(tuple(rows), has_previous, has_next)


def count_matching(workspace: Workspace, query: ReviewQuery) -> int:
    """How many examples a query means. Ask once for each query: a text in a million examples takes seconds.

    Raises NotFoundError.
    """
    dataset, query, settings = _prepared(workspace, query)
    if query.queue is Queue.ALL and query.filter == ExampleFilter():
        return dataset.example_count
    return workspace.database.count_matching(query, settings)


def position(workspace: Workspace, query: ReviewQuery, example_id: int) -> Position:
    """Which one of what a query means an example is, counted up to ``COUNTED``. Raises NotFoundError."""
    _, query, settings = _prepared(workspace, query)
    before = workspace.database.count_before(query, settings, example_id, COUNTED)
    return Position(min(before + 1, COUNTED), before < COUNTED)


def neighbours(workspace: Workspace, query: ReviewQuery, example_id: int) -> Neighbours:
    """The examples before and after one, in the order of a query; a look into an index, at any size.

    The example itself need not match. Ask before you decide: a decision may move it. Raises NotFoundError, ConfigError.
    """
    _, query, settings = _prepared(workspace, query)
    previous, following = workspace.database.get_neighbours(query, settings, example_id)
    return Neighbours(previous, following)


def review_example(workspace: Workspace, example_id: int, reviewer: str = "") -> ReviewView:
    """One example with all that is known of it, as this reviewer may see it. Raises NotFoundError."""
    database = workspace.database
    example = database.get_example(example_id)
    (found,) = database.get_reviewables([example_id])
    said = database.get_reviews([example_id]).get(example_id, [])
    mine, settings = _own(said, reviewer), get_review_settings(workspace, example.dataset_id)
    is_hidden = settings.is_blind and not _has_said(mine)
    revisions, judgements = database.get_revisions(example_id), database.get_judgements(example_id)
    if is_judge_hidden := _is_judge_hidden(settings, mine, found):
        found, judgements = _without_judge(found), []
        revisions = [replace(each, reason="") for each in revisions]  # that of a mended text tells its scores
    others = () if is_hidden else tuple(r for name, r in latest_of_each(said).items() if name != reviewer)
    settled = [r for r in latest_of_each(said, is_adjudication=True).values() if r.verdict.is_decision]
    return ReviewView(
        found.example,
        None if is_hidden else found.verdict,
        found.is_stale and not is_hidden,
        None if is_hidden else found.person_score,
        found.tags,
        found.note,
        mine,
        tuple(review for review in others if _has_said(review)),
        max(settled, key=lambda review: review.id) if settled and not is_hidden else None,
        is_hidden,
        is_judge_hidden,
        tuple(database.get_flags([example_id])),
        tuple(judgements),
        tuple(revisions),
        database.get_reply_of(example_id),
        database.get_draft(example_id, reviewer) if reviewer else None,
    )


def _prepared(workspace: Workspace, query: ReviewQuery) -> tuple[Dataset, ReviewQuery, ReviewSettings]:
    dataset = workspace.database.get_dataset(query.dataset_id)
    if query.queue is Queue.MINE and not query.reviewer:
        raise ConfigError("Whose examples are meant, is not said.", "Type your name.")
    return dataset, replace(query, filter=storable_filter(query.filter)), settings_in(dataset)


def _own(said: list[Review], reviewer: str) -> Review | None:
    return latest_of_each(said).get(reviewer)


def _has_said(mine: Review | None) -> bool:
    return mine is not None and (mine.verdict is not Verdict.WITHDRAWN or mine.score is not None)


def _is_judge_hidden(settings: ReviewSettings, mine: Review | None, found: Reviewable) -> bool:
    if mine is None or mine.revision < found.content_revision:
        return settings.hides_judge
    return settings.hides_judge and not (mine.verdict.is_decision or mine.score is not None)


def _without_judge(found: Reviewable) -> Reviewable:
    return replace(found, example=replace(found.example, quality_score=None))


def _row(
    found: Reviewable, format: Format, mine: Review | None, flags: tuple[str, ...], reason: str, is_hidden: bool
) -> ReviewRow:
    example = found.example
    plain = {part: plain_text(format.name, example.content, part) for part in Part}
    texts = {
        Part.FIRST_USER: format.first_user_text(example.content),
        Part.INPUT: "",
        Part.LAST_ANSWER: format.last_answer_text(example.content),
    } | {part: text for part, text in plain.items() if text is not None}
    drawn = example.metadata.get("parameters")
    return ReviewRow(
        id=example.id,
        index=example.example_index,
        revision=example.revision,
        status=example.status,
        verdict=None if is_hidden else found.verdict,
        is_stale=found.is_stale and not is_hidden,
        mine=mine.verdict if mine and mine.verdict is not Verdict.WITHDRAWN else None,
        quality_score=example.quality_score,
        person_score=None if is_hidden else found.person_score,
        rule_score=example.rule_score,
        flags=flags,
        first_user=texts[Part.FIRST_USER][:LONGEST_CELL],
        input=texts[Part.INPUT][:LONGEST_CELL],
        last_answer=texts[Part.LAST_ANSWER][:LONGEST_CELL],
        fixed=tuple(part for part, text in texts.items() if plain[part] is None or len(text) > LONGEST_CELL),
        turns=example.turns,
        characters=example.characters,
        parameters={name: str(value) for name, value in drawn.items()} if isinstance(drawn, dict) else {},
        reviewer="" if is_hidden else found.reviewer,
        changed=example.updated_at,
        tags=found.tags,
        note=found.note,
        reason=reason,
    )
