"""What one session has before it on the Review page: its place in a dataset, and what is under way there.

A desk is changed in place, so that an event of the browser is dealt with in one go: each use of the session state is
a point at which Streamlit may begin the page anew.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from synthgen_core.actions.improving import Proposal
from synthgen_core.actions.review import Neighbours, neighbours
from synthgen_core.errors import ConflictError, NotFoundError, SynthGenError
from synthgen_core.models import JsonObject
from synthgen_core.reviewing import Conflict, Queue, ReviewQuery
from synthgen_core.workspace import Workspace

PATIENCE = 20
"""What took a second to find out is found out anew after so many seconds."""


@dataclass(slots=True)
class Desk:
    """The place of one session in one dataset."""

    dataset_id: int
    current: int | None = None
    """The example that is read."""
    anchor: int | None = None
    """The first example of the grid's page; None: the page begins where the list does."""
    marks: dict[str, int] = field(default_factory=dict)
    """How far the logs of the browser were dealt with."""
    grid_key: str = ""
    """Of the grid that was drawn last."""
    drawn: Any = None
    """The page of rows that it was given."""
    shown: int | None = None
    """The example that it was told to mark."""
    query: ReviewQuery | None = None
    """What it showed."""
    linked: int | None = None
    """The example that the page's address names, as far as the page has its way."""
    address: int | None = None
    """The example that the browser's address named when it last asked for the page ..."""
    sent: list[int] = field(default_factory=list)
    """... and those that it was told to name since: it catches up with them one by one, and late."""
    queue: Queue = Queue.ALL
    sample_id: int | None = None
    is_editing: bool = False
    text: JsonObject | None = None
    """What the fields of the editor began with, and ..."""
    typed: JsonObject | None = None
    """... what stands in them now: a draft of ..."""
    text_of: tuple[int, int] = (0, 0)
    """... this example, in the place of this revision."""
    shape: int = 0
    """Changes when turns are added, taken away or moved: the fields are then others."""
    fault: SynthGenError | None = None
    """Why the edited example cannot be saved."""
    conflict: Conflict | None = None
    proposal: Proposal | None = None
    """The better version that was asked for last, until it is taken, edited or left."""
    told: list[tuple[str, str]] = field(default_factory=list)
    """Messages and their icons, until they were shown."""
    problems: list[SynthGenError] = field(default_factory=list)
    seen: dict[int, int] = field(default_factory=dict)
    """Example -> the revision of it that was shown here last."""
    ticked: tuple[int, ...] = ()
    measured: dict[str, tuple[object, Any, float, float]] = field(default_factory=dict)

    def go(self, example_id: int | None) -> None:
        """Read this example; None: stay."""
        if example_id is not None and example_id != self.current:
            self.current = example_id
            self.stop_editing()

    def stop_editing(self) -> None:
        """Show the example as it is."""
        self.is_editing, self.text, self.typed, self.fault = False, None, None, None

    def tell(self, message: str, icon: str = "check") -> None:
        """Say this once the page is drawn."""
        self.told.append((message, f":material/{icon}:"))

    def refuse(self, error: SynthGenError) -> None:
        """Say what could not be done; where somebody else was quicker, show both texts."""
        if isinstance(error, ConflictError) and error.conflict is not None:
            self.conflict = error.conflict
        else:
            self.problems.append(error)

    def measure(self, name: str, key: object, make: Callable[[], Any]) -> Any:
        """What ``make`` finds out, remembered for the longer the longer it took: some counts see a million rows."""
        now = time.monotonic()
        held = self.measured.get(name)
        if held is None or held[0] != key or now > held[3] + PATIENCE * held[2]:
            made = make()
            self.measured[name] = held = (key, made, time.monotonic() - now, time.monotonic())
        return held[1]

    def around(self, place: Workspace, query: ReviewQuery, example_id: int) -> Neighbours:
        """What comes before and after an example; nothing does where it is not in the queue."""
        try:
            return neighbours(place, query, example_id)
        except NotFoundError:
            return Neighbours(None, None)

    def step(self, place: Workspace, query: ReviewQuery, *, forward: bool) -> None:
        """Go to the next example that matches, or to the one before."""
        if self.current is None:
            return
        around = self.around(place, query, self.current)
        there = around.next if forward else around.previous
        if there is None:
            self.tell("This is the last one." if forward else "This is the first one.", "flag")
        self.go(there)
