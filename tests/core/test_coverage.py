"""Target against actual, pure: what a run draws on average, what is missing of it, and which weights put that right."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import pytest

from synthgen_core.coverage import (
    Making,
    Standing,
    correct_weights,
    measure_coverage,
    off_target_after,
    target_shares,
)
from synthgen_core.domains import Domain, Subdomain, load_catalogue
from synthgen_core.methods import make_plan
from synthgen_core.models import Method

PAIRS = [(domain, subdomain) for domain in load_catalogue() for subdomain in domain.subdomains]
LIMITED = [pair for pair in PAIRS if any(situation.fits for situation in pair[1].situations)]
SUPPORT = load_catalogue().find("support", "technical_support")
LEVELS = SUPPORT[0].parameters["complexity_levels"]


def bank(pair: tuple[Domain, Subdomain], count: int, seed: int = 5) -> dict[str, Counter[str]]:
    """Values that a run of the question bank draws."""
    domain, subdomain = pair
    plan = make_plan(
        load_catalogue(),
        domain=domain.slug,
        subdomain=subdomain.slug,
        format_type="chat",
        language_code="en",
        method=Method.QUESTION_BANK,
        seed=seed,
    )
    plan = replace(plan, domain=domain)
    counts: dict[str, Counter[str]] = {}
    for item in range(count):
        for name, value in plan.scenario(item).parameters.items():
            counts.setdefault(name, Counter())[value] += 1
    return counts


def counted(**levels: int) -> Mapping[str, Mapping[str, int]]:
    return {"complexity_levels": levels}


@pytest.mark.parametrize("is_from_bank", [False, True])
@pytest.mark.parametrize(("domain", "subdomain"), PAIRS, ids=lambda each: each.slug)
def test_targets_sum_to_one(domain: Domain, subdomain: Subdomain, is_from_bank: bool) -> None:
    for shares in target_shares(domain, subdomain, is_from_bank=is_from_bank).values():
        assert sum(shares.values()) == pytest.approx(1)


def test_without_the_bank_the_target_is_the_weight() -> None:
    shares = target_shares(*SUPPORT, is_from_bank=False)
    assert shares["complexity_levels"] == {value: weight / 100 for value, weight in LEVELS.items()}


def test_with_the_bank_the_target_is_what_a_run_draws() -> None:
    """In a domain whose situations leave values out, so that the plain weights would be wrong by far."""
    pair = LIMITED[0]
    name = next(name for situation in pair[1].situations for name in situation.fits)
    cores = sum(len(each.details) * len(each.asks) for each in pair[1].situations)
    count = cores * (4000 // cores)
    drawn = bank(pair, count)[name]
    shares = target_shares(*pair, is_from_bank=True)[name]
    plain = target_shares(*pair, is_from_bank=False)[name]
    worst = max(abs(drawn[value] / count - share) for value, share in shares.items())
    assert worst < 0.03
    assert worst < max(abs(drawn[value] / count - share) for value, share in plain.items())


def test_a_missing_value_is_short_and_the_others_are_over() -> None:
    rare = min(LEVELS, key=LEVELS.__getitem__)
    others = {value: weight * 3 for value, weight in LEVELS.items() if value != rare}
    (found,) = measure_coverage([making(sum(others.values()))], counted(**others), {})
    standing = {each.value: each.standing for each in found.values}
    assert standing[rare] is Standing.SHORT
    missing = next(each for each in found.values if each.value == rare)
    assert missing.surplus == pytest.approx(-LEVELS[rare] / 100 * found.n)
    assert found.off_target == pytest.approx(LEVELS[rare] / 100)
    assert found.fit.p is not None
    assert found.fit.p < 1e-6


def making(count: int, *, is_from_bank: bool = False) -> Making:
    domain, subdomain = SUPPORT
    only = replace(domain, parameters={"complexity_levels": LEVELS})
    return Making(only, subdomain, is_from_bank, count)


def test_what_was_drawn_as_the_weights_say_is_off_by_nothing() -> None:
    (found,) = measure_coverage([making(300)], counted(**{value: weight * 3 for value, weight in LEVELS.items()}), {})
    assert found.off_target == 0
    assert found.missing == 0
    assert {each.standing for each in found.values} == {Standing.AS_DRAWN}
    assert found.fit.p == 1


def test_what_has_no_value_or_a_strange_one_is_told_apart() -> None:
    (found,) = measure_coverage([making(20)], counted(**dict.fromkeys(LEVELS, 5), odd=2), {})
    assert found.n == 5 * len(LEVELS)
    assert found.strange == {"odd": 2}
    assert found.without == 20 - found.n - 2


def test_removed_examples_are_the_lost_share_of_a_value() -> None:
    value = next(iter(LEVELS))
    (found,) = measure_coverage([making(40)], counted(**{value: 30}), counted(**{value: 10}))
    lost = found.values[0].lost
    assert (lost.value, lost.n) == (0.25, 40)
    assert lost.low is not None
    assert lost.low < 0.25


def test_a_mixture_has_a_target_for_each_part() -> None:
    """Half of another domain, which does not have the parameter: only the other half is to have it."""
    domain, subdomain = SUPPORT
    other = replace(domain, parameters={"own": {"a": 100}})
    found = {
        each.name: each
        for each in measure_coverage([making(50), Making(other, subdomain, False, 50)], {"own": {"a": 50}}, {})
    }
    assert (found["own"].n, found["own"].without) == (50, 0)
    assert (found["complexity_levels"].n, found["complexity_levels"].without) == (0, 50)


def test_nothing_at_all_has_no_figure() -> None:
    (found,) = measure_coverage([making(0)], {}, {})
    assert (found.n, found.off_target, found.missing) == (0, 0, 0)
    assert found.fit.p is None
    assert {each.share.value for each in found.values} == {None}
    assert correct_weights([found], *SUPPORT, 10, is_from_bank=False) == {}


def test_corrected_weights_draw_what_is_missing() -> None:
    first, *others = LEVELS
    active = counted(**{value: 2 * LEVELS[value] for value in others})
    coverage = measure_coverage([making(sum(active["complexity_levels"].values()))], active, {})
    more = coverage[0].missing
    weights = correct_weights(coverage, *SUPPORT, more, is_from_bank=False)["complexity_levels"]
    assert weights[first] / sum(weights.values()) > 0.95
    drawn = {value: weight / sum(weights.values()) for value, weight in weights.items()}
    assert off_target_after(coverage[0], more, drawn) < coverage[0].off_target / 2


def test_enough_examples_meet_the_target() -> None:
    first, *others = LEVELS
    active = counted(**dict.fromkeys(others, 20))
    coverage = measure_coverage([making(20 * len(others))], active, {})
    weights = correct_weights(coverage, *SUPPORT, 5000, is_from_bank=False)["complexity_levels"]
    drawn = {value: weight / sum(weights.values()) for value, weight in weights.items()}
    assert off_target_after(coverage[0], 5000, drawn) < 0.001
    assert weights[first]


@pytest.mark.parametrize("more", [1, 10, 1000])
def test_what_can_be_drawn_keeps_a_weight(more: int) -> None:
    """In the bank it may be all that fits a situation: without it, nothing could be drawn there."""
    for domain, subdomain in LIMITED:
        counts = {
            name: dict.fromkeys(values, 0) | {next(iter(values)): 50} for name, values in domain.parameters.items()
        }
        coverage = measure_coverage([Making(domain, subdomain, True, 50)], counts, {})
        for name, weights in correct_weights(coverage, domain, subdomain, more, is_from_bank=True).items():
            assert set(weights) == set(domain.parameters[name])
            for value, weight in weights.items():
                assert (weight > 0) is (domain.parameters[name][value] > 0)


def test_corrected_weights_bring_a_run_of_the_bank_to_its_target() -> None:
    """A run is drawn, one value of a parameter is taken out, and a run with corrected weights is drawn beside it."""
    pair, name = next(
        ((domain, subdomain), name)
        for domain, subdomain in LIMITED
        for name in sorted({name for situation in subdomain.situations for name in situation.fits})
        if max(target_shares(domain, subdomain, is_from_bank=True)[name].values()) < 0.6
    )
    domain, subdomain = pair
    active = {each: dict(values) for each, values in bank(pair, 600).items()}
    target = target_shares(*pair, is_from_bank=True)[name]
    gone = max(target, key=target.__getitem__)
    active[name][gone] = 0
    before = next(each for each in measure_coverage([Making(*pair, True, 600)], active, {}) if each.name == name)
    more = 4 * before.missing
    weights = correct_weights([before], *pair, more, is_from_bank=True)
    added = bank((replace(domain, parameters={**domain.parameters, **weights}), subdomain), more, seed=6)
    both = {name: dict(Counter(active[name]) + added[name])}
    (after,) = (each for each in measure_coverage([Making(*pair, True, 600 + more)], both, {}) if each.name == name)
    assert after.off_target < before.off_target / 4
