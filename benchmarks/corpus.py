"""Texts for benchmarks: examples of about 1 kB from the app's own domains, each unlike the others; the same each time.

Every hundredth is a worked example or a turn of the question bank as it is; the others mix their sentences.
"""

import random
import re
from collections.abc import Iterator

from synthgen_core.dedup import words_of
from synthgen_core.domains import load_catalogue
from synthgen_core.models import Json, JsonObject

SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
FEWEST_WORDS = 6
WHOLE_EVERY = 100
"""One of so many texts is real as it is."""


class Corpus:
    """The sentences of all domains, and what is made of them."""

    def __init__(self, seed: int) -> None:
        self._draw = random.Random(seed)
        texts: list[str] = []
        self.real: list[tuple[str, str]] = []
        """Question and answer of the worked examples."""
        for domain in load_catalogue():
            texts += [domain.guidance, domain.summary]
            for subdomain in domain.subdomains:
                texts += [subdomain.description, *subdomain.follow_ups]
                texts += [t for s in subdomain.situations for t in (s.statement, *s.details, *s.asks)]
                for content in subdomain.examples.values():
                    said = [content[key] for key in ("instruction", "output") if key in content]
                    messages = content.get("messages")
                    for message in messages if isinstance(messages, list) else []:
                        assert isinstance(message, dict)
                        said.append(message["content"])
                    texts += map(str, said)
                    self.real.append((str(said[0]), "\n\n".join(map(str, said[1:]))))
        found = (sentence for text in texts for sentence in SENTENCE_END.split(text))
        self.sentences = sorted({s for s in found if len(s.split()) >= FEWEST_WORDS and "{" not in s})

    def pair(self, number: int) -> tuple[str, str]:
        """A question and an answer."""
        if number % WHOLE_EVERY == 0 and number // WHOLE_EVERY < len(self.real):
            return self.real[number // WHOLE_EVERY]
        count = self._draw.randint(9, 15)
        said = self._draw.sample(self.sentences, count)
        return " ".join(said[:2]), " ".join(said[2:])

    def pairs(self, count: int) -> Iterator[tuple[str, str]]:
        """So many of them."""
        return (self.pair(number) for number in range(count))

    def changed(self, text: str, share: float) -> str:
        """The text's words, without punctuation, with this share of them, at most, replaced at scattered places."""
        words = words_of(text)
        for place in self._draw.sample(range(len(words)), int(share * len(words))):
            words[place] = self._draw.choice(words_of(self._draw.choice(self.sentences)))
        return " ".join(words)


def chat(question: str, answer: str) -> JsonObject:
    """An example in the chat format."""
    messages: list[Json] = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    return {"messages": messages}
