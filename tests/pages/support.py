"""What the page tests share: datasets and jobs made through the database, and reading what a page says."""

import re
from collections.abc import Iterable, Mapping, Sequence

from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Block, Button, ButtonGroup, Element

from pages.ui.words import JOINER
from synthgen_core.database import NewDataset, NewExample, NewJob, Progress
from synthgen_core.files import to_line
from synthgen_core.models import Dataset, Job, JobKind, JobStatus, Json, JsonObject, Usage
from synthgen_core.workspace import Workspace

PARAMETERS: JsonObject = {"complexity_levels": "medium", "emotional_tones": "frustrated"}


def chat(*texts: str, system: str = "") -> JsonObject:
    """A chat example: user and assistant in turn."""
    turns: list[JsonObject] = [{"role": "system", "content": system}] if system else []
    for n, text in enumerate(texts):
        turns.append({"role": ("user", "assistant")[n % 2], "content": text})
    return {"messages": list(turns)}


def simple(n: int) -> JsonObject:
    """A chat example that tells its number."""
    return chat(f"Question number {n}?", f"Answer number {n}.")


def make_dataset(
    place: Workspace,
    name: str = "Router trouble",
    contents: Sequence[Mapping[str, Json]] = (),
    *,
    domain: str = "support",
    subdomain: str = "technical_support",
    format_type: str = "chat",
    description: str = "",
    metadata: Mapping[str, Json] | None = None,
) -> Dataset:
    """A dataset with these examples, in the database and as a file."""
    path = f"datasets/{domain}_{place.database.count_datasets()}.jsonl"
    kept: JsonObject = {"language": "en", "model": "stub-model"} if metadata is None else dict(metadata)
    made = place.database.create_dataset(NewDataset(name, domain, subdomain, format_type, path, description, kept))
    new = [NewExample(n, dict(content), {"parameters": PARAMETERS}) for n, content in enumerate(contents)]
    place.database.add_examples(made.id, new)
    file = place.settings.data_dir / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"".join(to_line(example.content, example.metadata) for example in new))
    return place.database.get_dataset(made.id)


def make_job(
    place: Workspace,
    dataset: Dataset,
    status: JobStatus = JobStatus.COMPLETED,
    *,
    requested: int = 4,
    done: int = 2,
    failed: int = 0,
    errors: Mapping[str, Json] | None = None,
    provider: Mapping[str, str] | None = None,
) -> Job:
    """A job of this dataset in this state, which brought in ``done`` examples."""
    database, runner = place.database, place.runner
    parameters: JsonObject = {
        "domain": dataset.domain,
        "subdomain": dataset.subdomain,
        "num_examples": requested,
        "format_type": dataset.format,
        "language": "en",
        "name": dataset.name,
        "seed": 7,
        "workers": 2,
        "temperature": None,
        "method": "structured",
        "use_cache": True,
        "provider": dict(provider or {"type": "openai", "model": "stub-model", "base_url": "http://127.0.0.1:9/v1"}),
    }
    job = database.create_job(NewJob(JobKind.GENERATION, parameters, requested, runner.owner), dataset.id)
    if status is not JobStatus.PENDING:
        database.begin_job(job.id, runner.owner)
        first = database.next_index(dataset.id)
        examples = [NewExample(first + n, simple(first + n), {"parameters": PARAMETERS}, n) for n in range(done)]
        usage = Usage(100 * done, 50 * done)
        caused = dict(errors or {})
        database.record(job, Progress(examples, (), failed, done + failed, usage, errors=caused, seconds=30.0))
        if not status.is_active:
            database.end_job(job.id, status, errors=caused, seconds=60.0)
    return database.get_job(job.id)


def make_full(place: Workspace) -> list[Dataset]:
    """45 datasets over all domains with 0 to 44 examples, and a job in every state."""
    made = []
    domains = list(place.catalogue)
    for n in range(45):
        domain = domains[n % len(domains)]
        made.append(
            make_dataset(
                place,
                f"Collection {n:02}",
                [simple(k) for k in range(n)],
                domain=domain.slug,
                subdomain=domain.subdomains[0].slug,
            )
        )
    for n, status in enumerate(JobStatus):
        make_job(place, made[n], status, done=0 if status is JobStatus.FAILED else 2)
    return [place.database.get_dataset(dataset.id) for dataset in made]


def elements(block: Block) -> Iterable[Element]:
    """All elements of a part of the page, in order."""
    for child in block.children.values():
        if isinstance(child, Block):
            yield from elements(child)
        elif isinstance(child, Element):
            yield child


def said(page: AppTest) -> str:
    """Everything that a page says, line by line and as a reader sees it: texts, labels of buttons and links, badges."""
    assert not page.exception
    lines = [str(getattr(element, "label", "")) for element in page.expander]
    for element in elements(page.main):
        texts = (getattr(element.proto, name, None) for name in ("body", "label", "text"))
        lines += [text for text in texts if isinstance(text, str) and text][:1]
    return read("\n".join(lines))


def read(markdown: str) -> str:
    """Markdown of a label as a reader sees it: escapes and what is invisible taken away."""
    return re.sub(r"\\(?=[^A-Za-z0-9\s])", "", markdown).replace(JOINER, "")


def errors(page: AppTest) -> str:
    """What the red boxes of a page say."""
    return read("\n".join(error.value for error in page.error))


def figures(page: AppTest) -> dict[str, str]:
    """The large figures of a page, by their label."""
    return {metric.label: str(metric.value) for metric in page.metric}


def links(page: AppTest) -> list[tuple[str, str]]:
    """(page, query) of every link to a page."""
    return [(link.proto.page, link.proto.query_string) for link in page.get("page_link")]


def dataset_names(page: AppTest) -> list[str]:
    """The names of the datasets that a page links to, in order."""
    found = [link.proto for link in page.main.get("page_link")]
    return [read(link.label.strip("*")) for link in found if link.query_string.startswith("dataset=")]


def labels(page: AppTest) -> list[str]:
    """The labels of all buttons of a page."""
    return [button.label for button in buttons(page)]


def buttons(page: AppTest) -> list[Button]:
    """The buttons of a page, those of the sidebar left out."""
    return [button for button in elements(page.main) if isinstance(button, Button)]


def filter_by(page: AppTest, *choices: object) -> AppTest:
    """Choose these in the page's pills, or the one in its segmented control."""
    pills = page.get("button_group")[0]
    assert isinstance(pills, ButtonGroup)
    return pills.set_value(list(choices) if pills.key == "task_status" else choices[0]).run()
