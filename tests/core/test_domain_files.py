"""A user's own domain files: one that is right appears, one that is wrong is told with file, key and remedy."""

import re
from pathlib import Path

import pytest

from synthgen_core.domains import COMMON_PARAMS, DOMAINS, load_catalogue
from synthgen_core.errors import ConfigError, NotFoundError
from synthgen_core.methods import RECIPES, make_plan
from synthgen_core.models import Method

CYCLING = """
slug = "cycling"
name = "Cycling"
aliases = ["bikes"]
icon = "pedal_bike"
summary = "Bicycles and those who ride them"
guidance = "Name the tool and the torque."

[parameters.rider_experience]
first_bike = 40
commuter = 60

[exchanges]
default = [1, 2]

[voice]
persona_parameter = "rider_experience"
follow_ups = ["What does that cost?", "Which tool do I need?"]
[voice.personas]
first_bike = ["This is my first bicycle."]
commuter = [""]
[voice.tones]
neutral = [""]
frustrated = ["I have had enough."]
concerned = ["I am a little worried."]
confused = ["I am lost."]
angry = ["This makes me angry."]
urgent = ["I leave in an hour."]
polite = ["Good morning."]
appreciative = ["Thank you for your time."]
[voice.orders]
simple = ["{tone} {statement} {detail} {ask}"]
medium = ["{tone} {persona} {statement} {detail} {ask}"]
complex = ["{tone} {persona} {statement} {detail} {detail2} {ask} {ask2}"]

[[subdomains]]
slug = "repairs"
name = "Repairs"
description = "Bicycles that do not run as they should."
seeds = ["A chain jumps on every hill.", "A brake squeals in the rain.", "A wheel wobbles after a kerb."]
[subdomains.examples.chat]
messages = [{role = "user", content = "Why?"}, {role = "assistant", content = "Because."}]
[subdomains.examples.instruction]
instruction = "Say why."
input = ""
output = "Because."
[[subdomains.situations]]
statement = "My chain jumps."
details = ["It is new.", "It happens on hills."]
asks = ["Why does the chain jump?", "How do I stop the chain from jumping?"]
fits = { rider_experience = ["commuter"] }
"""


def write(folder: Path, text: str = CYCLING, name: str = "cycling.toml") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_a_domain_that_is_dropped_into_the_folder_is_there_with_no_other_change(tmp_path: Path) -> None:
    catalogue = load_catalogue(write(tmp_path))
    assert len(catalogue.domains) == 13
    assert catalogue.problems == ()
    names = {"domain": "bikes", "subdomain": "repairs", "format_type": "chat", "language_code": "en"}
    plan = make_plan(catalogue, **names, method=Method.QUESTION_BANK, seed=1)
    request = next(RECIPES[plan.method](plan, plan.scenario(0), 0, 0, 1)).sent
    assert "My chain jumps." in request.messages[-1].content
    assert plan.scenario(0).parameters["rider_experience"] == "commuter"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("commuter = 60", "commuter = 50", r"parameters\.rider_experience: the weights sum to 90, not 100"),
        ("commuter = 60", "commuter = -60", "whole weights of 0 or more"),
        ("commuter = 60", 'commuter = "60"', "whole weights of 0 or more"),
        ('slug = "cycling"', 'slug = "Cycling!"', "is not a slug"),
        ('name = "Cycling"', 'name = ""', "name: a text is expected"),
        ("default = [1, 2]", "default = [3, 2]", r"exchanges\.default"),
        ("default = [1, 2]", "", r"exchanges\.default: it is missing"),
        ("{ask2}", "{asks}", "nothing to fill {asks} with"),
        ("{ask2}", "{ask2", "a brace stands alone"),
        ('frustrated = ["I have had enough."]', "", "frustrated"),
        (', "A wheel wobbles after a kerb."]', "]", "2 of at least 3"),
        (
            'fits = { rider_experience = ["commuter"] }',
            'fits = { rider_experience = ["racer"] }',
            "no such value: racer",
        ),
        ("[[subdomains]]", "[subdomains_]", "subdomain"),
        ("[exchanges]", "[exchanges", "not valid TOML"),
    ],
)
def test_a_wrong_file_costs_its_own_domain_only_and_is_told(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in CYCLING
    catalogue = load_catalogue(write(tmp_path, CYCLING.replace(old, new, 1)))
    assert len(catalogue.domains) == 12
    [problem] = catalogue.problems
    assert isinstance(problem, ConfigError)
    assert "cycling.toml" in problem.message
    assert problem.hint
    assert re.search(said, str(problem)), str(problem)


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "latin.toml").write_bytes(b'name = "\xe9"')
    [problem] = load_catalogue(tmp_path).problems
    assert "latin.toml" in problem.message


def test_a_domain_is_found_by_slug_name_or_alias_in_any_case() -> None:
    catalogue = load_catalogue()
    for domain, subdomain in (
        ("Customer Support", "Technical Support"),
        ("support", "technical_support"),
        ("CUSTOMER support", "tech_support"),
        ("customer-support", "Tech Support"),
    ):
        found, sub = catalogue.find(domain, subdomain)
        assert (found.slug, sub.slug) == ("support", "technical_support")


def test_an_unknown_name_is_told_with_the_nearest() -> None:
    with pytest.raises(NotFoundError, match="Did you mean Customer Support"):
        load_catalogue().domain("custmer suport")
    with pytest.raises(NotFoundError, match=r"in Customer Support.*Billing"):
        load_catalogue().find("support", "biling")


def test_the_tables_have_the_original_shape_and_find_display_names() -> None:
    support = DOMAINS["Customer Support"]
    assert support is DOMAINS["support"]
    names, groups = support["subdomains"], support["specific_params"]
    assert isinstance(names, list)
    assert isinstance(groups, dict)
    assert names[:5] == ["Technical Support", "Account", "Returns", "Billing", "Complaints"]
    assert groups["channels"] == {"values": ["chat", "email", "phone_transcript"], "weights": [0.6, 0.3, 0.1]}
    assert next(iter(DOMAINS)) == "support"
    assert len(DOMAINS) == 12
    assert list(COMMON_PARAMS) == [
        "conversation_types",
        "complexity_levels",
        "question_structures",
        "emotional_tones",
        "communication_styles",
    ]
