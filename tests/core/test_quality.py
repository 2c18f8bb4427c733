"""The quality controller: one example at a time by hand, or many as outcomes; and a run that is killed goes on."""

import json
import sqlite3
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from synthgen_core.concurrency import DaemonExecutor
from synthgen_core.errors import InvalidExampleError, NotFoundError, PausedError, ProviderRefusedError
from synthgen_core.formats import get_format
from synthgen_core.judging.assessing import Assessment, Decision, Demand, Subject
from synthgen_core.models import JsonObject
from synthgen_core.outcomes import Call, Reply
from synthgen_core.providers import create_provider
from synthgen_core.quality import FEWEST_JUDGEMENTS, QualityController
from synthgen_core.settings import Settings
from synthgen_core.workspace import open_workspace
from tests.core.actions.curating import add, chat
from tests.core.actions.test_judging import NAMES, worth
from tests.core.test_resume import PATIENCE, command, finish, kill
from tests.support.judges import judgement
from tests.support.server import Act, ModelServer

CHAT = chat("How much?", "It is worth 3.")


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as running:
        yield running


@pytest.fixture
def controller(server: ModelServer) -> Iterator[QualityController]:
    with closing(create_provider("openai", {"url": server.url, "model": "m"})) as provider:
        yield QualityController(provider, Demand(min_score=7.0, auto_fix=True), delay=lambda delays, asked: 0.0)


@pytest.mark.parametrize(
    ("example", "format_type", "said"),
    [
        (CHAT, "chat", ""),
        ({"instruction": "Say it.", "input": "", "output": "It."}, "instruction", ""),
        ({"messages": []}, "chat", "messages"),
        ({"messages": [{"role": "user", "content": "How much?"}]}, "chat", "assistant"),
        ({"instruction": "Say it."}, "instruction", "output"),
    ],
)
def test_the_structure_of_an_example_is_checked_without_a_call(
    controller: QualityController, server: ModelServer, example: JsonObject, format_type: str, said: str
) -> None:
    issues = controller.validate_example_structure(example, format_type)
    assert bool(issues) == bool(said)
    assert said in " ".join(issues)
    assert server.calls == []


def test_one_example_is_judged_and_mended(controller: QualityController) -> None:
    verdict = controller.evaluate_example_quality(CHAT, "chat")
    assert (verdict.overall, set(verdict.scores.values()), list(verdict.reasons)) == (3.0, {3.0}, NAMES)
    assert controller.improve_example(CHAT, "chat", verdict) == chat("How much?", "It is worth 9.")


def test_what_cannot_be_judged_or_mended_is_told(controller: QualityController, server: ModelServer) -> None:
    verdict = controller.evaluate_example_quality(CHAT, "chat")
    server.choose = lambda call: Act(text="no")
    assert not controller.evaluate_example_quality(CHAT, "chat").is_scored
    with pytest.raises(InvalidExampleError):
        controller.improve_example(CHAT, "chat", verdict)
    server.choose = lambda call: Act(status=401)
    with pytest.raises(ProviderRefusedError):
        controller.evaluate_example_quality(CHAT, "chat")
    with pytest.raises(NotFoundError):
        controller.validate_example_structure(CHAT, "nope")


def subjects(*values: object) -> list[Subject]:
    return [Subject(n, 1, get_format("chat"), content, {}) for n, content in enumerate(worth(*values))]


def process(controller: QualityController, given: list[Subject], workers: int = 4) -> list[Call | Reply | Assessment]:
    executor = DaemonExecutor(workers)
    try:
        return [one for some in controller.process_dataset_quality(given, executor, workers) for one in some]
    finally:
        executor.shutdown(wait=False, cancel_futures=True)


def test_every_example_comes_out_once_with_what_was_decided(controller: QualityController) -> None:
    results = process(controller, subjects(8, 3, 9))
    found = {one.subject.id: one for one in results if isinstance(one, Assessment)}
    assert {n: one.decision for n, one in found.items()} == {0: Decision.KEPT, 1: Decision.FIXED, 2: Decision.KEPT}
    assert [each.is_candidate for each in found[1].judged] == [False, True]
    assert sum(isinstance(one, Call) for one in results) == sum(isinstance(one, Reply) for one in results) == 5


def test_a_judge_that_fails_now_and_then_does_not_end_a_run(controller: QualityController, server: ModelServer) -> None:
    bad = {f"number {n}?" for n in range(0, 60, 3)}
    server.choose = lambda call: Act(text="no") if any(each in call.words for each in bad) else Act()
    results = process(controller, subjects(*[8] * 60))
    decided = Counter(one.decision for one in results if isinstance(one, Assessment))
    assert decided == {Decision.KEPT: 40, Decision.FAILED: 20}


def test_a_judge_that_begins_to_fail_ends_it_soon(controller: QualityController, server: ModelServer) -> None:
    server.choose = lambda call: Act(text="no") if call.number >= 200 else Act()
    with pytest.raises(PausedError, match="of its newest 100 judgements"):
        process(controller, subjects(*[8] * 400))
    assert len(server.calls) <= 200 + 51 + 4
    server.choose = lambda call: Act(text=judgement(99, NAMES))
    with pytest.raises(PausedError, match=f"{FEWEST_JUDGEMENTS} .*99"):
        process(controller, subjects(*[8] * 400), workers=1)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")
def test_a_killed_run_loses_no_judgement_and_pays_only_what_was_in_flight(tmp_path: Path) -> None:
    count, at_a_time = 60, 4
    with closing(open_workspace(Settings(data_dir=tmp_path))) as workspace:
        add(workspace, worth(*(n % 9 for n in range(count))), "one")
    weak = sum(n % 9 < 7 for n in range(count))
    needed = count + 2 * weak
    with ModelServer(lambda call: Act(delay=0.02)) as server:
        model = ("--provider", "openai", "--base-url", server.url, "--model", "m")
        run = command(
            *("quality", "one", *model, "--auto-fix", "--batch-size", str(at_a_time), "--data-dir", str(tmp_path))
        )
        server.wait_for_calls(needed // 2, PATIENCE)
        kill(run)
        before = decided(tmp_path)
        assert 0 < len(before) < count
        report = finish(command("resume", "latest", "--data-dir", str(tmp_path)))
        assert (report["status"], report["fixed"], report["kept"]) == ("completed", weak, count - weak)
        after = decided(tmp_path)
        assert (len(after), {each: after[each] for each in before}) == (count, before)
        assert len(server.calls) <= needed + at_a_time
        assert report["calls"] == needed
        assert len(Path(report["file"]).read_text().splitlines()) == count
        assert [
            json.loads(line)["messages"][1]["content"] for line in Path(report["file"]).read_text().splitlines()
        ] == [f"It is worth {9 if n % 9 < 7 else n % 9}." for n in range(count)]


def decided(folder: Path) -> dict[int, tuple[str, float]]:
    """Example -> decision and score, seen with plain sqlite3."""
    with closing(sqlite3.connect(folder / "llm_dataset_creator.db")) as connection:
        rows = connection.execute("SELECT example_id, decision, score FROM quality_outcomes").fetchall()
    return {row[0]: (row[1], row[2]) for row in rows}
