"""The domain files are complete, drawn as weighted, and speak good English."""

import re
from collections import Counter

import pytest

from synthgen_core.domains import Domain, load_catalogue
from synthgen_core.domains.catalogue import HERE, ORDER, common_parameters
from synthgen_core.domains.definition import SLOT, read_domain
from synthgen_core.formats import FORMATS
from synthgen_core.languages import LANGUAGES
from synthgen_core.methods import Plan
from synthgen_core.models import Method
from synthgen_core.questions import core, cores, first_turn, follow_ups
from synthgen_core.scenarios import draw_scenario

PRESENT = [slug for slug in ORDER if (HERE / f"{slug}.toml").exists()]
DOUBLED = re.compile(r"\b(\w+) \1\b", re.IGNORECASE)
FINE_DOUBLES = {"that", "had", "is"}
SENTENCE_END = (".", "?", "!", "”", '"', "…")
PLACEHOLDER = re.compile(r"\[[A-Z][^\]]*\]|\b(lorem ipsum|TODO|XXX)\b|<[A-Za-z_ ]+>")


@pytest.fixture(params=PRESENT)
def domain(request: pytest.FixtureRequest) -> Domain:
    return read_domain(HERE / f"{request.param}.toml", common_parameters())


def test_every_domain_of_the_order_has_a_file() -> None:
    assert len(PRESENT) == len(ORDER)
    assert [domain.slug for domain in load_catalogue().domains] == list(ORDER)


def test_a_domain_has_the_required_subdomains_first_and_no_name_twice(domain: Domain) -> None:
    assert len(domain.subdomains) >= 5
    names = [name for s in domain.subdomains for name in {s.slug, s.name.casefold(), *map(str.casefold, s.aliases)}]
    assert len(names) == len(set(names))


def test_the_drawn_frequencies_match_the_weights(domain: Domain) -> None:
    n = 6000
    subdomain = domain.subdomains[0]
    drawn = [draw_scenario(domain, subdomain, "frequencies", i).parameters for i in range(n)]
    for name, weights in domain.parameters.items():
        counts = Counter(parameters[name] for parameters in drawn)
        for value, weight in weights.items():
            share = weight / 100
            five_sigma = 5 * (share * (1 - share) / n) ** 0.5
            assert counts[value] / n == pytest.approx(share, abs=five_sigma + 1e-9), (name, value)


def test_exchanges_stay_in_their_range_and_reach_its_ends(domain: Domain) -> None:
    scenarios = [draw_scenario(domain, domain.subdomains[0], "exchanges", i) for i in range(2000)]
    seen: dict[tuple[int, int], set[int]] = {}
    for scenario in scenarios:
        seen.setdefault(domain.exchanges.range_for(scenario.parameters), set()).add(scenario.exchanges)
    for (least, most), drawn in seen.items():
        assert drawn == set(range(least, most + 1))


def test_the_bank_yields_enough_different_first_turns(domain: Domain) -> None:
    texts = {s.slug: {f"{c[0].statement} {c[1]} {c[2]}" for c in cores(s)} for s in domain.subdomains}
    assert {slug: len(t) for slug, t in texts.items() if len(t) < 25} == {}
    assert len(set().union(*texts.values())) >= 300
    assert sum(map(len, texts.values())) == len(set().union(*texts.values())), "a core stands in two subdomains"


def test_a_run_repeats_no_first_turn_before_all_were_used(domain: Domain) -> None:
    for subdomain in domain.subdomains:
        n = len(cores(subdomain))
        turns = [
            first_turn(domain, subdomain, draw_scenario(domain, subdomain, 1, i), number=i, seed=1) for i in range(n)
        ]
        assert len(set(turns)) == n


def test_turns_read_as_finished_sentences(domain: Domain) -> None:
    for subdomain in domain.subdomains:
        for i in range(200):
            scenario = draw_scenario(domain, subdomain, "grammar", i)
            turns = [first_turn(domain, subdomain, scenario, number=i, seed=2)]
            turns += list(follow_ups(domain, subdomain, scenario, i))
            for turn in turns:
                assert not SLOT.search(turn), turn
                assert "{" not in turn, turn
                assert "  " not in turn, turn
                assert turn[0].isupper() or not turn[0].isalpha(), turn
                assert turn.endswith(SENTENCE_END), turn
                doubled = {match.lower() for match in DOUBLED.findall(turn)} - FINE_DOUBLES
                assert not doubled, turn


def test_every_piece_is_a_whole_sentence(domain: Domain) -> None:
    voice = domain.voice
    pieces = [p for group in (voice.tones, voice.personas) for texts in group.values() for p in texts if p]
    for subdomain in domain.subdomains:
        for situation in subdomain.situations:
            pieces += [situation.statement, *situation.details]
            for ask in situation.asks:
                assert ask.endswith(("?", ".")), ask
    for piece in pieces:
        assert piece[0].isupper() or not piece[0].isalpha(), piece
        assert piece.endswith(SENTENCE_END), piece


def test_a_conversation_of_the_longest_kind_has_a_follow_up_for_each_exchange(domain: Domain) -> None:
    most = max(most for _, most in (*domain.exchanges.ranges.values(), domain.exchanges.default))
    for subdomain in domain.subdomains:
        turns = list(follow_ups(domain, subdomain, draw_scenario(domain, subdomain, 0), 0))
        assert len(set(turns)) >= max(most, 2) - 1
        assert len(turns) == len(set(turns))


def test_each_subdomain_has_seeds_and_a_worked_example_of_each_format(domain: Domain) -> None:
    for subdomain in domain.subdomains:
        assert len(set(subdomain.seeds)) >= 3
        messages = subdomain.examples["chat"]["messages"]
        assert isinstance(messages, list)
        roles = [m["role"] for m in messages if isinstance(m, dict)]
        assert roles == ["user", "assistant"] * (len(messages) // 2)
        assert len(messages) >= 2
        assert all(isinstance(m, dict) and len(str(m["content"])) > 20 for m in messages)
        instruction = subdomain.examples["instruction"]
        assert set(instruction) == {"instruction", "input", "output"}
        assert len(str(instruction["output"])) > 150
        texts = [subdomain.description, *subdomain.seeds, str(messages), str(instruction)]
        for text in texts:
            assert not PLACEHOLDER.search(text), text


def test_what_is_drawn_with_a_question_does_not_contradict_it(domain: Domain) -> None:
    for subdomain in domain.subdomains:
        plan = Plan(domain, subdomain, FORMATS["chat"], LANGUAGES["en"], Method.QUESTION_BANK, seed=3)
        for item in range(60):
            drawn = plan.scenario(item).parameters
            situation, _, _ = core(domain, subdomain, item, seed=3)
            for name, values in situation.fits.items():
                assert drawn[name] in values, (situation.statement, name)


def test_a_limited_draw_keeps_the_weights_of_what_is_left() -> None:
    support = read_domain(HERE / "support.toml", common_parameters())
    fits = {"channels": ("chat", "email")}
    drawn = [
        draw_scenario(support, support.subdomains[0], "fits", i, fits=fits).parameters["channels"] for i in range(3000)
    ]
    assert set(drawn) == {"chat", "email"}
    assert drawn.count("chat") / len(drawn) == pytest.approx(60 / 90, abs=0.05)
