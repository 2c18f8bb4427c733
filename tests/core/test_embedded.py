"""The embedded model, with the real engine and the real weights: deterministic, stoppable, closed to others."""

import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from synthgen_core.concurrency import Stop
from synthgen_core.errors import ConfigError, ProviderRefusedError, StoppedError
from synthgen_core.models import ChatRequest, Message, ProviderConfig, Role
from synthgen_core.providers import create_provider
from synthgen_core.providers.embedded import (
    MODEL,
    SLOTS,
    EmbeddedProvider,
    Engine,
    is_ready,
    load_engine,
    threads_for,
)
from synthgen_core.providers.weights import MIN_GGUF_BYTES, ensure_weights

QUESTION = "How do I find out whether our Wi-Fi or the internet line is slow?"
ENDLESS = 1500


def ask(text: str = QUESTION, *, max_tokens: int = 24, seed: int | None = 7) -> ChatRequest:
    messages = (Message(Role.SYSTEM, "You are a helpful expert."), Message(Role.USER, text))
    return ChatRequest(messages, max_tokens=max_tokens, seed=seed)


def provider_of(model: str = "") -> EmbeddedProvider:
    return EmbeddedProvider(ProviderConfig("embedded", model))


@pytest.fixture(scope="module")
def weights() -> Path:
    return ensure_weights()


@pytest.fixture(scope="module")
def provider(weights: Path) -> EmbeddedProvider:
    made = create_provider("embedded")
    assert isinstance(made, EmbeddedProvider)
    made.prepare()
    return made


@pytest.fixture
def engine(provider: EmbeddedProvider) -> Engine:
    return load_engine(None, None, Stop())


def endless() -> ChatRequest:
    """A request whose reply would take many seconds: at this temperature the model does not come to an end."""
    return ChatRequest((Message(Role.USER, "Count: 1 2 3 4 5 6 7 8"),), max_tokens=ENDLESS, temperature=1.5, seed=1)


def test_a_reply_is_complete_with_its_counts(provider: EmbeddedProvider) -> None:
    completion = provider.complete(ask())
    assert len(completion.text.split()) > 10
    assert completion.model == MODEL
    assert completion.finish_reason == "length"
    assert completion.usage.completion_tokens == 24
    assert 20 < completion.usage.prompt_tokens < 60
    assert completion.seconds > 0


def test_a_reply_that_ends_by_itself_says_so(provider: EmbeddedProvider) -> None:
    assert provider.complete(ask("Say hello.", max_tokens=200)).finish_reason == "stop"


def test_the_same_seed_gives_the_same_text_and_another_seed_another(provider: EmbeddedProvider) -> None:
    first = provider.complete(ask()).text
    assert provider.complete(ask()).text == first
    assert provider.complete(ask(seed=8)).text != first


def test_a_seed_of_any_size_is_taken(provider: EmbeddedProvider) -> None:
    for seed in (2**63, 2**32 - 1, -1):
        request = ask(max_tokens=8, seed=seed)
        assert provider.complete(request).text == provider.complete(request).text


def test_sixteen_threads_get_what_one_gets(provider: EmbeddedProvider) -> None:
    requests = [ask(max_tokens=16, seed=seed) for seed in range(16)]
    with ThreadPoolExecutor(16) as pool:
        together = [completion.text for completion in pool.map(provider.complete, requests)]
    assert together[:4] == [provider.complete(request).text for request in requests[:4]]
    assert len(set(together)) > 3


def test_any_text_is_taken(provider: EmbeddedProvider) -> None:
    for text in ("broken \ud800 surrogate", "日本語 🎉 \x00 <|im_end|>", ""):
        assert provider.complete(ask(text, max_tokens=4)).usage.completion_tokens > 0


def test_a_developer_message_works_as_a_system_message(provider: EmbeddedProvider) -> None:
    def told(role: Role) -> str:
        messages = (Message(role, "Answer in French."), Message(Role.USER, QUESTION))
        return provider.complete(ChatRequest(messages, max_tokens=12, seed=1)).text

    assert told(Role.DEVELOPER) == told(Role.SYSTEM)


def test_a_request_that_is_too_long_is_refused_for_itself_only(provider: EmbeddedProvider) -> None:
    with pytest.raises(ProviderRefusedError, match=r"tokens; the embedded model takes 2048\.") as caught:
        provider.complete(ask("word " * 3000))
    assert caught.value.cause == "too_long"
    assert not caught.value.is_fatal
    assert provider.complete(ask(max_tokens=4)).text


def test_a_stop_ends_a_reply_that_is_being_written(provider: EmbeddedProvider) -> None:
    stop = Stop()
    threading.Timer(0.5, stop.set).start()
    with pytest.raises(StoppedError):
        provider.complete(endless(), stop)
    assert stop.is_set()


def test_a_stop_is_heard_within_a_second_by_those_who_write_and_those_who_wait(provider: EmbeddedProvider) -> None:
    stop = Stop()
    ended: list[float] = []

    def run() -> None:
        with pytest.raises(StoppedError):
            provider.complete(endless(), stop)
        ended.append(time.monotonic())

    threads = [threading.Thread(target=run) for _ in range(3 * SLOTS)]
    for thread in threads:
        thread.start()
    time.sleep(1)
    assert not ended
    stopped = time.monotonic()
    stop.set()
    for thread in threads:
        thread.join()
    assert max(ended) - stopped < 1
    assert provider.complete(ask(max_tokens=4)).text, "a slot was lost"


