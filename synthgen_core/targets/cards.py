"""The files that go with the rows: what a loader needs to know of them, and the card that tells people."""

import re
import unicodedata
from collections.abc import Iterator, Mapping

import orjson

from synthgen_core.models import JsonObject
from synthgen_core.targets.definition import Facts

SPLITS = ("train", "validation", "test")
SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


def slug(name: str) -> str:
    """A dataset's name as a name for machines: lower case, digits and underscores."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:60] or "dataset"


def dataset_info(facts: Facts) -> Mapping[str, str]:
    """LLaMA-Factory's entry for each file. A column is named where a row has it: a missing one stops the loader."""
    entries: JsonObject = {}
    for file_name, rows in facts.rows.items():
        if rows:
            part = file_name.partition(".")[0]
            key = f"{slug(facts.name)}_{part}" if part in SPLITS else slug(facts.name)
            entries[key] = {"file_name": file_name, **_llama_factory_layout(facts)}
    return {"dataset_info.json": orjson.dumps(entries, option=orjson.OPT_INDENT_2).decode() + "\n"}


def _llama_factory_layout(facts: Facts) -> JsonObject:
    if facts.format == "instruction":
        columns = {"prompt": "instruction", "query": "input", "response": "output"}
        optional = ("system", "history")
        return {"columns": {**columns, **{key: key for key in optional if key in facts.fields}}}
    columns = {"messages": "conversations", **{key: key for key in ("system", "tools") if key in facts.fields}}
    if facts.format == "preference":
        pair = {"chosen": "chosen", "rejected": "rejected"}
        return {"formatting": "sharegpt", "ranking": True, "columns": {**columns, **pair}}
    return {"formatting": "sharegpt", "columns": {**columns}}


def dataset_card(facts: Facts) -> Mapping[str, str]:
    """The README.md of a dataset on the Hugging Face Hub: what loads it, and the facts that we know."""
    return {"README.md": "\n".join([*_front_matter(facts), "", *_sections(facts)]) + "\n"}


def _front_matter(facts: Facts) -> Iterator[str]:
    """YAML. Texts stand in JSON's quotes, which YAML reads as well."""
    total = sum(facts.rows.values())
    yield "---"
    yield f"license: {facts.licence}"
    yield f"pretty_name: {_quoted(facts.name)}"
    if facts.languages:
        yield "language:"
        yield from (f"- {_quoted(code)}" for code in facts.languages)
    yield "tags:"
    if facts.models:
        yield "- synthetic"
    yield f"- {'dpo' if facts.format == 'preference' else 'sft'}"
    yield "size_categories:"
    yield f"- {next((name for most, name in SIZES if total < most), '1M<n<10M')}"
    yield "configs:"
    yield "- config_name: default"
    yield "  data_files:"
    for file_name in facts.rows:
        yield f"  - split: {file_name.partition('.')[0]}"
        yield f"    path: {file_name}"
    yield "---"


def _quoted(text: str) -> str:
    return orjson.dumps(text).decode()


def _sections(facts: Facts) -> Iterator[str]:
    yield f"# {_one_line(facts.name)}"
    if facts.description:
        yield from ("", facts.description)
    yield from ("", "| Split | Rows |", "|---|---|")
    yield from (f"| {file_name.partition('.')[0]} | {rows:,} |" for file_name, rows in facts.rows.items())
    yield from ("", "## Facts", "")
    yield f"- Format: {facts.format}; the rows were made from {facts.examples:,} examples of a dataset that was "
    yield f"  {facts.origin}."
    yield f"- {_models(facts)}"
    yield f"- {_reviews(facts)}"
    yield f"- {_judge(facts)}"
    yield f"- Exact repeats: {facts.repeats:,} of {facts.examples:,} examples are equal to an earlier one."
    yield from ("", f"Licence: {facts.licence}, as stated by who exported it. Made with SynthGen.")


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _models(facts: Facts) -> str:
    if not facts.models:
        return "Generator models: not known."
    named = ", ".join(f"{_one_line(model)} ({count:,} examples)" for model, count in facts.models.items())
    rest = facts.examples - sum(facts.models.values())
    return f"Generator models: {named}{f'; not known of {rest:,}' if rest else ''}."


def _reviews(facts: Facts) -> str:
    if not (reviewed := facts.accepted + facts.rejected):
        return f"Review by people: none of {facts.examples:,} examples."
    counts = f"{facts.accepted:,} accepted, {facts.rejected:,} rejected"
    return f"Review by people: {reviewed:,} of {facts.examples:,} examples ({counts})."


def _judge(facts: Facts) -> str:
    if facts.mean_score is None:
        return f"Score by a model as judge: none of {facts.examples:,} examples."
    return f"Score by a model as judge: {facts.mean_score:.2f} of 10 on average, over {facts.scored:,} of " + (
        f"{facts.examples:,} examples."
    )
