"""Exact repeats: examples that say the same in the same words, whatever the case, the spaces and the punctuation.

What is more than texts, such as calls of tools, must be equal to the letter.
"""

import numpy as np
from numpy.typing import NDArray

from synthgen_core.dedup import digest, words_of
from synthgen_core.formats import get_format, messages_in
from synthgen_core.models import JsonObject
from synthgen_core.sizes import fingerprint

KEY_BYTES = 16
PLAIN = {"role", "content"}


def repeat_key(format: str, content: JsonObject) -> bytes:
    """16 bytes that are the same for examples that repeat each other, also of different formats."""
    found = get_format(format)
    texts = [f"{message.role} {message.content}" for message in found.to_messages(content)]
    if "rejected" in content:
        texts += [str(message.get("content")) for message in messages_in(content["rejected"])]
    words = words_of("\n".join(texts))
    return digest(words if _is_plain(content) else [*words, fingerprint(content)])


def _is_plain(content: JsonObject) -> bool:
    """It consists of texts alone."""
    if content.get("tools"):
        return False
    lists = [content.get(key) for key in ("messages", "prompt", "chosen", "rejected")]
    messages = [message for each in lists if each is not None for message in messages_in(each)]
    return all(message.keys() <= PLAIN and isinstance(message.get("content"), str) for message in messages)


def first_of_each(keys: bytes | bytearray) -> NDArray[np.int64]:
    """For each example, the number of the first one with the same key; the keys stand one after the other.

    Takes about 60 bytes an example.
    """
    pairs = np.frombuffer(keys, dtype="<u8").reshape(-1, KEY_BYTES // 8)
    order = np.lexsort((pairs[:, 1], pairs[:, 0]))  # stable: of equal keys the first example comes first
    ordered = pairs[order]
    is_new = np.ones(len(order), dtype=bool)
    is_new[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    firsts = np.empty(len(order), dtype=np.int64)
    firsts[order] = order[is_new][np.cumsum(is_new) - 1]
    return firsts
