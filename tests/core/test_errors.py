"""Errors name the thing, the value and the remedy; and there is one class for each reaction."""

import inspect
import pickle
import re

import pytest

from synthgen_core import errors
from synthgen_core.errors import (
    ConfigError,
    InvalidExampleError,
    NotFoundError,
    ProviderError,
    ProviderRefusedError,
    ProviderUnavailableError,
    StoppedError,
    SynthGenError,
    trace_of,
)

CLASSES = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if kind.__module__ == errors.__name__]


def test_an_error_reads_as_what_failed_and_what_to_do() -> None:
    assert str(SynthGenError("The key is refused.", "Check it.")) == "The key is refused. Check it."
    assert str(SynthGenError("The key is refused.")) == "The key is refused."


@pytest.mark.parametrize("kind", CLASSES)
def test_every_error_of_ours_is_one_family_and_can_be_caught_as_such(kind: type[SynthGenError]) -> None:
    error = kind("what", "hint")
    assert isinstance(error, SynthGenError)
    assert (error.message, error.hint) == ("what", "hint")
    again = pickle.loads(pickle.dumps(error))  # they cross processes where an executor of processes is used
    assert (type(again), str(again)) == (kind, "what hint")


def test_the_tree_of_the_docstring_is_the_tree_of_the_classes() -> None:
    drawn = {line.split("──")[-1].split()[0] for line in (errors.__doc__ or "").splitlines() if "──" in line}
    assert drawn == {kind.__name__ for kind in CLASSES} - {"SynthGenError"}


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ("suport", "Did you mean Support?"),
        ("LEGALL", "Did you mean Legal?"),
        ("medicals", "Did you mean Medical?"),
        ("xyz", "Known: Support, Medical, Legal."),
        ("", "Known: Support, Medical, Legal."),
    ],
)
def test_an_unknown_name_is_quoted_with_the_nearest_known(value: str, hint: str) -> None:
    error = NotFoundError.of("domain", value, ["Support", "Medical", "Legal"])
    assert error.message == f"There is no domain “{value}”."
    assert error.hint == hint


def test_an_unknown_name_says_where_it_was_looked_for() -> None:
    error = NotFoundError.of("subdomain", "x", [], "in Legal Documentation")
    assert str(error) == "There is no subdomain “x” in Legal Documentation."


def test_errors_carry_what_the_reaction_needs() -> None:
    assert ProviderRefusedError("a", cause="auth").is_fatal
    assert not ProviderRefusedError("a", is_fatal=False).is_fatal
    assert ProviderUnavailableError("a", cause="rate_limit", retry_after=2.5).retry_after == 2.5
    assert (InvalidExampleError("a", reason="json", row=7).reason, InvalidExampleError("a", row=7).row) == ("json", 7)
    assert issubclass(ProviderRefusedError, ProviderError)
    assert str(StoppedError()) == "Stopped on request."


def test_a_trace_has_every_cause_and_nothing_that_foreign_errors_say() -> None:
    try:
        try:
            raise KeyError("secret" * 2)
        except KeyError as error:
            raise ConfigError("The setting X cannot be.", "Correct it.") from error
    except ConfigError as error:
        told = trace_of(error)
    first, last = told.split("and then")
    assert re.search(r"Traceback .*line \d+.*\nKeyError\n", first, re.DOTALL)
    assert last.endswith("ConfigError: The setting X cannot be. Correct it.")
    assert "secretsecret" not in told
