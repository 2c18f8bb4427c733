"""The shapes in which datasets leave the app, each as one row of ``TARGETS``.

To add a target, add its row: what it has no place for (``trimming``), what it refuses (``checks``), and the files that
go with it (``cards``) are functions that it names. The shape of its rows is a row of ``shapes.SHAPES``, so that what
is written can be read again.
"""

from collections.abc import Mapping

from synthgen_core.errors import NotFoundError
from synthgen_core.targets.cards import SPLITS, dataset_card, dataset_info, slug
from synthgen_core.targets.checks import (
    check_alpaca,
    check_llama_factory,
    check_nothing,
    check_openai_chat,
    check_openai_preference,
    check_plain,
    check_sharegpt,
    check_table,
    check_trl_preference,
)
from synthgen_core.targets.definition import Draft, Facts, Omission, Target
from synthgen_core.targets.trimming import TOP_KEYS, Calls, fields_of, trimmer

__all__ = ["SPLITS", "TARGETS", "Draft", "Facts", "Omission", "Target", "fields_of", "get_target", "slug"]

ALL = ("chat", "instruction", "preference")
OPENAI_KEYS = ("role", "content", "name", "tool_calls", "tool_call_id", "function_call", "weight")
TABLE_KEYS = ("role", "content", "name", "tool_calls", "tool_call_id", "weight", "reasoning")
LLAMA_FACTORY_KEYS = ("role", "content", "tool_calls", "tool_call_id")
PLAIN_KEYS = ("role", "content", "tool_calls")
"""What messages may have. A target without calls of tools sees them all the same, to refuse the row."""
OWN = dict.fromkeys(ALL, "own")


def _csv_columns(format: str, fields: frozenset[str]) -> Mapping[str, str]:
    return dict.fromkeys((*TOP_KEYS[format], "metadata"), "json")


def _table_columns(format: str, fields: frozenset[str]) -> Mapping[str, str]:
    """The columns that have a value somewhere, and messages with the keys that occur somewhere.

    Chat templates ask whether a message *has* tool calls: a key that is null in all of them would mislead them.
    """
    used = [key for key in TABLE_KEYS if f"messages.{key}" in fields or key in ("role", "content")]
    kinds = dict.fromkeys(("messages", "prompt", "chosen", "rejected"), f"messages:{','.join(used)}")
    kinds |= {"tools": "json", "history": "pairs"}
    always = [key for key in TOP_KEYS[format] if key not in ("tools", "system", "history") or key in fields]
    return {key: kinds.get(key, "text") for key in always}


def _parquet_columns(format: str, fields: frozenset[str]) -> Mapping[str, str]:
    return {**_table_columns(format, fields), "metadata": "json"}


TARGETS: Mapping[str, Target] = {
    target.name: target
    for target in (
        Target(
            name="jsonl",
            label="JSONL",
            summary="This app's own files: every example whole, with its metadata. For keeping, and for coming back.",
            file_type="jsonl",
            formats=ALL,
            shapes=OWN,
            check=check_nothing,
            is_verbatim=True,
        ),
        Target(
            name="openai_chat",
            label="OpenAI chat",
            summary="Supervised fine-tuning at OpenAI, and whatever reads its “messages”.",
            file_type="jsonl",
            formats=("chat",),
            shapes={"chat": "openai_chat"},
            check=check_openai_chat,
            trim=trimmer(OPENAI_KEYS, calls=Calls.AS_TEXT),
            few=10,
        ),
        Target(
            name="openai_preference",
            label="OpenAI preference",
            summary="Direct preference optimization at OpenAI: pairs of a better and a worse answer.",
            file_type="jsonl",
            formats=("preference",),
            shapes={"preference": "openai_preference"},
            check=check_openai_preference,
            trim=trimmer(OPENAI_KEYS, calls=Calls.AS_TEXT),
            few=10,
        ),
        Target(
            name="alpaca",
            label="Alpaca",
            summary="Instruction, input and output: the classic form for one question and its answer.",
            file_type="jsonl",
            formats=("instruction",),
            shapes={"instruction": "alpaca"},
            check=check_alpaca,
            keeps_extras=True,
        ),
        Target(
            name="sharegpt",
            label="ShareGPT",
            summary="Conversations as “from” and “value”: Axolotl, FastChat and many older trainers.",
            file_type="jsonl",
            formats=("chat",),
            shapes={"chat": "sharegpt"},
            check=check_sharegpt,
            trim=trimmer(None, None, calls=Calls.BARE, joins_parts=True),
            keeps_extras=True,
        ),
        Target(
            name="trl_preference",
            label="TRL preference",
            summary="Prompt, chosen and rejected as lists of messages: DPO and reward training with TRL.",
            file_type="jsonl",
            formats=("preference",),
            shapes={"preference": "trl_preference"},
            check=check_trl_preference,
            keeps_extras=True,
        ),
        Target(
            name="llama_factory",
            label="LLaMA-Factory",
            summary="A folder for LLaMA-Factory's dataset_dir: the data, and the dataset_info.json that describes it.",
            file_type="jsonl",
            formats=ALL,
            shapes={"chat": "sharegpt", "instruction": "alpaca", "preference": "llama_factory_preference"},
            check=check_llama_factory,
            trim=trimmer(LLAMA_FACTORY_KEYS, calls=Calls.BARE, joins_parts=True),
            is_folder=True,
            companions=dataset_info,
        ),
        Target(
            name="unsloth",
            label="Unsloth-safe",
            summary="Messages with nothing but role and text, which every chat template takes: Unsloth, mlx-lm.",
            file_type="jsonl",
            formats=("chat",),
            shapes={"chat": "openai_chat"},
            check=check_plain,
            trim=trimmer(PLAIN_KEYS, {"chat": ("messages",)}, joins_parts=True),
        ),
        Target(
            name="hugging_face",
            label="Hugging Face folder",
            summary="Parquet files and a README.md card, ready for the Hub; datasets.load_dataset loads the folder.",
            file_type="parquet",
            formats=ALL,
            shapes={"chat": "openai_chat", "instruction": "alpaca", "preference": "trl_preference"},
            check=check_table,
            trim=trimmer(TABLE_KEYS, calls=Calls.PLAIN, joins_parts=True),
            is_folder=True,
            needs_licence=True,
            companions=dataset_card,
            columns=_table_columns,
        ),
        Target(
            name="parquet",
            label="Parquet",
            summary="One row an example, with its metadata: pandas, DuckDB, Spark, pyarrow.",
            file_type="parquet",
            formats=ALL,
            shapes=OWN,
            check=check_table,
            trim=trimmer(TABLE_KEYS, calls=Calls.PLAIN, joins_parts=True),
            columns=_parquet_columns,
        ),
        Target(
            name="csv",
            label="CSV",
            summary="One row an example, for spreadsheets: whole texts, nested values as JSON, formulas made harmless.",
            file_type="csv",
            formats=ALL,
            shapes=OWN,
            check=check_nothing,
            trim=trimmer(None, drops_nulls=True),  # as whoever reads a table does
            columns=_csv_columns,
        ),
    )
}
"""Name -> target, in the order in which they are offered."""


def get_target(name: str) -> Target:
    """The target with this name; dashes count as underscores. Raises NotFoundError."""
    if found := TARGETS.get(name.strip().lower().replace("-", "_")):
        return found
    raise NotFoundError.of("export target", name, TARGETS)
