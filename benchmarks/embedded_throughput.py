"""Tokens per second of the embedded provider against the bare engine: same weights, slots, threads and requests.

The two take turns, so that whatever else the computer does hits both. Takes about a minute:
``python -m benchmarks.embedded_throughput``. Wanted: a ratio of at least 0.95.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from synthgen_core.models import ChatRequest, Message, Role
from synthgen_core.providers import create_provider
from synthgen_core.providers.embedded import SAMPLING, SLOTS, TEMPERATURE, engine_parameters, import_xllamacpp
from synthgen_core.providers.weights import ensure_weights

ROUNDS = 5
REQUESTS = 2 * SLOTS
MAX_TOKENS = 48
SYSTEM = "You are a helpful expert. Answer in two to four short sentences."
QUESTION = "How do I find out whether our Wi-Fi or the internet line is slow?"

Call = Callable[[int], int]
"""Answers one request with this seed, and returns how many tokens it wrote."""


def ours() -> Call:
    """The provider, as the app uses it."""
    provider = create_provider("embedded")
    provider.prepare()
    messages = (Message(Role.SYSTEM, SYSTEM), Message(Role.USER, QUESTION))

    def call(seed: int) -> int:
        return provider.complete(ChatRequest(messages, MAX_TOKENS, seed=seed)).usage.completion_tokens

    return call


def bare() -> Call:
    """A second engine with the same parameters, called without any of our code, and not streamed."""
    server = import_xllamacpp().Server(engine_parameters(ensure_weights()))
    messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": QUESTION}]
    body = {"messages": messages, "max_tokens": MAX_TOKENS, "temperature": TEMPERATURE, **SAMPLING}

    def call(seed: int) -> int:
        reply = server.handle_chat_completions(body | {"seed": seed})
        return int(reply["usage"]["completion_tokens"])

    return call


def tokens_per_second(call: Call, first_seed: int) -> float:
    """The speed of one round, all slots busy."""
    started = time.perf_counter()
    with ThreadPoolExecutor(SLOTS) as pool:
        tokens = sum(pool.map(call, range(first_seed, first_seed + REQUESTS)))
    return tokens / (time.perf_counter() - started)


def main() -> None:
    """Print the speed of each round and the ratio of the sums."""
    calls = {"provider": ours(), "bare engine": bare()}
    speeds: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        call(0)
    for number in range(ROUNDS):
        order = list(calls) if number % 2 else list(calls)[::-1]
        for name in order:
            speeds[name].append(tokens_per_second(calls[name], 1 + number * REQUESTS))
    for name, measured in speeds.items():
        print(
            f"{name:12}", " ".join(f"{speed:6.1f}" for speed in measured), f"  mean {sum(measured) / ROUNDS:.1f} tok/s"
        )
    ratios = sorted(a / b for a, b in zip(speeds["provider"], speeds["bare engine"], strict=True))
    print(f"ratio, median of {ROUNDS} rounds: {ratios[ROUNDS // 2]:.3f} (from {ratios[0]:.3f} to {ratios[-1]:.3f})")


if __name__ == "__main__":
    main()
