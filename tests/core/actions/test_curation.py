"""Datasets are made of datasets: nothing is lost unsaid, what is made knows its parents, and the seed decides."""

from collections import Counter

import pytest

from synthgen_core.actions import trash
from synthgen_core.actions.curation import (
    Convert,
    Deduplicate,
    Duplicate,
    Filter,
    Merge,
    Preview,
    Request,
    Sample,
    Split,
    merge_datasets,
    preview,
    sample_dataset,
    start,
)
from synthgen_core.actions.jobs import get_job
from synthgen_core.errors import ConfigError, NotFoundError
from synthgen_core.models import ExampleFilter, ExampleStatus, JobKind, JobStatus, Origin
from synthgen_core.workspace import Workspace
from tests.core.actions.curating import add, chat, do, instruction, rows, texts

WORDS = [
    "alpha",
    "bravo",
    "charlie",
    "delta",
    "echo",
    "foxtrot",
    "golf",
    "hotel",
    "india",
    "juliet",
    "kilo",
    "lima",
    "mike",
    "november",
    "oscar",
    "papa",
]


def different(count: int) -> list[str]:
    """Texts that are not near one another."""
    return [" ".join(f"{word}{n}" for word in WORDS) for n in range(count)]


def conversations(count: int) -> list[dict[str, object]]:
    return [chat(text, f"Answer to {text}.") for text in different(count)]  # type: ignore[misc] # JSON


def check(found: Preview) -> None:
    """What goes in comes out, or is said to be left out."""
    skipped = found.losses.skipped if found.losses else 0
    extra = found.losses.written - found.losses.converted if found.losses else 0
    kept = sum(output.count for output in found.outputs) - extra
    assert found.total == kept + skipped + sum(left.count for left in found.left_out)


def test_a_merge_has_everything_in_order_and_says_where_each_came_from(each_workspace: Workspace) -> None:
    workspace = each_workspace
    first = add(workspace, [chat("a", "1"), chat("b", "2")], "one")
    second = add(workspace, [chat("c", "3")], "two", tags=("x",))
    found = preview(workspace, Merge((second, first), "both"))
    check(found)
    assert [(o.name, o.format, o.count) for o in found.outputs] == [("both", "chat", 3)]
    merged = merge_datasets(workspace, [second, first], "both")
    assert (merged.name, merged.origin, merged.format, merged.domain) == ("both", Origin.MERGED, "chat", "support")
    assert texts(workspace, merged) == ["c", "a", "b"]
    sources = {e.id: e for each in (first, second) for e in workspace.database.get_dataset_examples(each)}
    for row in rows(workspace, merged):
        origin = row.metadata["origin"]
        assert isinstance(origin, dict)
        source = sources[origin["example"]]  # type: ignore[index] # a number
        assert (source.content, source.dataset_id) == (row.content, origin["dataset"])
        assert row.metadata["n"] == source.metadata["n"]
    parents = workspace.database.get_parents(merged.id)
    assert [(p.parent_id, p.parent_name, p.operation, p.taken) for p in parents] == [
        (second, "two", Origin.MERGED, 1),
        (first, "one", Origin.MERGED, 2),
    ]


def test_what_repeats_across_inputs_is_shown_and_left_out_only_if_asked(workspace: Workspace) -> None:
    first = add(workspace, [chat("Same?", "Yes"), chat("x", "1"), chat("x", "1")], "one")
    second = add(workspace, [chat("same", "yes!"), chat("y", "2")], "two")
    found = preview(workspace, Merge((first, second)))
    check(found)
    assert found.left_out == ()
    assert any("1 examples repeat one of a dataset before" in note for note in found.notes)
    assert any("1 examples repeat one of their own" in note for note in found.notes)
    assert found.outputs[0].count == 5
    skipping = Merge((first, second), skip_duplicates=True)
    found = preview(workspace, skipping)
    check(found)
    (left,) = found.left_out
    assert (left.reason, left.count) == ("repeat", 1)
    assert workspace.database.get_example(left.examples[0]).dataset_id == second
    (merged,) = do(workspace, skipping)
    assert texts(workspace, merged) == ["Same?", "x", "x", "y"]


