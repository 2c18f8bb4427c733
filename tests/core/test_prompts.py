"""Prompts say everything that was drawn, keep their first message the same, and change only when we mean it.

Snapshots are rewritten by ``REWRITE_SNAPSHOTS=1 python -m pytest tests/core/test_prompts.py``.
"""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from synthgen_core.domains import Catalogue, Domain, Exchanges, Situation, Subdomain, Voice, load_catalogue
from synthgen_core.domains.catalogue import HERE, ORDER, common_parameters
from synthgen_core.domains.definition import read_domain
from synthgen_core.errors import NotFoundError
from synthgen_core.formats import GENERATED
from synthgen_core.languages import LANGUAGES, Language
from synthgen_core.models import Message, Role, Scenario
from synthgen_core.prompts import (
    MEANINGS,
    answer_prompt,
    avoid_openings,
    build_prompt,
    get_prompt_in_language,
    label_of,
)
from synthgen_core.scenarios import in_words
from synthgen_core.turn_prompts import ASSISTANT_TRAITS, assistant_prompt, user_prompt

SNAPSHOTS = Path(__file__).parent / "snapshots"
IS_REWRITING = bool(os.environ.get("REWRITE_SNAPSHOTS"))
PRESENT = [slug for slug in ORDER if (HERE / f"{slug}.toml").exists()]

REPAIRS = Subdomain(
    slug="repairs",
    name="Repairs",
    aliases=(),
    description="Bicycles that do not run as they should.",
    topics=("gears", "brakes"),
    seeds=("A commuter's chain jumps on every hill since the new cassette was fitted.",),
    examples={
        "chat": {
            "messages": [
                {"role": "user", "content": "My brake squeals in the rain."},
                {"role": "assistant", "content": "Clean the rim with alcohol, then roughen the pads a little."},
            ]
        },
        "instruction": {
            "instruction": "Tell me how to true a wheel.",
            "input": "",
            "output": "Find the widest wobble {first}, then tighten the opposite spokes by a quarter turn.",
        },
    },
    situations=(Situation("It squeals.", ("In rain.", "Always."), ("Why?", "What now?")),),
    follow_ups=(),
)
CYCLING = Domain(
    slug="cycling",
    name="Cycling",
    aliases=("bikes",),
    icon="pedal_bike",
    summary="Bicycles.",
    guidance="Name the tool and the torque. Say when a part is unsafe to ride.",
    parameters={**common_parameters(), "rider_experiences": {"first_bike": 50, "racer": 50}},
    own_parameters={"rider_experiences": {"first_bike": 50, "racer": 50}},
    exchanges=Exchanges("conversation_types", {"multi_turn": (2, 4)}, (1, 1)),
    voice=Voice("", {}, {}, {}, ("And then?",)),
    subdomains=(REPAIRS,),
)
SCENARIO = Scenario(
    domain="cycling",
    subdomain="repairs",
    parameters={
        "conversation_types": "multi_turn",
        "complexity_levels": "medium",
        "question_structures": "diagnostic",
        "emotional_tones": "frustrated",
        "communication_styles": "standard_professional",
        "rider_experiences": "first_bike",
    },
    situation=REPAIRS.seeds[0],
    exchanges=3,
)


def prompt(format: str = "chat", language: str = "en", scenario: Scenario = SCENARIO, **more: list[Any]) -> list[str]:
    messages = build_prompt(
        CYCLING,
        REPAIRS,
        scenario,
        format=GENERATED[format],
        language=LANGUAGES[language],
        approved=more.get("approved", []),
    )
    assert [message.role for message in messages] == [Role.SYSTEM, Role.USER]
    return [messages[0].content, messages[1].content + avoid_openings(more.get("avoid", []))]


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("format", GENERATED)
def test_the_prompt_is_the_one_we_agreed_on(format: str, language: str) -> None:
    system, user = prompt(format, language, avoid=["My chain is new and it jumps."])
    text = f"{system}\n\n---- user ----\n\n{user}\n"
    path = SNAPSHOTS / f"prompt_{format}_{language}.txt"
    if IS_REWRITING:
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_the_answer_prompt_is_the_one_we_agreed_on() -> None:
    text = "".join(f"{answer_prompt(CYCLING, REPAIRS, SCENARIO, LANGUAGES[code]).content}\n" for code in ("en", "de"))
    path = SNAPSHOTS / "answer_prompt.txt"
    if IS_REWRITING:
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("format", GENERATED)
def test_the_prompts_of_both_sides_are_those_we_agreed_on(format: str) -> None:
    talk = [Message(Role.USER, "My chain jumps."), Message(Role.ASSISTANT, "On which cog?")]
    approved = [REPAIRS.examples[format]]
    parts = []
    for said in (talk[:0], talk[:1], talk):
        prompt_of = assistant_prompt if len(said) % 2 else user_prompt
        messages = prompt_of(
            CYCLING,
            REPAIRS,
            SCENARIO,
            said,
            format=GENERATED[format],
            language=LANGUAGES["de"],
            approved=approved,
        )
        parts += [f"---- {message.role} ----\n\n{message.content}\n" for message in messages]
    text = "\n".join(parts)
    path = SNAPSHOTS / f"turn_prompts_{format}.txt"
    if IS_REWRITING:
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_the_first_message_is_the_same_for_a_whole_run() -> None:
    other = replace(SCENARIO, situation="Something else.", exchanges=1, parameters={"emotional_tones": "angry"})
    assert prompt()[0] == prompt(scenario=other, avoid=["Hello."])[0]
    assert prompt()[1] != prompt(scenario=other)[1]


