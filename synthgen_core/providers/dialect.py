"""What a server that speaks OpenAI's protocol was found not to take, and what it is sent instead.

Each lesson costs one call and is kept as long as this process runs, for each address and model. Of the threads that
would be first to send something new to a server that nothing is known of, one goes ahead and the others wait for what
it finds out.
"""

import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import orjson

from synthgen_core.concurrency import Stop
from synthgen_core.providers.model_info import Structured

FORM = "response_format"
FORMS = list(Structured)
"""From the strictest to none."""
INSTEAD = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}
"""The other name of a parameter; without one it is left out."""
NOT_TAKEN = re.compile(r"unsupported|not support|unknown|unrecogni[sz]ed|unexpected|not permitted|not allowed")
ABOUT_FORM = re.compile(r"response.?format|json.?schema|json.?object|grammar|structured.?output")
POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Lessons:
    """What is known of a server so far."""

    form: Structured = FORMS[0]
    """The strictest form of reply that may still be asked for."""
    guessed_from: Structured | None = None
    """The form before that was doubted without having been named."""
    instead: Mapping[str, str] = field(default_factory=dict)
    """Parameter that it does not take -> its other name, or nothing."""


class Dialect:
    """Lessons about one model of one server. Safe for threads."""

    patience = 5.0
    """Seconds to wait for another's first call: a server that does not take something says so at once."""

    def __init__(self) -> None:
        self.lessons = Lessons()
        self._taken: frozenset[str] = frozenset()
        """Parameters, and forms of reply, of calls that went well."""
        self._lock = threading.Lock()
        self._first = threading.Lock()

    def apply(self, lessons: Lessons, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters to send. ``FORM`` is wanted as a pair: the form to begin with, and the schema's text."""
        sent = {}
        for name, value in wanted.items():
            while name in lessons.instead:
                name = lessons.instead[name]
            if name == FORM:
                value = _format(_weaker(lessons.form, value[0]), value[1])
            if name and value is not None:
                sent[name] = value
        return sent

    @contextmanager
    def turn(self, wanted: Mapping[str, Any], stop: Stop) -> Iterator[None]:
        """Wait while another thread tries what nobody has tried, for a few seconds at most. Raises StoppedError."""
        is_held = not self._is_tried(wanted) and self._wait(stop)
        if is_held and self._is_tried(wanted):
            self._first.release()
            is_held = False
        try:
            yield
        finally:
            if is_held:
                self._first.release()

    def _is_tried(self, wanted: Mapping[str, Any]) -> bool:
        return _marks(self.apply(self.lessons, wanted)) <= self._taken

    def _wait(self, stop: Stop) -> bool:
        end = time.monotonic() + self.patience
        while not self._first.acquire(timeout=POLL_SECONDS):
            stop.check()
            if time.monotonic() > end:
                return False
        return True

    def succeed(self, sent: Mapping[str, Any]) -> None:
        """A call with these parameters went well."""
        marks = _marks(sent)
        if not marks <= self._taken:
            with self._lock:
                self._taken |= marks
                if _mark(sent.get(FORM)) == self.lessons.form:
                    self.lessons = replace(self.lessons, guessed_from=None)

    def learn(self, lessons: Lessons, sent: Mapping[str, Any], said: str, named: str) -> bool:
        """A call was refused as wrong (400, 422): whether it is worth another try, by what is known now.

        ``said``: what the server said, ``named``: the parameter that it blamed, if it did.
        """
        with self._lock:
            if self.lessons is not lessons:
                return True  # another thread has learned something meanwhile
            name = refused_parameter(sent, said, named)
            if name == FORM:
                self.lessons = replace(lessons, form=_next(sent), guessed_from=None)
            elif name:
                other = INSTEAD.get(name, "")
                if other in lessons.instead:
                    return False  # neither name, and without a limit nobody knows what a call costs
                self.lessons = replace(lessons, instead={**lessons.instead, name: other})
            elif FORM in sent and not _marks({FORM: sent[FORM]}) <= self._taken:
                self.lessons = replace(lessons, form=_next(sent), guessed_from=lessons.guessed_from or lessons.form)
            else:
                if lessons.guessed_from:  # it was not that: never doubt it again unless it is named
                    self._taken |= {f"{FORM} {form}" for form in FORMS}
                    self.lessons = replace(lessons, form=lessons.guessed_from, guessed_from=None)
                return False
            return True


def refused_parameter(sent: Mapping[str, Any], said: str, named: str = "") -> str:
    """Which of the parameters that were sent an error says are not taken; empty where it says no such thing."""
    said = said.lower()
    if FORM in sent and (named.startswith(FORM) or ABOUT_FORM.search(said)):
        return FORM
    if not NOT_TAKEN.search(said):
        return ""
    if named in sent:
        return named
    found = [(match.start(), name) for name in sent if (match := re.search(rf"(?<![\w-]){name}(?![\w-])", said))]
    return min(found, default=(0, ""))[1]


@cache
def dialect_of(base_url: str, model: str) -> Dialect:
    """What is known of this model at this address; one for the whole process."""
    return Dialect()


def _format(form: Structured, schema: str) -> dict[str, Any] | None:
    if form is Structured.SCHEMA:
        wrapped = {"name": "example", "schema": orjson.Fragment(schema), "strict": True}
        return {"type": "json_schema", "json_schema": wrapped}
    return {"type": "json_object"} if form is Structured.JSON else None


def _mark(format_: Mapping[str, Any] | None) -> Structured:
    if format_ is None:
        return Structured.NONE
    return Structured.SCHEMA if format_["type"] == "json_schema" else Structured.JSON


def _marks(sent: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(f"{FORM} {_mark(value)}" if name == FORM else name for name, value in sent.items())


def _weaker(one: Structured, other: Structured) -> Structured:
    return max(one, other, key=FORMS.index)


def _next(sent: Mapping[str, Any]) -> Structured:
    return FORMS[FORMS.index(_mark(sent[FORM])) + 1]
