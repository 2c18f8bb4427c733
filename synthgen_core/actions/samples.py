"""The dataset that comes with the app, for a first look around: brought in once, with all that was said of it.

What is in its files, ``data/samples/README.md`` says. Flags are not in them: the rules find them here, as in any other
dataset.
"""

import threading
from collections.abc import Mapping
from typing import Any

from synthgen_core.access import Role, requires
from synthgen_core.actions.duplicate_search import start_search
from synthgen_core.actions.import_files import Source, load_jsonl, local_file
from synthgen_core.actions.rules import check_dataset
from synthgen_core.actions.unpublished import take_away
from synthgen_core.database import Judge, NewDataset, NewExample, NewImport, Saying
from synthgen_core.database.judgements import NewJudgement
from synthgen_core.errors import NotFoundError, SynthGenError
from synthgen_core.judging import JudgementState, Rubric
from synthgen_core.models import Dataset, JsonObject, Origin
from synthgen_core.reviewing import Actor, Verdict
from synthgen_core.settings import ROOT
from synthgen_core.workspace import Workspace

SAMPLES, NAME = ROOT / "data" / "samples", "customer-help"
METADATA, KEY = "metadata", "sample"
"""Keys of a line of the file, and, of its metadata and of the dataset's, the one that tells what is the sample's."""
MOST_SECONDS = 20.0
"""Rules and duplicates take one or two; longer, if other jobs are before them, nobody waits for them."""
_ONE_AT_A_TIME = threading.Lock()


def find_sample(workspace: Workspace) -> Dataset | None:
    """The sample, if it was brought in and not deleted. Raises NotFoundError where its file is gone."""
    for brought in workspace.database.get_imports(content_hash=_file().facts.content_hash):
        try:
            dataset = workspace.database.get_dataset(brought.dataset_id or 0)
        except NotFoundError:
            continue
        if dataset.metadata.get(KEY) == NAME:  # else somebody imported the file alone
            return dataset
    return None


@requires(Role.ADMIN)
def open_sample(workspace: Workspace) -> Dataset:
    """The sample: the one that is there, or brought in now, with the rules run over it. Takes about two seconds.

    Raises:
        NotFoundError: its files are gone. DatabaseError: nothing can be written; then nothing was brought in.
    """
    with _ONE_AT_A_TIME:
        if (found := find_sample(workspace)) is not None:
            return found
        made = _bring_in(workspace)
    for start in (check_dataset, start_search):
        workspace.runner.wait(start(workspace, made.id).id, MOST_SECONDS)
    return workspace.database.get_dataset(made.id)


def _file() -> Source:
    return local_file(SAMPLES / f"{NAME}.jsonl")


def _bring_in(workspace: Workspace) -> Dataset:
    file, database = _file(), workspace.database
    rows = load_jsonl(file.facts.path)
    about, *said = load_jsonl(SAMPLES / f"{NAME}.said.jsonl")
    made = database.create_dataset(_new(workspace, file, about), is_ready=False)
    try:
        database.add_examples(made.id, [_example(n, row) for n, row in enumerate(rows)])
        ids = {str(each.metadata[KEY]): each.id for each in database.get_dataset_examples(made.id, limit=len(rows))}
        _say(workspace, made.id, about, {ids[str(each[KEY])]: each for each in said})
        workspace.mirror.rewrite(made.id, made.file_path)
        brought = NewImport(file.label, file.facts.content_hash, len(rows), bad=0, skipped=0, shapes={"own": len(rows)})
        database.publish([made.id], imports=[brought])
    except SynthGenError:
        take_away(workspace, made)
        raise
    return made


def _new(workspace: Workspace, file: Source, about: Mapping[str, Any]) -> NewDataset:
    return NewDataset(
        name=about["name"],
        domain="",
        subdomain="",
        format_type="chat",
        file_path=workspace.mirror.claim_named("sample"),
        description=about["description"],
        metadata={KEY: NAME, "files": [file.label], "language": "en"},
        origin=Origin.IMPORTED,
        tags=tuple(about["tags"]),
        guidelines=about["guidelines"],
    )


def _example(index: int, row: Mapping[str, Any]) -> NewExample:
    return NewExample(index, {key: value for key, value in row.items() if key != METADATA}, row[METADATA])


def _say(
    workspace: Workspace, dataset_id: int, about: Mapping[str, Any], said: Mapping[int, Mapping[str, Any]]
) -> None:
    """Write down what was said of examples: the judge first, as it read the texts before they were edited."""
    database, rubric = workspace.database, Rubric()
    judge = Judge(**about["judge"], rubric_hash=rubric.hash)
    judged = [
        _judgement(example_id, judge, rubric, each["judgement"])
        for example_id, each in said.items()
        if "judgement" in each
    ]
    database.add_judgements(dataset_id, judge, judged)
    for example_id, each in said.items():
        revision = 1
        if edit := each.get("edit"):
            actor = Actor(edit["author"], KEY)
            revision = database.edit_in_review(
                example_id, edit["content"], seen_revision=revision, actor=actor, reason=edit["reason"]
            ).revision
        for review in each.get("reviews", ()):
            saying = Saying(
                Verdict(review["verdict"]), review.get("score"), "score" in review, review.get("comment", "")
            )
            database.say(dataset_id, [example_id], saying, Actor(review["reviewer"], KEY), seen={example_id: revision})
        actor = Actor(about["author"], KEY)
        if tags := each.get("tags"):
            database.change_tags(dataset_id, [example_id], actor, add=tags)
        if note := each.get("note"):
            database.write_note(example_id, note, actor, seen="")


def _judgement(example_id: int, judge: Judge, rubric: Rubric, said: Mapping[str, Any]) -> NewJudgement:
    """As a run of a judge would have kept it; there is no reply, since no model was asked."""
    scores: JsonObject | None = said.get("scores")
    if scores is None:
        return NewJudgement(example_id, 1, 1, judge.model, JudgementState.FAILED, None, None, said["failure"], "")
    reasons = said["reasons"]
    rationale = "\n".join(f"{each.label}: {reasons[each.name]}" for each in rubric.criteria if each.name in reasons)
    overall = rubric.overall({name: float(str(score)) for name, score in scores.items()})
    return NewJudgement(example_id, 1, 1, judge.model, JudgementState.SCORED, scores, overall, rationale, "")
