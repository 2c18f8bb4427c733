"""What the product knows of the twelve domains. Add one by dropping a TOML file here or into ``DATA_DIR/domains/``.

The keys of a file, all required unless marked optional:

    slug, name, aliases, icon (a Material symbol's name), summary (one line for a card)
    guidance            what makes an example of this domain good; goes into every prompt
    [parameters.NAME]   value = weight, in per cent; the weights of a group sum to 100
    [exchanges]         parameter = "NAME"; then VALUE = [least, most] user/assistant pairs, and default = [least, most]
    [voice]             the question bank's common part; from it and the situations below, first user turns are made
      persona_parameter = "NAME"     optional: the parameter that chooses the persona sentence
      follow_ups = [...]             user turns that continue any conversation of the domain
      [voice.personas]               optional: value of that parameter = [sentences by which the user shows it]
      [voice.tones]                  each emotional tone = [sentences that a message in this tone may begin with]
      [voice.orders]                 each complexity level = [orders of {tone} {persona} {statement} {detail} {detail2}
                                     {ask} {ask2}]; every piece is a whole sentence, so any order is grammatical
    [[subdomains]]
      slug, name, aliases, description
      topics = [...]                 optional: what the subdomain covers, a few words each
      seeds = [...]                  three or more concrete situations, told to the model that writes the example
      follow_ups = [...]             optional: user turns that fit this subdomain only
      [subdomains.examples.chat]     messages = [...]          a worked example worth imitating, one for each format
      [subdomains.examples.instruction]  instruction, input, output
      [[subdomains.situations]]      the bank: statement = "..." details = [2 or more] asks = [2 or more]
        fits = { NAME = [values] }   optional: the only values of a parameter that do not contradict the situation

A piece may hold the slot of a drawn parameter, as in "a {genres} story"; it is filled with the drawn value in words.
"""

from synthgen_core.domains import catalogue
from synthgen_core.domains.catalogue import Catalogue, load_catalogue
from synthgen_core.domains.definition import Domain, Exchanges, Situation, Subdomain, Voice, Weighted

__all__ = [
    "COMMON_PARAMS",
    "DOMAINS",
    "Catalogue",
    "Domain",
    "Exchanges",
    "Situation",
    "Subdomain",
    "Voice",
    "Weighted",
    "load_catalogue",
]

DOMAINS: dict[str, dict[str, object]]
COMMON_PARAMS: dict[str, dict[str, list[object]]]


def __getattr__(name: str) -> object:
    """``DOMAINS`` and ``COMMON_PARAMS``, read on first use so that importing this package costs nothing."""
    if name == "DOMAINS":
        return catalogue.domain_table()
    if name == "COMMON_PARAMS":
        return {
            group: catalogue.values_and_weights(weights) for group, weights in catalogue.common_parameters().items()
        }
    raise AttributeError(name)
