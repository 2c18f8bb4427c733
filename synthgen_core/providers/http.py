"""What HTTP providers share: a client, which keys can be sent, which reaction a status deserves, how long to wait."""

import base64
import email.utils
import math
import re
import ssl
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeVar

import httpx2
import orjson

from synthgen_core.errors import ProviderError, ProviderRefusedError, ProviderUnavailableError
from synthgen_core.models import ProviderConfig
from synthgen_core.providers.registry import is_at_home, provider_kind

E = TypeVar("E", bound=Exception)
MOST_CONNECTIONS = 256
CONNECT_SECONDS, WRITE_SECONDS = 5.0, 30.0
LONGEST_WAIT = 120.0
"""Seconds; a service that asks for more is not waited for longer."""
UNAUTHORISED, PAYMENT, FORBIDDEN, NOT_FOUND, TIMEOUT, CONFLICT, TOO_MANY = 401, 402, 403, 404, 408, 409, 429
BUSY = (TOO_MANY, 503, 529)
NO_CREDIT = ("insufficient_quota", "billing", "credit balance", "insufficient funds")
KEY = re.compile(r"[!#-&(-~]*")
"""Printable ASCII without spaces and quotation marks."""
PIECE = 6
"""So many characters of a key in a row are taken out of what a server says."""
READABLE, LONGEST_QUOTE = 2000, 200
"""Of what a server says: how much is looked at, and how much is quoted."""
LEAST_KEY = 12
"""A shorter key can be a word that stands in a reply by chance: a server that needs none is often given "test"."""


def http_client(read_seconds: float, base_url: str = "", *, connect_seconds: float = CONNECT_SECONDS) -> httpx2.Client:
    """A client for any number of threads; nobody waits for a connection, since that is what workers are limited for."""
    timeout = httpx2.Timeout(connect=connect_seconds, read=read_seconds, write=WRITE_SECONDS, pool=None)
    limits = httpx2.Limits(max_connections=MOST_CONNECTIONS, max_keepalive_connections=MOST_CONNECTIONS)
    return httpx2.Client(base_url=base_url, timeout=timeout, limits=limits, verify=_trust())


@cache
def _trust() -> ssl.SSLContext:
    """The certificates that are trusted: reading them takes longer than all else in making a client."""
    return httpx2.create_ssl_context()


def service_name(config: ProviderConfig) -> str:
    """What to call the service in a message: another's server that speaks its protocol has no name."""
    kind = provider_kind(config.type)
    if kind.has_imitators and not is_at_home(config):
        return "The server"
    return kind.name.removesuffix(" and compatible")


def check_key(config: ProviderConfig) -> None:
    """Raise ProviderRefusedError where a key is missing, or holds what no key holds."""
    kind = provider_kind(config.type)
    if not config.api_key and kind.needs_key and is_at_home(config):
        raise ProviderRefusedError(f"{service_name(config)} needs a key.", f"Set {kind.key_setting}.", cause="auth")
    if not KEY.fullmatch(config.api_key):
        raise ProviderRefusedError(
            "The key holds characters that no key has.", "Copy it again, without quotes and spaces.", cause="auth"
        )


def no_model(config: ProviderConfig) -> ProviderRefusedError:
    """The error for a request that names no model, where the service cannot choose one."""
    return ProviderRefusedError(
        f"{service_name(config)} needs the name of a model.", "Choose one of its list.", cause="model"
    )


def writable(text: str) -> str:
    """The text without lone surrogates, which JSON cannot hold."""
    return text.encode("utf-8", "replace").decode()


def count(counts: Mapping[str, object], *names: str) -> int:
    """The sum of these counts of tokens; absent or null is 0. Raises ValueError or TypeError for what is no count."""
    return sum(int(counts.get(name) or 0) for name in names)  # type: ignore[call-overload] # that is what it raises for


def without_key(text: str, key: str) -> str:
    """The text without the key and without pieces of it, as they are, URL-encoded or in Base64, each replaced by “…”:
    some servers repeat what they were sent."""
    if not key:
        return text
    forms = {key, urllib.parse.quote(key, safe="")}
    for shift in range(3):  # Base64 depends on what stands before
        coded = base64.b64encode(bytes(shift) + key.encode()).decode()
        forms |= {coded, coded.translate({ord("+"): "-", ord("/"): "_"})}
    size = min(PIECE, len(key))
    pieces = {form[n : n + size] for form in forms for n in range(len(form) - size + 1)}
    found = {n for n in range(len(text) - size + 1) if text[n : n + size] in pieces}
    hidden = {n + k for n in found for k in range(size)}
    return re.sub("\0+", "…", "".join("\0" if n in hidden else letter for n, letter in enumerate(text)))


def parsed(content: bytes, config: ProviderConfig) -> Any:
    """The JSON of a reply. Raises ValueError where it is none, or holds the key, which no model knows."""
    if len(config.api_key) >= LEAST_KEY and config.api_key.encode() in content:
        raise ValueError("the key is in the reply")
    return orjson.loads(content)


def status_error(
    name: str, status: int, said: str, headers: Mapping[str, str], config: ProviderConfig
) -> ProviderError:
    """The error for a response that is not a success. ``said`` is the service's own message, kept short."""
    said = " ".join(without_key(writable(said[:READABLE]), config.api_key).split())[:LONGEST_QUOTE]
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
            f"{name} knows no model “{config.model}”, or nothing is at that address.{quoted}",
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
        except (ValueError, OverflowError):
            return None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        seconds = (moment - datetime.now(UTC)).total_seconds()
    return None if math.isnan(seconds) else min(max(seconds, 0.0), LONGEST_WAIT)


@contextmanager
def translating(translate: Callable[[E], ProviderError], sdk_error: type[E], config: ProviderConfig) -> Iterator[None]:
    """What an SDK raises, as ``translate`` says; what a body that is read piece by piece raises, out of the SDK's
    hands; and what comes of a success that is not what the protocol says."""
    try:
        yield
    except sdk_error as error:
        raise translate(error) from error
    except httpx2.HTTPError as error:
        raise unreachable(service_name(config), config.base_url) from error
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise not_a_reply(service_name(config), config.base_url) from error


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
