"""No key ever shows: the app is used with canaries for keys, all is made to fail, and what it let out is searched.

A new page of the navigation is swept by itself, a new command is run as it is (``all_commands`` has the arguments of
those that need some). ``PLANTED``, a word that the model says, proves that the search reaches every place.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from urllib.parse import quote

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from synthgen_core.actions.settings import ProviderChoice, save_provider_choice
from synthgen_core.cli.commands import COMMANDS
from synthgen_core.providers import PROVIDERS
from synthgen_core.settings import SETTINGS, Settings
from tests.e2e.sweeping import look_around, sweep
from tests.e2e.test_main_job import choose, done
from tests.e2e.watching import wait_for
from tests.support.canaries import Evidence, canary, writings
from tests.support.echo_server import FATAL, PASSING, EchoHandler, redirect
from tests.support.replies import MODEL, write
from tests.support.server import Act, Call, ModelServer
from tests.tools.app import ROOT, App, Console, idle, start_app

Open = Callable[..., Page]
KEYED = {name: kind for name, kind in PROVIDERS.items() if kind.key_setting}
REAL = [name for name, kind in KEYED.items() if not kind.base_url_setting]
"""Those whose address no setting changes: what the environment has for them is sent to their own hosts only, which are
behind a proxy here that lets nothing through."""
IN_DOTENV, TYPED = "ANTHROPIC_API_KEY", "groq"
CANARIES = {kind.key_setting: canary(name) for name, kind in KEYED.items()}
CANARIES |= {name: canary(name) for name in (f"typed for {TYPED}", "password of the proxy", "password, short")}
PLANTED = "planted0word1" * 2
PARTS = ("pages", "synthgen_core", "static", ".streamlit", "streamlit_app.py")
GENERATE = ["generate", "--domain", "support", "--subdomain", "technical_support", "--seed", "3", "--count"]
RUN_ALL = """
import json, sys, traceback
from synthgen_core.cli import main
for arguments in json.load(sys.stdin):
    try:
        print("==", *arguments[:1], main(arguments), flush=True)
    except SystemExit as error:
        print("==", *arguments[:1], error.code, flush=True)
    except BaseException:
        traceback.print_exc()
