"""Each rule on cases that it must find, with their place, and on cases that it must leave alone."""

import pytest

from synthgen_core.domains import load_catalogue
from synthgen_core.errors import NotFoundError
from synthgen_core.formats import get_format
from synthgen_core.rules import RULES, Finding, Severity, check_example, measure_lengths, parts_of, rule_score
from tests.core.rules.support import ANSWER, QUESTION, chat, found, found_in

LOOP = "Restart the router and wait. " * 9
WINDING = " ".join(
    f"Open the {n % 5}th menu of the settings and choose the {n % 5}th entry of the list." for n in range(20)
)

BAD = [
    ("short_answer", "Ok.", "Ok."),
    ("truncated", "First open the settings of the account, then choose the second tab and", "settings"),
    ("truncated", "Here is the function:\n```python\ndef add(a, b):\n    return", "```python"),
    (
        "truncated",
        "The refund takes five days. After that the amount appears on the statement of the bank that issued",
        "issued",
    ),
    ("repetition", "I understand. " + LOOP, "Restart"),
    ("repetition", "Done" + "!" * 40, "!!!!"),
    ("repetition", WINDING, "menu"),
    ("refusal", "I’m sorry, but I can’t help with that request.", "I can’t help"),
    ("refusal", "Unfortunately I cannot provide medical advice on this matter.", "I cannot provide"),
    ("refusal", "I must decline to answer this.", "I must decline"),
    ("refusal", "That would be against my guidelines, so let us talk of something else.", "against my guidelines"),
    ("boilerplate", "As an AI language model, I see three ways to do this.", "As an AI language model"),
    ("boilerplate", "Certainly! The form is on page two.", "Certainly!"),
    ("boilerplate", "The form is on page two. Let me know if you have any other questions!", "Let me know"),
    ("placeholder", "Dear [Customer Name], your order is on its way.", "[Customer Name]"),
    ("placeholder", "Your order {{order_id}} is on its way.", "{{order_id}}"),
    ("placeholder", "Lorem ipsum dolor sit amet, consectetur.", "Lorem ipsum"),
    ("prompt_leak", "<|im_start|>assistant\nThe form is on page two.", "<|im_start|>"),
    ("prompt_leak", "As the brief asks, I stay calm: as per the brief, no names are given.", "brief"),
    ("prompt_leak", "### Response:\nThe form is on page two.", "### Response"),
    ("wrong_language", "Das Formular finden Sie auf der zweiten Seite, gleich unter der Anschrift.", "Formular"),
    ("profanity", "That is bullshit, and you know it.", "bullshit"),
]
GOOD = [
    ("short_answer", "Yes, on 3 May, at noon."),
    ("truncated", "Choose one:\n- the blue one\n- the red one"),
    ("truncated", "The result is\n\n```\n42\n```"),
    ("truncated", "I look forward to it.\n\nKind regards,\nAnna Meier"),
    ("truncated", "He said: “It is done.”"),
    ("truncated", "これは完全な文です。"),
    ("repetition", "| a | b |\n|---|---|\n| 1 | 2 |\n" + "-" * 60),
    ("repetition", "Monday 8-12, Tuesday 8-12, Wednesday 8-12, Thursday 8-12, Friday 8-12."),
    ("refusal", "You cannot return opened software, but the licence can be moved to another account."),
    ("refusal", "I am sorry that this happened twice. The refund was sent today."),
    ("boilerplate", "Our AI team built the assistant in 2021; ask them for the language model's licence."),
    ("placeholder", "See [the manual](https://example.com) and note [1]. Mark it [x] when done."),
    ("placeholder", "Write `Dear [Name]` at the top:\n```\nDear [Name],\n```"),
    ("prompt_leak", "Keep the meeting brief: thirty minutes, and here is the agenda."),
    ("wrong_language", "Ok, 17:30."),
    ("wrong_language", "```\nfor zahl in liste: drucke(zahl) und gehe weiter bis zum Ende der Liste\n```"),
    ("profanity", "The Scunthorpe shipment from Dickinson & Sons arrived at Cockburn Street."),
]


