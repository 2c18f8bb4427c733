"""From one stored format to another: what becomes of an example, and what is lost of it, reason by reason.

An instruction becomes a conversation without a loss. A conversation has to be cut to become an instruction: how, is a
strategy of the user's choice. What cannot be cut so is skipped; turns are never joined. A conversion writes nothing:
its report is shown before anything is written.

To add a conversion, write its function and its row of ``CONVERSIONS``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise

from synthgen_core.errors import ConfigError, InvalidExampleError, NotFoundError
from synthgen_core.formats import (
    SYSTEM_ROLES,
    calls_tools,
    detect_format_type,
    get_format,
    messages_in,
    text_of,
)
from synthgen_core.models import Json, JsonObject, Role

INPUT_LENGTH = "input_length"
"""Metadata of a conversation that was an instruction: how many characters at the end of its last question were the
input. With it, the way back is exact."""


@dataclass(frozen=True, slots=True)
class Strategy:
    """How a conversation of several exchanges is cut to instructions."""

    name: str
    label: str
    summary: str


DEFAULT_STRATEGY = "skip_multi_turn"
PER_TURN, LAST_TURN, FIRST_PAIR = "per_turn", "last_turn", "first_pair"
STRATEGIES: Mapping[str, Strategy] = {
    strategy.name: strategy
    for strategy in (
        Strategy(DEFAULT_STRATEGY, "Skip longer conversations", "Only conversations of one exchange are taken."),
        Strategy(PER_TURN, "One row for each answer", "Each answer makes a row, with what came before as history."),
        Strategy(LAST_TURN, "The last answer", "One row: the last answer, with what came before as history."),
        Strategy(FIRST_PAIR, "The first answer", "One row: the first question and its answer; the rest is left out."),
    )
}
EXCHANGE = [Role.USER, Role.ASSISTANT]
MESSAGE = ("role", "content")


@dataclass(frozen=True, slots=True)
class Loss:
    """Something that an example loses on the way, or why it is skipped."""

    reason: str
    """A short class for counting."""
    message: str
    is_skip: bool = False
    """The example is left out for it."""


@dataclass(frozen=True, slots=True)
class Converted:
    """What became of one example."""

    contents: tuple[JsonObject, ...]
    """Of the new format; none: it was skipped, and the losses say why."""
    metadata: JsonObject
    """Goes with each of the contents."""
    losses: tuple[Loss, ...] = ()


SHOWN_ROWS = 10
"""Examples that a report names for each reason."""


@dataclass(slots=True)
class LossCount:
    """One reason, over many examples."""

    reason: str
    message: str
    is_skip: bool
    count: int = 0
    examples: list[int] = field(default_factory=list)
    """The first that it holds for, by the numbers that they were added with."""


@dataclass(slots=True)
class LossReport:
    """What a conversion of many examples does; ``rows`` is always ``converted`` and ``skipped`` together."""

    rows: int = 0
    converted: int = 0
    skipped: int = 0
    written: int = 0
    """Examples that come of it: one conversation can make several."""
    by_reason: dict[str, LossCount] = field(default_factory=dict)

    def add(self, example: int, converted: Converted) -> None:
        """Count one example; ``example`` is its number or id, for the report to name it."""
        self.rows += 1
        self.written += len(converted.contents)
        if converted.contents:
            self.converted += 1
        else:
            self.skipped += 1
        for loss in converted.losses:
            counted = self.by_reason.setdefault(loss.reason, LossCount(loss.reason, loss.message, loss.is_skip))
            counted.count += 1
            if len(counted.examples) < SHOWN_ROWS:
                counted.examples.append(example)

    @property
    def losses(self) -> list[LossCount]:
        """The most frequent first."""
        return sorted(self.by_reason.values(), key=lambda counted: -counted.count)

    def to_json(self) -> JsonObject:
        """For the record of a job or a dataset."""
        counts = {"rows": self.rows, "converted": self.converted, "skipped": self.skipped, "written": self.written}
        return {**counts, "losses": [asdict(counted) for counted in self.losses]}


SEVERAL_EXCHANGES = Loss("several_exchanges", "The conversation goes on after the first answer.", is_skip=True)
NO_EXCHANGE = Loss("no_exchange", "There is no question with an answer.", is_skip=True)
TURNS_IN_A_ROW = Loss("turns_in_a_row", "Two messages in a row are by the same side.", is_skip=True)
TOOLS_USED = Loss("tools_used", "Tools are called in the conversation.", is_skip=True)
NOT_TEXT = Loss("not_text", "A message holds something else than one text.", is_skip=True)
SEVERAL_SYSTEMS = Loss("several_systems", "There is a second, or a late, system message.", is_skip=True)
FIRST_ANSWER = Loss("first_answer", "What the assistant says before the first question is left out.")
OPEN_QUESTION = Loss("open_question", "The last question, which has no answer, is left out.")
LATER_TURNS = Loss("later_turns", "All that follows the first answer is left out.")
TOOL_DEFINITIONS = Loss("tool_definitions", "The definitions of tools are left out.")
MESSAGE_KEYS = Loss("message_keys", "Further keys of messages are left out, such as name or weight.")
EXAMPLE_KEYS = Loss("example_keys", "Further keys of the example are left out.")
REJECTED = Loss("rejected", "The rejected answer is left out.")


class _SkippedError(Exception):
    """This example cannot be converted in this way."""

    def __init__(self, loss: Loss) -> None:
        super().__init__(loss.reason)
        self.loss = loss


# -- the functions: content, metadata and strategy to the new contents, their metadata, and what is lost

Conversion = Callable[[JsonObject, JsonObject, str], Converted]


def _instruction_to_chat(content: JsonObject, metadata: JsonObject, strategy: str) -> Converted:
    said = get_format("instruction").to_messages(content)
    messages: list[Json] = [{"role": message.role.value, "content": message.content} for message in said]
    known = ("instruction", "input", "output", "system", "history")
    material = content["input"]
    boundary: JsonObject = {INPUT_LENGTH: len(material)} if isinstance(material, str) and material else {}
    return Converted(({"messages": messages},), metadata | boundary, _foreign_keys(content, known))


def _chat_to_instruction(content: JsonObject, metadata: JsonObject, strategy: str) -> Converted:
    messages = messages_in(content["messages"])
    system, turns = _split_off_system(messages)
    losses = [*_foreign_keys(content, ("messages", "tools"))]
    if content.get("tools"):
        losses.append(TOOL_DEFINITIONS)
    if any(value is not None for message in messages for key, value in message.items() if key not in MESSAGE):
        losses.append(MESSAGE_KEYS)
    pairs, more = _pairs_of(turns, strategy)
    losses += more
    kept = {key: value for key, value in metadata.items() if key != INPUT_LENGTH}
    rows = []
    for n in _answers(pairs, strategy):
        length = metadata.get(INPUT_LENGTH) if n == len(pairs) - 1 else None
        rows.append(_row(pairs[: n + 1], system, length if isinstance(length, int) else 0))
    return Converted(tuple(rows), kept, tuple(losses))


def _split_off_system(messages: Sequence[JsonObject]) -> tuple[str, Sequence[JsonObject]]:
    """The system text, and the turns of a conversation that consists of texts. Raises _SkippedError."""
    if any(message["role"] == Role.TOOL or calls_tools(message) for message in messages):
        raise _SkippedError(TOOLS_USED)
    if not all(_is_text(message.get("content")) for message in messages):
        raise _SkippedError(NOT_TEXT)
    has_system = messages[0]["role"] in SYSTEM_ROLES
    turns = messages[1:] if has_system else messages
    if any(message["role"] in SYSTEM_ROLES for message in turns):
        raise _SkippedError(SEVERAL_SYSTEMS)
    return text_of(messages[0]) if has_system else "", turns


def _is_text(content: Json) -> bool:
    """A text, or one part that is a text: several have no sure way to be one."""
    if isinstance(content, list):
        part = content[0] if len(content) == 1 else None
        return isinstance(part, dict) and part.get("type") == "text"
    return isinstance(content, str)


def _pairs_of(turns: Sequence[JsonObject], strategy: str) -> tuple[list[tuple[str, str]], list[Loss]]:
    """The questions with their answers, and what is neither. Raises _SkippedError."""
    if any(one["role"] == other["role"] for one, other in pairwise(turns)):
        raise _SkippedError(TURNS_IN_A_ROW)
    losses = []
    if strategy == DEFAULT_STRATEGY and len(turns) > len(EXCHANGE):
        raise _SkippedError(SEVERAL_EXCHANGES)
    if strategy != DEFAULT_STRATEGY and turns and turns[0]["role"] == Role.ASSISTANT:
        turns = turns[1:]
        losses.append(FIRST_ANSWER)
    if strategy != DEFAULT_STRATEGY and turns and turns[-1]["role"] == Role.USER:
        turns = turns[:-1]
        losses.append(OPEN_QUESTION)
    if [turn["role"] for turn in turns[: len(EXCHANGE)]] != EXCHANGE:
        raise _SkippedError(NO_EXCHANGE)
    texts = [text_of(turn) for turn in turns]
    pairs = list(zip(texts[::2], texts[1::2], strict=True))
    if strategy == FIRST_PAIR and len(pairs) > 1:
        losses.append(LATER_TURNS)
    return pairs, losses


def _answers(pairs: Sequence[tuple[str, str]], strategy: str) -> Sequence[int]:
    """Which of the pairs become a row."""
    all_of_them = range(len(pairs))
    return {PER_TURN: all_of_them, LAST_TURN: all_of_them[-1:]}.get(strategy, all_of_them[:1])


def _row(pairs: Sequence[tuple[str, str]], system: str, input_length: int) -> JsonObject:
    """The last of the pairs as an instruction, with those before as its history."""
    asked, answer = pairs[-1]
    cut = len(asked) - input_length
    instruction, material = asked, ""
    if input_length > 0 and cut == 0:
        instruction, material = "", asked
    elif input_length > 0 and cut > 1 and asked[cut - 1] == "\n":
        instruction, material = asked[: cut - 1], asked[cut:]
    row: JsonObject = {"instruction": instruction, "input": material, "output": answer}
    if system:
        row["system"] = system
    if earlier := pairs[:-1]:
        row["history"] = [list(pair) for pair in earlier]
    return row


def _preference_to_chat(content: JsonObject, metadata: JsonObject, strategy: str) -> Converted:
    chat: JsonObject = {"messages": [*messages_in(content["prompt"]), *messages_in(content["chosen"])]}
    if content.get("tools"):
        chat["tools"] = content["tools"]
    losses = _foreign_keys(content, ("prompt", "chosen", "rejected", "tools"))
    return Converted((chat,), metadata, (REJECTED, *losses))


def _preference_to_instruction(content: JsonObject, metadata: JsonObject, strategy: str) -> Converted:
    chat = _preference_to_chat(content, metadata, strategy)
    converted = _chat_to_instruction(chat.contents[0], metadata, strategy)
    return Converted(converted.contents, converted.metadata, chat.losses + converted.losses)


def _foreign_keys(content: JsonObject, known: Sequence[str]) -> tuple[Loss, ...]:
    return (EXAMPLE_KEYS,) if content.keys() - set(known) else ()


CONVERSIONS: Mapping[tuple[str, str], Conversion] = {
    ("instruction", "chat"): _instruction_to_chat,
    ("chat", "instruction"): _chat_to_instruction,
    ("preference", "chat"): _preference_to_chat,
    ("preference", "instruction"): _preference_to_instruction,
}
"""(from, to) -> how. A pair of answers cannot be made of one answer."""


def can_convert(source: str, target: str) -> bool:
    """Examples of one format can become examples of the other."""
    return source == target or (source, target) in CONVERSIONS


def get_strategy(name: str) -> Strategy:
    """The strategy with this name; dashes do for underscores. Raises NotFoundError, whose hint names the nearest."""
    if found := STRATEGIES.get(name.strip().lower().replace("-", "_")):
        return found
    raise NotFoundError.of("strategy", name, STRATEGIES)


def convert_content(
    content: JsonObject,
    source: str,
    target: str,
    strategy: str = DEFAULT_STRATEGY,
    metadata: JsonObject | None = None,
) -> Converted:
    """A stored example of format ``source`` as examples of format ``target``, with what is lost of it.

    Its ``metadata`` come back as they belong to the new examples; without them, the way back from a conversation to
    an instruction does not find the boundary between instruction and input.

    Raises:
        ConfigError: there is no way from one format to the other.
        NotFoundError: there is no such format or strategy.
    """
    old, new, how = get_format(source), get_format(target), get_strategy(strategy)
    kept = metadata or {}
    if old is new:
        return Converted((content,), kept)
    if (convert := CONVERSIONS.get((old.name, new.name))) is None:
        raise ConfigError(
            f"{old.label} cannot become {new.label.lower()}: that takes a second answer for each example.",
            f"Choose one of: {', '.join(sorted(to for start, to in CONVERSIONS if start == old.name))}.",
        )
    try:
        return convert(content, kept, how.name)
    except _SkippedError as skipped:
        return Converted((), kept, (skipped.loss,))


def convert_format(example: JsonObject, target_format: str) -> JsonObject:
    """One example, with or without its ``metadata``, in another format; nothing is lost on the way.

    Raises:
        InvalidExampleError: it is no example of a known format, or the other format cannot hold all of it; the
            message says what would be lost.
        ConfigError: there is no way from one format to the other.
        NotFoundError: there is no such format.
    """
    source = detect_format_type(example)
    metadata = example.get("metadata")
    stored = get_format(source).accept({key: value for key, value in example.items() if key != "metadata"})
    known = metadata if isinstance(metadata, dict) else {}
    converted = convert_content(stored, source, target_format, metadata=known)
    for loss in converted.losses:
        raise InvalidExampleError(
            f"The example cannot become {target_format} without a loss. {loss.message}",
            "Convert its dataset with a strategy, which says first what is lost.",
            reason=loss.reason,
        )
    return converted.contents[0] | ({"metadata": converted.metadata} if converted.metadata else {})
