"""Settings as a user sees and changes them: what holds, where it comes from, and the file that keeps the changes.

The first that says something wins: the environment, ``.env``, Streamlit's secrets, ``DATA_DIR/settings.toml``, the
default. The file holds what was changed in the app, never a key. To let users change one more setting, add it to
``EDITABLE``.
"""

import contextlib
import json
import os
import threading
import tomllib
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from synthgen_core.actions.providers import provider_config
from synthgen_core.errors import ConfigError, ProviderError
from synthgen_core.files import write_atomically
from synthgen_core.models import ProviderConfig
from synthgen_core.providers import PROVIDERS, create_provider, provider_kind
from synthgen_core.settings import SETTINGS, Settings, load_settings, read_environment
from synthgen_core.system import Share, get_disk_usage
from synthgen_core.workspace import Workspace, log_to_stderr

FILE_NAME = "settings.toml"
HEADER = "# Written by the Settings page. The environment and .env win over it; keys do not belong here.\n"
EDITABLE = ("LLM_PROVIDER", "MAX_CONCURRENT_JOBS", "WORKERS", "ENABLE_CACHING", "CACHE_TTL", "LOG_LEVEL")
"""What can be changed in the app."""
AT_RESTART = ("MAX_CONCURRENT_JOBS",)
"""What takes effect at the next start only."""
AUTOMATIC = "ollama"
"""The provider that is looked for first where LLM_PROVIDER is not set."""
FULLY_SHOWN, MASKED = 12, "…"
"""A shorter key is not shown at all: four characters would be too much of it."""
_WRITING = threading.Lock()


class Origin(StrEnum):
    """Where a value comes from."""

    ENVIRONMENT = "environment"
    DOTENV = ".env"
    SECRETS = "secrets"
    FILE = "settings file"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class ProviderChoice:
    """What a user chose for a provider; empty: what the settings say."""

    model: str = ""
    base_url: str = ""


@dataclass(frozen=True, slots=True)
class Saved:
    """What the settings file holds."""

    settings: Mapping[str, str] = field(default_factory=dict)
    """Name in the environment -> value as it would be written there."""
    providers: Mapping[str, ProviderChoice] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Key:
    """A key that somebody typed, and the address for which it was typed: it is sent nowhere else."""

    value: str = field(repr=False)
    address: str

    @property
    def shown(self) -> str:
        """Its last four characters: ``…abcd``."""
        return mask(self.value)


@dataclass(frozen=True, slots=True)
class SettingView:
    """A setting as the Settings page shows it."""

    name: str
    value: object
    origin: Origin
    help: str
    can_edit: bool
    """It may be changed in the app, and nothing else determines it."""
    needs_restart: bool


def mask(key: str) -> str:
    """A key as it may be shown: its last four characters at most."""
    return MASKED + (key[-4:] if len(key) >= FULLY_SHOWN else "")


def effective_settings(environment: Mapping[str, str] | None = None, **overrides: object) -> Settings:
    """The settings of this environment, as ``load_settings``, and where it says nothing, those of the settings file.

    A key of the environment is left out where the file has an address on another host: it was not given for that one.

    Raises:
        ConfigError: a value cannot be used, in the environment or in the file.
    """
    given = read_environment() if environment is None else environment
    given = {name: value for name, value in given.items() if value.strip()}
    settings = load_settings(given, **overrides)
    saved = read_saved(settings.data_dir)
    if saved.settings:
        settings = load_settings({**saved.settings, **given}, **overrides)
    changes: dict[str, str] = {}
    for provider_type, choice in saved.providers.items():
        kind, said = provider_kind(provider_type), provider_config(settings, provider_type)
        names = [kind.model_setting, "LLM_MODEL" if _is_default(settings, provider_type) else ""]
        if choice.model and any(names) and not given.keys() & set(names):
            changes[names[0] or names[1]] = choice.model
        if choice.base_url and kind.base_url_setting and kind.base_url_setting not in given:
            changes[kind.base_url_setting] = choice.base_url
            if kind.key_setting and not _is_same_host(choice.base_url, said.base_url):
                changes[kind.key_setting] = ""
    return settings.with_texts(changes)


