"""Replies are read however models dress them; what cannot be read is one of our errors, by class, with the raw text."""

import contextlib
import json
import time

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from synthgen_core.formats import FORMATS
from synthgen_core.models import JsonObject
from synthgen_core.parsing import MAX_CHARACTERS, REASONS, ReplyError, parse_reply

USER, ANSWER = '{"role": "user", "content": "Hi."}', '{"role": "assistant", "content": "Hello."}'
CHAT = f'{{"messages": [{USER}, {ANSWER}]}}'
PARSED: JsonObject = json.loads(CHAT)
INSTRUCTION = '{"instruction": "Do.", "input": "", "output": "Done."}'


def answer(content: str) -> str:
    return f'{{"instruction": "Do.", "input": "", "output": "{content}"}}'


@pytest.mark.parametrize(
    "text",
    [
        CHAT,
        f"\ufeff{CHAT}\n",
        f"```json\n{CHAT}\n```",
        f"```\n{CHAT}\n```",
        f"Here is your example:\n\n```json\n{CHAT}\n```\nLet me know if you need more!",
        f'Shape:\n```json\n{{"id": 1}}\n```\nExample:\n```json\n{CHAT}\n```',
        f"Here's the {{topic}} example: {CHAT} Hope it helps :}}",
        f"<think>I need JSON like {INSTRUCTION}.</think>\n{CHAT}",
        f'<thinking>\nMaybe {{"messages": [ ...\n</thinking>\n\n{CHAT}',
        f"I need JSON like {INSTRUCTION}.</think>{CHAT}",
        f'I could start with {{"messages": [ and so on</think>{CHAT}',
        f"<think>Let me write it.\n{CHAT}",
        f"<think>Let me write it.\n```json\n{CHAT}\n```",
        f"[THINK]Hm.[/THINK]{CHAT}",
        f"[{CHAT}]",
        f'{{"example": {CHAT}}}',
        f'{{"content": {CHAT}}}',
        f'{{"data": [{CHAT}]}}',
        f'{{"metadata": {{"tone": "calm"}}, "conversation": [{USER}, {ANSWER}]}}',
        f"[{USER}, {ANSWER}]",
        f"{USER}\n{ANSWER}",
        f"{USER}, {ANSWER}",
        f"{{{CHAT}}}",
        CHAT.replace("]}", ",],}"),
        CHAT.replace('", "content"', '" "content"'),
        CHAT.replace("]}", "}"),
        CHAT.replace('"}]}', '"]}'),
        CHAT.replace('"', "'"),
        CHAT.replace('"messages"', "messages").replace('"role"', "role"),
        CHAT.replace("[", "[ // the user's turn\n").replace("]}", "/* end */]}"),
        f"A draft: {CHAT.replace('Hello.', 'Hm.')}\nBetter:\n{CHAT}",
    ],
)
def test_a_reply_is_read_however_it_is_dressed(text: str) -> None:
    assert parse_reply(text) == PARSED


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"a \"quoted\" word", 'a "quoted" word'),
        ('a "quoted" word', 'a "quoted" word'),
        ('"All of it."', '"All of it."'),
        ('say "a", "b" and "c".', 'say "a", "b" and "c".'),
        ('a 5" pipe', 'a 5" pipe'),
        ('see "http://x", then', 'see "http://x", then'),
        ('send {"a": "b"} now', 'send {"a": "b"} now'),
        ("line one\nline two ", "line one\nline two "),
        (r"\(x\) and \_ and \'it\' and \u12", r"\(x\) and \_ and 'it' and \u12"),
    ],
)
def test_an_unescaped_text_is_read_without_losing_a_character(written: str, meant: str) -> None:
    assert parse_reply(answer(written))["output"] == meant


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        (" \n\ufeff", "empty"),
        ("I'm sorry, but I can\u2019t help with that.", "refusal"),
        ("As an AI language model, I do not write medical advice.", "refusal"),
        ("**I cannot** do this.", "refusal"),
        ("Sure! What should it be about?", "no_json"),
        ("42", "no_json"),
        ("[]", "no_json"),
        ("{}", "no_json"),
        ("[" * 50_000, "no_json"),
        (f"[{CHAT}, {INSTRUCTION}]", "several"),
        (f'{{"examples": [{CHAT}, {CHAT}]}}', "several"),
        (f'{{"first": {CHAT}, "second": {CHAT}}}', "several"),
        (f"{CHAT}\n{CHAT[:40]}", "cut_off"),
        ("<think>I never stop thinking", "cut_off"),
        (f"<think>Like {CHAT}, or else", "cut_off"),
        (f"```json\n{CHAT[:-20]}\n```", "cut_off"),
        ('{"a" "b"}', "broken_json"),
        (answer('end with "}" here'), "broken_json"),
        (answer('say "go", "role": "user" and so on'), "broken_json"),
        (answer('```json\n{"k": "v"}\n```\nThen "go".')[:-9], "broken_json"),
        (CHAT.replace('"', "'").replace("]", "]]"), "broken_json"),
        ('{"a": 1, "a": 2}', "duplicate_keys"),
        ('{"messages": [{"role": "user", "content": "a", "role": "assistant", "content": "b"}]}', "duplicate_keys"),
        ('{"a": NaN}', "bad_number"),
        ('{"a": -Infinity,}', "bad_number"),
        ('{"a": 1e999}', "bad_number"),
        (f'{{"a": {"9" * 5000}}}', "bad_number"),
        (f"{'{' + chr(34) + 'a' + chr(34) + ':'}" * 100_000, "too_deep"),
        ('{"a":' * 900 + "1" + "}" * 900, "too_deep"),
        ('{"a":' * 90_000 + "1" + "}" * 90_000, "too_deep"),
        (CHAT + " " * MAX_CHARACTERS, "too_long"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else None,
)
def test_what_cannot_be_read_is_told_by_class_with_the_raw_text(text: str, reason: str) -> None:
    with pytest.raises(ReplyError) as caught:
        parse_reply(text)
    assert caught.value.reason == reason
    assert caught.value.raw == text
    assert caught.value.message
    assert caught.value.hint
    assert reason in REASONS


