"""The Settings page in Chromium: a key goes to the app and never comes back; cards fit; what is set up is used."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, WebSocket, expect

from tests.support.server import Act, Call, ModelServer
from tests.tools.app import App, idle

Start = Callable[..., App]
Open = Callable[..., Page]
CANARY = "sk-canary-0123456789wxyz"
IS_WIDER = """() => ['html', 'body', '[data-testid="stApp"]', '[data-testid="stMain"]']
    .filter(name => { const e = document.querySelector(name); return e.scrollWidth > e.clientWidth + 1; })"""


class Received:
    """All that the app sends to a page, from the page's next load on."""

    def __init__(self, page: Page) -> None:
        self.blocks: list[bytes] = []
        page.on("websocket", self._listen)

    def _listen(self, socket: WebSocket) -> None:
        socket.on("framereceived", self._keep)

    def _keep(self, frame: str | bytes) -> None:
        self.blocks.append(frame.encode() if isinstance(frame, str) else frame)


def test_a_typed_key_is_used_and_never_comes_back(app: Start, open_page: Open, tmp_path: Path) -> None:
    def answer(call: Call) -> Act:
        is_known = CANARY in call.headers.get("authorization", "")
        return Act(text="Hello there!") if is_known else Act(status=401, text=f"no such key: {CANARY}")

    with ModelServer(answer) as server:
        started = app(tmp_path / "data", OPENAI_BASE_URL=server.url, OLLAMA_URL="http://127.0.0.1:9")
        page = open_page(started)
        received = Received(page)
        page.goto(f"{started.url}/settings")
        idle(page)
        card = page.locator(".st-key-provider-openai")
        card.get_by_role("button", name="Set up").click()
        field = page.get_by_label("Key", exact=True)
        field.fill(CANARY)
        field.press("Enter")
        expect(page.get_by_text("…wxyz, typed in this session")).to_be_visible()
        expect(field).to_have_value("")
        page.keyboard.press("Escape")
        card.get_by_role("button", name="Test").click()
        expect(card.get_by_text("Hello there!")).to_be_visible()
        idle(page)
        assert CANARY not in page.content() + page.url + page.evaluate("JSON.stringify([localStorage, sessionStorage])")
        assert received.blocks
        assert not any(CANARY.encode() in block for block in received.blocks)
        page.reload()
        idle(page)
        assert "wxyz" not in page.content(), "a new session does not know it"
        assert CANARY not in started.log
    files = [path for path in started.data_dir.rglob("*") if path.is_file()]
    assert files
    assert not any(CANARY.encode() in path.read_bytes() for path in files)


def test_the_page_fits_a_narrow_window_with_its_form_open(shared_app: App, open_page: Open) -> None:
    page = open_page(shared_app, "/settings", viewport={"width": 420, "height": 900})
    expect(page.get_by_role("heading", name="System")).to_be_visible()
    assert page.evaluate(IS_WIDER) == []
    page.locator(".st-key-provider-openai").get_by_role("button", name="Set up").click()
    expect(page.get_by_label("Key", exact=True)).to_be_visible()
    assert page.evaluate(IS_WIDER) == []
