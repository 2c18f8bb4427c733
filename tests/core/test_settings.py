"""Every setting is read, and refused where it cannot work. What each does is in ``test_setting_effects.py``."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from synthgen_core.actions.providers import provider_config
from synthgen_core.errors import ConfigError
from synthgen_core.providers import PROVIDERS
from synthgen_core.settings import ROOT, SETTINGS, Settings, load_settings

SECONDS = 30.0

GOOD: Mapping[str, tuple[str, object]] = {
    "LLM_PROVIDER": (" openai ", "openai"),
    "LLM_MODEL": ("llama3:8b", "llama3:8b"),
    "EMBEDDED_MODEL_PATH": ("/models/a b.gguf", "/models/a b.gguf"),
    "OLLAMA_URL": ("http://gpu:11434", "http://gpu:11434"),
    "OPENAI_API_KEY": ("sk-1234 ", "sk-1234"),
    "OPENAI_BASE_URL": ("http://localhost:8000/v1", "http://localhost:8000/v1"),
    "OPENAI_MODEL": ("gpt-x", "gpt-x"),
    "ANTHROPIC_API_KEY": (" sk-ant-1 ", "sk-ant-1"),
    "ANTHROPIC_BASE_URL": ("http://localhost:9", "http://localhost:9"),
    "ANTHROPIC_MODEL": ("claude-x", "claude-x"),
    "GROQ_API_KEY": ("gsk-1", "gsk-1"),
    "OPENROUTER_API_KEY": ("sk-or-1", "sk-or-1"),
    "MISTRAL_API_KEY": ("m-1", "m-1"),
    "DATA_DIR": ("/srv/data", Path("/srv/data").resolve()),
    "DATABASE_PATH": ("a.db", "a.db"),
    "DATABASE_URL": ("postgresql+psycopg://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
    "MAX_CONCURRENT_JOBS": (" 7 ", 7),
    "WORKERS": ("12", 12),
    "ENABLE_CACHING": ("False", False),
    "CACHE_TTL": ("0.5", 0.5),
    "IMPORT_MAX_FILE_MB": ("100", 100),
    "IMPORT_MAX_LINE_MB": ("1", 1),
    "IMPORT_MAX_ROWS": ("1000", 1000),
    "ACCESS_PASSWORD": ("long enough", "long enough"),
    "ACCESS_REVIEWER_PASSWORD": ("another", "another"),
    "ACCESS_VIEWER_PASSWORD": (" a third ", "a third"),
    "ACCESS_ADMINS": ("ada@example.org", "ada@example.org"),
    "ACCESS_REVIEWERS": ("*@example.org", "*@example.org"),
    "ACCESS_VIEWERS": ("a@b.c, d@e.f", "a@b.c, d@e.f"),
    "API_TOKEN": ("0123456789abcdef", "0123456789abcdef"),
    "LOG_LEVEL": ("DEBUG", "debug"),
}
BAD = [
    ("DATA_DIR", "~no_such_user_here/data", "folder"),
    ("MAX_CONCURRENT_JOBS", "0", "1 to 64"),
    ("WORKERS", "257", "0 to 256"),
    ("MAX_CONCURRENT_JOBS", "65", "1 to 64"),
    ("MAX_CONCURRENT_JOBS", "-3", "1 to 64"),
    ("MAX_CONCURRENT_JOBS", "--3", "1 to 64"),
    ("MAX_CONCURRENT_JOBS", "two", "1 to 64"),
    ("MAX_CONCURRENT_JOBS", "2.5", "1 to 64"),
    ("MAX_CONCURRENT_JOBS", "²", "1 to 64"),
    ("ENABLE_CACHING", "maybe", "true or false"),
    ("CACHE_TTL", "-1", "hours"),
    ("CACHE_TTL", "nan", "hours"),
    ("CACHE_TTL", "inf", "hours"),
    ("CACHE_TTL", "1e9", "hours"),
    ("CACHE_TTL", "a day", "hours"),
    ("IMPORT_MAX_FILE_MB", "0", "1 to 1000000"),
    ("IMPORT_MAX_LINE_MB", "10 MB", "1 to 1000"),
    ("IMPORT_MAX_ROWS", "all", "1 to"),
    ("LOG_LEVEL", "loud", "debug, info, warning, error"),
]


def test_every_setting_has_a_good_value_here_and_a_word_of_help() -> None:
    assert set(GOOD) == set(SETTINGS)
    for name, setting in SETTINGS.items():
        assert len(setting.metadata["help"]) > 15, name


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_is_read(name: str) -> None:
    raw, parsed = GOOD[name]
    field = name.lower()
    assert getattr(load_settings({name: raw}), field) == parsed
    assert getattr(load_settings({}), field) == SETTINGS[name].default != parsed


@pytest.mark.parametrize("name", SETTINGS)
def test_an_empty_value_counts_as_not_set(name: str) -> None:
    for empty in ("", "  "):
        assert load_settings({name: empty}) == load_settings({})


@pytest.mark.parametrize(("name", "raw", "expected"), BAD)
def test_a_value_that_cannot_work_is_named_with_what_is_expected(name: str, raw: str, expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings({name: raw})
    assert f"The setting {name} cannot be “{raw}”" in caught.value.message
    assert expected in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("raw", ["1", "true", "YES", " on "])
def test_the_ways_to_say_yes(raw: str) -> None:
    assert load_settings({"ENABLE_CACHING": raw}).enable_caching is True


@pytest.mark.parametrize("raw", ["0", "false", "No", "off "])
def test_the_ways_to_say_no(raw: str) -> None:
    assert load_settings({"ENABLE_CACHING": raw}).enable_caching is False


def test_what_is_given_in_the_call_wins_and_none_does_not() -> None:
    given = {"LLM_MODEL": "from the environment", "CACHE_TTL": "5"}
    settings = load_settings(given, llm_model="from the call", cache_ttl=None)
    assert (settings.llm_model, settings.cache_ttl) == ("from the call", 5.0)


def test_unknown_names_are_nobody_s_business() -> None:
    assert load_settings({"PATH": "/bin", "llm_model": "lower case"}) == load_settings({})


def test_secrets_are_in_no_printed_settings_and_in_no_error() -> None:
    secrets = [name for name, setting in SETTINGS.items() if setting.metadata["is_secret"]]
    keys = [kind.key_setting for kind in PROVIDERS.values() if kind.needs_key]
    passwords = [name for name in SETTINGS if name.endswith("PASSWORD")]
    assert sorted(secrets) == sorted([*keys, *passwords, "API_TOKEN", "DATABASE_URL"])
    settings = load_settings(dict.fromkeys(secrets, "postgresql://u:pa55word@h/d"))
    assert "pa55word" not in f"{settings} {settings!r}"
    assert "pa55word" in settings.sqlalchemy_url


def test_a_relative_folder_starts_at_the_app_wherever_it_is_started() -> None:
    assert load_settings({"DATA_DIR": "my data"}).data_dir == ROOT / "my data"
    assert load_settings({"DATA_DIR": "../next"}).data_dir == ROOT.parent / "next"
    assert load_settings({"DATA_DIR": "~/data"}).data_dir == (Path.home() / "data").resolve()
    assert load_settings({}).data_dir == ROOT / "data"


def test_the_environment_of_the_process_is_read_and_wins_over_a_dotenv_file(tmp_path: Path) -> None:
    package = tmp_path / "app" / "synthgen_core"
    package.mkdir(parents=True)
    for module in ("settings", "errors", "reviewing"):
        shutil.copy(ROOT / "synthgen_core" / f"{module}.py", package)
    shutil.copytree(ROOT / "synthgen_core" / "models", package / "models")
    (tmp_path / "app" / ".env").write_text('LLM_MODEL="from the file"\nOPENAI_MODEL=ü # a remark\nCACHE_TTL=5\n')
    code = """if True:
        from synthgen_core.settings import load_settings
        s = load_settings()
        print(s.llm_model, s.openai_model, s.cache_ttl, s.data_dir, sep="|")
        """
    environment = {name: value for name, value in os.environ.items() if name not in SETTINGS}
    environment |= {"CACHE_TTL": "6", "PYTHONPATH": str(tmp_path / "app"), "PYTHONUTF8": "1"}
    run = [sys.executable, "-c", code]
    done = subprocess.run(run, env=environment, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"from the file|ü|6.0|{tmp_path / 'app' / 'data'}"
    (tmp_path / "app" / ".env").write_bytes(b"LLM_MODEL=\xff\xfe\n")
    done = subprocess.run(run, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "ConfigError" in done.stderr.splitlines()[-1]
    assert ".env" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize("name", ["OLLAMA_URL", "OPENAI_BASE_URL", "ANTHROPIC_BASE_URL"])
@pytest.mark.parametrize("address", ["http://me:pa55word@host/v1", "me:pa55word@host", "http://me:pa55/word@host"])
def test_an_address_with_a_password_is_refused_unseen(name: str, address: str) -> None:
    with pytest.raises(ConfigError, match=name) as caught:
        load_settings({name: address})
    assert "pa55" not in f"{caught.value} {caught.value!r}"


def test_each_provider_names_settings_that_there_are() -> None:
    for kind in PROVIDERS.values():
        for name in (kind.model_setting, kind.base_url_setting, kind.key_setting):
            assert not name or name in SETTINGS
            assert load_settings({name: "mine"}).get(name) == ("mine" if name else "")


def test_a_user_s_own_table_of_models_says_which_is_the_default(tmp_path: Path) -> None:
    (tmp_path / "models.toml").write_text('[[anthropic.models]]\nname = "claude-mine"\ndefault = true\n')
    settings = load_settings({"DATA_DIR": str(tmp_path)})
    assert provider_config(settings, "anthropic").model == "claude-mine"
    assert provider_config(load_settings({"DATA_DIR": str(tmp_path / "none")}), "anthropic").model != "claude-mine"
    assert provider_config(settings, "anthropic", model="said").model == "said"
    (tmp_path / "models.toml").write_text("[[anthropic.models]]\nname = 5\n")
    with pytest.raises(ConfigError, match=r"models\.toml"):
        provider_config(settings, "anthropic")


def test_settings_are_values() -> None:
    assert Settings() == Settings()
    with pytest.raises(AttributeError):
        Settings().llm_model = "x"  # type: ignore[misc]
