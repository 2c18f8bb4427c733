"""Examples for the rules to read, and what they say of them."""

from synthgen_core.formats import get_format
from synthgen_core.models import JsonObject
from synthgen_core.rules import Finding, check_example

QUESTION = "My invoice of 3 May shows the old address. Can you correct it before Friday?"
ANSWER = "Yes. Open Billing, choose the invoice and press Correct; the new one is sent to you within an hour."


def chat(answer: str = ANSWER, question: str = QUESTION) -> JsonObject:
    return {"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]}


def found_in(content: JsonObject, rule: str, *, language: str = "en") -> list[Finding]:
    name = "chat" if "messages" in content else "preference" if "chosen" in content else "instruction"
    return check_example(get_format(name), content, {"language": language}, rules=[rule])


def found(rule: str, answer: str, **said: str) -> list[Finding]:
    return found_in(chat(answer), rule, **said)
