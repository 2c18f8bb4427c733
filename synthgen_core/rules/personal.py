"""Personal data and secrets. Each kind is a pattern and, where one exists, a check of its digits, so that few numbers
are taken for what they are not. What was found is never repeated: a finding has its kind and its place.
"""

import ipaddress
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from synthgen_core.models import Severity
from synthgen_core.rules.definition import Finding, Subject

SECRET, SERIOUS, CONTACT = Severity.ERROR, Severity.ERROR, Severity.WARNING
DIGITS = re.compile(r"\d")
NUMBERS = re.compile(r"\d(?:[ ().\-/]{0,3}\d){5}")
"""Six digits close together: fewer are in no number that counts here."""
NUMBER: tuple[str, ...] = ()
"""The gate of patterns of digits: any longer number."""
ASSIGNED: tuple[str, ...] = ("assw", "ASSW", "wd", "WD", "ecret", "ECRET", "oken", "OKEN")
ASSIGNED += tuple(before + key for before in "iI_-" for key in ("key", "Key", "KEY"))


def luhn(text: str) -> bool:
    """The check digit of payment cards (ISO/IEC 7812-1, annex B), and a first digit that they have."""
    digits = [int(d) for d in DIGITS.findall(text)]
    doubled = [2 * d - 9 * (d > 4) for d in digits[-2::-2]]
    is_long_enough = 13 <= len(digits) <= 19 and len(set(digits)) > 1
    return is_long_enough and 2 <= digits[0] <= 6 and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def iban(text: str) -> bool:
    """The check digits of a bank account (ISO 13616, mod 97)."""
    plain = re.sub(r"\s", "", text).upper()
    if not 15 <= len(plain) <= 34:
        return False
    return int("".join(str(int(c, 36)) for c in plain[4:] + plain[:4])) % 97 == 1


def us_social_security(text: str) -> bool:
    """Areas, groups and serials that are given out (Social Security Administration, randomization since 2011)."""
    area, group, serial = (int(piece) for piece in re.split(r"[- ]", text))
    return 0 < area < 900 and area != 666 and group > 0 and serial > 0


def uk_national_insurance(text: str) -> bool:
    """Prefixes that are given out (HMRC, NIM39110)."""
    return text[:2].upper() not in {"BG", "GB", "KN", "NK", "NT", "TN", "ZZ"}


def spanish_id(text: str) -> bool:
    """The letter of a DNI or NIE: the number modulo 23."""
    plain = text.upper().replace("-", "")
    number = plain[:-1].replace("X", "0").replace("Y", "1").replace("Z", "2")
    return "TRWAGMYFPDXBNJZSQVHLCKE"[int(number) % 23] == plain[-1]


def german_tax_id(text: str) -> bool:
    """The check digit of the Steuer-Identifikationsnummer (ISO/IEC 7064, MOD 11, 10)."""
    digits = [int(d) for d in DIGITS.findall(text)]
    product = 10
    for digit in digits[:10]:
        total = (digit + product) % 10 or 10
        product = 2 * total % 11
    return digits[0] != 0 and len(set(digits[:10])) < 10 and (11 - product) % 10 == digits[10]


def is_public_ip(text: str) -> bool:
    """An address of a real network: not private, reserved or for documents."""
    try:
        return ipaddress.ip_address(text).is_global
    except ValueError:
        return False


def _phone(text: str) -> bool:
    digits = DIGITS.findall(text)
    is_fictional = re.search(r"\b555[-. ]?01\d\d\b", text)
    return 8 <= len(digits) <= 15 and len(set(digits)) > 2 and not is_fictional


def _real_mail(text: str) -> bool:
    return not re.search(r"@(?:[\w-]+\.)*(?:example\.(?:com|org|net)|test|invalid|localhost)$", text, re.I)


def _mixed(text: str) -> bool:
    return bool(DIGITS.search(text)) and text.lower() != text and not re.search(r"(?i)example|placeholder|your", text)


