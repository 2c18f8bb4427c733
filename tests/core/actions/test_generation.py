"""Making datasets, from end to end against a model server on this computer."""

import pytest
import sqlalchemy as sa

from synthgen_core.actions import datasets, jobs
from synthgen_core.actions.generation import start_generation
from synthgen_core.errors import (
    ConfigError,
    DatabaseError,
    NotFoundError,
    ProviderRefusedError,
    ProviderUnavailableError,
    SynthGenError,
)
from synthgen_core.formats import GENERATED
from synthgen_core.models import JobStatus, ProviderConfig
from synthgen_core.workspace import Workspace
from tests.core.actions.support import BAD, NASTY_NAME, ask, files, finish, lines, make, stored
from tests.support.replies import MODEL
from tests.support.server import Act, ModelServer


@pytest.mark.parametrize("format_type", GENERATED)
def test_as_many_valid_examples_come_as_were_asked_for(
    each_workspace: Workspace, server: ModelServer, format_type: str
) -> None:
    workspace = each_workspace
    job = make(workspace, ask(server, 7, format_type=format_type, seed=3, name="  My\n set "))
    assert job.status is JobStatus.COMPLETED
    assert (job.requested, job.done, job.failed, job.errors) == (7, 7, 0, {})
    assert (job.calls, job.usage.prompt_tokens, job.usage.completion_tokens) == (7, 700, 350)
    assert job.dataset_id is not None
    dataset = workspace.database.get_dataset(job.dataset_id)
    assert (dataset.name, dataset.example_count, dataset.format) == ("My set", 7, format_type)
    assert dataset.metadata == {"origin": "generated", "language": "en", "model": MODEL, "seed": 3}
    examples = workspace.database.get_dataset_examples(dataset.id)
    assert [example.example_index for example in examples] == list(range(7))
    for example in examples:
        GENERATED[format_type].validate(example.content)
        GENERATED[format_type].check_exchanges(example.content, int(str(example.metadata["exchanges"])))
        assert (example.metadata["domain"], example.metadata["model"], example.metadata["seed"]) == (
            "support",
            MODEL,
            3,
        )
    assert lines(workspace, dataset.id) == stored(workspace, dataset.id)
    assert len(lines(workspace, dataset.id)) == 7


def test_names_may_be_slugs_display_names_or_aliases(workspace: Workspace, server: ModelServer) -> None:
    job = make(workspace, ask(server, 1, domain="Customer Support", subdomain="Technical Support", language="German"))
    dataset = workspace.database.get_dataset(job.dataset_id or 0)
    assert (dataset.domain, dataset.subdomain) == ("support", "technical_support")
    assert dataset.metadata["language"] == "de"
    assert dataset.name == "Technical Support, chat"


@pytest.mark.parametrize(
    ("changes", "kind", "said"),
    [
        ({"domain": "suport"}, NotFoundError, "Customer Support"),
        ({"subdomain": "tecnical_suport"}, NotFoundError, "Technical Support"),
        ({"format_type": "chats"}, NotFoundError, "chat"),
        ({"language": "klingon"}, NotFoundError, "klingon"),
        ({"provider": ProviderConfig("opnai")}, NotFoundError, "openai"),
        ({"num_examples": 0}, ConfigError, "1 to 1,000,000"),
        ({"num_examples": -1}, ConfigError, "1 to 1,000,000"),
        ({"num_examples": 1_000_001}, ConfigError, "1,000,001"),
        ({"workers": 0}, ConfigError, "1 to 256"),
        ({"workers": 257}, ConfigError, "1 to 256"),
        ({"temperature": 2.5}, ConfigError, "0 to 2"),
        ({"temperature": float("nan")}, ConfigError, "0 to 2"),
        ({"seed": -1}, ConfigError, "seed"),
        ({"seed": 2**63}, ConfigError, "seed"),
        ({"provider": ProviderConfig("embedded"), "language": "de"}, ConfigError, "English only"),
        ({"provider": ProviderConfig("openai", MODEL, "ftp://x/v1", "k")}, ConfigError, "http"),
        ({"provider": ProviderConfig("openai", MODEL, "file:///etc/passwd", "k")}, ConfigError, "http"),
        ({"provider": ProviderConfig("openai", MODEL)}, ProviderRefusedError, "OPENAI_API_KEY"),
        ({"provider": ProviderConfig("openai", MODEL, "http://127.0.0.1:9/v1")}, ProviderUnavailableError, "answer"),
    ],
)
def test_everything_is_checked_before_anything_is_made(
    workspace: Workspace, server: ModelServer, changes: dict[str, object], kind: type[SynthGenError], said: str
) -> None:
    with pytest.raises(kind) as caught:
        start_generation(workspace, ask(server, **changes))  # type: ignore[arg-type]
    assert said in str(caught.value)
    assert caught.value.hint
    assert workspace.database.count_datasets() == workspace.database.count_jobs() == 0
    assert files(workspace) == []
    assert server.calls == []


def test_a_model_that_refuses_the_key_costs_nothing(workspace: Workspace, server: ModelServer) -> None:
    server.models_act = Act(status=401, text="bad key")
    with pytest.raises(ProviderRefusedError) as caught:
        start_generation(workspace, ask(server))
    assert caught.value.cause == "auth"
    assert "sk-secret-key" not in str(caught.value)
    assert workspace.database.count_datasets() == 0
    assert files(workspace) == []


