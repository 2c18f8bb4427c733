"""The list of larger models is sound, and the embedded provider offers them, runs them and knows their languages."""

import re
import sys
from pathlib import Path

import pytest

from synthgen_core.concurrency import Stop
from synthgen_core.errors import ConfigError, NotFoundError, ProviderRefusedError
from synthgen_core.models import ProviderConfig
from synthgen_core.providers.embedded import MODEL, EmbeddedProvider, is_ready, languages_of, load_engine
from synthgen_core.providers.gguf import LIST, fetch_model, hub_model, offered_models
from synthgen_core.providers.weights import MIN_GGUF_BYTES, default_cache, ensure_weights
from tests.support.hub import Hub, forget_account, model_of, running


@pytest.fixture(autouse=True)
def _nobodys_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    forget_account(monkeypatch, tmp_path / "hf")


@pytest.fixture
def weights() -> bytes:
    """The shipped model, from the cache of whoever runs this."""
    return ensure_weights().read_bytes()


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The default cache folder, this test's own and empty."""
    for name in ("XDG_CACHE_HOME", "HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path))
    assert tmp_path in default_cache().parents
    default_cache().mkdir(parents=True)
    return default_cache()


def provider_of(model: str = "") -> EmbeddedProvider:
    return EmbeddedProvider(ProviderConfig("embedded", model))


def test_a_wrong_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(NotFoundError, match="There is no embedded model “smollm-360m-instruct”") as caught:
        fetch_model("smollm-360m-instruct")
    assert "SmolLM2-360M-Instruct" in caught.value.hint
    assert hub_model(" qwen2.5-0.5b-INSTRUCT ").name == "Qwen2.5-0.5B-Instruct"


def test_each_row_of_the_list_is_whole_dated_and_says_where_it_was_read() -> None:
    assert re.search(r"^# Dated \d+ \w+ 20\d\d", LIST.read_text(encoding="utf-8"), re.MULTILINE)
    models = list(offered_models().values())
    assert [model.size for model in models] == sorted(model.size for model in models)
    assert len({model.file for model in models}) == len({model.name.casefold() for model in models}) == len(models)
    for model in models:
        assert re.fullmatch(r"[\w.-]+/[\w.-]+", model.repository)
        assert re.fullmatch(r"[\w.-]+\.gguf", model.file)
        assert re.fullmatch(r"[0-9a-f]{40}", model.revision)
        assert re.fullmatch(r"[0-9a-f]{64}|", model.sha256)
        assert model.size > MIN_GGUF_BYTES
        assert model.memory * 1e6 > model.size
        assert model.licence
        assert model.source
        assert all(re.fullmatch("[a-z]{2}", code) for code in model.languages)
        assert bool(model.restriction) == (model.licence not in ("Apache-2.0", "MIT")), model.name


def test_the_provider_lists_what_it_has_before_what_it_could_fetch(own_cache: Path) -> None:
    names = list(offered_models())
    assert provider_of().get_models() == [MODEL, *names]
    assert not is_ready(names[1])
    with (own_cache / hub_model(names[1]).file).open("wb") as file:
        file.truncate(hub_model(names[1]).size)
    assert provider_of(names[0]).get_models() == [MODEL, names[1], names[0], *names[2:]]
    assert is_ready(names[1].upper())
    assert not is_ready(names[0])


def test_a_copy_that_only_has_the_right_size_is_not_loaded(own_cache: Path) -> None:
    model = next(iter(offered_models().values()))
    with (own_cache / model.file).open("wb") as file:
        file.truncate(model.size)
    with pytest.raises(ConfigError, match="cannot be reached"):
        provider_of(model.name).prepare()


def test_the_provider_says_what_it_needs_to_fetch_a_model(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = next(iter(offered_models()))
    provider_of(name).check()
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    assert not provider_of(name).is_available()


def test_a_name_that_is_no_model_is_refused_with_the_nearest() -> None:
    with pytest.raises(ProviderRefusedError, match=r"There is no embedded model “Llama-3\.2-1B”") as caught:
        provider_of("Llama-3.2-1B").check()
    assert "Llama-3.2-1B-Instruct" in caught.value.hint
    assert MODEL in caught.value.hint


def test_only_the_models_that_write_english_only_are_held_to_it(tmp_path: Path) -> None:
    assert languages_of() == languages_of(MODEL) == languages_of("SmolLM2-1.7B-Instruct") == ("en",)
    assert languages_of("Qwen2.5-0.5B-Instruct") == ()
    assert {"en", "de", "hi"} < set(languages_of("llama-3.2-1b-instruct"))
    assert languages_of(str(tmp_path / "other.gguf")) == languages_of("no such model") == ()


def test_the_engine_runs_a_model_that_was_fetched(
    weights: bytes, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    with running(Hub(model_of(weights), weights)) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        engine = load_engine(hub.model, lambda text, _share: told.append(text), Stop())
    assert told[0] == "Fetching Tiny-Instruct (98 MB)"
    assert told[-1] == "Loading the model"
    assert (own_cache / hub.model.file).is_file()
    chunks = engine.chat({"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 4, "stream": True}, Stop())
    assert any((choice.get("delta") or {}).get("content") for chunk in chunks for choice in chunk.get("choices", ()))
