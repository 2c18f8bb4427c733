"""Every setting: its name in the environment, its default, what it does. One row of ``SETTINGS`` each.

Values come from the environment first, then from a ``.env`` file; the app adds Streamlit's secrets. A setting that has
no effect does not belong here.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from synthgen_core.errors import ConfigError

ROOT = Path(__file__).parent.parent
"""The folder that holds the app; relative data folders start here."""
MOST_HOURS = 100_000


def _text(value: str) -> str:
    return value.strip()


def _flag(value: str) -> bool:
    if value.strip().lower() in ("1", "true", "yes", "on"):
        return True
    if value.strip().lower() in ("0", "false", "no", "off"):
        return False
    raise ValueError("true or false is expected")


def _whole(least: int, most: int) -> Callable[[str], int]:
    def parse(value: str) -> int:
        if not value.strip().removeprefix("-").isdecimal() or not least <= int(value) <= most:
            raise ValueError(f"a whole number from {least} to {most} is expected")
        return int(value)

    return parse


def _hours(value: str) -> float:
    try:
        hours = float(value)
    except ValueError:
        hours = -1.0
    if not 0 <= hours <= MOST_HOURS:
        raise ValueError(f"a number of hours, 0 to {MOST_HOURS:,}, is expected")
    return hours


def _choice(*values: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value.strip().lower() not in values:
            raise ValueError(f"one of {', '.join(v for v in values if v)} is expected")
        return value.strip().lower()

    return parse


def _address(value: str) -> str:
    if "@" in value:
        raise ValueError("an address without a user's name and a password is expected")
    return value.strip()


def _folder(value: str) -> Path:
    try:
        return (ROOT / Path(value.strip()).expanduser()).resolve()
    except RuntimeError as error:  # ~somebody, who is not there
        raise ValueError("the path of a folder is expected") from error


def _setting(default: Any, parse: Callable[[str], Any], help_text: str, *, is_secret: bool = False) -> Any:
    return field(
        default=default, repr=not is_secret, metadata={"parse": parse, "help": help_text, "is_secret": is_secret}
    )


@dataclass(frozen=True, slots=True)
class Settings:
    """What the environment says. The field ``data_dir`` is the setting ``DATA_DIR``, and so on."""

    llm_provider: str = _setting(
        "",
        _text,
        "Which model writes: embedded, ollama, openai, ... Empty: Ollama if it answers and has a model, else embedded.",
    )
    llm_model: str = _setting("", _text, "The model's name. Empty: the provider's default.")
    embedded_model_path: str = _setting("", _text, "A GGUF file to use instead of the embedded model's own weights.")
    ollama_url: str = _setting("http://localhost:11434", _address, "Where Ollama listens.")
    openai_api_key: str = _setting("", _text, "The key for OpenAI, or for the compatible server.", is_secret=True)
    openai_base_url: str = _setting("", _address, "The address of a server that speaks OpenAI's protocol.")
    openai_model: str = _setting("", _text, "The model to ask there, if not LLM_MODEL.")
    anthropic_api_key: str = _setting("", _text, "The key for Anthropic.", is_secret=True)
    anthropic_base_url: str = _setting("", _address, "The address of a server that speaks Anthropic's protocol.")
    anthropic_model: str = _setting("", _text, "The model to ask there, if not LLM_MODEL.")
    groq_api_key: str = _setting("", _text, "The key for Groq.", is_secret=True)
    openrouter_api_key: str = _setting("", _text, "The key for OpenRouter.", is_secret=True)
    mistral_api_key: str = _setting("", _text, "The key for Mistral.", is_secret=True)
    data_dir: Path = _setting(ROOT / "data", _folder, "Where datasets and the database are kept.")
    database_path: str = _setting(
        "llm_dataset_creator.db", _text, "The SQLite file; a relative path starts in DATA_DIR."
    )
    database_url: str = _setting(
        "", _text, "An SQLAlchemy URL, such as postgresql+psycopg://...; replaces DATABASE_PATH.", is_secret=True
    )
    max_concurrent_jobs: int = _setting(2, _whole(1, 64), "Jobs that run at the same time; further ones wait.")
    workers: int = _setting(0, _whole(0, 256), "Calls at a time, where a job does not say; 0: as suits the model.")
    enable_caching: bool = _setting(True, _flag, "Use a paid reply again when exactly the same is asked.")
    cache_ttl: float = _setting(24.0, _hours, "Hours for which a paid reply may be used again.")
    import_max_file_mb: int = _setting(
        4096, _whole(1, 1_000_000), "Largest file that can be imported, in megabytes, unpacked."
    )
    import_max_line_mb: int = _setting(
        10, _whole(1, 1000), "Longest line of an imported file, in megabytes; a longer one is left out."
    )
    import_max_rows: int = _setting(5_000_000, _whole(1, 10**9), "Most rows that an imported file may have.")
    access_password: str = _setting("", _text, "A password that opens the app to admins.", is_secret=True)
    access_reviewer_password: str = _setting("", _text, "One that opens it to reviewers.", is_secret=True)
    access_viewer_password: str = _setting("", _text, "One that opens it to viewers.", is_secret=True)
    access_admins: str = _setting(
        "", _text, "Who is an admin after signing in: e-mail addresses, or *@example.org, with commas."
    )
    access_reviewers: str = _setting("", _text, "Who is a reviewer after signing in, likewise.")
    access_viewers: str = _setting("", _text, "Who is a viewer after signing in, likewise.")
    api_token: str = _setting(
        "", _text, "The token that “serve --api” asks for: at least 16 characters.", is_secret=True
    )
    log_level: str = _setting("info", _choice("debug", "info", "warning", "error"), "How much is logged.")

    def with_texts(self, texts: Mapping[str, str]) -> "Settings":
        """These settings with others for some that are texts: their names in the environment -> their values."""
        changed: dict[str, Any] = {name.lower(): text for name, text in texts.items()}
        return replace(self, **changed)

    def get(self, name: str) -> str:
        """The text of the setting with this name in the environment; empty for the empty name."""
        return str(getattr(self, name.lower())) if name else ""

    @property
    def models_file(self) -> Path:
        """A user's own facts on models."""
        return self.data_dir / "models.toml"

    @property
    def datasets_dir(self) -> Path:
        """Where the JSONL files are."""
        return self.data_dir / "datasets"

    @property
    def uploads_dir(self) -> Path:
        """Where uploaded files wait until they are imported."""
        return self.data_dir / "uploads"

    @property
    def exports_dir(self) -> Path:
        """Where exports wait to be downloaded."""
        return self.data_dir / "exports"

    @property
    def domains_dir(self) -> Path:
        """Where a user's own domain files are."""
        return self.data_dir / "domains"

    @property
    def sqlalchemy_url(self) -> str:
        """The database that is used."""
        path = self.data_dir / Path(self.database_path).expanduser()
        return self.database_url or f"sqlite:///{quote(path.as_posix())}"