def get_settings(settings: Settings, secrets: Mapping[str, str] | None = None) -> list[SettingView]:
    """All settings, with where each comes from; of those that are secret, the value is left out. Raises ConfigError."""
    saved = read_saved(settings.data_dir).settings
    views = []
    for name, setting in SETTINGS.items():
        origin = _origin(name, secrets or {}, saved)
        can_edit = name in EDITABLE and origin in (Origin.FILE, Origin.DEFAULT)
        value = MASKED if setting.metadata["is_secret"] else getattr(settings, setting.name)
        views.append(SettingView(name, value, origin, setting.metadata["help"], can_edit, name in AT_RESTART))
    return views


def _origin(name: str, secrets: Mapping[str, str], saved: Mapping[str, str]) -> Origin:
    said: Iterable[tuple[Origin, Mapping[str, str]]] = (
        (Origin.ENVIRONMENT, os.environ),
        (Origin.DOTENV, read_environment()),
        (Origin.SECRETS, {} if name in os.environ else secrets),  # set to nothing, it hides the secret
        (Origin.FILE, saved),
    )
    return next((origin for origin, values in said if values.get(name, "").strip()), Origin.DEFAULT)


def save_setting(settings: Settings, name: str, value: object) -> None:
    """Keep a setting in the file; None: take it out again.

    Raises:
        ConfigError: it cannot have this value, or cannot be changed here. NotFoundError: there is no such provider.
        DatabaseError: the file cannot be written.
    """
    if name not in EDITABLE:
        raise ConfigError(f"The setting {name} cannot be changed here.", "Set it in the environment or in .env.")
    with _WRITING:
        saved = read_saved(settings.data_dir)
        others = {key: said for key, said in saved.settings.items() if key != name}
        given = others if value is None else others | {name: _raw(value)}
        wanted = load_settings(given)  # before anything is written: it raises where the value cannot be
        if wanted.llm_provider:
            provider_kind(wanted.llm_provider)
        _write(settings.data_dir, replace(saved, settings=given))
    if name == "LOG_LEVEL":
        log_to_stderr(wanted.log_level)


def save_provider_choice(settings: Settings, provider_type: str, choice: ProviderChoice) -> None:
    """Keep a provider's model and address in the file; an empty one means what the settings say.

    Raises:
        NotFoundError: there is no such provider. ConfigError: the address is none. DatabaseError: as ``save_setting``.
    """
    kind = provider_kind(provider_type)
    choice = ProviderChoice(choice.model.strip(), choice.base_url.strip())
    with (
        contextlib.suppress(ProviderError),  # a key may still be missing
        closing(create_provider(kind.type, ProviderConfig(kind.type, choice.model, choice.base_url))) as provider,
    ):
        if choice.base_url:
            choice = replace(choice, base_url=provider.config.base_url)  # written out, where it was given in short
    with _WRITING:
        saved = read_saved(settings.data_dir)
        others = {key: said for key, said in saved.providers.items() if key != kind.type}
        chosen = others if choice == ProviderChoice() else others | {kind.type: choice}
        _write(settings.data_dir, replace(saved, providers=chosen))


def read_saved(data_dir: Path) -> Saved:
    """What was changed in the app. Raises ConfigError where the file cannot be read, or holds what it should not."""
    path = data_dir / FILE_NAME
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return Saved()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read.", "Make it readable, or delete it.") from error
    try:
        values = tomllib.loads(text)
        choices = values.pop("providers", {})
        settings = {name.upper(): _raw(value) for name, value in values.items()}
        if unknown := settings.keys() - set(EDITABLE):
            raise ValueError(f"{min(unknown).lower()} does not belong there")
        load_settings(settings)
        providers = {name: ProviderChoice(**chosen) for name, chosen in choices.items() if name in PROVIDERS}
        if any(not isinstance(value, str) for c in providers.values() for value in (c.model, c.base_url)):
            raise ValueError("a model or address that is no text")
        if any("@" in choice.base_url for choice in providers.values()):
            raise ValueError("an address with a user's name or a password")
    except (ValueError, TypeError, AttributeError, ConfigError) as error:
        said = error.message if isinstance(error, ConfigError) else f"{error}."
        raise ConfigError(
            f"{path} is not as the Settings page wrote it: {said}", "Correct it, or delete it."
        ) from error
    return Saved(settings, providers)