def test_a_folder_that_cannot_be_written_is_told_and_nothing_is_made(workspace: Workspace, server: ModelServer) -> None:
    workspace.settings.datasets_dir.write_text("a file in its place")
    with pytest.raises(DatabaseError, match="cannot be written"):
        start_generation(workspace, ask(server))
    assert workspace.database.count_datasets() == workspace.database.count_jobs() == 0


def test_a_database_that_is_full_is_told_and_no_file_is_left(workspace: Workspace, server: ModelServer) -> None:
    server.choose = lambda call: Act(status=401)

    def no_page_more(connection: sa.Connection) -> None:
        """SQLite's own way to say that there is no more room."""
        connection.exec_driver_sql("PRAGMA max_page_count = 1")

    def fill() -> None:
        for _ in range(100):
            start_generation(workspace, ask(server, 1, workers=1))

    sa.event.listen(workspace.database.engine, "begin", no_page_more)
    with pytest.raises(DatabaseError, match="disk is full"):
        fill()
    assert len(files(workspace)) == workspace.database.count_datasets() == workspace.database.count_jobs()


def test_a_name_of_any_kind_becomes_a_label_and_never_a_path(each_workspace: Workspace, server: ModelServer) -> None:
    job = make(each_workspace, ask(server, 1, name=NASTY_NAME + "x" * 300))
    dataset = each_workspace.database.get_dataset(job.dataset_id or 0)
    assert dataset.name.startswith("my data set: 100% \ufffd “x” 👩‍👩‍👧")
    assert len(dataset.name) <= 200
    assert dataset.file_path.startswith("datasets/support_")
    datasets.rename_dataset(each_workspace, dataset.id, NASTY_NAME, "about\0it \ud800")
    renamed = datasets.get_dataset_details(each_workspace, dataset.id)
    assert "\0" not in renamed.name + renamed.description
    assert [row.id for row in datasets.get_datasets(each_workspace, text="\x00: 100% \ud800 “x”").rows] == [dataset.id]
    with pytest.raises(ConfigError):
        datasets.rename_dataset(each_workspace, dataset.id, " \0\n ")


def test_no_key_is_kept_anywhere(workspace: Workspace, server: ModelServer) -> None:
    server.then(BAD)
    make(workspace, ask(server, 2))
    workspace.database.close()
    kept = b"".join(p.read_bytes() for p in workspace.settings.data_dir.rglob("*") if p.is_file())
    assert MODEL.encode() in kept
    assert b"sk-secret-key" not in kept


def test_a_reply_with_a_nul_costs_an_attempt_and_not_the_job(each_workspace: Workspace, server: ModelServer) -> None:
    server.then(Act(text='{"messages": "\0"}'), Act(text="\0"), Act(finish="x" * 100, text="no"))
    job = make(each_workspace, ask(server, 3, workers=1))
    assert (job.status, job.done, job.calls) == (JobStatus.COMPLETED, 3, 6)


def test_the_same_seed_makes_the_same_dataset(workspace: Workspace, server: ModelServer) -> None:
    one, two, other = (
        make(workspace, ask(server, 6, seed=seed, workers=workers, use_cache=False))
        for seed, workers in ((11, 1), (11, 5), (12, 1))
    )
    first, second, third = (stored(workspace, job.dataset_id or 0) for job in (one, two, other))
    assert first == second
    assert not [example for example in third if example in first]


def test_without_a_seed_one_is_drawn_and_kept(workspace: Workspace, server: ModelServer) -> None:
    jobs_made = [make(workspace, ask(server, 1)) for _ in range(2)]
    seeds = [job.parameters["seed"] for job in jobs_made]
    assert seeds[0] != seeds[1]
    again = make(workspace, ask(server, 1, seed=seeds[0]))
    assert stored(workspace, again.dataset_id or 0) == stored(workspace, jobs_made[0].dataset_id or 0)


def test_a_run_done_again_costs_nothing(workspace: Workspace, server: ModelServer) -> None:
    first = make(workspace, ask(server, 4, seed=5))
    again = make(workspace, ask(server, 4, seed=5, name="another name"))
    assert len(server.calls) == 4
    assert (again.done, again.calls, again.usage.total) == (4, 0, 0)
    assert stored(workspace, again.dataset_id or 0) == stored(workspace, first.dataset_id or 0)
    longer = make(workspace, ask(server, 6, seed=5))
    assert (longer.done, longer.calls) == (6, 2)


@pytest.mark.parametrize(
    "changes",
    [
        {"use_cache": False},
        {"seed": 6},
        {"seed": None},
        {"temperature": 0.1},
        {"language": "de"},
        {"format_type": "instruction"},
        {"subdomain": "returns"},
    ],
)
def test_another_question_is_asked_anew(workspace: Workspace, server: ModelServer, changes: dict[str, object]) -> None:
    make(workspace, ask(server, 2, seed=5))
    assert make(workspace, ask(server, 2, **({"seed": 5} | changes))).calls == 2


def test_a_resumed_run_without_cache_uses_its_own_replies_and_no_other_s(
    workspace: Workspace, server: ModelServer
) -> None:
    make(workspace, ask(server, 6, seed=5))
    server.choose = lambda call: Act(status=401) if call.number >= 8 else Act()
    job = make(workspace, ask(server, 6, seed=5, use_cache=False, workers=1))
    assert (job.status, job.done) == (JobStatus.FAILED, 2)
    server.choose = lambda call: Act()
    again = finish(workspace, jobs.resume_task(workspace, job.id))
    assert (again.status, again.done, again.calls) == (JobStatus.COMPLETED, 6, 6)
