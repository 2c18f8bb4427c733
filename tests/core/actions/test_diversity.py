"""The diversity of a dataset as it is measured from the database, kept, and compared."""

from collections.abc import Sequence

import pytest

from synthgen_core.actions.diversity import (
    DIVERSITY,
    VARIETY,
    KeptDiversity,
    common_size,
    get_kept_diversity,
    measured_datasets,
    openings_of,
    read_diversity,
)
from synthgen_core.actions.examples import set_status
from synthgen_core.actions.measures import get_or_measure, start_measuring
from synthgen_core.actions.trash import delete_dataset
from synthgen_core.database import Measure, NewDataset, NewExample
from synthgen_core.models import ExampleStatus, JobStatus, JsonObject
from synthgen_core.workspace import Workspace
from tests.core.actions.support import finish

NOUNS = ["router", "modem", "cable", "printer", "screen", "keyboard", "tablet", "charger", "speaker", "camera"]
VERBS = ["reboots", "freezes", "beeps", "flickers", "overheats", "disconnects", "stutters", "crashes", "hums", "stalls"]


SYSTEM: JsonObject = {"role": "system", "content": "the same for all, and long " * 20}


def chat(question: str, answer: str, *before: JsonObject) -> JsonObject:
    turns: list[JsonObject] = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    return {"messages": [*before, *turns]}


def varied(count: int, *before: JsonObject) -> list[JsonObject]:
    nouns = [NOUNS[n % 10] for n in range(count)]
    return [
        chat(f"My {noun} {VERBS[n // 10 % 10]}, case {n}.", f"Case {n}: reset the {noun} first.", *before)
        for n, noun in enumerate(nouns)
    ]


def add(workspace: Workspace, contents: Sequence[JsonObject], name: str = "Own") -> int:
    path = f"datasets/{name}{workspace.database.count_datasets()}.jsonl"
    dataset = workspace.database.create_dataset(NewDataset(name, "support", "returns", "chat", path))
    workspace.database.add_examples(dataset.id, [NewExample(n, each, {}) for n, each in enumerate(contents)])
    return dataset.id


def kept(workspace: Workspace, dataset_id: int) -> Measure:
    found = get_or_measure(workspace, workspace.database.get_dataset(dataset_id), DIVERSITY, at_once=10**6)
    assert found is not None
    return found


def diversity(workspace: Workspace, dataset_id: int) -> KeptDiversity:
    return read_diversity(kept(workspace, dataset_id))


def test_what_is_kept_is_what_was_measured(each_workspace: Workspace) -> None:
    dataset_id = add(each_workspace, varied(120))
    found = diversity(each_workspace, dataset_id)
    assert found.n == 120
    assert [each.size for each in found.sizes] == [30, 100]
    assert set(found.sizes[0].figures) == set(VARIETY)
    assert found.map is not None
    ids = set(each_workspace.database.rank_examples(dataset_id, ()))
    assert {point.text for point in found.map.points} <= ids
    assert sum(island.size for island in found.map.islands) == len(found.map.points)
    again = each_workspace.database.get_measure(dataset_id, DIVERSITY)
    assert again == kept(each_workspace, dataset_id)


def test_the_system_prompt_that_all_share_counts_for_nothing(workspace: Workspace) -> None:
    with_it, without = (diversity(workspace, add(workspace, each)) for each in (varied(40, SYSTEM), varied(40)))
    assert with_it.sizes == without.sizes


def test_removed_examples_are_not_measured(workspace: Workspace) -> None:
    dataset_id = add(workspace, varied(50))
    gone = list(workspace.database.rank_examples(dataset_id, ()))[:15]
    set_status(workspace, dataset_id, gone, ExampleStatus.REMOVED, author="me", reason="")
    found = diversity(workspace, dataset_id)
    assert found.n == 35
    assert found.map is not None
    assert not {point.text for point in found.map.points} & set(gone)


@pytest.mark.parametrize("count", [0, 1, 29])
def test_few_examples_have_no_figures(workspace: Workspace, count: int) -> None:
    found = diversity(workspace, add(workspace, varied(count)))
    assert (found.n, found.sizes, found.map) == (count, (), None)


def test_the_same_examples_have_the_same_figures(workspace: Workspace) -> None:
    one, other = (diversity(workspace, add(workspace, varied(60))) for _ in range(2))
    assert one.sizes == other.sizes


def test_a_large_dataset_is_measured_by_a_job(workspace: Workspace) -> None:
    dataset_id = add(workspace, varied(40))
    job = finish(workspace, start_measuring(workspace, dataset_id, [DIVERSITY]))
    assert job.status is JobStatus.COMPLETED
    assert list(get_kept_diversity(workspace, [dataset_id])) == [dataset_id]


def test_datasets_that_were_measured_are_offered_for_comparison(each_workspace: Workspace) -> None:
    workspace = each_workspace
    first, second, third, _ = (add(workspace, varied(30 + 80 * n), f"set {n}") for n in range(4))
    for each in (first, second, third):
        kept(workspace, each)
    delete_dataset(workspace, third)
    assert measured_datasets(workspace) == {second: "set 1", first: "set 0"}
    found = get_kept_diversity(workspace, [second, first, 99])
    assert list(found) == [second, first]
    assert common_size([each.sizes for each in found.values()]) == 30


def test_points_say_how_their_examples_begin(workspace: Workspace) -> None:
    dataset_id = add(workspace, varied(40))
    found = diversity(workspace, dataset_id)
    assert found.map is not None
    openings = openings_of(workspace, workspace.database.get_dataset(dataset_id), found.map.points)
    assert len(openings) == len(found.map.points)
    assert all(text.startswith("My ") for text in openings.values())
