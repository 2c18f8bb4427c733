"""The Chromium that the browser tests drive: found on this computer, or installed where there is none.

``python -m tests.tools.chromium --install`` says in one line what is used. To support one more place, add it to
``COMMANDS`` or ``PATHS``.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

COMMANDS = ("google-chrome", "google-chrome-stable", "chromium", "chromium-browser", "chrome")
PATHS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    *(
        str(Path(os.environ.get(folder, "C:/Program Files"), name))
        for folder in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA")
        for name in ("Google/Chrome/Application/chrome.exe", "Microsoft/Edge/Application/msedge.exe")
    ),
)
ARGUMENTS = (
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    # Nothing but this computer can be reached, whatever a page asks for.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE localhost , EXCLUDE 127.0.0.1",
)
"""How the tests start it."""
REMEDY = "Install Google Chrome or Chromium, or set TEST_CHROMIUM to its path."


class ChromiumError(Exception):
    """There is no usable Chromium; the message has the remedy."""


def find_chromium(
    environment: Iterable[tuple[str, str]] | None = None,
    commands: Iterable[str] = COMMANDS,
    paths: Iterable[str] = PATHS,
) -> Path | None:
    """The first that runs: TEST_CHROMIUM, the system's, the one that Playwright downloaded; None if there is none.

    Raises:
        ChromiumError: TEST_CHROMIUM is set, and does not run.
    """
    if given := dict(os.environ if environment is None else environment).get("TEST_CHROMIUM"):
        if version(Path(given)) is None:
            raise ChromiumError(f"TEST_CHROMIUM is {given}, which is no browser that runs. {REMEDY}")
        return Path(given)
    found = [path for command in commands if (path := shutil.which(command))]
    for path in map(Path, (*found, *paths)):
        if version(path) is not None:
            return path
    return _downloaded()


def version(path: Path) -> str | None:
    """What the browser says of itself; None if it does not run, as with a stub that only tells how to install it."""
    if not path.is_file():
        return None
    if sys.platform == "win32":  # there it would open a window instead of answering
        return path.name
    try:
        answer = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip() or None


def _downloaded() -> Path | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = Path(playwright.chromium.executable_path)
    return path if version(path) is not None else None


def install_chromium() -> None:
    """With apt-get when root, else with Playwright's own download. What goes wrong is printed by those."""
    if shutil.which("apt-get") and os.geteuid() == 0:
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-qq"], env=environment, check=False)
        apt = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"]
        if subprocess.run(apt, env=environment, check=False).returncode == 0 and find_chromium():
            return
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)


def main() -> int:
    """Print what is used; with ``--install``, get one first if there is none. 1 if there is none."""
    try:
        path = find_chromium()
        if path is None and "--install" in sys.argv:
            install_chromium()
            path = find_chromium()
    except ChromiumError as error:
        print(error, file=sys.stderr)
        return 1
    if path is None:
        print(f"Chromium: none was found. {REMEDY}", file=sys.stderr)
        return 1
    print(f"Chromium: {path} ({version(path)})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