def _raw(value: object) -> str:
    """A value as one would write it into the environment."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, str | int):
        return str(value)
    raise ValueError(f"{value} is no value of a setting")


def _write(data_dir: Path, saved: Saved) -> None:
    lines = [HEADER]
    lines += [f"{name.lower()} = {_quoted(value)}\n" for name, value in saved.settings.items()]
    for name, choice in saved.providers.items():
        lines += [f"\n[providers.{name}]\n", f"model = {_quoted(choice.model)}\n"]
        lines.append(f"base_url = {_quoted(choice.base_url)}\n")
    write_atomically(data_dir / FILE_NAME, [line.encode() for line in lines])


def _quoted(text: str) -> str:
    """A TOML string: its escapes are those of JSON, and one more."""
    return json.dumps(text.encode("utf-8", "replace").decode(), ensure_ascii=False).replace("\x7f", "\\u007F")


def chosen_config(
    settings: Settings, provider_type: str, key: Key | None = None, *, base_url: str = ""
) -> ProviderConfig:
    """What holds for a provider in the app: its model, its address (``base_url`` instead, if given) and its key.

    A key goes only to the host for which it was given: that of the environment to the environment's address, one that
    was typed to the address that stood there then. Raises NotFoundError or ConfigError.
    """
    said, kind = provider_config(settings, provider_type), provider_kind(provider_type)
    choice = read_saved(settings.data_dir).providers.get(said.type, ProviderChoice())
    general = settings.llm_model if _is_default(settings, said.type) else ""
    model = said.model if kind.model_setting else general or choice.model or said.model
    address = base_url or (said.base_url if kind.base_url_setting else choice.base_url or said.base_url)
    api_key = said.api_key if _is_same_host(address, said.base_url) else ""
    if key is not None and _is_same_host(address, key.address):
        api_key = key.value
    return ProviderConfig(said.type, model, address, api_key)


def fixed_by(settings: Settings, provider_type: str, secrets: Mapping[str, str] | None = None) -> ProviderChoice:
    """Which settings determine the model and the address, so that they cannot be changed in the app: their names."""
    kind = provider_kind(provider_type)

    def find(*names: str) -> str:
        outside = (Origin.ENVIRONMENT, Origin.DOTENV, Origin.SECRETS)
        return next((name for name in names if name and _origin(name, secrets or {}, {}) in outside), "")

    general = "LLM_MODEL" if _is_default(settings, kind.type) else ""
    return ProviderChoice(find(kind.model_setting, general), find(kind.base_url_setting))


def unsent_key(config: ProviderConfig, secrets: Mapping[str, str] | None = None) -> str:
    """The name of the setting whose key is not sent to this address, because it was given for another; "" if none."""
    name = provider_kind(config.type).key_setting
    is_given = name and _origin(name, secrets or {}, {}) is not Origin.DEFAULT
    return name if is_given and not config.api_key else ""


def with_key_for(workspace: Workspace, job_id: int, keys: Mapping[str, Key]) -> Workspace:
    """The workspace in which a job is to be resumed: with the keys that were given for the job's own addresses.

    Two addresses that one setting's key would go to, and that were given different ones, get none.
    """
    parameters, found = workspace.database.get_job(job_id).parameters, dict[str, set[str]]()
    for side in ("provider", "assistant_provider"):
        if not isinstance(said := parameters.get(side), dict):
            continue
        provider_type = str(said["type"])
        if name := provider_kind(provider_type).key_setting:
            given = keys.get(provider_type)
            config = chosen_config(workspace.settings, provider_type, given, base_url=str(said["base_url"]))
            found.setdefault(name, set()).add(config.api_key)
    texts = {name: found_keys.pop() if len(found_keys) == 1 else "" for name, found_keys in found.items()}
    return replace(workspace, settings=workspace.settings.with_texts(texts))


def _is_default(settings: Settings, provider_type: str) -> bool:
    """Whether LLM_MODEL is meant for this provider."""
    return (settings.llm_provider.lower() or AUTOMATIC) == provider_type


def _is_same_host(one: str, other: str) -> bool:
    """Whether two addresses lead to the same server."""
    try:
        parts, others = urlsplit(one), urlsplit(other)
        return (parts.scheme, parts.hostname, parts.port) == (others.scheme, others.hostname, others.port)
    except ValueError:
        return False


def free_space(workspace: Workspace) -> Share | None:
    """The disk of the data folder; None where it cannot be read."""
    return get_disk_usage(workspace.settings.data_dir)


def database_kind(workspace: Workspace) -> str:
    """``SQLite`` or ``PostgreSQL``."""
    return {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[workspace.database.engine.dialect.name]
