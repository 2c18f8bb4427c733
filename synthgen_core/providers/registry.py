"""The table of providers. A service that speaks OpenAI's protocol is one row of ``PROVIDERS``; one with its own
protocol is one module of this package, and its row. What their models can do and cost is in ``models.toml``.
"""

import re
import urllib.parse
from dataclasses import dataclass

from synthgen_core.errors import NotFoundError
from synthgen_core.models import Method, ProviderConfig

HAS_PORT = re.compile(r":\d+$")
EVERYWHERE = re.compile(r"^(https?://)(0\.0\.0\.0|\[::\])(?=[:/]|$)")
"""What a server prints that listens on all its addresses; nobody can be reached there."""
LOOPBACK = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}


@dataclass(frozen=True, slots=True)
class ProviderKind:
    """A row of the registry: what is known of a provider before it is reached."""

    type: str
    name: str
    implementation: str
    """``module:Class`` within this package."""
    summary: str
    """One line for the picker."""
    method: Method
    """How it makes an example best."""
    default_base_url: str = ""
    workers: int = 8
    """Calls at a time, unless the user says otherwise."""
    is_paid: bool = False
    """Marked with $."""
    is_local: bool = False
    """A server that its user runs: it needs no key, and it says which models it has, so that none need be named."""
    has_imitators: bool = False
    """Other servers speak its protocol, too; at another address than its own nothing is known of the models."""
    model_setting: str = ""
    """The setting that names the model, if there is one."""
    base_url_setting: str = ""
    key_setting: str = ""
    """The setting that holds the key; empty: none is needed."""
    key_path: str = ""
    """Answers to a good key only; for services that show the list of their models to anybody."""
    default_port: int = 0
    """With one, an address may be given in short: host, or host and port."""
    languages_lookup: str = ""
    """``module:function`` that tells the only languages that a model can write; empty: no limit is known."""
    batches: str = ""
    """``module:Class`` that hands requests over in batches; empty: the service has none, or we do not speak to it."""

    @property
    def needs_key(self) -> bool:
        """Whether it refuses every call without a key, at its own address."""
        return bool(self.key_setting)


