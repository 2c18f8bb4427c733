"""What an operation would come to: which examples go into which new dataset, and what is left out, and why.

A plan is made in the same way for a preview and for the run; it holds ids, never texts.
"""

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import orjson

from synthgen_core.actions.curation_requests import (
    Convert,
    Deduplicate,
    Duplicate,
    Filter,
    Merge,
    Request,
    Sample,
    Split,
)
from synthgen_core.actions.datasets import LONGEST_NAME, clean_name
from synthgen_core.models import Dataset, ExampleFilter, JsonObject, Origin, Watermark
from synthgen_core.repeats import first_of_each, repeat_key
from synthgen_core.sampling import draw, draw_by_group
from synthgen_core.splitting import MOST_COMPARED, Groups, assign, origin_keys, words_to_compare
from synthgen_core.targets import SPLITS
from synthgen_core.workspace import Workspace

ACTIVE = ExampleFilter()
SHOWN = 10
"""Examples that a reason names."""
LONGEST_STEM = LONGEST_NAME - 20
"""What a name may have, so that something can be added to it."""


@dataclass(frozen=True, slots=True, eq=False)
class Take:
    """Examples of one dataset, in the state in which they were chosen."""

    dataset: Dataset
    mark: Watermark
    ids: "array[int]"

    def only(self, positions: Sequence[int]) -> "Take":
        """Those at these positions."""
        return replace(self, ids=array("q", map(self.ids.__getitem__, positions)))


