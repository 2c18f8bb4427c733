"""Canaries: keys that were made to be looked for afterwards, and a search that finds one in any form it could leak in.

``Evidence`` collects all that the app let out (pages, frames, files, logs) and says where a canary is in it.
"""

import base64
import hashlib
import html
import json
import zipfile
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

import pyarrow.parquet as pq
from playwright.sync_api import Page, Response, WebSocket

SPECIAL = "+/<&=%"
"""Every encoding writes some of these in its own way. What stands around them is the same in all of them but Base64."""
HEAD, TAIL = 12, 8
"""So much of a key's beginning, or of its end, is too much; the last four characters may be shown."""


def canary(name: str) -> str:
    """A key that nobody else has, the same in each run."""
    marks = hashlib.sha256(name.encode()).hexdigest()
    return f"{marks[:16]}{SPECIAL}{marks[16:36]}"


def forms(key: str) -> set[bytes]:
    """What betrays a key: its beginning or its end, as they are or within something that was put into Base64."""
    raw = [key[:HEAD].encode(), key[-TAIL:].encode()]
    found = set(raw)
    for piece in raw:
        for shift in range(3):  # the place of the piece among the groups of three bytes
            whole = base64.b64encode(bytes(shift) + piece)
            first, end = -(-shift * 8 // 6), (shift + len(piece)) * 8 // 6
            found.add(whole[first:end])
    return found


def writings(key: str) -> list[str]:
    """A key as a server may repeat it."""
    return [
        key,
        f"{key[:HEAD]}***",
        quote(key, safe=""),
        html.escape(key),
        json.dumps(key)[1:-1],
        base64.b64encode(f"user:{key}".encode()).decode(),
        base64.urlsafe_b64encode(key.encode()).decode(),
    ]


class Evidence:
    """What was let out, and where."""

    def __init__(self) -> None:
        self._seen: dict[bytes, str] = {}

    def add(self, where: str, what: str | bytes) -> None:
        """Keep this; the same again is kept once."""
        self._seen.setdefault(what.encode() if isinstance(what, str) else what, where)

    def add_page(self, page: Page) -> None:
        """All that a page holds now: its elements, what its fields hold, its address, what it stored."""
        fields = "[...document.querySelectorAll('input, textarea')].map(e => e.value)"
        kept = f"JSON.stringify([{fields}, {{...localStorage}}, {{...sessionStorage}}, document.cookie])"
        self.add(f"page {page.url}", f"{page.content()}\n{page.url}\n{page.evaluate(kept)}")

    def add_folder(self, where: str, folder: Path) -> None:
        """Every file below this folder, with its name; those that are compressed also as what they hold."""
        for path in sorted(folder.rglob("*")):
            if not path.is_file():
                continue
            name = f"{where} {path.relative_to(folder)}"
            self.add(f"name of {name}", str(path.relative_to(folder)))
            self.add(name, path.read_bytes())
            if path.suffix == ".parquet":
                self.add(name, repr(pq.read_table(path).to_pylist()))
            elif zipfile.is_zipfile(path):
                with zipfile.ZipFile(path) as packed:
                    for member in packed.namelist():
                        self.add(f"{name} {member}", packed.read(member))

    def listen(self, page: Page) -> None:
        """Keep all that this page will be sent, from its next load on."""
        page.on("websocket", self._listen)
        page.on("response", self._keep_response)

    def _listen(self, socket: WebSocket) -> None:
        socket.on("framereceived", self._keep_frame)

    def _keep_frame(self, frame: str | bytes) -> None:
        self.add("frame", frame)

    def _keep_response(self, response: Response) -> None:
        self.add("response header", repr(response.headers))

    def places(self, key: str) -> list[str]:
        """Where this key is, in one form or another; sorted."""
        wanted = forms(key)
        return sorted({where for what, where in self._seen.items() if any(form in what for form in wanted)})

    def leaks(self, keys: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
        """Name of a key -> where it is; empty if no key is anywhere. ``keys``: (name, key) each."""
        found = {name: self.places(key) for name, key in keys}
        return {name: places for name, places in found.items() if places}