"""


@pytest.mark.parametrize("written", writings(canary("any")))
@pytest.mark.parametrize("around", ["{}", "é {} é", "xx{}", '{{"said": "{}"}}'])
def test_the_search_finds_a_key_in_each_way_of_writing_it(written: str, around: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text(around.format(written), encoding="utf-8")
    evidence = Evidence()
    evidence.add_folder("folder", tmp_path)
    assert evidence.places(canary("any")) == ["folder file"]
    assert evidence.places(canary("other")) == []


def test_four_characters_may_be_shown() -> None:
    evidence = Evidence()
    evidence.add("page", f"…{canary('any')[-4:]}")
    assert evidence.places(canary("any")) == []


def planted(call: Call) -> Act:
    """A good reply that holds the planted word."""
    return Act(text=write(call.body).replace(" of ", f" of {PLANTED} "))


class Rotation:
    """Each fault in turn; safe for threads."""

    def __init__(self, *acts: Act) -> None:
        self._acts, self._turn = acts, count()

    def __call__(self, call: Call) -> Act:
        return self._acts[next(self._turn) % len(self._acts)]


class Proxy(EchoHandler):
    """Lets nothing through."""

    def do_CONNECT(self) -> None:  # noqa: N802 - http.server calls it so
        self.send_error(502, f"not for {self.headers.get('proxy-authorization')}")
        self.hang_up()


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer(planted, handler=EchoHandler) as started:
        yield started


@pytest.fixture
def own_environment(tmp_path: Path, server: ModelServer) -> Iterator[dict[str, str]]:
    """What the app is started with, from a copy of it that has a ``.env``."""
    root = tmp_path / "app"
    root.mkdir()
    for part in PARTS:
        (shutil.copytree if (ROOT / part).is_dir() else shutil.copy2)(ROOT / part, root / part)
    (root / ".env").write_text(f"{IN_DOTENV}='{CANARIES[IN_DOTENV]}'\nLOG_LEVEL=debug\n")
    with ModelServer(handler=Proxy) as proxy:
        host, password = proxy.root.removeprefix("http://"), quote(CANARIES["password of the proxy"], safe="")
        yield {
            "LLM_PROVIDER": "openai",
            "LLM_MODEL": MODEL,
            "OPENAI_BASE_URL": server.url,
            "ANTHROPIC_BASE_URL": server.root,
            "ANTHROPIC_MODEL": MODEL,
            "OLLAMA_URL": server.root,
            "HTTPS_PROXY": f"http://me:{password}@{host}",
        } | {name: key for name, key in CANARIES.items() if name in SETTINGS and name != IN_DOTENV}


def run_commands(root: Path, environment: dict[str, str], commands: list[list[str]], data_dir: Path) -> str:
    """Run these commands one after the other in one process, as from a terminal; all that they print."""
    given = {name: value for name, value in os.environ.items() if name not in SETTINGS} | environment
    lines = [[*command, "--json", "--data-dir", str(data_dir)] for command in commands]
    how: dict[str, object] = {"cwd": root, "env": given, "input": json.dumps(lines), "timeout": 150}
    ran = subprocess.run(
        [sys.executable, "-c", RUN_ALL], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True, **how
    )
    return ran.stdout


def all_commands(folder: Path) -> list[list[str]]:
    """Every command on dataset 1; those that need nothing, and those that are new, as they are."""
    rows = folder / f"{PLANTED}.jsonl"
    rows.write_text('{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}\nbad\n')
    targets = [["export", "1", "--target", name, "--out", str(folder / name)] for name in ("jsonl", "csv", "parquet")]
    known = {
        "generate": [
            *([*GENERATE, "1", "--provider", name] for name in PROVIDERS if name != "embedded"),
            *([*GENERATE, str(len(PASSING)), "--provider", name] for name in ("openai", "anthropic")),
            [*GENERATE, "1", "--provider", "openai", "--base-url", f"http://me:{CANARIES['password, short']}@host/v1"],
            [*GENERATE, "1", "--provider", "openai", "--base-url", f"me:{CANARIES['password, short']}@host/v1"],
        ],
        "resume": [["resume", "latest"]],
        "import": [["import", str(rows)]],
        "export": [
            *targets,
            ["export", "1", "--target", "hugging_face", "--licence", "mit", "--out", str(folder / "h")],
        ],
        "merge": [["merge", "1", "1"], ["merge", "1", "2"]],
        "sample": [["sample", "1", "--size", "1"]],
        "split": [["split", "1"]],
        "convert": [["convert", "1", "--to", "instruction"]],
        "dedupe": [["dedupe", "1"]],
        "filter": [["filter", "1", "--text", "planted"]],
        "versions": [["versions", "make", "1"], ["versions", "diff", "1", "1"], ["versions", "list", "1"]],
        "trash": [["trash", "list"]],
        "verify": [["verify", "1"]],
        "models": [["models", name] for name in PROVIDERS],
    }
    return [arguments for command in COMMANDS for arguments in known.get(command.name, [[command.name]])]


@pytest.mark.timeout(500)
def test_no_key_is_shown_written_or_logged(
    own_environment: dict[str, str], server: ModelServer, open_page: Open, console: Console, tmp_path: Path
) -> None:
    evidence, folder, root = Evidence(), tmp_path / "data", tmp_path / "app"
    with ModelServer() as elsewhere, ModelServer(handler=EchoHandler) as faulty:
        away = redirect(elsewhere.url.replace("127.0.0.1", "localhost") + "/chat/completions")
        faulty.choose = Rotation(*PASSING.values(), away, *FATAL.values())
        for name in REAL:
            save_provider_choice(Settings(data_dir=folder), name, ProviderChoice(MODEL, server.url))
        server.choose = lambda call: planted(call) if call.number < 2 else Act(delay=600)
        started = start_app(folder, root=root, environment=own_environment)
        try:
            page = open_page(started, "/generate")
            choose(page, 4, workers=2).click()
            wait_for(lambda: done(page) == 2, page)
            page.close()
        finally:
            started.kill()
        console.errors.clear()  # the page lost its app
        evidence.add("log of the app that was killed", started.log)

        server.choose = planted
        started = start_app(folder, root=root, environment=own_environment)
        try:
            page = open_page(started, "/tasks")
            page.get_by_role("button", name="Resume").click()
            wait_for(lambda: done(page) == 4, page)
            with ThreadPoolExecutor(1) as side:
                asked = own_environment | {"OPENAI_BASE_URL": faulty.url, "ANTHROPIC_BASE_URL": faulty.root}
                said = side.submit(run_commands, root, asked, all_commands(tmp_path), folder)
                paths = use(page, server, Rotation(*PASSING.values(), away), evidence)
                evidence.add("commands", said.result())
            evidence.add_folder("data while it runs", folder)
            page.close()
        finally:
            started.stop()
        assert "job 1 is completed" in started.log
        evidence.add("log", started.log)
        evidence.add_folder("data", folder)
        evidence.add_folder("export", tmp_path / "h")
        sent = "".join(str(call.headers) for call in (*server.calls, *faulty.calls))
        assert not elsewhere.calls, "a key is not carried to another host"
    assert {"/generate", "/tasks", "/settings"} <= set(paths)
    assert {name for name, key in CANARIES.items() if key in sent} == {
        "OPENAI_API_KEY",
        IN_DOTENV,
        f"typed for {TYPED}",
    }
    places = " ".join(evidence.places(PLANTED))
    for place in ("page", "frame", "commands", "llm_dataset_creator.db", "datasets/", "export"):
        assert place in places, "the search reaches it"
    assert evidence.leaks(CANARIES.items()) == {}


def test_the_password_of_a_database_is_not_shown_either(
    app: Callable[..., App], open_page: Open, postgres_database: str, tmp_path: Path
) -> None:
    evidence, password = Evidence(), canary("password of the database")
    url = sa.make_url(postgres_database).set(password=password)
    address = url.render_as_string(hide_password=False)
    started = app(tmp_path / "data", DATABASE_URL=address)
    page = open_page(started)
    evidence.listen(page)
    page.reload()
    idle(page)
    sweep(page, lambda: evidence.add_page(page))
    page.close()
    started.stop()
    evidence.add("log", started.log)
    evidence.add_folder("data", tmp_path / "data")
    refused = url.set(port=9).render_as_string(hide_password=False)
    for given in (address, refused, address.replace("+psycopg", "+nosuch"), address.replace("://", ":/")):
        environment = dict.fromkeys(SETTINGS, "") | {"DATABASE_URL": given}
        output = run_commands(ROOT, environment, [["doctor"], ["datasets"]], tmp_path / "data")
        assert "== datasets" in output
        evidence.add("commands", output)
    engine = sa.create_engine(postgres_database)
    with engine.connect() as connection:
        for table in sa.inspect(connection).get_table_names():
            evidence.add(f"table {table}", repr(connection.execute(sa.text(f'SELECT * FROM "{table}"')).all()))
    engine.dispose()
    assert evidence.places(password) == []


def use(page: Page, server: ModelServer, faults: Rotation, evidence: Evidence) -> list[str]:
    """All that a user does in one session, with everything that can go wrong; the pages that there are."""
    evidence.listen(page)

    def look() -> None:
        evidence.add_page(page)

    page.reload()
    idle(page)
    page.get_by_role("button", name="Open dataset").first.click()
    idle(page)
    look_around(page, look)
    go(page, "Settings")
    expect(page.get_by_text("checking", exact=True)).to_have_count(0, timeout=60_000)  # then the page rests
    key = CANARIES[f"typed for {TYPED}"]
    type_into(page, "vllm", "Address", f"me:{CANARIES['password, short']}@host/v1", "holds a user's name or a password")
    type_into(page, TYPED, "Key", key, f"…{key[-4:]}, typed in this session")
    test = page.locator(f".st-key-provider-{TYPED}").get_by_role("button", name="Test")
    for act in (*FATAL.values(), *PASSING.values()):
        server.choose = lambda call, act=act: act
        test.click()
        idle(page)
        look()
    go(page, "Generate")
    page.get_by_role("button", name="Customer Support").click()
    page.get_by_role("button", name="Technical Support").click()
    page.get_by_role("combobox", name="Model").click()
    page.get_by_role("option", name=PROVIDERS[TYPED].name).click()
    server.choose = lambda call: FATAL["forbidden"]
    page.get_by_role("button", name="Make one example").click()
    expect(page.get_by_text("does not allow this")).to_be_visible()
    look()
    server.choose = faults
    page.get_by_role("button", name=re.compile("^Generate [0-9]+$")).click()
    server.wait_for_calls(len(server.calls) + len(PASSING))
    look()
    server.choose = lambda call: FATAL["a refused key"]
    expect(page.get_by_text("refuses the key").first).to_be_visible(timeout=60_000)
    paths = sweep(page, look)
    server.models_act = FATAL["forbidden"]
    go(page, "Settings")
    page.get_by_role("button", name="Check again").click()
    expect(page.get_by_text("does not allow this").first).to_be_visible()
    look()
    return paths


def type_into(page: Page, name: str, label: str, text: str, told: str) -> None:
    """Type into a provider's form, see what that is answered with, and close it."""
    page.locator(f".st-key-provider-{name}").get_by_role("button", name="Set up").click()
    field = page.get_by_label(label, exact=True)
    field.fill(text)
    field.press("Enter")
    expect(page.get_by_text(told)).to_be_visible()
    page.keyboard.press("Escape")
    idle(page)


def go(page: Page, title: str) -> None:
    """To another page, in the same session."""
    page.get_by_test_id("stSidebarNav").get_by_role("link", name=title, exact=True).click()
    idle(page)
