"""A model server at its worst: it repeats the keys that it is sent, in what it says and in every way of writing them.

``ECHO`` in an act's text or body stands for all that the request's headers hold.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tests.support.canaries import writings
from tests.support.server import Act, ModelHandler

ECHO = "{echo}"
HTML = f"<html><body><h1>Bad gateway</h1><pre>{ECHO}</pre></body></html>"
LONG_AGO = "Mon, 01 Jan 99999999999999999999 00:00:00 GMT"
"""No date, though it looks like one."""
FATAL = {
    "a refused key": Act(status=401, text=f"Incorrect API key provided: {ECHO}", code="invalid_api_key"),
    "no credit": Act(status=402, text=f"no credit: {ECHO}"),
    "forbidden": Act(status=403, text=f"not for {ECHO}"),
    "no such model": Act(status=404, text=f"no model for {ECHO}"),
}
"""These end a job."""
PASSING = {
    "a wrong request": Act(status=400, text=f"wrong: {ECHO}"),
    "busy": Act(status=429, text=f"slow down, {ECHO}", headers={"retry-after": "0"}),
    "a date that is none": Act(status=429, text=f"slow down, {ECHO}", headers={"retry-after": LONG_AGO}),
    "an error": Act(status=500, text=f"oops, {ECHO}"),
    "half a character": Act(status=500, raw='{"error": {"message": "\\ud800 ' + ECHO + '"}}'),
    "a page for an error": Act(status=502, raw=HTML, headers={"content-type": "text/html"}),
    "a page": Act(raw=HTML, headers={"content-type": "text/html"}),
    "a reply that is none": Act(raw=f'{{"choices": "{ECHO}", "content": "{ECHO}"}}'),
    "a list": Act(raw=f'["{ECHO}"]'),
    "a text that is none": Act(text=f"Your key is {ECHO}"),
    "half a reply": Act(raw=f'{{"choices": [{{"message": {{"content": "{ECHO}', cut=200),
    "nothing": Act(is_dropped=True),
}
"""These end a call."""


def redirect(url: str) -> Act:
    """Go to this address, with all that you have."""
    return Act(status=307, headers={"location": url}, text=ECHO)


class EchoHandler(ModelHandler):
    """Fills in ``ECHO``."""

    def send(self, act: Act, body: Mapping[str, Any]) -> None:
        text = act.raw if act.raw is not None else json.dumps(body)
        super().send(replace(act, raw=text.replace(ECHO, json.dumps(self._echo())[1:-1])), dict(body))

    def _echo(self) -> str:
        given = (self.headers.get(name, "") for name in ("authorization", "x-api-key"))
        keys = [value.removeprefix("Bearer ") for value in given if value]
        return " ".join(written for key in keys for written in writings(key))
