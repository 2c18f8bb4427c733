"""The errors of the core: one class per reaction, never one per cause.

    SynthGenError(message, hint)
    ├── ConfigError              show it, link to the settings
    ├── NotFoundError            show it, offer the list
    ├── AccessError              show it; somebody else may
    ├── InvalidExampleError      count it, go on (knows its row at import)
    ├── ConflictError            somebody else changed it: show both
    ├── DatabaseError            show it; the database is unreachable or refuses
    ├── PausedError              pause the job: it can be resumed once its cause is mended
    │   └── BudgetReachedError       with a higher budget
    ├── StoppedError             nothing: the user asked for it
    └── ProviderError
        ├── ProviderRefusedError      key, model, credit: asking again cannot help
        └── ProviderUnavailableError  rate limit, timeout, 5xx: it may (retry_after)

A message says what failed, on what, in the reader's words; the hint says one thing to do. Foreign exceptions are
translated once, at the edge where they arise, and stay attached as the cause.
"""

import difflib
import traceback
from collections.abc import Iterable

from synthgen_core.reviewing import Conflict


class SynthGenError(Exception):
    """What a user may read: ``message`` says what failed and on what, ``hint`` one thing to do about it."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".rstrip()


class ConfigError(SynthGenError):
    """A setting, a file of ours or an input has a value that cannot work."""


class NotFoundError(SynthGenError):
    """The thing that was named does not exist."""

    @classmethod
    def of(cls, kind: str, value: object, known: Iterable[str] = (), where: str = "") -> "NotFoundError":
        """The error for an unknown name, with the nearest known names as the hint.

        ``kind`` is what was looked for ("domain"), ``where`` narrows it ("in Customer Support").
        """
        names = list(known)
        by_lower = {name.lower(): name for name in names}
        near = difflib.get_close_matches(str(value).lower(), list(by_lower), n=3, cutoff=0.5)
        if near:
            hint = f"Did you mean {' or '.join(by_lower[name] for name in near)}?"
        elif names:
            hint = f"Known: {', '.join(names)}."
        else:
            hint = ""
        return cls(" ".join(f"There is no {kind} “{value}” {where}".split()) + ".", hint)


class AccessError(SynthGenError):
    """Whoever asks may not do this, or did not show who they are."""


class InvalidExampleError(SynthGenError):
    """An example that does not have the shape of its format, or a text that is no JSON. ``reason`` is a short class for
    counting; ``row`` and ``column``, from 1, are the place of the fault in the text, where there is one."""

    def __init__(
        self,
        message: str,
        hint: str = "",
        *,
        reason: str = "invalid",
        row: int | None = None,
        column: int | None = None,
    ) -> None:
        super().__init__(message, hint)
        self.reason = reason
        self.row = row
        self.column = column


class ConflictError(SynthGenError):
    """Somebody else changed, or is working on, the same thing; ``conflict`` has both texts, where it is about texts."""

    def __init__(self, message: str, hint: str = "", *, conflict: Conflict | None = None) -> None:
        super().__init__(message, hint)
        self.conflict = conflict


class DatabaseError(SynthGenError):
    """The database, or the folder it lives in, cannot be read or written."""


class PausedError(SynthGenError):
    """A job should not go on by itself. ``cause`` is a short class for counting; ``note`` stands beside the job."""

    note = "Paused."

    def __init__(self, message: str, hint: str = "", *, cause: str = "paused") -> None:
        super().__init__(message, hint)
        self.cause = cause


class BudgetReachedError(PausedError):
    """The next call could cost more than is left of the job's budget. Nothing is wrong."""

    note = "Budget reached."
    cause = "budget"

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint, cause=BudgetReachedError.cause)


class ProviderError(SynthGenError):
    """A model did not answer. ``cause`` is a short class for counting: auth, model, credit, rate_limit, timeout, ..."""

    def __init__(self, message: str, hint: str = "", *, cause: str = "provider") -> None:
        super().__init__(message, hint)
        self.cause = cause


class ProviderRefusedError(ProviderError):
    """Asking again cannot help. ``is_fatal`` tells whether it holds for every request (a wrong key, no credit) or for
    this one only (the request is too long, the content is refused)."""

    def __init__(self, message: str, hint: str = "", *, cause: str = "refused", is_fatal: bool = True) -> None:
        super().__init__(message, hint, cause=cause)
        self.is_fatal = is_fatal


class ProviderUnavailableError(ProviderError):
    """Asking again may help, after ``retry_after`` seconds where the service said so."""

    def __init__(
        self, message: str, hint: str = "", *, cause: str = "unavailable", retry_after: float | None = None
    ) -> None:
        super().__init__(message, hint, cause=cause)
        self.retry_after = retry_after


class StoppedError(SynthGenError):
    """The job was asked to stop while this call was waiting or running. Nothing is wrong."""

    def __init__(self, message: str = "Stopped on request.", hint: str = "") -> None:
        super().__init__(message, hint)


def trace_of(error: BaseException) -> str:
    """Where an error and its causes arose, for a log. What foreign ones say is left out: it may quote a key."""
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    said = f"{type(error).__name__}: {error}" if isinstance(error, SynthGenError) else type(error).__name__
    own = f"Traceback (most recent call last):\n{''.join(traceback.format_tb(error.__traceback__))}{said}"
    return f"{trace_of(before)}\n\nand then\n\n{own}" if before else own
