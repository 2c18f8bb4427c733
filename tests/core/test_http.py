"""What a service says is quoted without the key, however it repeats it; and it may say nonsense."""

from collections.abc import Callable

import pytest

from synthgen_core.errors import ProviderUnavailableError
from synthgen_core.models import ChatRequest, Message, ProviderConfig, Role
from synthgen_core.providers import create_provider
from synthgen_core.providers.http import retry_after, status_error, without_key
from tests.support.canaries import Evidence, canary, writings
from tests.support.echo_server import ECHO, EchoHandler
from tests.support.server import Act, ModelServer

KEY = canary("any")
CONFIG = ProviderConfig("openai", "m", "http://localhost/v1", KEY)


@pytest.mark.parametrize("written", writings(KEY))
@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 429, 500])
def test_a_key_that_is_repeated_is_not_quoted(written: str, status: int) -> None:
    error = status_error("It", status, f"no such key: {written}, sorry", {}, CONFIG)
    evidence = Evidence()
    evidence.add("message", f"{error} {error!r}")
    assert evidence.places(KEY) == []
    assert "no such key: " in error.message
    assert "sorry" in error.message


def test_a_key_that_is_cut_off_is_not_quoted() -> None:
    error = status_error("It", 400, "x" * 190 + KEY[2:], {}, CONFIG)
    assert not any(KEY[n : n + 6] in error.message for n in range(len(KEY) - 5))


@pytest.mark.parametrize("text", ["", "the key abcd is short", "é “” 漢字 \U0001f600"])
def test_other_words_stay_as_they_are(text: str) -> None:
    assert without_key(text, KEY) == text
    assert without_key(text, "") == text


def test_half_a_character_is_no_trouble() -> None:
    error = status_error("It", 500, "oops \ud800", {}, CONFIG)
    assert error.message.encode()


@pytest.mark.parametrize("value", ["", "soon", "nan", "Mon, 01 Jan 99999999999999999999 00:00:00 GMT", "1e999999x"])
def test_a_time_to_wait_that_is_none_is_left_out(value: str) -> None:
    assert retry_after({"retry-after": value}) is None


@pytest.mark.parametrize(
    ("provider_type", "address"), [("openai", lambda server: server.url), ("anthropic", lambda server: server.root)]
)
def test_a_reply_that_holds_the_key_is_none(provider_type: str, address: Callable[[ModelServer], str]) -> None:
    request = ChatRequest((Message(Role.USER, "hello"),))
    with ModelServer(lambda call: Act(text=f"Your key is {ECHO}"), handler=EchoHandler) as server:
        made = create_provider(provider_type, {"url": address(server), "model": "m", "api_key": KEY})
        with pytest.raises(ProviderUnavailableError) as caught:
            made.complete(request)
        made.close()
    assert caught.value.cause == "bad_reply"
