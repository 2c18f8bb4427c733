"""What the two sides of a conversation are told where each turn is a call of its own.

The user's side knows the scenario and sees the conversation as a transcript. The assistant knows the field and its own
manner, and reads the conversation as any assistant would: it never sees the situation behind it.
"""

import json
from collections.abc import Sequence

from synthgen_core.domains import Domain, Subdomain
from synthgen_core.formats import Format
from synthgen_core.languages import Language
from synthgen_core.models import JsonObject, Message, Role, Scenario
from synthgen_core.prompts import traits_of

ASSISTANT_TRAITS = frozenset({"communication_styles", "instruction_approaches", "coaching_approaches"})
"""Parameters that say how the assistant is; all others say who asks, and about what."""

USER_SYSTEM = """\
You play a person who writes to an assistant in the field of {domain}, in the area of {subdomain}. You write that \
person's messages, one at a time; the assistant is somebody else. The conversations become training data, and a \
specialist keeps one only if it rings true.

{subdomain}: {description}

## How the person writes
- They have a reason to write today. They give the details they would have at hand (a product, a date, an amount, what \
they have tried), leave out what they would not know, and write the way people write.
- Every detail is written out. Invent plausible people, companies, dates and numbers rather than leaving brackets or \
blanks to fill in.
- The traits in the brief show in how they write and in what happens; they never name them.
- A later message reacts to the reply before it: what came of a step, a doubt, a new detail, a further question. \
Thanks alone are not a message.
- They never answer for the assistant, do its work or praise it, and never mention the brief, this task or training \
data.

Reply with the words of the message and nothing before or after them: no name, no quotation marks, no remarks. Write \
in {language}."""

TASK = """\
Write the task that the person hands over, in one message, whatever the traits say about the course of a conversation: \
what is to be done, and, written out in full, any material that it works on (a letter, figures, notes, code)."""

BRIEF = """\
Situation: {situation}

Traits (adapt details of the situation where needed, so that all of them hold):
{traits}

Language: {language}"""

ASSISTANT_SYSTEM = """\
You are an experienced practitioner in the field of {domain}, in the area of {subdomain}, and answer people who write \
to you.

{guidance}

{subdomain}: {description}

- The first sentence is already useful; what follows is specific to this case: steps, figures, wording, reasons. Stop \
when the matter is dealt with. Do not repeat the question, praise it, or close with a routine offer of more help.
- The facts hold. Calculations add up, and the laws, medicines, standards, products and functions that you name exist. \
Where the answer depends on something that you do not know, say on what, or ask for it.
- Length follows need: a simple matter gets a short answer. Use lists only where there are steps or items to list.
- Do not speak of yourself as an AI.{manner}

Answer in {language}."""


def user_prompt(
    domain: Domain,
    subdomain: Subdomain,
    scenario: Scenario,
    talk: Sequence[Message],
    *,
    format: Format,
    language: Language,
    approved: Sequence[JsonObject] = (),
) -> tuple[Message, ...]:
    """The messages that ask for the user's next turn, after this conversation so far.

    The first depends on domain, subdomain and language only. ``approved`` are examples to take the tone from.
    """
    system = USER_SYSTEM.format(
        domain=domain.name,
        subdomain=subdomain.name,
        description=subdomain.description,
        language=language.full_name,
    )
    traits = {name: value for name, value in scenario.parameters.items() if name not in ASSISTANT_TRAITS}
    parts = [
        BRIEF.format(situation=scenario.situation, traits=traits_of(traits), language=language.full_name),
        f"The conversation:\n{_transcript(talk)}" if talk else "",
        _next(len(talk) // 2 + 1, scenario.exchanges) if format.is_conversation else TASK,
    ]
    if approved and not talk:
        openings = "\n".join(f"- {_quoted(format.first_user_text(content))}" for content in approved)
        parts.insert(0, f"This is how people wrote in approved examples; take neither wording nor plot:\n{openings}")
    return (
        Message(Role.SYSTEM, system),
        Message(Role.USER, "\n\n".join(part for part in parts if part)),
    )


def assistant_prompt(
    domain: Domain,
    subdomain: Subdomain,
    scenario: Scenario,
    talk: Sequence[Message],
    *,
    format: Format,
    language: Language,
    approved: Sequence[JsonObject] = (),
) -> tuple[Message, ...]:
    """The conversation so far, as it asks for the assistant's next turn. ``approved`` are examples to write like."""
    manner = {name: value for name, value in scenario.parameters.items() if name in ASSISTANT_TRAITS}
    system = ASSISTANT_SYSTEM.format(
        domain=domain.name,
        subdomain=subdomain.name,
        guidance=domain.guidance,
        description=subdomain.description,
        manner=f"\n\nYour manner:\n{traits_of(manner)}" if manner else "",
        language=language.full_name,
    )
    if approved:
        pairs = "\n\n".join(_transcript(format.turns(content)) for content in approved)
        system += (
            f"\n\nAnswers that were approved, to other questions; meet their standard in your own words.\n\n{pairs}"
        )
    return (Message(Role.SYSTEM, system), *talk)


def _transcript(talk: Sequence[Message]) -> str:
    names = {Role.USER: "The person", Role.ASSISTANT: "The assistant"}
    return "\n".join(f"{names[message.role]}: {_quoted(message.content)}" for message in talk)


def _next(number: int, of: int) -> str:
    if number == 1:
        length = " The conversation will have this one message." if of == 1 else f" They will write {of} in all."
        return f"Write the person's first message.{length}"
    last = " It is their last; it still needs an answer." if number == of else ""
    return f"Write the person's next message, number {number} of {of}.{last}"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
