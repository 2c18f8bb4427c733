"""What the model is told: the system message holds all that is the same for a run, the user message one scenario.

The words are the product's quality. What a drawn value means is said in ``MEANINGS`` where the value alone is unclear;
what a field of a format is for is said in ``formats``; what is good in a domain is said in its TOML file.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from synthgen_core.domains import Catalogue, Domain, Subdomain, load_catalogue
from synthgen_core.formats import Format, get_format
from synthgen_core.languages import Language
from synthgen_core.languages import language as find_language
from synthgen_core.models import JsonObject, Message, Role, Scenario
from synthgen_core.scenarios import in_words

OPENING_CHARACTERS = 120
"""How much of an opening to avoid is quoted."""

LABELS: Mapping[str, str] = {
    "emotional_tones": "the user's tone",
    "communication_styles": "the assistant's style",
    "question_structures": "the user's aim",
}
"""Parameter -> how it is named in a prompt, where its own name does not say whose it is."""

MEANINGS: Mapping[str, Mapping[str, str]] = {
    "conversation_types": {
        "question_answer": "the user asks, the assistant answers",
        "multi_turn": "the matter unfolds in steps",
    },
    "complexity_levels": {
        "simple": "one clear point",
        "medium": "a few points that depend on one another",
        "complex": "several constraints that pull in different directions",
    },
    "question_structures": {
        "diagnostic": "finding the cause of something",
        "information_providing": "learning how something works, or what applies",
        "clarification": "understanding something they were told or have read",
        "verification": "having something they believe confirmed or corrected",
        "open_closed_mix": "open questions together with yes-or-no questions",
    },
    "communication_styles": {
        "standard_professional": "courteous and to the point",
        "empathetic": "sees the person behind the question, in a few words",
        "technical": "exact terms and values",
        "deescalation": "takes the heat out first, then solves",
    },
    "medical_specialties": {"other": "whichever fits the situation"},
}
"""Parameter -> value -> what it means, in a few words."""

SYSTEM = """\
You write training data for a language model that will work in the field of {domain}, in the area of {subdomain}. \
You write {unit} at a time. A specialist in the field reads each one and keeps it only if both sides ring true.

## The field
{guidance}

{subdomain}: {description}{topics}

## What makes an example good
- The user is a real person with a reason to write today. They give the details they would have at hand (a product, a \
date, an amount, what they have tried), leave out what they would not know, and write the way people write.
- The assistant answers like an experienced practitioner. The first sentence is already useful; what follows is \
specific to this case: steps, figures, wording, reasons. It stops when the matter is dealt with. It does not repeat \
the question, praise it, or close with a routine offer of more help.
- The facts hold. Calculations add up, and the laws, medicines, standards, products and functions that are named \
exist. Where the answer depends on something unknown, the assistant says on what, or asks for it.
- Every detail is written out. Invent plausible people, companies, dates and numbers rather than leaving brackets or \
blanks to fill in.
- The traits in the brief show in how people write and in what happens; nobody names them. An angry user sounds angry, \
a beginner lacks the terms.
- Length follows need: a simple matter gets a short answer. Openings, sentence lengths and layout vary as they do \
among real people; lists only where there are steps or items to list.
- Nobody mentions the brief, this task or training data, and the assistant does not speak of itself as an AI.

## The fields of an example
{advice}

## Output
Reply with one JSON object and nothing before or after it. This example, about another situation, shows the exact \
shape and the standard to reach; take neither its wording nor its people nor its plot.

{example}

{language}"""

APPROVED = """\
The people who will use the dataset approved {these}. Meet {their} standard, and take neither wording nor people nor \
plot.

{examples}

"""

BRIEF = """\
Write one example for this brief.

Situation: {situation}

Traits of this example (adapt details of the situation where needed, so that all of them hold):
{traits}

