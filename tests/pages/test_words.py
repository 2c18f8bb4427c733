"""Texts of unknown origin: they read as they were written, and nothing of them becomes active.

That Streamlit's own Markdown agrees is checked in Chromium, by ``tests/e2e/test_safety.py``, on the same texts.
"""

import re
import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from pages.ui.words import JOINER, ago, as_id, as_label, as_markdown, duration, plural

IMAGE = "![x](http://elsewhere.test/p.png)"
ACTIVE = re.compile(r"(?<!\\)(?:\\\\)*(?:\$|<|!\[|&#?\w+;|:[A-Za-z](?![A-Za-z]*://)|:(?!\d\d?:)(?:material/)?[\w+-]+:)")
"""A sign that is not escaped: a formula, HTML, an image, an entity, a directive, an emoji."""
PIECES = (
    "`",
    "``",
    "```",
    "~~~",
    "\n",
    "\n\n",
    "    ",
    "- ",
    "> ",
    "|",
    "\\",
    "!",
    "[x](y)",
    IMAGE,
    "a",
    " ",
    "$",
    "<b>",
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (IMAGE, f"\\{IMAGE}"),
        ("[![x](a)](b)", "[\\![x](a)](b)"),
        ("$5 and $6", r"\$5 and \$6"),
        ("<img src=x onerror=alert(1)>", r"\<img src=x onerror=alert(1)>"),
        (":red[hot]", r"\:red[hot]"),
        (":smile: :material/bolt:", f":{JOINER}smile: :{JOINER}material/bolt:"),
        ("&lt;b&gt; AT&T", r"\&lt;b\&gt; AT&T"),
        (r"a\(x\)", r"a\\(x\\)"),
        ("from 10:30:45 to 11:00", "from 10:30:45 to 11:00"),
        ("see https://example.org/a?b=1&c=2", "see https://example.org/a?b=1&c=2"),
        ("**bold**, _it_, `code`, ~~no~~", "**bold**, _it_, `code`, ~~no~~"),
        ("1. one\n2. two", "1. one  \n2. two"),
        ("one\r\ntwo\rthree\n\nfour", "one  \ntwo  \nthree\n\nfour"),
    ],
)
def test_a_text_reads_as_it_was_written(text: str, expected: str) -> None:
    assert as_markdown(text) == expected


@pytest.mark.parametrize("code", ["echo $HOME", r"C:\new\$x", "<b>", ":red[x]"])
def test_code_is_left_alone(code: str) -> None:
    assert as_markdown(f"run `{code}` now") == f"run `{code}` now"
    assert as_markdown(f"so:\n```sh\n{code}\n```\ndone") == f"so:\n```sh\n{code}\n```\ndone"


def test_an_image_within_a_line_of_code_stays_code_and_becomes_no_image_elsewhere() -> None:
    assert as_markdown("`vec![1]`") == f"`vec!{JOINER}[1]`"
    assert as_markdown("http://a.test/` ![x](y) `") == f"http://a.test/` !{JOINER}[x](y) `"


@pytest.mark.parametrize(
    "text",
    [
        f"look ``` {IMAGE}",  # no fence: it does not begin its line
        f"```a`b\n{IMAGE}",  # no fence: a backtick follows
        f"````\n```\na\n````\n{IMAGE}",  # a fence is not ended by a shorter one
        f"~~~ `\n```\n~~~\n{IMAGE}",
        f"```\n```\n{IMAGE}",
        f"`a\n\n{IMAGE}`",  # code within a line ends with its paragraph
    ],
)
def test_what_only_looks_like_code_is_not_trusted(text: str) -> None:
    assert "\\!" in as_markdown(text)
    assert as_markdown(text).count("![x]") == as_markdown(text).count("\\![x]")


@pytest.mark.parametrize(
    ("fence", "code", "ours"),
    [
        ("```", f"a {IMAGE}", "```"),
        ("```", "~~~\na", "```"),
        ("```", "a `````` b", "```````"),
        ("~~~~", "```\n~~~", "````"),
        ("`````", "````\na", "`````"),
    ],
)
def test_a_block_of_code_gets_a_fence_that_nothing_in_it_can_end(fence: str, code: str, ours: str) -> None:
    assert as_markdown(f"{fence}\n{code}\n{fence}\nafter").strip() == f"{ours}\n{code}\n{ours}\nafter"


