"""Target against actual of a dataset, and a run that tops it up."""

import threading
from collections import Counter
from collections.abc import Sequence

import pytest

from synthgen_core.actions.coverage import (
    COVERAGE,
    Coverage,
    ParameterCoverage,
    last_run,
    plan_top_up,
    read_coverage,
    running_top_up,
    start_top_up,
)
from synthgen_core.actions.examples import set_status
from synthgen_core.actions.generation import check_request, resume_generation
from synthgen_core.actions.jobs import cancel_task
from synthgen_core.actions.measures import get_or_measure
from synthgen_core.actions.requests import from_parameters
from synthgen_core.actions.trash import delete_dataset
from synthgen_core.database import NewDataset, NewExample
from synthgen_core.errors import ConfigError, ConflictError, NotFoundError
from synthgen_core.models import Dataset, Example, ExampleStatus, Job, JobStatus, JsonObject, Method
from synthgen_core.workspace import Workspace
from tests.core.actions.support import ask, config, finish, lines, make, start_and_wait_for_three, stored
from tests.support.server import ModelServer

LEVEL = "complexity_levels"


def measure(workspace: Workspace, dataset_id: int) -> tuple[Dataset, Coverage]:
    dataset = workspace.database.get_dataset(dataset_id)
    kept = get_or_measure(workspace, dataset, COVERAGE, at_once=10**6)
    assert kept is not None
    return dataset, read_coverage(workspace, dataset, kept)


def parameter(coverage: Coverage, name: str = LEVEL) -> ParameterCoverage:
    return next(each for each in coverage.parameters if each.name == name)


def made(workspace: Workspace, server: ModelServer, num_examples: int = 40) -> int:
    job = make(workspace, ask(server, num_examples, seed=1))
    assert job.dataset_id is not None
    return job.dataset_id


def add(workspace: Workspace, metadata: Sequence[JsonObject], domain: str = "support") -> int:
    new = NewDataset("Own", domain, "returns", "chat", f"datasets/{domain}{len(metadata)}.jsonl")
    dataset = workspace.database.create_dataset(new)
    content: JsonObject = {"messages": [{"role": "user", "content": "x"}]}
    examples = [NewExample(n, content, each) for n, each in enumerate(metadata)]
    workspace.database.add_examples(dataset.id, examples)
    return dataset.id


def level_of(example: Example) -> str:
    parameters = example.metadata["parameters"]
    assert isinstance(parameters, dict)
    return str(parameters[LEVEL])


def remove_level(workspace: Workspace, dataset_id: int, value: str) -> int:
    """Remove all examples of a complexity level; returns how many."""
    ids = [e.id for e in workspace.database.get_dataset_examples(dataset_id, 1000) if level_of(e) == value]
    set_status(workspace, dataset_id, ids, ExampleStatus.REMOVED, author="me", reason="")
    return len(ids)


def top_up(workspace: Workspace, dataset_id: int, more: int) -> Job:
    dataset, coverage = measure(workspace, dataset_id)
    return finish(workspace, start_top_up(workspace, plan_top_up(workspace, dataset, coverage, more, seed=9)))


def test_a_generated_dataset_is_counted_as_it_was_drawn(each_workspace: Workspace, server: ModelServer) -> None:
    dataset_id = made(each_workspace, server)
    _, coverage = measure(each_workspace, dataset_id)
    drawn = Counter(map(level_of, each_workspace.database.get_dataset_examples(dataset_id, 100)))
    found = parameter(coverage)
    assert {value.value: value.active for value in found.values if value.active} == drawn
    assert (coverage.n, found.n, found.without, coverage.untargeted) == (40, 40, 0, 0)
    (making,) = coverage.makings
    assert (making.count, making.is_from_bank) == (40, False)


def test_removed_examples_are_lost(workspace: Workspace, server: ModelServer) -> None:
    dataset_id = made(workspace, server)
    gone = remove_level(workspace, dataset_id, "medium")
    _, coverage = measure(workspace, dataset_id)
    lost = next(value for value in parameter(coverage).values if value.value == "medium")
    assert (lost.active, lost.lost.value, lost.lost.n) == (0, 1, gone)