@pytest.mark.parametrize(("rule", "answer", "place"), BAD)
def test_a_rule_finds_its_fault_and_names_the_place(rule: str, answer: str, place: str) -> None:
    findings = found(rule, answer)
    assert findings
    finding = findings[0]
    assert (finding.rule, finding.field) == (rule, "messages.1")
    assert place in answer[finding.start : finding.end] or answer[finding.start : finding.end] in place
    assert 0 <= finding.start < finding.end <= len(answer)


@pytest.mark.parametrize(("rule", "answer"), GOOD)
def test_a_rule_leaves_alone_what_only_looks_like_its_fault(rule: str, answer: str) -> None:
    assert found(rule, answer) == []


def test_no_worked_example_of_any_domain_has_a_finding() -> None:
    texts = [
        (format_name, dict(content))
        for domain in load_catalogue()
        for subdomain in domain.subdomains
        for format_name, content in subdomain.examples.items()
    ]
    assert len(texts) > 100
    for format_name, content in texts:
        assert check_example(get_format(format_name), content, {"language": "en"}) == []


def test_a_clean_example_scores_10_and_each_rule_takes_off_once() -> None:
    assert rule_score(check_example(get_format("chat"), chat(), {"language": "en"})) == 10
    one = Finding("refusal", Severity.WARNING, "")
    worse = Finding("refusal", Severity.ERROR, "")
    other = Finding("boilerplate", Severity.INFO, "")
    assert rule_score([one, one]) == 8
    assert rule_score([one, worse, other]) == 4.5
    assert rule_score([Finding(name, Severity.ERROR, "") for name in RULES]) == 0


def test_every_text_of_every_format_is_read() -> None:
    pair = {
        "prompt": [{"role": "user", "content": QUESTION}],
        "chosen": [{"role": "assistant", "content": ANSWER}],
        "rejected": [{"role": "assistant", "content": "Dear [Name], no."}],
    }
    assert [part.field for part in parts_of(pair)] == ["prompt.0", "chosen.0", "rejected.0"]
    assert [finding.field for finding in found_in(pair, "placeholder")] == ["rejected.0"]
    task = {"instruction": "Sum up.", "input": "Call [Name].", "output": ANSWER, "history": [["Hi", "Hello [Name]."]]}
    assert [finding.field for finding in found_in(task, "placeholder")] == ["input", "history.0.assistant"]


def test_an_empty_answer_is_an_error_unless_it_calls_a_tool() -> None:
    assert found("short_answer", "  ")[0].severity is Severity.ERROR
    calling = chat()
    calling["messages"] = [
        {"role": "user", "content": QUESTION},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "1", "type": "function", "function": {}}]},
    ]
    assert found_in(calling, "short_answer") == []


def test_what_the_format_calls_doubtful_is_a_finding() -> None:
    ends_with_user = {"messages": [{"role": "assistant", "content": ANSWER}, {"role": "user", "content": QUESTION}]}
    assert {f.severity for f in found_in(ends_with_user, "structure")} == {Severity.WARNING}


def test_a_threshold_decides() -> None:
    content, shape = chat("Yes, on Friday."), get_format("chat")
    assert check_example(shape, content, {}, rules=["short_answer"]) == []
    assert check_example(shape, content, {}, rules=["short_answer"], thresholds={"short_answer": 20})


def test_an_answer_is_of_unusual_length_only_against_the_others() -> None:
    lengths = measure_lengths([90, 100, 110] * 10)
    shape = get_format("chat")
    assert check_example(shape, chat("x" * 100), {}, rules=["length_outlier"], lengths=lengths) == []
    (finding,) = check_example(shape, chat("x" * 5000), {}, rules=["length_outlier"], lengths=lengths)
    assert "far longer than usual here: 5,000 characters, where 100 is the median" in finding.message
    assert measure_lengths([100] * 29) is None
    same = measure_lengths([100] * 40)
    assert check_example(shape, chat("x" * 5000), {}, rules=["length_outlier"], lengths=same) == []


def test_an_unknown_rule_is_told_with_the_nearest() -> None:
    with pytest.raises(NotFoundError, match="refusal"):
        check_example(get_format("chat"), chat(), {}, rules=["refusals"])