@pytest.mark.parametrize("language", LANGUAGES.values(), ids=list(LANGUAGES))
@pytest.mark.parametrize("format", GENERATED)
def test_the_language_is_named_in_both_messages(format: str, language: Language) -> None:
    assert all(language.full_name in text for text in prompt(format, language.code))


def test_the_number_of_exchanges_is_the_number_asked_for() -> None:
    for exchanges in range(1, 9):
        user = prompt(scenario=replace(SCENARIO, exchanges=exchanges))[1]
        assert f"exactly {exchanges} exchange" in user
        assert f"{2 * exchanges} messages" in user


def test_a_format_without_conversations_asks_for_one_answer() -> None:
    assert "exchanges" not in prompt("instruction")[1]
    assert "one instruction and one answer" in prompt("instruction")[1]


def test_openings_to_avoid_are_quoted_once_and_shortened() -> None:
    user = prompt(avoid=["My chain\n jumps.", "My chain jumps.", "word " * 500])[1]
    assert user.count("My chain jumps.") == 1
    assert len(user) < len(prompt()[1]) + 400
    assert "taken" not in prompt()[1]


def test_approved_examples_come_before_the_brief_and_leave_the_first_message_as_it_is() -> None:
    example = {"messages": [{"role": "user", "content": "Grüße {x}"}, {"role": "assistant", "content": "Hallo."}]}
    system, user = prompt(approved=[example, REPAIRS.examples["chat"]])
    assert system == prompt()[0]
    assert user.endswith(prompt()[1])
    assert "approved these 2 examples. Meet their standard" in user
    assert json.dumps(example, ensure_ascii=False) in user
    assert "approved this example. Meet its standard" in prompt(approved=[example])[1]


def test_a_subdomain_without_a_worked_example_shows_the_formats_shape() -> None:
    bare = replace(REPAIRS, examples={})
    messages = build_prompt(CYCLING, bare, SCENARIO, format=GENERATED["instruction"], language=LANGUAGES["en"])
    assert '"instruction": "What the user asks for."' in messages[0].content


def test_braces_in_texts_stand_as_they_are() -> None:
    assert "{first}" in prompt("instruction")[0]
    odd = replace(CYCLING, guidance="Write {name} and {{x}}.")
    messages = build_prompt(odd, REPAIRS, SCENARIO, format=GENERATED["chat"], language=LANGUAGES["en"])
    assert "Write {name} and {{x}}." in messages[0].content


@pytest.mark.parametrize("slug", PRESENT)
def test_every_value_that_can_be_drawn_reaches_the_prompts_in_words(slug: str) -> None:
    domain = read_domain(HERE / f"{slug}.toml", common_parameters())
    subdomain = domain.subdomains[0]
    for parameter, weights in domain.parameters.items():
        for value in weights:
            drawn = {name: next(iter(values)) for name, values in domain.parameters.items()} | {parameter: value}
            scenario = Scenario(domain.slug, subdomain.slug, drawn, subdomain.seeds[0], 2)
            for format in GENERATED.values():
                messages = build_prompt(domain, subdomain, scenario, format=format, language=LANGUAGES["en"])
                brief = messages[1].content
                for name, word in drawn.items():
                    assert f"- {label_of(name)}: {in_words(word)}" in brief
            small = answer_prompt(domain, subdomain, scenario, LANGUAGES["en"]).content
            for name, word in drawn.items():
                assert f"{label_of(name)}: {in_words(word)}" in small


def test_the_assistants_traits_are_parameters_of_some_domain() -> None:
    assert {name for domain in load_catalogue() for name in domain.parameters} >= ASSISTANT_TRAITS


def test_each_meaning_belongs_to_a_value_that_can_be_drawn() -> None:
    if len(PRESENT) < len(ORDER):
        pytest.skip("not all domain files are there yet")
    domains = [read_domain(HERE / f"{slug}.toml", common_parameters()) for slug in PRESENT]
    for parameter, meanings in MEANINGS.items():
        known = {value for domain in domains for value in domain.parameters.get(parameter, ())}
        assert set(meanings) <= known


@pytest.mark.parametrize(
    ("parameter", "label"),
    [
        ("complexity_levels", "complexity level"),
        ("medical_specialties", "medical specialty"),
        ("coaching_approaches", "coaching approach"),
        ("genres", "genre"),
        ("customer_knowledge", "customer knowledge"),
        ("emotional_tones", "the user's tone"),
    ],
)
def test_a_parameter_is_named_in_the_singular(parameter: str, label: str) -> None:
    assert label_of(parameter) == label


def test_a_prompt_is_made_from_names_as_people_write_them() -> None:
    catalogue = Catalogue((CYCLING,))
    drawn = {"conversation_types": "multi_turn", "rider_experiences": "racer"}
    text = get_prompt_in_language("Bikes", "REPAIRS", drawn, "german", catalogue=catalogue)
    assert text == get_prompt_in_language("cycling", "repairs", drawn, "de", catalogue=catalogue)
    for words in ("German (Deutsch)", "racer", "exactly 2 exchanges", REPAIRS.seeds[0], CYCLING.guidance, '"messages"'):
        assert words in text
    for wrong in (("sailing", "repairs", "de"), ("cycling", "sails", "de"), ("cycling", "repairs", "xx")):
        with pytest.raises(NotFoundError):
            get_prompt_in_language(wrong[0], wrong[1], drawn, wrong[2], catalogue=catalogue)
