"""Personal data and secrets: every kind in a sentence, and numbers that only look like them. All of it is invented."""

import pytest

from synthgen_core.formats import get_format
from synthgen_core.rules import check_example
from synthgen_core.rules.personal import KINDS, find_personal_data
from tests.core.rules.support import chat

MIXED = "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5"
PLANTED = [
    ("an e-mail address", "anna.meier@posteo-mail.de"),
    ("a payment card number", "4111 1111 1111 1111"),
    ("a payment card number", "5500-0055-5555-5559"),
    ("an IBAN", "GB29 NWBK 6016 1331 9268 19"),
    ("an IBAN", "DE89370400440532013000"),
    ("a US social security number", "536-22-8764"),
    ("a UK national insurance number", "AB 12 34 56 C"),
    ("a Spanish identity number", "12345678Z"),
    ("a German tax number", "86095742719"),
    ("a phone number", "+49 30 9018 2033"),
    ("a phone number", "(415) 673-2940"),
    ("a phone number", "030 / 9018 2033"),
    ("an IP address", "93.184.216.34"),
    ("an OpenAI key", f"sk-proj-{MIXED}"),
    ("an Anthropic key", f"sk-ant-api03-{MIXED}"),
    ("an AWS access key", "AKIAQWERTYUIOP123456"),
    ("a Google key", "AIza" + (MIXED + MIXED)[:35]),
    ("a GitHub token", "ghp_" + MIXED),
    ("a Slack token", "xoxb-123456789012-abcDEF"),
    ("a Stripe key", "sk_live_" + MIXED[:24]),
    ("a Hugging Face token", "hf_" + MIXED),
    ("a private key", "-----BEGIN RSA PRIVATE KEY-----"),
    ("a signed token (JWT)", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dBjftJeZ4CVPmB92K27u"),
    ("a password in an address", "Tr0ub4dor"),
    ("a password", "Tr0ub4dor&3"),
]
FRAMES = {
    "a password in an address": "Use postgres://admin:{}@db.intern.net/shop for now.",
    "a password": "The login is admin, password: {} (change it).",
}
DECOYS = [
    "Invoice 2024-118 of 3 May 2024 is over 1,299.00 euros.",
    "Order 4111 1111 1111 1112 is delayed.",
    "Call 555-0134 or write to help@example.com.",
    "The version is 10.4.2.1 of the driver, on 192.168.0.1 and 127.0.0.1.",
    "Commit 9fceb02d0ae598e95dc970b74767f19372d61af8 broke it.",
    "ISBN 978-3-16-148410-0, EAN 4006381333931.",
    "Between 1990-2020 the share rose from 12.5 to 48.75 per cent.",
    "a[::-1] and std::vector<int> are not addresses.",
    "Set OPENAI_API_KEY=your-key-here and password=placeholder in the file.",
    "postgres://user:<password>@host/db is the shape of the address.",
    "DE00 3704 0044 0532 0130 00 has wrong check digits.",
    "666-12-3456 and 000-12-3456 are given to nobody.",
    "The numbers are 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16.",
    "2,147,483,647 is the largest; 3.14159265358979 is not.",
    "Ticket 12345678 was closed at 14:30:22 on 2026-11-22.",
]


@pytest.mark.parametrize(("kind", "value"), PLANTED, ids=[f"{k} {n}" for n, (k, _) in enumerate(PLANTED)])
def test_what_is_planted_is_found_as_what_it_is_and_where_it_is(kind: str, value: str) -> None:
    text = FRAMES.get(kind, "Please note {} and go on.").format(value)
    (found,) = find_personal_data(text)
    assert found[0].name == kind
    assert text[found[1] : found[2]] == value


def test_every_kind_is_planted() -> None:
    assert {kind for kind, _ in PLANTED} == {kind.name for kind in KINDS}


@pytest.mark.parametrize("text", DECOYS)
def test_what_only_looks_like_it_is_left_alone(text: str) -> None:
    assert [kind.name for kind, _, _ in find_personal_data(text)] == []


def test_a_finding_never_repeats_what_it_found() -> None:
    for kind, value in PLANTED:
        content = chat(FRAMES.get(kind, "It is {}.").format(value))
        for finding in check_example(get_format("chat"), content, {}, rules=["personal_data"]):
            assert value not in finding.message
