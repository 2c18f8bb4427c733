"""The app as a user starts it, in a process of its own; and how a browser waits for it."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Error, Page, Request

from synthgen_core.settings import SETTINGS

ROOT = Path(__file__).parents[2]
START_SECONDS = 60
STOP_SECONDS = 10
HARMLESS = ("/_stcore/health", "/_stcore/host-config")
"""What Streamlit's front end asks for below a page's address first, is refused, and then finds at the root."""
LOOPBACK = ("127.0.0.1", "localhost", "::1")

IS_IDLE = """() => {
    const app = document.querySelector('[data-testid="stApp"]');
    const is_still = app && app.dataset.testScriptState === 'notRunning'
        && app.dataset.testConnectionState === 'CONNECTED'
        && document.querySelector('[data-testid="stMain"] [data-testid="stElementContainer"]');
    if (!is_still) { window.stillSince = 0; return false; }
    window.stillSince ||= performance.now();
    return performance.now() - window.stillSince > 250;
}"""


class AppError(Exception):
    """The app did not start, or did not end as it should; the message has the end of its log."""


@dataclass(slots=True)
class App:
    """A started app."""

    url: str
    data_dir: Path
    process: "subprocess.Popen[bytes]"
    log_path: Path
    is_log_checked: bool = True
    """At the end, a traceback in the log is an error. A test that provokes one sets this to False."""

    @property
    def log(self) -> str:
        """All that it printed so far."""
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def stop(self) -> float:
        """SIGTERM, to this process alone; returns the seconds until it ended. A second call does nothing.

        Raises:
            AppError: it did not end in time, or its log holds a traceback.
        """
        if self.process.poll() is not None:
            return 0.0
        started = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AppError(f"The app did not end within {STOP_SECONDS} s of SIGTERM.\n{self.log[-2000:]}") from None
        if self.is_log_checked and "Traceback (most recent call last)" in self.log:
            raise AppError(f"The app's log holds a traceback.\n{self.log[-4000:]}")
        return time.monotonic() - started

    def kill(self) -> None:
        """What a crash or a power cut does."""
        self.process.kill()
        self.process.wait()


def start_app(
    data_dir: Path, *, script: Path | None = None, root: Path = ROOT, environment: Mapping[str, str] | None = None
) -> App:
    """Start the app on a free port, with the embedded model and without keys, and wait until it answers.

    No other setting is taken over from whoever runs the tests. ``environment`` adds settings. ``root`` may be a copy of
    the app, whose ``.env`` then holds.

    Raises:
        AppError: it ended, or did not answer in time.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    port = _free_port()
    foreign = {name: value for name, value in os.environ.items() if not name.startswith("STREAMLIT_")}
    inherited = {name: value for name, value in foreign.items() if name not in SETTINGS}
    unset = dict.fromkeys(SETTINGS, "") if root == ROOT else {}  # empty counts as not set, and wins over a .env file
    own = {"LLM_PROVIDER": "embedded", "DATA_DIR": str(data_dir), "PYTHONUNBUFFERED": "1"}
    given = inherited | unset | own | dict(environment or {})
    address = ["--server.address=127.0.0.1", f"--server.port={port}", "--server.headless=true"]
    command = [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        str(script or root / "streamlit_app.py"),
        *address,
        "--server.fileWatcherType=none",
    ]
    log_path = data_dir.parent / f"{data_dir.name}-{port}.log"
    with log_path.open("wb") as log:
        process = subprocess.Popen(command, cwd=root, env=given, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    app = App(f"http://127.0.0.1:{port}", data_dir, process, log_path)
    give_up = time.monotonic() + START_SECONDS
    while not is_healthy(app.url):
        if process.poll() is not None or time.monotonic() > give_up:
            app.kill()
            raise AppError(f"The app did not start.\n{app.log[-4000:]}")
        time.sleep(0.1)
    return app


def is_healthy(url: str) -> bool:
    """Whether the app's server answers. A wrong address answers too, with a page, hence the look at the text."""
    try:
        with urllib.request.urlopen(f"{url}/_stcore/health", timeout=5) as answer:
            return bool(answer.read() == b"ok")
    except OSError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def idle(page: Page, timeout: float = 60_000) -> None:
    """Wait until the page has drawn something and its script has rested for a quarter of a second.

    "Not running" alone is also true before the first run.
    """
    page.wait_for_function(IS_IDLE, timeout=timeout)
    page.evaluate("window.stillSince = 0")


@dataclass  # no slots: Playwright keeps its wrappers of bound methods on the object
class Console:
    """What went wrong in the browser while a test watched: a test ends with an error unless it is empty."""

    foreign: list[str] = field(default_factory=list)
    """Addresses on other computers that a page asked for."""
    errors: list[str] = field(default_factory=list)
    """Errors in the browser's console, and uncaught ones. A test that stops the app under a page clears this."""

    def watch(self, page: Page) -> None:
        """Note what this page does from now on."""
        page.on("request", self._note_request)
        page.on("console", self._note_message)
        page.on("pageerror", self._note_error)

    def _note_request(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme not in ("data", "blob", "about") and address.hostname not in LOOPBACK:
            self.foreign.append(request.url)

    def _note_message(self, message: ConsoleMessage) -> None:
        path = urlsplit(message.location.get("url", "")).path
        is_harmless = path.endswith(HARMLESS) and path not in HARMLESS and "404" in message.text
        if message.type == "error" and not is_harmless:
            self.errors.append(f"{message.text} ({message.location.get('url', '')})")

    def _note_error(self, error: Error) -> None:
        self.errors.append(str(error))