def test_formats_are_never_mixed_and_converted_only_when_told(workspace: Workspace) -> None:
    one = add(workspace, [instruction("Add.")], "one", "instruction")
    two = add(workspace, [chat("q", "a"), chat("q", "a", "q2", "a2")], "two")
    with pytest.raises(ConfigError, match="instruction, chat"):
        preview(workspace, Merge((one, two)))
    (merged,) = do(workspace, Merge((one, two), format_type="chat"))
    assert [len(row.content["messages"]) for row in rows(workspace, merged)] == [2, 2, 4]  # type: ignore[arg-type]
    asked = Merge((one, two), format_type="instruction")
    found = preview(workspace, asked)
    check(found)
    assert found.losses is not None
    assert (found.losses.rows, found.losses.skipped, found.outputs[0].count) == (2, 1, 2)
    (merged,) = do(workspace, asked)
    assert [row.content["instruction"] for row in rows(workspace, merged)] == ["Add.", "q"]
    with pytest.raises(ConfigError, match="second answer"):
        preview(workspace, Merge((one, two), format_type="preference"))


def test_the_same_seed_draws_the_same_sample(workspace: Workspace) -> None:
    source = add(workspace, conversations(40))  # type: ignore[arg-type] # JSON
    samples = [do(workspace, Sample(source, 10, seed=seed))[0] for seed in (5, 5, 6)]
    drawn = [texts(workspace, sample) for sample in samples]
    assert drawn[0] == drawn[1] != drawn[2]
    assert len(set(drawn[0])) == 10
    (parent,) = workspace.database.get_parents(samples[0].id)
    assert (parent.seed, parent.options["size"]) == (5, 10)
    found = preview(workspace, Sample(source, 10))
    check(found)
    again = do(workspace, found.request)[0]
    assert workspace.database.get_parents(again.id)[0].seed == getattr(found.request, "seed", None), "as it was shown"


def test_a_sample_of_more_than_there_is_says_so(workspace: Workspace) -> None:
    source = add(workspace, conversations(3))  # type: ignore[arg-type] # JSON
    found = preview(workspace, Sample(source, 5))
    check(found)
    assert found.outputs[0].count == 3
    assert "5 examples were asked for, and there are 3" in found.notes[0]
    assert sample_dataset(workspace, source, 5).example_count == 3


def test_a_stratified_sample_keeps_the_shares(each_workspace: Workspace) -> None:
    workspace = each_workspace
    tones = ["calm"] * 30 + ["angry"] * 9 + [None]
    metadata = [{"parameters": {"tone": tone} if tone else {}} for tone in tones]
    source = add(workspace, conversations(40), metadata=metadata)  # type: ignore[arg-type] # JSON
    asked = Sample(source, 20, seed=1, stratify_by="tone")
    found = preview(workspace, asked)
    assert any("1 of 40 examples have no “tone”" in note for note in found.notes)
    (sample,) = do(workspace, asked)
    drawn = Counter(row.metadata["parameters"].get("tone") for row in rows(workspace, sample))  # type: ignore[union-attr]
    assert drawn["calm"] == 15
    assert drawn["angry"] + drawn[None] == 5


def test_a_split_gives_every_example_to_one_part(each_workspace: Workspace) -> None:
    workspace = each_workspace
    source = add(workspace, conversations(50), "set")  # type: ignore[arg-type] # JSON
    asked = Split(source, (80, 10, 10), seed=3)
    check(preview(workspace, asked))
    parts = do(workspace, asked)
    assert [(part.name, part.example_count) for part in parts] == [
        ("set, train", 40),
        ("set, validation", 5),
        ("set, test", 5),
    ]
    everything = [text for part in parts for text in texts(workspace, part)]
    assert sorted(everything) == sorted(different(50))
    again = do(workspace, asked)
    assert [texts(workspace, part) for part in again] == [texts(workspace, part) for part in parts]


