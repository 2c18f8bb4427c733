"""The question bank speaks English whatever is drawn."""

import pytest

from synthgen_core.domains import load_catalogue
from synthgen_core.questions import fill, first_turn, follow_ups
from synthgen_core.scenarios import draw_scenario


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        ("I write a {genres} story.", {"genres": "science_fiction"}, "I write a science fiction story."),
        ("I write a {genres} story.", {"genres": "adventure"}, "I write an adventure story."),
        ("I write an {genres} story.", {"genres": "mystery"}, "I write a mystery story."),
        ("An {level} one.", {"level": "simple"}, "A simple one."),
        ("A {level} one.", {"level": "Expert"}, "An Expert one."),
        ("In {point_of_view}, please.", {"point_of_view": "third_person_limited"}, "In third person limited, please."),
        ("The {a} and a {a_b}.", {"a": "x", "a_b": "odd_y"}, "The x and an odd y."),
        ("A plain text, an apple, {unknown}.", {}, "A plain text, an apple, {unknown}."),
        ("  two   spaces {a} ", {"a": ""}, "two spaces"),
    ],
)
def test_slots_are_filled_in_words_with_the_right_article(text: str, values: dict[str, str], expected: str) -> None:
    assert fill(text, values) == expected


def test_no_turn_of_any_domain_shows_a_slot_or_an_underscore_of_a_drawn_value() -> None:
    for domain in load_catalogue():
        for subdomain in domain.subdomains:
            for item in range(8):
                scenario = draw_scenario(domain, subdomain, "turns", item)
                turns = [
                    first_turn(domain, subdomain, scenario, item, 1),
                    *follow_ups(domain, subdomain, scenario, item),
                ]
                shown = " ".join(turns)
                assert "{" not in shown
                assert not [value for value in scenario.parameters.values() if "_" in value and value in shown]


def test_consecutive_examples_ask_different_things_and_the_same_seed_the_same() -> None:
    domain, subdomain = load_catalogue().find("support", "technical_support")
    scenario = draw_scenario(domain, subdomain, "same", 0)
    turns = [first_turn(domain, subdomain, scenario, number, seed=5) for number in range(20)]
    assert len(set(turns)) == 20
    assert turns == [first_turn(domain, subdomain, scenario, number, seed=5) for number in range(20)]
    assert turns != [first_turn(domain, subdomain, scenario, number, seed=6) for number in range(20)]


def test_no_follow_up_comes_twice_in_a_conversation() -> None:
    for domain in load_catalogue():
        scenario = draw_scenario(domain, domain.subdomains[0], "follow", 0)
        turns = list(follow_ups(domain, domain.subdomains[0], scenario, 1, 2))
        assert len(turns) == len(set(turns))
        assert len(turns) >= domain.exchanges.range_for(scenario.parameters)[1] - 1
