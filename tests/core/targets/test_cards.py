"""The files that go with the rows: LLaMA-Factory's description, the card of a dataset, and pairs from edits."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import orjson
import pytest
import yaml  # type: ignore[import-untyped]

from synthgen_core.targets import TARGETS, Facts, Omission, slug
from synthgen_core.targets.pairs import pair_of
from tests.core.targets.support import INSTRUCTION, PAIR, SYSTEM, said

FACTS = Facts(
    name="Returns: “odd” cases",
    description="What people send back.",
    origin="generated",
    format="chat",
    fields=frozenset({"conversations"}),
    rows={"train.parquet": 80, "test.parquet": 20},
    licence="cc-by-4.0",
    languages=("de", "en"),
    models={"gemma3:27b": 90},
    examples=100,
)


def info(facts: Facts) -> Mapping[str, Any]:
    found: Mapping[str, Any] = orjson.loads(TARGETS["llama_factory"].companions(facts)["dataset_info.json"])
    return found


def card(facts: Facts) -> str:
    return TARGETS["hugging_face"].companions(facts)["README.md"]


def test_dataset_info_names_each_file_and_only_the_columns_that_occur() -> None:
    rows = {"train.jsonl": 8, "test.jsonl": 2}
    chat = dataclasses.replace(FACTS, rows=rows, fields=frozenset({"conversations", "tools"}))
    assert info(chat) == {
        f"returns_odd_cases_{part}": {
            "file_name": f"{part}.jsonl",
            "formatting": "sharegpt",
            "columns": {"messages": "conversations", "tools": "tools"},
        }
        for part in ("train", "test")
    }


def test_dataset_info_describes_pairs_and_instructions() -> None:
    pairs = info(dataclasses.replace(FACTS, rows={"data.jsonl": 1}, format="preference"))["returns_odd_cases"]
    assert (pairs["ranking"], pairs["columns"]["chosen"]) == (True, "chosen")
    facts = dataclasses.replace(FACTS, rows={"data.jsonl": 1}, format="instruction", fields=frozenset({"history"}))
    assert info(facts)["returns_odd_cases"]["columns"] == {
        "prompt": "instruction",
        "query": "input",
        "response": "output",
        "history": "history",
    }


def test_the_card_s_front_matter_is_yaml_with_licence_languages_and_files() -> None:
    front = yaml.safe_load(card(FACTS).split("---")[1])
    assert front["license"] == "cc-by-4.0"
    assert front["pretty_name"] == FACTS.name
    assert front["language"] == ["de", "en"]
    assert front["tags"] == ["synthetic", "sft"]
    assert front["size_categories"] == ["n<1K"]
    assert [entry["split"] for entry in front["configs"][0]["data_files"]] == ["train", "test"]


def test_the_card_says_what_is_known_with_the_numbers_it_rests_on() -> None:
    facts = dataclasses.replace(FACTS, accepted=30, rejected=2, scored=40, mean_score=7.256, repeats=3)
    text = card(facts)
    assert "gemma3:27b (90 examples); not known of 10." in text
    assert "32 of 100 examples (30 accepted, 2 rejected)" in text
    assert "7.26 of 10 on average, over 40 of 100 examples" in text
    assert "3 of 100 examples are equal to an earlier one" in text


def test_the_card_invents_nothing_where_nothing_is_known() -> None:
    text = card(dataclasses.replace(FACTS, models={}))
    assert "Generator models: not known." in text
    assert "Review by people: none of 100 examples." in text
    assert "Score by a model as judge: none of 100 examples." in text
    assert "synthetic" not in text


@pytest.mark.parametrize("language", ["no", "on"])
def test_a_language_that_yaml_takes_for_a_truth_value_stays_a_language(language: str) -> None:
    assert yaml.safe_load(card(dataclasses.replace(FACTS, languages=(language,))).split("---")[1])["language"] == [
        language
    ]


@pytest.mark.parametrize(
    ("name", "expected"), [("Ünïted & Co.", "united_co"), ("请问", "dataset"), ("../../etc", "etc"), ("", "dataset")]
)
def test_a_name_becomes_one_for_machines(name: str, expected: str) -> None:
    assert slug(name) == expected


# -- pairs from edits


def test_an_edited_answer_is_chosen_and_what_the_model_wrote_rejected() -> None:
    assert pair_of("chat", said("Why?", "Because."), said("Why?", "Because of the rain.")) == PAIR


def test_the_first_answer_that_differs_makes_the_pair_with_all_before_it_as_the_prompt() -> None:
    before: Any = said("a", "b", "c", "old", "e", "f")
    after: Any = said("a", "b", "c", "new", "e", "other")
    before["messages"].insert(0, SYSTEM)
    after["messages"].insert(0, SYSTEM)
    pair = pair_of("chat", before, after)
    assert isinstance(pair, dict)
    assert pair["prompt"] == after["messages"][:4]
    assert pair["chosen"] == [{"role": "assistant", "content": "new"}]
    assert pair["rejected"] == [{"role": "assistant", "content": "old"}]


def test_an_edited_instruction_makes_a_pair_too() -> None:
    pair = pair_of("instruction", INSTRUCTION, INSTRUCTION | {"output": "Shorter."})
    assert isinstance(pair, dict)
    assert pair["prompt"] == [{"role": "user", "content": "Sum up.\nA long text."}]
    assert pair["chosen"] == [{"role": "assistant", "content": "Shorter."}]


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        (said("a", "b"), said("a", "b"), "not_edited"),
        (said("a", "b"), said("other", "new"), "prompt_edited"),
        (said("a", "b"), said("a", "b", "c", "d"), "prompt_edited"),
        (said("a", "b", "c", "d"), said("a", "b"), "prompt_edited"),
    ],
)
def test_without_a_common_prompt_there_is_no_pair(before: Any, after: Any, reason: str) -> None:
    found = pair_of("chat", before, after)
    assert isinstance(found, Omission)
    assert found.reason == reason