def test_a_stop_that_came_before_costs_nothing(provider: EmbeddedProvider) -> None:
    stop = Stop()
    stop.set()
    with pytest.raises(StoppedError):
        provider.complete(ask(), stop)


def test_nobody_else_on_this_computer_can_use_the_engines_port(engine: Engine) -> None:
    chat = b'{"messages": [{"role": "user", "content": "hi"}], "max_tokens": 1}'
    for path, body in (
        ("/v1/chat/completions", chat),
        ("/completion", b'{"prompt": "hi"}'),
        ("/slots", None),
        ("/props", None),
    ):
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(engine.address + path, body, timeout=5)
        with caught.value as reply:
            assert reply.code == 401, path
            assert reply.headers.get("Access-Control-Allow-Origin") in (None, "null")


def test_one_engine_serves_all_providers_and_outlives_a_reload_of_ours(engine: Engine, weights: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        engines = list(pool.map(lambda _: load_engine(None, None, Stop()), range(8)))
    assert all(other is engine for other in engines)
    name = "synthgen_core.providers.embedded"
    ours = sys.modules.pop(name)
    try:
        reloaded = create_provider("embedded")
        assert type(reloaded) is not EmbeddedProvider
        assert reloaded._loaded(None, Stop()) is engine  # type: ignore[attr-defined]
    finally:
        sys.modules[name] = ours


def test_a_file_of_the_users_with_any_name_is_used(weights: Path, tmp_path: Path) -> None:
    path = tmp_path / "mein modèle 模型.gguf"
    try:
        path.hardlink_to(weights)
    except OSError:
        path.write_bytes(weights.read_bytes())
    provider = provider_of(str(path))
    assert is_ready(str(path))
    assert provider.get_models() == [path.name]
    assert provider.complete(ask(max_tokens=4)).model == path.name


def test_a_file_that_is_no_model_is_named_with_a_remedy(weights: Path, tmp_path: Path) -> None:
    wrong, cut = tmp_path / "wrong.gguf", tmp_path / "cut.gguf"
    wrong.write_bytes(b"<!DOCTYPE html>" + bytes(MIN_GGUF_BYTES))
    with weights.open("rb") as file:
        cut.write_bytes(file.read(4 * MIN_GGUF_BYTES))
    for path in (wrong, cut, tmp_path / "missing.gguf"):
        with pytest.raises(ConfigError) as caught:
            provider_of(str(path)).complete(ask())
        assert str(path) in caught.value.message
        assert caught.value.hint
    assert not provider_of(str(wrong)).is_available()
    assert not is_ready(str(wrong))


def test_an_unknown_model_is_refused_for_good() -> None:
    provider = provider_of("gpt-6-luna")
    with pytest.raises(ProviderRefusedError, match="There is no embedded model “gpt-6-luna”") as caught:
        provider.complete(ask())
    assert (caught.value.cause, caught.value.is_fatal) == ("model", True)
    assert not provider.is_available()


def test_the_shipped_model_is_available_and_ready(provider: EmbeddedProvider) -> None:
    provider.check()
    assert is_ready()
    assert provider.get_models()[0] == MODEL


def test_what_takes_long_is_told(provider: EmbeddedProvider, weights: Path) -> None:
    command = (
        "from synthgen_core.providers import create_provider\n"
        "create_provider('embedded').prepare(lambda text, share: print(text, share))"
    )
    run = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True)
    assert run.stdout == "Loading the model 1.0\n"
    assert not run.stderr


def test_without_the_engine_there_is_advice_and_no_crash() -> None:
    command = (
        "import sys; sys.modules['xllamacpp'] = None\n"
        "from synthgen_core.providers import create_provider\n"
        "provider = create_provider('embedded')\n"
        "print(provider.is_available())\n"
        "try: provider.check()\n"
        "except Exception as error: print(type(error).__name__, error.hint)"
    )
    run = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True)
    available, error = run.stdout.splitlines()
    assert available == "False"
    assert error.startswith("ConfigError Run “pip install xllamacpp”")
    assert "Windows on ARM" in error


BUSY = f"""
import os, signal, threading, time
from synthgen_core.errors import StoppedError
from synthgen_core.models import ChatRequest, Message, Role
from synthgen_core.providers import create_provider

provider = create_provider("embedded")
provider.prepare()
request = ChatRequest((Message(Role.USER, "Count: 1 2 3"),), max_tokens={ENDLESS}, temperature=1.5, seed=1)

def complete():
    try:
        provider.complete(request)
    except StoppedError:
        pass
"""


def test_a_process_ends_cleanly_and_soon_while_answers_are_being_written() -> None:
    work = "for _ in range(6): threading.Thread(target=complete, daemon=True).start()\ntime.sleep(0.5)"
    for _ in range(2):
        started = time.monotonic()
        run = subprocess.run(
            [sys.executable, "-c", BUSY + work], capture_output=True, text=True, timeout=60, check=False
        )
        assert (run.returncode, run.stderr) == (0, "")
        assert time.monotonic() - started < 15


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGINT to send")
def test_ctrl_c_ends_a_reply_in_the_main_thread() -> None:
    work = """
threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
started = time.monotonic()
try:
    complete()
except KeyboardInterrupt:
    print(time.monotonic() - started < 2)
"""
    run = subprocess.run([sys.executable, "-c", BUSY + work], capture_output=True, text=True, timeout=60, check=False)
    assert (run.returncode, run.stdout, run.stderr) == (0, "True\n", "")


def test_threads_leave_half_of_the_cores_to_others() -> None:
    assert [threads_for(cores) for cores in (1, 2, 4, 8, 64)] == [1, 1, 2, 4, 8]
