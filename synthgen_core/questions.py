"""The question bank: natural user turns made from a domain's own sentences.

It is for models that answer better than they ask.

A first turn is a core (statement, detail, ask) with what its scenario adds: a tone, a persona, an order of the pieces.
A run walks through the cores of a subdomain in a shuffled order, so that none comes twice before all came once.
"""

import re
from collections.abc import Iterator, Mapping

from synthgen_core.domains import Domain, Situation, Subdomain
from synthgen_core.domains.definition import SLOT
from synthgen_core.models import Scenario
from synthgen_core.scenarios import Draw, in_words

Core = tuple[Situation, str, str]
"""A situation, one of its details, one of its asks."""


def cores(subdomain: Subdomain) -> list[Core]:
    """Every statement with every detail and every ask of its situation, in the order of the file."""
    return [(s, detail, ask) for s in subdomain.situations for detail in s.details for ask in s.asks]


def core(domain: Domain, subdomain: Subdomain, number: int, seed: int) -> Core:
    """The core for example ``number`` of a run: none comes twice before all came once."""
    order = Draw("questions", seed, domain.slug, subdomain.slug).shuffled(cores(subdomain))
    return order[number % len(order)]


def first_turn(domain: Domain, subdomain: Subdomain, scenario: Scenario, number: int, seed: int) -> str:
    """The user's first message for example ``number`` of a run, in the voice of its scenario."""
    situation, detail, ask = core(domain, subdomain, number, seed)
    draw = Draw("first turn", seed, domain.slug, subdomain.slug, number)
    voice, drawn = domain.voice, scenario.parameters
    pieces = {
        "tone": draw.one(voice.tones[drawn["emotional_tones"]]),
        "persona": draw.one(voice.personas.get(drawn.get(voice.persona_parameter, ""), ("",))),
        "statement": situation.statement,
        "detail": detail,
        "detail2": draw.one([other for other in situation.details if other != detail]),
        "ask": ask,
        "ask2": draw.one([other for other in situation.asks if other != ask]),
    }
    text = SLOT.sub(lambda slot: pieces[slot[1]], draw.one(voice.orders[drawn["complexity_levels"]]))
    return fill(text, drawn)


def follow_ups(domain: Domain, subdomain: Subdomain, scenario: Scenario, *labels: object) -> Iterator[str]:
    """The user's later messages, none twice in a conversation: the subdomain's own first, then the domain's."""
    draw = Draw("follow-up", *labels)
    for turn in (*draw.shuffled(subdomain.follow_ups), *draw.shuffled(domain.voice.follow_ups)):
        yield fill(turn, scenario.parameters)


ARTICLE_AND_SLOT = re.compile(r"\b([Aa])n? (?=\{(\w+)\})")


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with its slots filled by these values in words, the article before a slot put right, single spaces."""

    def article(match: re.Match[str]) -> str:
        return f"{match[1]}n " if values.get(match[2], "")[:1].lower() in tuple("aeiou") else f"{match[1]} "

    def value(match: re.Match[str]) -> str:
        return in_words(values[match[1]]) if match[1] in values else match[0]

    return " ".join(SLOT.sub(value, ARTICLE_AND_SLOT.sub(article, text)).split())
