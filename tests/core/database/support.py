"""What the tests of the database share: texts, and rows that are quickly made."""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from synthgen_core.database import Database, NewDataset, NewExample, NewJob, PaidReply, open_database
from synthgen_core.models import Completion, Dataset, ExampleFilter, Job, JobKind, JobStatus, JsonObject, Usage

ME = "host:1:1.00"
FINAL = (JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED)
NASTY = (
    "100% of_it",
    'it\'s "quoted" \\ and `ticked`; DROP TABLE datasets; --',
    "emoji 👩‍👩‍👧 and 𝔘nicode",
    "שלום مرحبا \u202eright to left",
    "line\u2028separator\u0085next",
)
"""Texts that have broken a database, a query or a page somewhere."""


@contextmanager
def fresh(url: str) -> Iterator[Database]:
    with closing(open_database(url)) as opened:
        yield opened


def make_dataset(
    database: Database,
    name: str = "A dataset",
    *,
    domain: str = "support",
    subdomain: str = "technical_support",
    format_type: str = "chat",
    description: str = "",
) -> Dataset:
    file_path = f"datasets/{time.monotonic_ns()}.jsonl"
    return database.create_dataset(NewDataset(name, domain, subdomain, format_type, file_path, description))


def chat(text: str) -> JsonObject:
    return {"messages": [{"role": "user", "content": text}, {"role": "assistant", "content": f"As to {text}."}]}


def news(count: int, start: int = 0) -> list[NewExample]:
    return [NewExample(n, chat(f"question {n}"), {"n": n}, n) for n in range(start, start + count)]


def make_job(database: Database, dataset: Dataset, *, owner: str = ME, requested: int = 10) -> Job:
    return database.create_job(NewJob(JobKind.GENERATION, {"seed": 1}, requested, owner), dataset.id)


def reply(key: str, text: str = "{}", *, item: int = 0) -> PaidReply:
    return PaidReply(key, item, 1, "openai", Completion(text, "m", "stop", Usage(3, 4), 0.5))


def active_count(database: Database, dataset_id: int) -> int:
    return len(list(database.stream_contents(dataset_id)))


def found(database: Database, dataset_id: int, **wanted: Any) -> list[int]:
    """The indexes of the examples that match a filter; listed and counted alike."""
    chosen = ExampleFilter(**wanted)
    indexes = [e.example_index for e in database.get_dataset_examples(dataset_id, 1000, filter=chosen)]
    assert database.count_examples(dataset_id, chosen) == len(indexes)
    return indexes