@dataclass(frozen=True, slots=True, eq=False)
class Output:
    """A new dataset."""

    name: str
    format: str
    takes: tuple[Take, ...]
    """What goes in, in order; what has another format is converted."""
    strategy: str = ""

    @property
    def count(self) -> int:
        """Examples that go in, before they are converted."""
        return sum(len(take.ids) for take in self.takes)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Examples that go into no new dataset, for one reason."""

    reason: str
    """A short class for counting."""
    message: str
    count: int
    examples: tuple[int, ...]
    """The ids of the first."""


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """All that an operation does. ``total`` is what goes in and what is left out, together."""

    total: int
    outputs: tuple[Output, ...]
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = ()
    """What a user should know beforehand."""


Tick = Callable[[], None]
"""Is called now and then while a plan is made; it may raise StoppedError."""


def make_plan(workspace: Workspace, request: Request, datasets: Sequence[Dataset], tick: Tick = lambda: None) -> Plan:
    """The plan of a request that was checked. Takes a while for merges, splits and repeats: they read all texts."""
    plan: Plan = PLANNERS[request.operation](workspace, request, datasets, tick)
    return replace(plan, outputs=tuple(replace(output, name=clean_name(output.name)) for output in plan.outputs))


def contents_of(workspace: Workspace, take: Take, tick: Tick) -> Iterator[tuple[int, JsonObject, JsonObject]]:
    """(id, content, metadata) of the examples of a take, in order."""
    for block in workspace.database.stream_texts(take.dataset.id, take.ids, take.mark):
        tick()
        for example_id, content, metadata in block:
            yield example_id, orjson.loads(content), orjson.loads(metadata)


def _take(workspace: Workspace, dataset: Dataset, chosen: ExampleFilter = ACTIVE) -> Take:
    ids, mark = workspace.database.select_examples(dataset.id, chosen)
    return Take(dataset, mark, ids)


def _left_out(reason: str, message: str, take: Take, positions: Sequence[int]) -> tuple[LeftOut, ...]:
    """One reason for these positions, or none for none."""
    if not len(positions):
        return ()
    first = tuple(take.ids[n] for n in islice(positions, SHOWN))
    return (LeftOut(reason, message, len(positions), first),)


def _others(total: int, positions: Sequence[int]) -> list[int]:
    """The positions that are not among these, which ascend."""
    chosen = set(positions)
    return [n for n in range(total) if n not in chosen]


def _repeats(workspace: Workspace, takes: Sequence[Take], tick: Tick) -> list[int]:
    """For each example of the takes, one after the other, the number of the first that says the same."""
    keys = bytearray()
    for take in takes:
        for _, content, _ in contents_of(workspace, take, tick):
            keys += repeat_key(take.dataset.format, content)
    firsts: list[int] = first_of_each(keys).tolist()
    return firsts


def _plan_merge(workspace: Workspace, request: Merge, datasets: Sequence[Dataset], tick: Tick) -> Plan:
    takes = [_take(workspace, dataset) for dataset in datasets]
    firsts = _repeats(workspace, takes, tick)
    kept: list[Take] = []
    left_out: list[LeftOut] = []
    start = across = within = 0
    for take in takes:
        own = firsts[start : start + len(take.ids)]
        elsewhere = [n for n, first in enumerate(own) if first < start]
        across += len(elsewhere)
        within += sum(start <= first < start + n for n, first in enumerate(own))
        start += len(own)
        if request.skip_duplicates:
            message = f"It is in “{take.dataset.name}”, and in a dataset before it."
            left_out += _left_out("repeat", message, take, elsewhere)
            take = take.only(_others(len(own), elsewhere))
        kept.append(take)
    notes = []
    if across and not request.skip_duplicates:
        notes.append(f"{across:,} examples repeat one of a dataset before theirs. They are kept, unless you skip them.")
    if within:
        notes.append(f"{within:,} examples repeat one of their own dataset. To leave them out, deduplicate the result.")
    name = request.name or " + ".join(dataset.name for dataset in datasets)
    output = Output(name, request.format_type, tuple(kept), request.strategy)
    return Plan(start, (output,), tuple(left_out), tuple(notes))


def _plan_sample(workspace: Workspace, request: Sample, datasets: Sequence[Dataset], tick: Tick) -> Plan:
    take, notes = _take(workspace, datasets[0]), []
    total = len(take.ids)
    if request.size > total:
        notes.append(f"{request.size:,} examples were asked for, and there are {total:,}: all are taken.")
    if request.stratify_by:
        values = workspace.database.get_parameter_values(datasets[0].id, request.stratify_by)
        groups = [values[each] for each in take.ids]
        if without := groups.count(None):
            notes.append(f"{without:,} of {total:,} examples have no “{request.stratify_by}”; they count as one group.")
        drawn = draw_by_group(groups, request.size, request.seed or 0)
    else:
        drawn = draw(total, request.size, request.seed or 0)
    name = request.name or f"{datasets[0].name}, sample of {len(drawn):,}"
    left_out = _left_out("not_drawn", "It was not drawn.", take, _others(total, drawn))
    return Plan(total, (Output(name, datasets[0].format, (take.only(drawn),)),), left_out, tuple(notes))


def _plan_split(workspace: Workspace, request: Split, datasets: Sequence[Dataset], tick: Tick) -> Plan:
    dataset = datasets[0]
    take, notes = _take(workspace, dataset), []
    groups = Groups(finds_near=len(take.ids) <= MOST_COMPARED)
    for _, content, metadata in contents_of(workspace, take, tick):
        groups.add(words_to_compare(dataset.format, content), origin_keys(metadata))
    if len(take.ids) > MOST_COMPARED:
        notes.append(f"Of more than {MOST_COMPARED:,} examples, exact repeats stay together, near ones do not.")
    numbers = groups.numbers()
    if (together := len(numbers) - len(set(numbers))) > 0:
        notes.append(f"{together:,} examples stay with one that they are like, or that is of the same conversation.")
    places = assign(numbers, request.shares, request.seed or 0)
    outputs = []
    for n, (part, share) in enumerate(zip(SPLITS, request.shares, strict=False)):
        positions = [position for position, place in enumerate(places) if place == n]
        if positions:
            name = f"{(request.name or dataset.name)[:LONGEST_STEM]}, {part}"
            outputs.append(Output(name, dataset.format, (take.only(positions),)))
        elif share:
            notes.append(f"The part “{part}” has no example: there are too few, or too many that are alike.")
    return Plan(len(take.ids), tuple(outputs), (), tuple(notes))


def _plan_convert(workspace: Workspace, request: Convert, datasets: Sequence[Dataset], tick: Tick) -> Plan:
    take = _take(workspace, datasets[0])
    name = request.name or f"{datasets[0].name}, {request.format_type}"
    return Plan(len(take.ids), (Output(name, request.format_type, (take,), request.strategy),))


def _plan_deduplicate(workspace: Workspace, request: Deduplicate, datasets: Sequence[Dataset], tick: Tick) -> Plan:
    take = _take(workspace, datasets[0])
    firsts = _repeats(workspace, [take], tick)
    repeats = [n for n, first in enumerate(firsts) if first < n]
    kept = take.only(_others(len(firsts), repeats))
    name = request.name or f"{datasets[0].name}, without repeats"
    left_out = _left_out("repeat", "It repeats an example before it.", take, repeats)
    notes = () if repeats else ("No example repeats another.",)
    return Plan(len(firsts), (Output(name, datasets[0].format, (kept,)),), left_out, notes)


def _plan_filter(workspace: Workspace, request: Filter, datasets: Sequence[Dataset], tick: Tick) -> Plan:
    take = _take(workspace, datasets[0], request.filter)
    total = workspace.database.count_examples(datasets[0].id, ExampleFilter(request.filter.statuses))
    left = max(0, total - len(take.ids))
    left_out = (LeftOut("no_match", "It does not match the filter.", left, ()),) if left else ()
    name = request.name or f"{datasets[0].name}, filtered"
    return Plan(len(take.ids) + left, (Output(name, datasets[0].format, (take,)),), left_out)


def _plan_duplicate(workspace: Workspace, request: Duplicate, datasets: Sequence[Dataset], tick: Tick) -> Plan:
    take = _take(workspace, datasets[0])
    name = request.name or f"{datasets[0].name}, copy"
    return Plan(len(take.ids), (Output(name, datasets[0].format, (take,)),))


PLANNERS: Mapping[Origin, Callable[[Workspace, Any, Sequence[Dataset], Tick], Plan]] = {
    Origin.MERGED: _plan_merge,
    Origin.SAMPLED: _plan_sample,
    Origin.SPLIT: _plan_split,
    Origin.CONVERTED: _plan_convert,
    Origin.DEDUPLICATED: _plan_deduplicate,
    Origin.FILTERED: _plan_filter,
    Origin.DUPLICATED: _plan_duplicate,
}
