"""What HTTP providers share: which reaction a status deserves, and how long to wait."""

import email.utils
import math
from collections.abc import Mapping
from datetime import UTC, datetime

from synthgen_core.errors import ProviderError, ProviderRefusedError, ProviderUnavailableError

LONGEST_WAIT = 120.0
"""Seconds; a service that asks for more is not waited for longer."""
UNAUTHORISED, PAYMENT, FORBIDDEN, NOT_FOUND, TIMEOUT, CONFLICT, TOO_MANY = 401, 402, 403, 404, 408, 409, 429
BUSY = (TOO_MANY, 503, 529)
NO_CREDIT = ("insufficient_quota", "billing", "credit balance", "insufficient funds")


def status_error(name: str, status: int, said: str, headers: Mapping[str, str], model: str) -> ProviderError:
    """The error for a response that is not a success. ``said`` is the service's own message, kept short."""
    said = " ".join(said.split())[:200]
    quoted = f" It said: “{said}”" if said else ""
    if status == UNAUTHORISED:
        return ProviderRefusedError(f"{name} refuses the key.{quoted}", "Check the key and its project.", cause="auth")
    if status == PAYMENT or any(mark in said.lower() for mark in NO_CREDIT):
        return ProviderRefusedError(f"{name} says that there is no credit left.{quoted}", "Top it up.", cause="credit")
    if status == FORBIDDEN:
        return ProviderRefusedError(
            f"{name} does not allow this.{quoted}", "Check what the key may be used for.", cause="forbidden"
        )
    if status == NOT_FOUND:
        return ProviderRefusedError(
            f"{name} knows no model “{model}”, or nothing is at that address.{quoted}",
            "Choose another model, or check the base URL.",
            cause="model",
        )
    if status in BUSY:
        return ProviderUnavailableError(
            f"{name} is busy (status {status}).{quoted}",
            "Use fewer workers, or wait a little.",
            cause="rate_limit",
            retry_after=retry_after(headers),
        )
    if status in (TIMEOUT, CONFLICT) or status >= 500:
        return ProviderUnavailableError(
            f"{name} failed (status {status}).{quoted}",
            "Try again later.",
            cause="server",
            retry_after=retry_after(headers),
        )
    return ProviderRefusedError(
        f"{name} does not accept the request (status {status}).{quoted}",
        "Another model may accept it.",
        cause="bad_request",
        is_fatal=False,
    )


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait by the ``Retry-After`` header (RFC 9110: seconds, or a date), 120 at most; None without one."""
    value = headers.get("retry-after", "").strip()
    try:
        seconds = float(value)
    except ValueError:
        try:
            moment = email.utils.parsedate_to_datetime(value)
        except ValueError:
            return None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        seconds = (moment - datetime.now(UTC)).total_seconds()
    return None if math.isnan(seconds) else min(max(seconds, 0.0), LONGEST_WAIT)


def unreachable(name: str, url: str) -> ProviderUnavailableError:
    """The error for a service to which no connection can be made."""
    return ProviderUnavailableError(
        f"{name} does not answer at {url}.", "Is it running, and is the address right?", cause="connection"
    )


def too_slow(name: str, seconds: float) -> ProviderUnavailableError:
    """The error for a reply that did not come in time."""
    return ProviderUnavailableError(f"{name} gave no reply within {seconds:g} s.", "Try again later.", cause="timeout")


def not_a_reply(name: str, url: str) -> ProviderUnavailableError:
    """The error for a success that is not what the protocol says: HTML of a proxy, cut-off JSON, no choices."""
    return ProviderUnavailableError(
        f"{name} sent something that is not a reply, from {url}.",
        "Check the base URL, and any proxy between.",
        cause="bad_reply",
    )