def _no_blank(text: str) -> bool:
    return not re.search(r"(?i)pass(?:word|wd)?$|secret|token|example|placeholder|your|xxx", text)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of personal data or secret."""

    name: str
    severity: Severity
    gate: tuple[str, ...]
    """Looked for first, because it is quick: one of these pieces of text, or ``NUMBER``."""
    pattern: re.Pattern[str]
    """What counts is the group "it", if there is one."""
    is_real: Callable[[str], bool] = lambda text: True


KINDS = (
    Kind("an OpenAI key", SECRET, ("sk-",), re.compile(r"\bsk-(?!ant-)(?:proj-)?[\w-]{20,}"), _mixed),
    Kind("an Anthropic key", SECRET, ("sk-ant-",), re.compile(r"\bsk-ant-[\w-]{20,}")),
    Kind(
        "an AWS access key", SECRET, ("AKIA", "ASIA"), re.compile(r"\b(?:AKIA|ASIA)(?!IOSFODNN7EXAMPLE)[A-Z0-9]{16}\b")
    ),
    Kind("a Google key", SECRET, ("AIza",), re.compile(r"\bAIza[\w-]{35}(?![\w-])")),
    Kind(
        "a GitHub token",
        SECRET,
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
        re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{60,})\b"),
    ),
    Kind("a Slack token", SECRET, ("xox",), re.compile(r"\bxox[abprs]-[\w-]{10,}")),
    Kind("a Stripe key", SECRET, ("_live_",), re.compile(r"\b[rs]k_live_[A-Za-z0-9]{16,}\b")),
    Kind("a Hugging Face token", SECRET, ("hf_",), re.compile(r"\bhf_[A-Za-z0-9]{30,}\b")),
    Kind("a private key", SECRET, ("PRIVATE KEY",), re.compile(r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----")),
    Kind("a signed token (JWT)", SECRET, ("eyJ",), re.compile(r"\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}")),
    Kind(
        "a password in an address",
        SECRET,
        ("://",),
        re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s/:@]+:(?P<it>[^\s/@<>{}$*%]{3,})@"),
        _no_blank,
    ),
    Kind(
        "a password",
        SECRET,
        ASSIGNED,
        re.compile(r"\b(?:password|passwd|pwd|secret|api[_-]?key|token)\s*[=:]\s*[\"']?(?P<it>[^\s\"',;]{8,})", re.I),
        _mixed,
    ),
    Kind(
        "an e-mail address",
        CONTACT,
        ("@",),
        re.compile(r"\b[\w.+-]{1,64}@(?:[\w-]+\.)+[a-z]{2,24}\b", re.I),
        _real_mail,
    ),
    Kind("an IBAN", SERIOUS, NUMBER, re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b"), iban),
    Kind("a payment card number", SERIOUS, NUMBER, re.compile(r"(?<![\w-])(?:\d[ -]?){12,18}\d(?![\w-])"), luhn),
    Kind(
        "a US social security number",
        SERIOUS,
        NUMBER,
        re.compile(r"(?<![\d-])\d{3}-\d{2}-\d{4}(?![\d-])"),
        us_social_security,
    ),
    Kind(
        "a UK national insurance number",
        SERIOUS,
        NUMBER,
        re.compile(r"\b[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]\b"),
        uk_national_insurance,
    ),
    Kind(
        "a Spanish identity number",
        SERIOUS,
        NUMBER,
        re.compile(r"\b(?:\d{8}|[XYZ]\d{7})-?[A-HJ-NP-TV-Z]\b"),
        spanish_id,
    ),
    Kind(
        "a German tax number",
        SERIOUS,
        NUMBER,
        re.compile(r"(?<![\w-])[1-9]\d ?\d{3} ?\d{3} ?\d{3}(?![\w-])"),
        german_tax_id,
    ),
    Kind(
        "a phone number",
        CONTACT,
        NUMBER,
        re.compile(
            r"(?<![\w.,/$€£#-])(?<!\d )(?:\+\d{1,3}[ .-]?(?:\(\d{1,4}\)[ .-]?)?\d{1,4}(?:[ .-]?\d{2,4}){2,4}|"
            r"\(?[2-9]\d{2}\)?[ .-]\d{3}[ .-]\d{4}|0\d{2,4}(?: ?/ ?|[ -])\d{3,4}[ -]?\d{3,4})(?![\w-]|[.,]\d)"
        ),
        _phone,
    ),
    Kind("an IP address", CONTACT, (".",), re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.]*\d)"), is_public_ip),
)
"""The stricter stand first: what one kind took, no other takes again."""


def personal_data(subject: Subject) -> Iterator[Finding]:
    """Personal data or a secret in any text of the example."""
    for part in subject.parts:
        for kind, start, end in find_personal_data(part.text):
            severity = kind.severity
            yield Finding("personal_data", severity, f"The text holds {kind.name}.", part.field, start, end)


def find_personal_data(text: str) -> list[tuple[Kind, int, int]]:
    """(kind, start, end) of all that is found, in order; nothing overlaps."""
    has_number = bool(NUMBERS.search(text))
    taken: list[tuple[Kind, int, int]] = []
    for kind in KINDS:
        if not _passes_gate(kind.gate, text, has_number=has_number):
            continue
        for match in kind.pattern.finditer(text):
            start, end = match.span("it") if "it" in kind.pattern.groupindex else match.span()
            is_free = all(end <= other_start or start >= other_end for _, other_start, other_end in taken)
            if is_free and kind.is_real(text[start:end]):
                taken.append((kind, start, end))
    return sorted(taken, key=lambda found: found[1])


def _passes_gate(gate: tuple[str, ...], text: str, *, has_number: bool) -> bool:
    return has_number if gate == NUMBER else any(piece in text for piece in gate)
