"""Near duplicates of a dataset: which of several is kept, what is seen side by side, and how a removal is undone."""

import pytest

from synthgen_core.actions.duplicates import find_clusters, remove_twins, show_clusters
from synthgen_core.actions.examples import undo_batch
from synthgen_core.dedup import Compared
from synthgen_core.diffs import Change
from synthgen_core.errors import ConfigError, NotFoundError
from synthgen_core.models import ExampleStatus, Json, JsonObject
from synthgen_core.workspace import Workspace
from tests.core.actions.curating import add, chat

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


def test_the_longest_represents_the_others_where_nothing_else_is_known(each_workspace: Workspace, dataset: int) -> None:
    ann, bob, cleo, _ = ids(each_workspace, dataset)
    found = find_clusters(each_workspace, dataset)
    (cluster,) = found.clusters
    assert (cluster.kept, {twin.example_id for twin in cluster.twins}) == (cleo, {ann, bob})
    assert (found.searched, found.twins) == (4, 2)
    assert all(0.8 <= twin.similarity < 1 for twin in cluster.twins)


def test_a_verdict_comes_before_a_score_and_a_score_before_the_length(each_workspace: Workspace, dataset: int) -> None:
    ann, bob, cleo, _ = ids(each_workspace, dataset)
    set_columns(each_workspace, bob, quality_score=6.5)
    assert find_clusters(each_workspace, dataset).clusters[0].kept == bob
    set_columns(each_workspace, ann, person_score=7.0)
    assert find_clusters(each_workspace, dataset).clusters[0].kept == ann
    set_columns(each_workspace, ann, verdict="reject")
    set_columns(each_workspace, cleo, verdict="accept")
    assert find_clusters(each_workspace, dataset).clusters[0].kept == cleo
    assert find_clusters(each_workspace, dataset, keep=("score",)).clusters[0].kept == ann
    assert find_clusters(each_workspace, dataset, keep=()).clusters[0].kept == ann, "the oldest"


def test_a_removal_is_one_change_and_can_be_undone(each_workspace: Workspace, dataset: int) -> None:
    ann, bob, cleo, other = ids(each_workspace, dataset)
    done = remove_twins(each_workspace, find_clusters(each_workspace, dataset), author="ann")
    assert (done.changed, ids(each_workspace, dataset)) == (2, [cleo, other])
    assert find_clusters(each_workspace, dataset).clusters == ()
    undo_batch(each_workspace, done.batch_id, author="ann")
    assert ids(each_workspace, dataset) == [ann, bob, cleo, other]


def test_only_the_clusters_that_are_named_lose_their_twins(each_workspace: Workspace, dataset: int) -> None:
    found = find_clusters(each_workspace, dataset)
    assert remove_twins(each_workspace, found, author="ann", only=[999]).changed == 0
    assert remove_twins(each_workspace, found, author="ann", only=[found.clusters[0].kept]).changed == 2


def test_twins_stand_side_by_side_with_the_words_in_which_they_differ(each_workspace: Workspace, dataset: int) -> None:
    found = find_clusters(each_workspace, dataset)
    (view,) = show_clusters(each_workspace, found, twins=1)
    (twin,) = view.twins
    assert view.total == 2
    spans = [span for diff in twin.differences for span in diff.spans if span.change is not Change.EQUAL]
    assert {span.text for span in spans} <= {"Cleo, our bookkeeper,", "Ann", "Bob"}
    assert show_clusters(each_workspace, found, offset=1) == []
    each_workspace.database.set_status(dataset, [view.kept.id], ExampleStatus.REMOVED, author="ann")
    assert show_clusters(each_workspace, found) == [], "nothing is left to compare it with"


def test_what_is_compared_can_be_chosen(workspace: Workspace) -> None:
    question = "My invoice of 3 May shows the old address; can you correct it for me before Friday evening?"
    dataset = add(workspace, [chat(question, OTHER), chat(question, ANSWER), chat("Why?", OTHER)])
    first, second, third = ids(workspace, dataset)

    def pairs(compared: Compared) -> set[frozenset[int]]:
        found = find_clusters(workspace, dataset, compared=compared)
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
        (cluster,) = find_clusters(workspace, dataset).clusters
        assert [twin.similarity for twin in cluster.twins] == [1.0, 1.0]


def test_what_cannot_be_asked_is_refused_with_what_can(workspace: Workspace) -> None:
    dataset = add(workspace, [])
    for threshold in (0.2, 1.1, float("nan")):
        with pytest.raises(ConfigError, match="threshold"):
            find_clusters(workspace, dataset, threshold=threshold)
    with pytest.raises(ConfigError, match="ranked by “best”"):
        find_clusters(workspace, dataset, keep=("best",))
    with pytest.raises(NotFoundError):
        find_clusters(workspace, 99)
    assert find_clusters(workspace, dataset).clusters == ()
