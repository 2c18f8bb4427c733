"""Examples that add nothing: repeats of others in the dataset, and copies of what their prompt showed.

What an example is compared with is not in the example; who runs the rules over a dataset brings it (``Subject.twin``,
``Subject.shown``).
"""

from collections.abc import Iterator

from synthgen_core.models import Severity
from synthgen_core.rules.definition import Finding, Subject


def duplicate(subject: Subject) -> Iterator[Finding]:
    """An example that says what another one of the dataset says."""
    twin = subject.twin
    if twin is None or twin.similarity < subject.thresholds["duplicate"]:
        return
    if twin.similarity == 1:
        said = f"The example says the same as example {twin.example_id}, word for word."
        yield Finding("duplicate", Severity.ERROR, said)
    else:
        said = f"The example is nearly example {twin.example_id} again: {twin.similarity:.0%} of the words."
        yield Finding("duplicate", Severity.WARNING, said)


def copied(subject: Subject) -> Iterator[Finding]:
    """An example that repeats one that its prompt showed."""
    shown = subject.shown
    if shown is not None and shown.similarity >= subject.thresholds["copied"]:
        share = f"{shown.similarity:.0%} of the words"
        said = f"The example copies example {shown.example_id}, which its prompt showed: {share}."
        yield Finding("copied", Severity.ERROR, said)