SETTINGS = {setting.name.upper(): setting for setting in fields(Settings)}
"""Environment name -> dataclass field, in the order in which they are shown."""


def load_settings(environment: Mapping[str, str] | None = None, **overrides: object) -> Settings:
    """The settings of this environment (default: the process's own, over ``.env``); ``overrides`` win where not None.

    An empty value counts as not set.

    Raises:
        ConfigError: a value cannot be used; it names the setting, the value (unless secret) and what is expected.
    """
    given = read_environment() if environment is None else environment
    values: dict[str, object] = {}
    for name, setting in SETTINGS.items():
        if not (raw := given.get(name) or "").strip():
            continue
        try:
            values[setting.name] = setting.metadata["parse"](raw)
        except ValueError as error:
            is_unseen = setting.metadata["is_secret"] or setting.metadata["parse"] is _address
            shown = "its value" if is_unseen else f"“{raw}”"
            raise ConfigError(f"The setting {name} cannot be {shown}: {error}.", "Correct it, or remove it.") from error
    values |= {name: value for name, value in overrides.items() if value is not None}
    return Settings(**values)  # type: ignore[arg-type] # each was parsed by its own field's parser


def read_environment() -> dict[str, str]:
    """What is set in this process's environment, and in ``.env`` where that does not say otherwise."""
    return {**_dotenv(ROOT / ".env"), **os.environ}


def _dotenv(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    from dotenv import dotenv_values

    try:
        return {name: value for name, value in dotenv_values(path).items() if value is not None}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read.", "Save it as UTF-8 text that you may read.") from error
