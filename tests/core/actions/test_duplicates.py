"""Near duplicates of a dataset: which of several is kept, what is seen side by side, and how a removal is undone."""

import pytest

from synthgen_core.actions.duplicate_search import SearchRequest, find_clusters, start_search
from synthgen_core.actions.duplicates import (
    keep_instead,
    latest_search,
    remove_twins,
    search_state,
    show_clusters,
    stream_pairs,
)
from synthgen_core.actions.examples import undo_batch, update_example
from synthgen_core.database import Search
from synthgen_core.dedup import Compared
from synthgen_core.diffs import Change
from synthgen_core.errors import ConfigError, ConflictError, NotFoundError
from synthgen_core.models import ExampleStatus, JobStatus, Json, JsonObject
from synthgen_core.workspace import Workspace
from tests.core.actions.curating import add, chat
from tests.core.actions.support import finish

ANSWER = "Open Billing, choose the invoice for {name} and press Correct; the new one is sent within an hour or so."
NAMES = ("Ann", "Bob", "Cleo, our bookkeeper,")
OTHER = "Nothing of that kind has ever been seen here, and nobody knows what could have caused it."


@pytest.fixture
def dataset(each_workspace: Workspace) -> int:
    contents = [chat("How?", ANSWER.format(name=name)) for name in NAMES]
    return add(each_workspace, [*contents, chat("Why?", OTHER)])


def ids(workspace: Workspace, dataset: int) -> list[int]:
    return [row.id for row in workspace.database.get_dataset_examples(dataset)]


def set_columns(workspace: Workspace, example: int, **values: object) -> None:
    settings = ", ".join(f"{name} = {value!r}" for name, value in values.items())
    with workspace.database.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE examples SET {settings} WHERE id = {example}")


def kept(workspace: Workspace, dataset: int, *keep: str) -> int:
    request = SearchRequest(keep=keep) if keep else SearchRequest()
    (cluster,) = find_clusters(workspace, dataset, request).clusters
    return cluster.kept


def search(workspace: Workspace, dataset: int, threshold: float = 0.8) -> Search:
    """Search, and what is kept of it."""
    job = finish(workspace, start_search(workspace, dataset, threshold=threshold))
    assert (job.status, job.errors) == (JobStatus.COMPLETED, {})
    found = latest_search(workspace, dataset)
    assert found is not None
    assert found.job_id == job.id
    return found


def test_the_longest_represents_the_others_where_nothing_else_is_known(each_workspace: Workspace, dataset: int) -> None:
    ann, bob, cleo, _ = ids(each_workspace, dataset)
    found = search(each_workspace, dataset)
    assert (found.searched, found.clusters, found.twins) == (4, 1, 2)
    pairs = list(stream_pairs(each_workspace, found))
    assert {pair[:2] for pair in pairs} == {(cleo, ann), (cleo, bob)}
    assert all(0.8 <= similarity < 1 for _, _, similarity in pairs)


def test_a_verdict_comes_before_a_score_and_a_score_before_the_length(each_workspace: Workspace, dataset: int) -> None:
    ann, bob, cleo, _ = ids(each_workspace, dataset)
    set_columns(each_workspace, bob, quality_score=6.5)
    assert kept(each_workspace, dataset) == bob
    set_columns(each_workspace, ann, person_score=7.0)
    assert kept(each_workspace, dataset) == ann
    set_columns(each_workspace, ann, verdict="reject")
    set_columns(each_workspace, cleo, verdict="accept")
    assert kept(each_workspace, dataset) == cleo
    assert kept(each_workspace, dataset, "score") == ann
    (cluster,) = find_clusters(each_workspace, dataset, SearchRequest(keep=())).clusters
    assert cluster.kept == ann, "the oldest"


def test_a_removal_is_one_change_and_can_be_undone(each_workspace: Workspace, dataset: int) -> None:
    ann, bob, cleo, other = ids(each_workspace, dataset)
    found = search(each_workspace, dataset)
    done = remove_twins(each_workspace, found, author="ann")
    assert (done.changed, done.skipped, ids(each_workspace, dataset)) == (2, 0, [cleo, other])
    assert search_state(each_workspace, found).twins == 0
    assert show_clusters(each_workspace, found) == []
    undo_batch(each_workspace, done.batch_id, author="ann")
    assert ids(each_workspace, dataset) == [ann, bob, cleo, other]
    state = search_state(each_workspace, found)
    assert (state.clusters, state.twins, state.is_stale) == (1, 2, False), "all is as it was"


def test_only_the_clusters_that_are_named_lose_their_twins(each_workspace: Workspace, dataset: int) -> None:
    cleo = ids(each_workspace, dataset)[2]
    found = search(each_workspace, dataset)
    assert remove_twins(each_workspace, found, author="ann", only=[999]).changed == 0
    assert remove_twins(each_workspace, found, author="ann", only=[cleo]).changed == 2
    with pytest.raises(ConfigError, match="author"):
        remove_twins(each_workspace, found, author=" ")


def test_a_twin_that_was_changed_since_stays_and_is_counted(each_workspace: Workspace, dataset: int) -> None:
    ann, bob, cleo, other = ids(each_workspace, dataset)
    found = search(each_workspace, dataset)
    update_example(each_workspace, ann, chat("How?", "It is not about that any more."), seen_revision=1, author="ann")
    state = search_state(each_workspace, found)
    assert (state.twins, state.edited, state.is_stale) == (1, 1, True)
    (view,) = show_clusters(each_workspace, found)
    assert ([twin.example.id for twin in view.twins], view.total) == ([bob], 1)
    done = remove_twins(each_workspace, found, author="ann")
    assert (done.changed, done.skipped) == (1, 1)
    assert ids(each_workspace, dataset) == [ann, cleo, other]