def test_examples_that_say_nothing_are_counted_by_the_dataset(each_workspace: Workspace) -> None:
    nasty: list[JsonObject] = [{}, {"parameters": []}, {"parameters": {LEVEL: None, "odd": 1}}, {"parameters": 3}]
    dataset_id = add(each_workspace, [*nasty, {"parameters": {LEVEL: "medium"}}, {"parameters": {LEVEL: "odd"}}])
    _, coverage = measure(each_workspace, dataset_id)
    found = parameter(coverage)
    assert (coverage.n, found.n, found.without, dict(found.strange)) == (6, 1, 4, {"odd": 1})


def test_a_domain_that_is_not_known_has_no_target(workspace: Workspace) -> None:
    dataset_id = add(workspace, [{"domain": "magic"}] * 3)
    _, coverage = measure(workspace, dataset_id)
    assert (coverage.untargeted, coverage.parameters) == (3, ())


def test_an_empty_dataset_has_nothing_to_compare(workspace: Workspace) -> None:
    dataset, coverage = measure(workspace, add(workspace, []))
    assert (coverage.n, coverage.missing) == (0, 0)
    assert coverage.parameters == ()
    with pytest.raises(ConfigError, match="No run is known that made “Own”"):
        plan_top_up(workspace, dataset, coverage, 5)


def test_a_top_up_brings_what_is_missing_into_the_same_dataset(each_workspace: Workspace, server: ModelServer) -> None:
    workspace = each_workspace
    dataset_id = made(workspace, server, 60)
    gone = remove_level(workspace, dataset_id, "medium")
    before = measure(workspace, dataset_id)[1]
    job = top_up(workspace, dataset_id, gone)
    assert (job.status, job.dataset_id, job.done) == (JobStatus.COMPLETED, dataset_id, gone)
    assert workspace.database.count_datasets() == 1
    assert job.first_index == 60
    after = measure(workspace, dataset_id)[1]
    assert after.n == 60
    added = [each for each in workspace.database.get_dataset_examples(dataset_id, 100) if each.example_index >= 60]
    assert [each.example_index for each in added] == list(range(60, 60 + gone))
    levels = Counter(map(level_of, added))
    assert levels["medium"] > 0.8 * gone
    assert parameter(after).off_target < parameter(before).off_target / 3
    assert sorted(map(str, lines(workspace, dataset_id))) == sorted(map(str, stored(workspace, dataset_id)))


def test_the_plan_says_what_it_will_change(workspace: Workspace, server: ModelServer) -> None:
    dataset_id = made(workspace, server)
    remove_level(workspace, dataset_id, "medium")
    dataset, coverage = measure(workspace, dataset_id)
    small, large = (plan_top_up(workspace, dataset, coverage, more) for more in (1, 400))
    assert small.expected[LEVEL][0] == large.expected[LEVEL][0] == parameter(coverage).off_target
    assert large.expected[LEVEL][1] < small.expected[LEVEL][1] < parameter(coverage).off_target
    assert large.then < small.then < small.now
    assert coverage.missing == max(each.missing for each in coverage.parameters) > 0
    assert small.request.provider.public() == config(server).public()


def test_the_same_seed_draws_the_same_again(workspace: Workspace, server: ModelServer) -> None:
    """The weights are kept with the job, so that its plan is the same when it is resumed."""
    dataset_id = made(workspace, server)
    dataset, coverage = measure(workspace, dataset_id)
    planned = plan_top_up(workspace, dataset, coverage, 10, seed=9)
    job = finish(workspace, start_top_up(workspace, planned))
    assert last_run(workspace, dataset_id) == job
    kept = from_parameters(workspace, job.parameters)
    assert (kept.weights, kept.seed, kept.first_index) == (planned.request.weights, 9, 40)
    _, plan = check_request(workspace, kept)
    found = [e for e in workspace.database.get_dataset_examples(dataset_id, 100) if e.example_index >= 40]
    assert len(found) == job.done == 10
    for example in found:
        tries = example.metadata["tries"]
        if tries == 1:
            assert example.metadata["parameters"] == plan.scenario(example.example_index - 40).parameters