def test_a_block_of_code_without_an_end_goes_to_the_end() -> None:
    assert as_markdown(f"```\na\n{IMAGE}").strip() == f"```\na\n{IMAGE}\n```"


def test_a_block_of_code_keeps_its_indentation() -> None:
    assert "\n  def f():\n    pass\n" in as_markdown("```\n  def f():\n    pass\n```")
    assert "\ndef f():\n  pass\n" in as_markdown("- so:\n  ```\n  def f():\n    pass\n  ```")


@given(some.lists(some.sampled_from(PIECES), max_size=30).map("".join))
def test_outside_code_nothing_active_is_left(text: str) -> None:
    fences = re.compile(r"(?ms)^(`{3,})[^`\n]*\n.*?\n?^\1$")
    within_a_line = re.compile(r"(?s)(?<!`)(`+)(?!`)(?:(?!\n\s*\n).)+?(?<!`)\1(?!`)")
    prose = within_a_line.sub("", fences.sub("", as_markdown(text)))
    assert not ACTIVE.search(prose)
    assert "![" not in re.sub(r"\\!\[", "", fences.sub("", as_markdown(text)))


@given(some.text(max_size=200))
def test_any_text_can_be_drawn(text: str) -> None:
    as_markdown(text)
    as_label(text)


@given(some.text(alphabet=some.sampled_from("ab `*_[]()$<>!:\\#&"), max_size=60))
def test_a_label_is_the_name_itself_with_nothing_active(text: str) -> None:
    label = as_label(text)
    assert re.sub(r"\\([^\w\s])|" + JOINER, r"\1", label).replace("\\_", "_") == text
    assert not re.search(r"(?<!\\)(?:\\\\)*[`*\[\]$<!]", label)


@pytest.mark.parametrize("text", ["`" * 20_000, "` `` ``` " * 2_000, "![" * 10_000, ":a" * 10_000, "```\n" * 5_000])
def test_a_long_text_takes_no_time(text: str) -> None:
    started = time.perf_counter()
    as_markdown(text)
    assert time.perf_counter() - started < 2


@pytest.mark.parametrize(("text", "expected"), [("7", 7), ("0", 0), ("9" * 18, 10**18 - 1)])
def test_an_id_is_read(text: str, expected: int) -> None:
    assert as_id(text) == expected


@pytest.mark.parametrize("text", ["", "abc", "-1", "1.5", " 7", "²", "٣", "9" * 19, "9" * 5_000])
def test_what_is_no_id_is_none(text: str) -> None:
    assert as_id(text) is None


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "0 s"),
        (45.4, "45 s"),
        (59.6, "1 min"),
        (60, "1 min"),
        (200, "3 min 20 s"),
        (3600, "1 h 0 min"),
        (7500, "2 h 5 min"),
    ],
)
def test_a_duration_in_words(seconds: float, expected: str) -> None:
    assert duration(seconds) == expected


@pytest.mark.parametrize(
    ("past", "expected"),
    [
        (timedelta(seconds=-5), "just now"),
        (timedelta(seconds=30), "just now"),
        (timedelta(minutes=5), "5 min ago"),
        (timedelta(hours=3), "3 h ago"),
        (timedelta(days=1), "1 day ago"),
        (timedelta(days=13), "13 days ago"),
    ],
)
def test_a_moment_in_words(past: timedelta, expected: str) -> None:
    assert ago(datetime.now(UTC) - past) == expected


def test_a_moment_long_ago_is_a_date() -> None:
    assert ago(datetime(2020, 2, 3, tzinfo=UTC)) == "03 Feb 2020"


def test_one_example_two_examples() -> None:
    assert [plural(n, "example") for n in (0, 1, 1200)] == ["0 examples", "1 example", "1,200 examples"]