OPENAI = "openai_compatible:OpenAIProvider"
PROVIDERS: dict[str, ProviderKind] = {
    kind.type: kind
    for kind in (
        ProviderKind(
            "embedded",
            "Embedded model",
            "embedded:EmbeddedProvider",
            "SmolLM2-135M on this computer. Demo quality: fluent, on topic, facts often wrong.",
            Method.QUESTION_BANK,
            workers=4,
            model_setting="EMBEDDED_MODEL_PATH",
            languages_lookup="embedded:languages_of",
        ),
        ProviderKind(
            "ollama",
            "Ollama",
            "ollama:OllamaProvider",
            "A local Ollama server. No key, no cost.",
            Method.STRUCTURED,
            default_base_url="http://localhost:11434",
            workers=2,
            is_local=True,
            base_url_setting="OLLAMA_URL",
            default_port=11434,
        ),
        ProviderKind(
            "openai",
            "OpenAI and compatible",
            OPENAI,
            "OpenAI, or any server that speaks its protocol (base URL).",
            Method.STRUCTURED,
            default_base_url="https://api.openai.com/v1",
            workers=16,
            is_paid=True,
            has_imitators=True,
            model_setting="OPENAI_MODEL",
            base_url_setting="OPENAI_BASE_URL",
            key_setting="OPENAI_API_KEY",
            batches="openai_batches:OpenAIBatches",
        ),
        ProviderKind(
            "anthropic",
            "Anthropic",
            "anthropic_messages:AnthropicProvider",
            "Anthropic's Claude models.",
            Method.STRUCTURED,
            default_base_url="https://api.anthropic.com",
            workers=16,
            is_paid=True,
            has_imitators=True,
            model_setting="ANTHROPIC_MODEL",
            base_url_setting="ANTHROPIC_BASE_URL",
            key_setting="ANTHROPIC_API_KEY",
            batches="anthropic_batches:AnthropicBatches",
        ),
        ProviderKind(
            "groq",
            "Groq",
            OPENAI,
            "Open models on Groq's own chips, fast. Rate limits are tight.",
            Method.STRUCTURED,
            default_base_url="https://api.groq.com/openai/v1",  # https://console.groq.com/docs/openai
            workers=8,
            is_paid=True,
            key_setting="GROQ_API_KEY",
        ),
        ProviderKind(
            "openrouter",
            "OpenRouter",
            OPENAI,
            "Models of many makers behind one key.",
            Method.STRUCTURED,
            default_base_url="https://openrouter.ai/api/v1",  # https://openrouter.ai/docs/api/reference/overview
            workers=16,
            is_paid=True,
            key_setting="OPENROUTER_API_KEY",
            key_path="/key",
        ),
        ProviderKind(
            "mistral",
            "Mistral",
            OPENAI,
            "Mistral's models, hosted in the European Union.",
            Method.STRUCTURED,
            default_base_url="https://api.mistral.ai/v1",  # https://docs.mistral.ai/api
            workers=8,
            is_paid=True,
            key_setting="MISTRAL_API_KEY",
        ),
        ProviderKind(
            "vllm",
            "vLLM",
            OPENAI,
            "A vLLM server of your own. Made for many calls at a time.",
            Method.STRUCTURED,
            default_base_url="http://localhost:8000/v1",  # https://docs.vllm.ai, OpenAI-compatible server
            workers=32,
            is_local=True,
        ),
        ProviderKind(
            "lm_studio",
            "LM Studio",
            OPENAI,
            "LM Studio's server on your computer. No key, no cost.",
            Method.STRUCTURED,
            default_base_url="http://localhost:1234/v1",  # https://lmstudio.ai/docs/developer/openai-compat
            workers=4,
            is_local=True,
        ),
        ProviderKind(
            "llama_cpp",
            "llama.cpp server",
            OPENAI,
            "llama-server with any GGUF model. No key, no cost.",
            Method.STRUCTURED,
            default_base_url="http://localhost:8080/v1",  # tools/server/README.md in ggml-org/llama.cpp
            workers=4,
            is_local=True,
        ),
    )
}


def get_provider_types() -> list[str]:
    """The keys of the registry, in the order in which they are offered."""
    return list(PROVIDERS)


def provider_kind(provider_type: str) -> ProviderKind:
    """The row of a provider. Raises NotFoundError."""
    try:
        return PROVIDERS[provider_type.strip().lower()]
    except KeyError:
        raise NotFoundError.of("provider", provider_type, PROVIDERS) from None


def is_at_home(config: ProviderConfig) -> bool:
    """Whether a provider is asked at its own address, not at another server that speaks its protocol."""
    home = provider_kind(config.type).default_base_url
    return not config.base_url or _host(config.base_url) == _host(home)


def _host(url: str) -> str:
    try:
        return urllib.parse.urlsplit(url).netloc.lower()
    except ValueError:
        return url


def full_address(kind: ProviderKind, address: str) -> str:
    """An address as it is used. ``0.0.0.0:11434``, as Ollama's ``OLLAMA_HOST`` has it, is http://127.0.0.1:11434.

    What is no address stays none.
    """
    url = address.strip().rstrip("/")
    if url and kind.default_port and "://" not in url:
        host, slash, path = url.partition("/")
        if host.startswith(":"):
            host = f"127.0.0.1{host}" if HAS_PORT.fullmatch(host) else f"[{host}]"
        elif host.count(":") > 1 and not host.startswith("["):
            host = f"[{host}]"
        url = f"http://{host}{'' if HAS_PORT.search(host) else f':{kind.default_port}'}{slash}{path}"
    return EVERYWHERE.sub(lambda found: found[1] + LOOPBACK[found[2]], url)