def test_two_top_ups_come_one_after_the_other(workspace: Workspace, server: ModelServer) -> None:
    dataset_id = made(workspace, server, 5)
    for _ in range(2):
        assert top_up(workspace, dataset_id, 4).done == 4
    indexes = [each.example_index for each in workspace.database.get_dataset_examples(dataset_id, 100)]
    assert indexes == list(range(13))


def test_a_run_that_stopped_short_keeps_its_places(
    workspace: Workspace, server: ModelServer, gate: threading.Event
) -> None:
    first = start_and_wait_for_three(workspace, server)
    cancel_task(workspace, first.id)
    gate.set()
    first = finish(workspace, first)
    assert first.dataset_id is not None
    assert first.done < first.requested
    second = top_up(workspace, first.dataset_id, 3)
    assert second.first_index == first.requested
    resumed = finish(workspace, resume_generation(workspace, first.id))
    assert resumed.done == first.requested
    indexes = [each.example_index for each in workspace.database.get_dataset_examples(first.dataset_id, 100)]
    assert indexes == list(range(first.requested + 3))


def test_while_a_run_adds_to_a_dataset_no_other_does(
    workspace: Workspace, server: ModelServer, gate: threading.Event
) -> None:
    first = start_and_wait_for_three(workspace, server)
    assert first.dataset_id is not None
    running = running_top_up(workspace, first.dataset_id)
    assert running is not None
    assert running.id == first.id
    dataset, coverage = measure(workspace, first.dataset_id)
    with pytest.raises(ConflictError, match=f"adds to .* already .job {first.id}."):
        start_top_up(workspace, plan_top_up(workspace, dataset, coverage, 3))
    gate.set()
    finish(workspace, first)
    assert running_top_up(workspace, first.dataset_id) is None


def test_a_top_up_of_the_question_bank_keeps_to_what_fits(workspace: Workspace, server: ModelServer) -> None:
    job = make(workspace, ask(server, 12, seed=1, method=Method.QUESTION_BANK))
    assert job.dataset_id is not None
    _, coverage = measure(workspace, job.dataset_id)
    assert all(making.is_from_bank for making in coverage.makings)
    assert top_up(workspace, job.dataset_id, 12).done == 12


def test_another_model_may_top_up_what_was_imported(workspace: Workspace, server: ModelServer) -> None:
    dataset_id = add(workspace, [{"parameters": {LEVEL: "simple"}}] * 10)
    dataset, coverage = measure(workspace, dataset_id)
    planned = plan_top_up(workspace, dataset, coverage, 4, config(server), seed=2)
    job = finish(workspace, start_top_up(workspace, planned))
    assert (job.done, job.dataset_id) == (4, dataset_id)
    assert measure(workspace, dataset_id)[1].n == 14


@pytest.mark.parametrize("more", [0, 10**7])
def test_a_number_that_no_run_takes_is_refused(workspace: Workspace, server: ModelServer, more: int) -> None:
    dataset, coverage = measure(workspace, made(workspace, server, 3))
    with pytest.raises(ConfigError, match="number of examples cannot be"):
        plan_top_up(workspace, dataset, coverage, more)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"weights": {"odd": {"a": 1}}}, NotFoundError, "no parameter “odd”"),
        ({"weights": {LEVEL: {"odd": 1}}}, NotFoundError, "no value “odd”"),
        ({"weights": {LEVEL: {"medium": 1}}}, ConfigError, "has no weight"),
        ({"add_to": 99}, NotFoundError, "99"),
        ({"format_type": "instruction"}, ConfigError, "cannot be added to"),
    ],
)
def test_what_does_not_go_together_is_refused(
    workspace: Workspace, server: ModelServer, changes: dict[str, object], error: type[Exception], message: str
) -> None:
    dataset_id = made(workspace, server, 2)
    with pytest.raises(error, match=message):
        check_request(workspace, ask(server, 2, **{"add_to": dataset_id} | changes))


def test_a_deleted_dataset_is_not_topped_up(workspace: Workspace, server: ModelServer) -> None:
    dataset_id = made(workspace, server, 3)
    dataset, coverage = measure(workspace, dataset_id)
    planned = plan_top_up(workspace, dataset, coverage, 3)
    delete_dataset(workspace, dataset_id)
    with pytest.raises(NotFoundError):
        start_top_up(workspace, planned)
    assert workspace.database.count_jobs() == 1