@pytest.mark.parametrize("change", ["edited", "removed"])
def test_where_the_one_to_be_kept_is_changed_or_gone_its_twins_stay(
    each_workspace: Workspace, dataset: int, change: str
) -> None:
    cleo = ids(each_workspace, dataset)[2]
    found = search(each_workspace, dataset)
    if change == "edited":
        update_example(each_workspace, cleo, chat("How?", OTHER), seen_revision=1, author="ann")
    else:
        each_workspace.database.set_status(dataset, [cleo], ExampleStatus.REMOVED, author="ann")
    left = ids(each_workspace, dataset)
    assert show_clusters(each_workspace, found) == []
    done = remove_twins(each_workspace, found, author="ann")
    assert (done.changed, done.skipped, ids(each_workspace, dataset)) == (0, 2, left)


def test_twins_stand_side_by_side_with_the_words_in_which_they_differ(each_workspace: Workspace, dataset: int) -> None:
    found = search(each_workspace, dataset)
    (view,) = show_clusters(each_workspace, found, twins=1)
    (twin,) = view.twins
    assert (view.total, twin.is_near) == (2, True)
    spans = [span for diff in twin.differences for span in diff.spans if span.change is not Change.EQUAL]
    assert {span.text for span in spans} <= {"Cleo, our bookkeeper,", "Ann", "Bob"}
    assert show_clusters(each_workspace, found, offset=1) == []


def test_another_one_can_be_kept_and_what_is_less_like_it_stays(each_workspace: Workspace) -> None:
    words = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
    middle = chat("How?", " ".join(words))
    left, right = chat("How?", " ".join(["zero", *words[1:]])), chat("How?", " ".join([*words[:-1], "end", "of", "it"]))
    dataset = add(each_workspace, [left, middle, right])
    first, second, third = ids(each_workspace, dataset)
    set_columns(each_workspace, second, verdict="accept")
    found = search(each_workspace, dataset)
    assert {pair[:2] for pair in stream_pairs(each_workspace, found)} == {(second, first), (second, third)}
    keep_instead(each_workspace, found, second, first)
    (view,) = show_clusters(each_workspace, found)
    assert (view.kept.id, view.total) == (first, 1)
    assert [(twin.example.id, twin.is_near) for twin in view.twins] == [(second, True), (third, False)]
    assert remove_twins(each_workspace, found, author="ann").changed == 1
    assert ids(each_workspace, dataset) == [first, third]


def test_the_choice_of_another_one_can_be_taken_back(each_workspace: Workspace, dataset: int) -> None:
    ann, _, cleo, other = ids(each_workspace, dataset)
    found = search(each_workspace, dataset)
    pairs = set(stream_pairs(each_workspace, found))
    keep_instead(each_workspace, found, cleo, ann)
    with pytest.raises(NotFoundError, match=f"keeps example {cleo}"):
        keep_instead(each_workspace, found, cleo, ann)
    with pytest.raises(ConflictError, match="cannot be kept"):
        keep_instead(each_workspace, found, ann, other)
    keep_instead(each_workspace, found, ann, cleo)
    assert set(stream_pairs(each_workspace, found)) == pairs


def test_a_new_search_takes_the_place_of_the_one_before(each_workspace: Workspace, dataset: int) -> None:
    assert latest_search(each_workspace, dataset) is None
    first = search(each_workspace, dataset)
    each_workspace.database.set_status(dataset, ids(each_workspace, dataset)[:1], ExampleStatus.REMOVED, author="ann")
    second = search(each_workspace, dataset)
    assert (second.searched, second.twins) == (3, 1)
    assert list(stream_pairs(each_workspace, first)) == []
    assert not search_state(each_workspace, second).is_stale


def test_examples_that_came_since_are_told(each_workspace: Workspace, dataset: int) -> None:
    gone = ids(each_workspace, dataset)[:1]
    each_workspace.database.set_status(dataset, gone, ExampleStatus.REMOVED, author="ann")
    found = search(each_workspace, dataset)
    each_workspace.database.set_status(dataset, gone, ExampleStatus.ACTIVE, author="ann")
    state = search_state(each_workspace, found)
    assert (state.added, state.edited, state.is_stale) == (1, 0, True)


def test_what_is_compared_can_be_chosen(workspace: Workspace) -> None:
    question = "My invoice of 3 May shows the old address; can you correct it for me before Friday evening?"
    dataset = add(workspace, [chat(question, OTHER), chat(question, ANSWER), chat("Why?", OTHER)])
    first, second, third = ids(workspace, dataset)

    def pairs(compared: Compared) -> set[frozenset[int]]:
        found = find_clusters(workspace, dataset, SearchRequest(compared=compared))
        return {frozenset((cluster.kept, twin.example_id)) for cluster in found.clusters for twin in cluster.twins}

    assert pairs(Compared.QUESTION) == {frozenset((first, second))}
    assert pairs(Compared.RESPONSE) == {frozenset((first, third))}
    assert pairs(Compared.WHOLE) == set()


def test_every_format_can_be_searched(workspace: Workspace) -> None:
    instruction: JsonObject = {"instruction": "Explain it.", "input": "", "output": OTHER}
    said: list[Json] = [{"role": "user", "content": "Why?"}]
    preference: JsonObject = {"prompt": said} | {
        key: [{"role": "assistant", "content": text}] for key, text in (("chosen", OTHER), ("rejected", ANSWER))
    }
    for name, content in (("instruction", instruction), ("preference", preference)):
        dataset = add(workspace, [content] * 3, name, name)
        assert [similarity for _, _, similarity in stream_pairs(workspace, search(workspace, dataset))] == [1.0, 1.0]
