"""Any row of any shape is written again equal to what was read: any text, order of keys, further keys, nesting."""

from hypothesis import given
from hypothesis import strategies as st

from synthgen_core.errors import InvalidExampleError
from synthgen_core.formats import FORMATS
from synthgen_core.models import Json, JsonObject
from synthgen_core.shapes import read_row, to_shape_row
from tests.core.test_shapes import canonical

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20)
NUMBERS = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
ANYTHING = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda part: st.lists(part, max_size=3) | st.dictionaries(TEXT, part, max_size=3),
    max_leaves=6,
)
EXTRA = st.dictionaries(TEXT.map(lambda key: f"x{key}"), ANYTHING, max_size=3)
USER_NAMES = ("user", "human", "prompter", "Human", "input")
REPLY_NAMES = ("assistant", "gpt", "bot", "model", "chatgpt", "output", "GPT")
OPTIONAL_TEXT = st.none() | TEXT | st.just("")
KEYS = ("messages", "conversations", "instruction", "input", "output", "prompt", "completion", "chosen", "rejected")


@st.composite
def turns(draw: st.DrawFn, role: str, text: str) -> list[Json]:
    """A conversation whose messages have their role and their text under these keys, and further keys."""
    names = ["system"] if draw(st.booleans()) else []
    for _ in range(draw(st.integers(1, 3))):
        names += [draw(st.sampled_from(USER_NAMES)), draw(st.sampled_from(REPLY_NAMES))]
    return [{**draw(EXTRA), role: name, text: draw(TEXT)} for name in names]


OURS, SHAREGPT = turns("role", "content"), turns("from", "value")
HISTORY = st.none() | st.lists(st.lists(TEXT, min_size=2, max_size=2), max_size=2)


@st.composite
def conversations(draw: st.DrawFn) -> JsonObject:
    row: JsonObject = {draw(st.sampled_from(["messages", "conversations"])): draw(OURS | SHAREGPT)}
    return row | draw(st.fixed_dictionaries({}, optional={"system": OPTIONAL_TEXT, "tools": st.none() | st.just("[]")}))


@st.composite
def shared_prompts(draw: st.DrawFn) -> JsonObject:
    shared = draw(OURS)
    return {side: [*shared, *draw(OURS)] for side in ("chosen", "rejected")}


@st.composite
def rankings(draw: st.DrawFn) -> JsonObject:
    asked, chosen, rejected = draw(SHAREGPT), draw(SHAREGPT)[0], draw(SHAREGPT)[0]
    return {"conversations": asked, "chosen": chosen, "rejected": rejected}


ROWS: dict[str, st.SearchStrategy[JsonObject]] = {
    "conversations": conversations(),
    "alpaca": st.fixed_dictionaries(
        {"instruction": TEXT, "output": TEXT},
        optional={"input": OPTIONAL_TEXT, "system": OPTIONAL_TEXT, "history": HISTORY},
    ),
    "completion": st.fixed_dictionaries({"prompt": TEXT | OURS | SHAREGPT, "completion": TEXT | OURS}),
    "trl": st.fixed_dictionaries(
        {"prompt": TEXT | OURS, "chosen": TEXT | OURS, "rejected": TEXT | OURS | SHAREGPT},
        optional={"system": OPTIONAL_TEXT},
    ),
    "shared": shared_prompts(),
    "openai": st.fixed_dictionaries(
        {
            "input": st.builds(lambda extra, said: {**extra, "messages": said}, EXTRA, OURS),
            "preferred_output": OURS,
            "non_preferred_output": OURS,
        }
    ),
    "rankings": rankings(),
    "own": st.fixed_dictionaries({"messages": OURS, "metadata": EXTRA}),
}


@st.composite
def rows(draw: st.DrawFn) -> JsonObject:
    """A row of any shape, with further keys, all of them in any order."""
    name = draw(st.sampled_from(list(ROWS)))
    row = draw(ROWS[name]) | draw(EXTRA)
    return {key: row[key] for key in draw(st.permutations(list(row)))}


@given(rows())
def test_any_row_is_written_again_equal_to_what_was_read(row: JsonObject) -> None:
    before = canonical(row)
    read = read_row(row, 1)
    assert canonical(to_shape_row(read.shape, read.format, read.content, read.metadata)) == before == canonical(row)


@given(rows())
def test_the_usual_way_to_write_any_row_says_the_same(row: JsonObject) -> None:
    read = read_row(row)
    usual = read_row(to_shape_row(read.shape, read.format, read.content, {}))
    assert (usual.shape, canonical(usual.content)) == (read.shape, canonical(read.content))


@given(ANYTHING | st.dictionaries(st.sampled_from((*KEYS, "metadata", "content", "tools", "system")), ANYTHING))
def test_no_row_is_taken_that_could_not_be_stored(row: Json) -> None:
    try:
        read = read_row(row)
    except InvalidExampleError:
        return
    assert FORMATS[read.format].faults(read.content) == []