@pytest.mark.parametrize("text", [CHAT, "", f"```json\n{CHAT}\n```"])
def test_a_reply_cut_off_by_its_limit_is_refused_however_complete_it_looks(text: str) -> None:
    with pytest.raises(ReplyError) as caught:
        parse_reply(text, is_cut=True)
    assert caught.value.reason == "cut_off"


@pytest.mark.parametrize("text", [CHAT, INSTRUCTION, CHAT.replace('"', "'"), f"```json\n{CHAT}"])
def test_no_beginning_of_a_reply_becomes_a_row(text: str) -> None:
    for end in range(1, text.rindex("}")):
        with pytest.raises(ReplyError):
            parse_reply(text[:end])


def test_another_object_than_an_example_is_returned_for_the_format_to_judge() -> None:
    assert parse_reply('Score: {"score": 7}') == {"score": 7}


@pytest.mark.parametrize(
    "unit",
    [
        '{"a":"x","b" ',
        '{"a" </think>',
        '"{\'a"',
        '{"a": /*',
        "{'a':' ' ",
        "<think>",
        '{"a":1}',
        '{"a":1,}',
        '{"[{',
        ']{"a":',
    ],
)
def test_a_hostile_reply_takes_no_more_than_a_moment(unit: str) -> None:
    start = time.perf_counter()
    with contextlib.suppress(ReplyError):
        parse_reply(unit * (MAX_CHARACTERS // len(unit)))
    assert time.perf_counter() - start < 10


# -- properties

NASTY = st.one_of(
    st.sampled_from(
        ['"', "'", "\\", "{", "}", "[", "]", ",", ":", '",', '"}', '"}]}', ",}", '", "role": "', '{"a": 1}']
    ),
    st.sampled_from(["```", "```json\n", "<think>", "</think>", "//", "/*", "*/", "\\u12", "{{x}}", "null", CHAT]),
    st.sampled_from(["\n", "\r\n", "\u2028", " ", "don't", "“so”", "😀"]),
)
PLAIN = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
TEXT = st.lists(NASTY | PLAIN, min_size=1, max_size=8).map("".join).filter(str.strip)
CHATS = st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=3).map(
    lambda pairs: {
        "messages": [
            {"role": role, "content": text}
            for pair in pairs
            for role, text in zip(("user", "assistant"), pair, strict=True)
        ]
    }
)
INSTRUCTIONS = st.fixed_dictionaries({"instruction": TEXT, "input": st.just("") | TEXT, "output": TEXT})
DRESSES = [
    "{}",
    "\ufeff{}",
    "```json\n{}\n```",
    "Here it is, as you asked:\n\n{}\n\nShall I write another? It's no trouble.",
    "<think>The user's brief says: be brief.</think>\n{}",
    "First I think about it.\n</think>\n\n{}",
    "<think>Never closed.\n{}\n",
    "<thinking>a</thinking>Sure!\n```\n{}\n```\nDone.",
    '{{"example": {}}}',
    "[{}]",
    "[{},]",
    '{{"data": {},}}',
    "{}\n// that's all",
]


@given(CHATS | INSTRUCTIONS, st.sampled_from(DRESSES), st.booleans(), st.sampled_from([None, 2]), st.booleans())
def test_any_example_is_read_back_equal_from_any_dress(
    content: JsonObject, dress: str, is_ascii: bool, indent: int | None, has_trailing_comma: bool
) -> None:
    text = json.dumps(content, ensure_ascii=is_ascii, indent=indent)
    assume(not ("Never closed" in dress and "</think>" in text))  # nobody can tell whose tag that is
    assume(not ("Never closed" in dress and "</think>" in text))  # nobody can tell whose tag that is
    if has_trailing_comma:
        text = f"{text[:-1]},}}"
    found = parse_reply(dress.format(text) if dress != "{}" else text)
    assert found == content
    name = "chat" if "messages" in content else "instruction"
    assert FORMATS[name].validate(found) == content


JSONISH = st.lists(NASTY | PLAIN | st.sampled_from([CHAT, '{"messages": [', '"content": "', USER]), max_size=12).map(
    "".join
)


@given(st.text() | JSONISH | st.text(st.characters(), max_size=30))
@example('{"a\ud800": "\ud800", }')
@example("{'\\")
@example('{"":')
def test_no_text_raises_anything_but_a_reply_error(text: str) -> None:
    raw = text
    found: JsonObject = {}
    try:
        found = parse_reply(text)
    except ReplyError as error:
        raw = error.raw
    assert raw == text
    json.dumps(found, allow_nan=False)
    for format in FORMATS.values():
        format.issues(found)