Length: {length}
Language: {language}"""

TAKEN = "These openings are taken. Begin in another way, and give the situation details of its own:"

ANSWER = "You are an expert in {subdomain}. Answer the question directly, in two to four short sentences."


def build_prompt(
    domain: Domain,
    subdomain: Subdomain,
    scenario: Scenario,
    *,
    format: Format,
    language: Language,
    approved: Sequence[JsonObject] = (),
) -> tuple[Message, ...]:
    """The messages that ask a capable model for one whole example, as JSON.

    The first message depends on domain, subdomain, format and language only, so that a provider may cache it.
    ``approved`` are examples that set the standard.
    """
    return (
        Message(Role.SYSTEM, _system(domain, subdomain, format, language)),
        Message(Role.USER, _approved(approved) + _brief(scenario, format, language)),
    )


def shown_example(subdomain: Subdomain, format: Format) -> JsonObject:
    """The example that shows the shape: the subdomain's own, or the format's."""
    return subdomain.examples.get(format.name, format.sample)


def avoid_openings(openings: Sequence[str]) -> str:
    """What is said at the end of a prompt so that an example does not begin like these; empty for none."""
    quoted = dict.fromkeys(map(_quoted_opening, openings))
    return f"\n\n{TAKEN}\n{_lines(quoted)}" if quoted else ""


def traits_of(parameters: Mapping[str, str]) -> str:
    """Drawn values as a list, one line each, with what they mean where that is not plain."""
    return _lines(_trait(name, value) for name, value in parameters.items())


def get_prompt_in_language(
    domain: str,
    subdomain: str,
    scenario_params: Mapping[str, str],
    language: str,
    *,
    format_type: str = "chat",
    situation: str = "",
    exchanges: int = 0,
    catalogue: Catalogue | None = None,
) -> str:
    """The whole prompt as one text, for names as people write them: "Customer Support", "technical_support", "de".

    Without a ``situation`` the subdomain's first is taken; without ``exchanges``, the fewest that the parameters allow.

    Raises:
        NotFoundError: there is no such domain, subdomain, language or format; the hint names the nearest.
    """
    found, area = (catalogue or load_catalogue()).find(domain, subdomain)
    scenario = Scenario(
        domain=found.slug,
        subdomain=area.slug,
        parameters=scenario_params,
        situation=situation or area.seeds[0],
        exchanges=exchanges or found.exchanges.range_for(scenario_params)[0],
    )
    messages = build_prompt(found, area, scenario, format=get_format(format_type), language=find_language(language))
    return "\n\n".join(message.content for message in messages)


def answer_prompt(domain: Domain, subdomain: Subdomain, scenario: Scenario, language: Language) -> Message:
    """The system message under which a small model answers the question bank's user turns."""
    traits = "; ".join(f"{label_of(name)}: {in_words(value)}" for name, value in scenario.parameters.items())
    sentences = [ANSWER.format(subdomain=f"{subdomain.name} ({domain.name})"), f"Context: {traits}."]
    if language.code != "en":
        sentences.append(f"Answer in {language.full_name}.")
    return Message(Role.SYSTEM, " ".join(sentences))


def label_of(parameter: str) -> str:
    """A parameter's name as it stands before one value: ``complexity_levels`` -> "complexity level"."""
    if parameter in LABELS:
        return LABELS[parameter]
    words = in_words(parameter)
    for plural, singular in (("ies", "y"), ("ches", "ch"), ("ss", "ss"), ("s", "")):
        if words.endswith(plural):
            return words.removesuffix(plural) + singular
    return words


def _system(domain: Domain, subdomain: Subdomain, format: Format, language: Language) -> str:
    return SYSTEM.format(
        domain=domain.name,
        subdomain=subdomain.name,
        unit="one conversation" if format.is_conversation else "one instruction with its answer",
        guidance=domain.guidance,
        description=subdomain.description,
        topics=f"\nIt covers, among other things: {'; '.join(subdomain.topics)}." if subdomain.topics else "",
        advice=_lines(format.advice),
        example=json.dumps(shown_example(subdomain, format), ensure_ascii=False),
        language=_language_rule(format, language),
    )


def _language_rule(format: Format, language: Language) -> str:
    rule = f"Write every {'message' if format.is_conversation else 'field'} in {language.full_name}"
    if language.code == "en":
        return f"{rule}."
    return (
        f"{rule}, as native speakers write it, with the forms of address, units, laws and institutions that they would "
        "expect, unless the situation is set elsewhere. Only the JSON keys and the roles stay in English; the example "
        "above is in English to show the shape."
    )


def _brief(scenario: Scenario, format: Format, language: Language) -> str:
    return BRIEF.format(
        situation=scenario.situation,
        traits=traits_of(scenario.parameters),
        length=_length(format, scenario.exchanges),
        language=language.full_name,
    )


def _approved(examples: Sequence[JsonObject]) -> str:
    if not examples:
        return ""
    is_one = len(examples) == 1
    return APPROVED.format(
        these="this example" if is_one else f"these {len(examples)} examples",
        their="its" if is_one else "their",
        examples="\n\n".join(json.dumps(example, ensure_ascii=False) for example in examples),
    )


def _lines(texts: Iterable[str]) -> str:
    return "\n".join(f"- {text}" for text in texts)


def _trait(parameter: str, value: str) -> str:
    meaning = MEANINGS.get(parameter, {}).get(value, "")
    return f"{label_of(parameter)}: {in_words(value)}{f' ({meaning})' if meaning else ''}"


def _length(format: Format, exchanges: int) -> str:
    if not format.is_conversation:
        return "one instruction and one answer, whatever the traits say about the course of a conversation."
    if exchanges == 1:
        return "exactly 1 exchange, that is 2 messages: one by the user, one by the assistant."
    return (
        f"exactly {exchanges} exchanges, that is {2 * exchanges} messages: user and assistant in turn, the user first, "
        "the assistant last. This number decides, whatever the traits say."
    )


@lru_cache(maxsize=128)  # each of the newest openings is quoted in many prompts
def _quoted_opening(text: str) -> str:
    words = " ".join(text.split())
    cut = words if len(words) <= OPENING_CHARACTERS else f"{words[:OPENING_CHARACTERS].rsplit(' ', 1)[0]} …"
    return json.dumps(cut, ensure_ascii=False)