def test_what_is_alike_or_of_one_conversation_stays_on_one_side(workspace: Workspace) -> None:
    near = [f"{text} {n}" for text in different(10) for n in range(3)]
    source = add(workspace, [chat(text, "Yes.") for text in near])
    parts = do(workspace, Split(source, (50, 50), seed=1))
    sides = [{text.rsplit(" ", 1)[0] for text in texts(workspace, part)} for part in parts]
    assert not sides[0] & sides[1]
    talk = [
        chat(*(f"{word} {n} {turn}" for turn in range(6) for word in [" ".join(WORDS[turn : turn + 9])]))
        for n in range(20)
    ]
    long = add(workspace, talk, "long")
    (turns,) = do(workspace, Convert(long, "instruction", "per_turn"))
    (copied,) = do(workspace, Duplicate(turns.id))
    assert copied.example_count == 60
    parts = do(workspace, Split(copied.id, (50, 50), seed=1))
    origins = [
        {row.metadata["origin"]["origin"]["origin"]["example"] for row in rows(workspace, part)}  # type: ignore[index, call-overload]
        for part in parts
        if part.example_count
    ]
    assert not set.intersection(*origins) or len(origins) == 1


def test_a_conversion_loses_nothing_unsaid(workspace: Workspace) -> None:
    source = add(workspace, [chat("q", "a"), chat("q", "a", "q2", "a2"), chat("q")], "set")
    found = preview(workspace, Convert(source, "instruction"))
    check(found)
    assert found.losses is not None
    assert (found.losses.converted, found.losses.skipped) == (1, 2)
    (made,) = do(workspace, Convert(source, "instruction", "per-turn", "rows"))
    assert (made.format, made.origin, made.name) == ("instruction", Origin.CONVERTED, "rows")
    assert [row.content.get("history") for row in rows(workspace, made)] == [None, None, [["q", "a"]]]
    (parent,) = workspace.database.get_parents(made.id)
    report = parent.options["conversion"]
    assert isinstance(report, dict)
    assert (report["rows"], report["converted"], report["skipped"], report["written"]) == (3, 2, 1, 3)
    assert parent.taken == 3
    with pytest.raises(ConfigError, match="already"):
        preview(workspace, Convert(source, "chat"))


def test_of_exact_repeats_the_first_one_stays(workspace: Workspace) -> None:
    source = add(workspace, [chat("Hi", "Yo"), chat("b", "2"), chat("hi!", "yo"), chat("HI", "YO."), chat("b", "3")])
    found = preview(workspace, Deduplicate(source))
    check(found)
    assert [(left.reason, left.count) for left in found.left_out] == [("repeat", 2)]
    (made,) = do(workspace, Deduplicate(source))
    assert texts(workspace, made) == ["Hi", "b", "b"]
    assert preview(workspace, Deduplicate(made.id)).notes == ("No example repeats another.",)


def test_a_filter_takes_what_matches(workspace: Workspace) -> None:
    source = add(workspace, [chat("Apple pie", "1"), chat("b", "2"), chat("an APPLE", "3")])
    asked = Filter(source, ExampleFilter(text="apple"), "fruit")
    found = preview(workspace, asked)
    check(found)
    assert [(left.reason, left.count) for left in found.left_out] == [("no_match", 1)]
    (made,) = do(workspace, asked)
    assert texts(workspace, made) == ["Apple pie", "an APPLE"]
    first = workspace.database.get_dataset_examples(source)[0].id
    workspace.database.set_status(source, [first], ExampleStatus.REMOVED, author="ann")
    (removed,) = do(workspace, Filter(source, ExampleFilter((ExampleStatus.REMOVED,))))
    assert texts(workspace, removed) == ["Apple pie"]


def test_a_copy_is_a_dataset_of_its_own(workspace: Workspace) -> None:
    source = add(workspace, [chat("a", "1"), chat("b", "2")], "set", metadata=[{"k": "é"}, {}])
    (copy,) = do(workspace, Duplicate(source))
    assert (copy.name, copy.origin, copy.example_count) == ("set, copy", Origin.DUPLICATED, 2)
    assert rows(workspace, copy)[0].metadata["k"] == "é"
    assert [d.id for d in workspace.database.get_children(source)] == [copy.id]
    workspace.database.update_example(rows(workspace, copy)[0].id, chat("new", "3"), seen_revision=1, author="ann")
    assert workspace.database.get_dataset_examples(source)[0].content == chat("a", "1")
    trash.delete_dataset(workspace, source)
    trash.purge_dataset(workspace, source)
    assert workspace.database.get_parents(copy.id)[0].parent_name == "set"
    assert len(workspace.database.get_dataset_examples(copy.id)) == 2


@pytest.mark.parametrize(
    ("wrong", "error", "said"),
    [
        (lambda one, two: Merge((one,)), ConfigError, "two or more"),
        (lambda one, two: Merge((one, one)), ConfigError, "two or more"),
        (lambda one, two: Merge((one, 99)), NotFoundError, "99"),
        (lambda one, two: Merge((one, two), strategy="all"), NotFoundError, "all"),
        (lambda one, two: Sample(one, 0), ConfigError, "none"),
        (lambda one, two: Sample(one, 5, seed=-1), ConfigError, "seed"),
        (lambda one, two: Split(one, (80, 10)), ConfigError, "90 %"),
        (lambda one, two: Split(one, (100,)), ConfigError, "parts"),
        (lambda one, two: Convert(one, "chatt"), NotFoundError, "Did you mean chat"),
        (lambda one, two: Convert(one, "preference"), ConfigError, "second answer"),
        (lambda one, two: Filter(one, ExampleFilter(text="nowhere")), ConfigError, "No example matches"),
        (lambda one, two: Duplicate(99), NotFoundError, "99"),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_is_made(
    workspace: Workspace, wrong: object, error: type[Exception], said: str
) -> None:
    one, two = add(workspace, [chat("a", "1")], "one"), add(workspace, [chat("b", "2")], "two")
    asked: Request = wrong(one, two)  # type: ignore[operator] # one of the lambdas
    for act in (preview, start):
        with pytest.raises(error, match=said):
            act(workspace, asked)
    assert workspace.database.get_jobs() == []
    assert workspace.database.count_datasets() == 2


def test_an_empty_dataset_makes_nothing(workspace: Workspace) -> None:
    empty = add(workspace, [], "empty")
    for asked in (Duplicate(empty), Sample(empty, 1), Split(empty), Deduplicate(empty), Convert(empty, "instruction")):
        with pytest.raises(ConfigError, match=r"no active examples"):
            start(workspace, asked)


def test_where_nothing_would_be_left_nothing_is_made(workspace: Workspace) -> None:
    source = add(workspace, [chat("q", "a", "q2", "a2")])
    found = preview(workspace, Convert(source, "instruction"))
    assert found.problem == "No example would be left."
    with pytest.raises(ConfigError, match="No example would be left"):
        do(workspace, Convert(source, "instruction"))
    (job,) = workspace.database.get_jobs()
    assert (job.status, job.kind, job.dataset_id) == (JobStatus.FAILED, JobKind.CURATION, None)
    assert workspace.database.count_datasets() == 1
    assert [path.name for path in workspace.settings.datasets_dir.iterdir()] == ["a.jsonl"]


def test_the_list_of_jobs_says_what_was_done(workspace: Workspace) -> None:
    source = add(workspace, conversations(4), "My set")  # type: ignore[arg-type] # JSON
    (made,) = do(workspace, Sample(source, 2))
    (job,) = workspace.database.get_jobs()
    assert get_job(workspace, job.id).title == "Sample of “My set”"
    assert (job.requested, job.done, job.dataset_id, job.status) == (2, 2, made.id, JobStatus.COMPLETED)
