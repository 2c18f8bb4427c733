"""Every shape is known, read into a stored format, and written again equal to what was read."""

import json

import pytest

from synthgen_core.errors import InvalidExampleError, NotFoundError
from synthgen_core.formats import FORMATS
from synthgen_core.models import Json, JsonObject
from synthgen_core.shapes import SHAPES, extra_of, read_row, source_of, to_shape_row

USER: JsonObject = {"role": "user", "content": "Hi."}
REPLY: JsonObject = {"role": "assistant", "content": "Hello."}
WORSE: JsonObject = {"role": "assistant", "content": "What."}
SYSTEM: JsonObject = {"role": "system", "content": "Be kind."}
TOOL: JsonObject = {"type": "function", "function": {"name": "now", "parameters": {}}}
CALL: JsonObject = {"id": "c1", "type": "function", "function": {"name": "now", "arguments": '{"zone":  "UTC"}'}}
BARE_CALL: JsonObject = {"type": "function", "function": {"name": "now", "arguments": {"zone": "UTC"}}}
CALLING: JsonObject = {"role": "assistant", "content": None, "tool_calls": [CALL]}
CALLED: JsonObject = {"role": "tool", "tool_call_id": "c1", "content": "12:00"}
PARTS: JsonObject = {
    "role": "user",
    "content": [{"type": "text", "text": "See"}, {"type": "image_url", "image_url": {}}],
}
FROM_USER: JsonObject = {"from": "human", "value": "Hi."}
FROM_REPLY: JsonObject = {"from": "gpt", "value": "Hello."}
FROM_WORSE: JsonObject = {"from": "gpt", "value": "What."}
FUNCTION_CALL = '{"name": "now", "arguments": {"zone": "UTC"}}'

ROWS: list[tuple[str, JsonObject, JsonObject]] = [
    ("openai_chat", {"messages": [USER, REPLY]}, {"messages": [USER, REPLY]}),
    ("openai_chat", {"messages": [USER, REPLY], "id": 7, "tools": None}, {"messages": [USER, REPLY]}),
    (
        "openai_chat",
        {"messages": [SYSTEM, USER, CALLING, CALLED, {**REPLY, "weight": 0}], "tools": [TOOL]},
        {"messages": [SYSTEM, USER, CALLING, CALLED, {**REPLY, "weight": 0}], "tools": [TOOL]},
    ),
    ("openai_chat", {"messages": [PARTS, REPLY]}, {"messages": [PARTS, REPLY]}),
    (
        "openai_chat",
        {"messages": [{"role": "developer", "content": "Brief."}, {"role": "Human", "content": "Hi."}, REPLY]},
        {"messages": [{"role": "developer", "content": "Brief."}, USER, REPLY]},
    ),
    ("openai_chat", {"system": "Be kind.", "messages": [USER, REPLY]}, {"messages": [SYSTEM, USER, REPLY]}),
    ("openai_chat", {"messages": [FROM_USER, FROM_REPLY], "tools": "[]"}, {"messages": [USER, REPLY]}),
    (
        "openai_chat",
        {"messages": [USER, REPLY], "tools": json.dumps([TOOL], indent=1)},
        {"messages": [USER, REPLY], "tools": [TOOL]},
    ),
    ("openai_chat", {"messages": [USER, REPLY], "metadata": {"a": 1}, "id": 2}, {"messages": [USER, REPLY]}),
    ("sharegpt", {"conversations": [FROM_USER, FROM_REPLY]}, {"messages": [USER, REPLY]}),
    ("sharegpt", {"conversations": [USER, REPLY], "system": ""}, {"messages": [USER, REPLY]}),
    (
        "sharegpt",
        {"conversations": [FROM_USER, FROM_REPLY], "system": "Be kind.", "tools": json.dumps([TOOL]), "id": "x"},
        {"messages": [SYSTEM, USER, REPLY], "tools": [TOOL]},
    ),
    (
        "sharegpt",
        {"conversations": [{"from": "system", "value": "Be kind."}, {"from": "user", "value": "Hi."}, FROM_REPLY]},
        {"messages": [SYSTEM, USER, REPLY]},
    ),
    (
        "sharegpt",
        {
            "conversations": [
                FROM_USER,
                {"from": "function_call", "value": FUNCTION_CALL},
                {"from": "observation", "value": "12:00"},
                {"from": "chatgpt", "value": "Hello.", "weight": 1},
            ],
            "tools": [TOOL],
        },
        {
            "messages": [
                USER,
                {"role": "assistant", "content": None, "tool_calls": [BARE_CALL]},
                {"role": "tool", "content": "12:00"},
                {**REPLY, "weight": 1},
            ],
            "tools": [TOOL],
        },
    ),
    ("alpaca", {"instruction": "Add.", "output": "3"}, {"instruction": "Add.", "input": "", "output": "3"}),
    (
        "alpaca",
        {"instruction": "Add.", "input": "1 2", "output": "3", "system": "", "history": [], "text": "x"},
        {"instruction": "Add.", "input": "1 2", "output": "3"},
    ),
    (
        "alpaca",
        {"instruction": "Add.", "input": None, "output": "3", "system": "Count.", "history": [["a", "b"]]},
        {"instruction": "Add.", "input": "", "output": "3", "system": "Count.", "history": [["a", "b"]]},
    ),
    (
        "prompt_completion",
        {"prompt": "Add 1 2 ->", "completion": " 3"},
        {"instruction": "Add 1 2 ->", "input": "", "output": " 3"},
    ),
    ("prompt_completion", {"prompt": [SYSTEM, USER], "completion": [REPLY]}, {"messages": [SYSTEM, USER, REPLY]}),
    ("prompt_completion", {"prompt": "Hi.", "completion": [REPLY], "n": 1}, {"messages": [USER, REPLY]}),
    (
        "prompt_completion",
        {"prompt": [USER], "completion": [CALLING, CALLED, REPLY], "tools": [TOOL]},
        {"messages": [USER, CALLING, CALLED, REPLY], "tools": [TOOL]},
    ),
    (
        "trl_preference",
        {"prompt": "Hi.", "chosen": "Hello.", "rejected": "What."},
        {"prompt": [USER], "chosen": [REPLY], "rejected": [WORSE]},
    ),
    (
        "trl_preference",
        {"prompt": [SYSTEM, USER], "chosen": [REPLY], "rejected": [WORSE], "score": 0.5},
        {"prompt": [SYSTEM, USER], "chosen": [REPLY], "rejected": [WORSE]},
    ),
    (
        "trl_preference",
        {"chosen": [SYSTEM, USER, REPLY], "rejected": [SYSTEM, USER, WORSE]},
        {"prompt": [SYSTEM, USER], "chosen": [REPLY], "rejected": [WORSE]},
    ),
    (
        "trl_preference",
        {"prompt": "Hi.", "chosen": [USER, REPLY], "rejected": [USER, WORSE], "messages": [USER, REPLY]},
        {"prompt": [USER], "chosen": [REPLY], "rejected": [WORSE]},
    ),
    (
        "trl_preference",
        {"prompt": "<s>Hi.", "chosen": [USER, REPLY], "rejected": [USER, WORSE]},
        {"prompt": [USER], "chosen": [REPLY], "rejected": [WORSE]},
    ),
    (
        "trl_preference",
        {"prompt": [USER], "chosen": [USER, REPLY, USER, REPLY], "rejected": [USER, REPLY, USER, WORSE]},
        {"prompt": [USER], "chosen": [REPLY, USER, REPLY], "rejected": [REPLY, USER, WORSE]},
    ),
    (
        "trl_preference",
        {"prompt": [SYSTEM, USER, REPLY], "chosen": [USER, REPLY], "rejected": [USER, WORSE]},
        {"prompt": [SYSTEM, USER, REPLY], "chosen": [USER, REPLY], "rejected": [USER, WORSE]},
    ),
    (
        "trl_preference",
        {"system": "Be kind.", "prompt": "Hi.", "chosen": "Hello.", "rejected": "What.", "tools": [TOOL]},
        {"prompt": [SYSTEM, USER], "chosen": [REPLY], "rejected": [WORSE], "tools": [TOOL]},
    ),
    (
        "trl_preference",
        {"chosen": "\n\nHuman: Hi.\n\nAssistant: Hello.", "rejected": "\n\nHuman: Hi.\n\nAssistant:What."},
        {"prompt": [USER], "chosen": [REPLY], "rejected": [WORSE]},
    ),
    (
        "openai_preference",
        {
            "input": {"messages": [USER], "tools": [TOOL], "parallel_tool_calls": True},
            "preferred_output": [REPLY],
            "non_preferred_output": [WORSE],
        },
        {"prompt": [USER], "chosen": [REPLY], "rejected": [WORSE], "tools": [TOOL]},
    ),
    (
        "llama_factory_preference",
        {"conversations": [FROM_USER], "chosen": FROM_REPLY, "rejected": FROM_WORSE, "system": "Be kind."},
        {"prompt": [SYSTEM, USER], "chosen": [REPLY], "rejected": [WORSE]},
    ),
    ("own", {"messages": [USER, REPLY], "metadata": {"source": "web"}}, {"messages": [USER, REPLY]}),
    (
        "own",
        {"instruction": "Add.", "input": "", "output": "3", "metadata": {}},
        {"instruction": "Add.", "input": "", "output": "3"},
    ),
    (
        "own",
        {"prompt": [USER], "chosen": [REPLY], "rejected": [WORSE], "metadata": {"seed": 1}},
        {"prompt": [USER], "chosen": [REPLY], "rejected": [WORSE]},
    ),
]


def canonical(value: Json) -> str:
    """JSON that is the same for equal values only: 1, 1.0 and true differ."""
    return json.dumps(value, sort_keys=True)


@pytest.mark.parametrize(("shape", "row", "content"), ROWS)
def test_each_shape_is_known_read_and_written_again(shape: str, row: JsonObject, content: JsonObject) -> None:
    before = canonical(row)
    read = read_row(row, 3)
    assert (read.shape, read.content) == (shape, content)
    assert read.format in SHAPES[shape].formats
    assert FORMATS[read.format].accept(read.content) == read.content
    assert not read.is_unwrapped
    assert canonical(to_shape_row(shape, read.format, read.content, read.metadata)) == before == canonical(row)


@pytest.mark.parametrize(("shape", "row", "content"), [row for row in ROWS if row[0] != "own"])
def test_what_was_edited_is_written_as_edited_with_the_other_keys_of_its_row(
    shape: str, row: JsonObject, content: JsonObject
) -> None:
    read = read_row({**row, "stays": [1]})
    edited = json.loads(json.dumps(read.content).replace("3", "4").replace("Hello.", "Good day.").replace("Hi.", "Oh."))
    assert edited != read.content
    again = read_row(to_shape_row(shape, read.format, edited, read.metadata))
    assert again.content == edited
    assert extra_of(again.metadata)["stays"] == [1]


@pytest.mark.parametrize(("shape", "row", "content"), ROWS)
def test_without_metadata_a_row_is_written_the_usual_way(shape: str, row: JsonObject, content: JsonObject) -> None:
    read = read_row(row)
    again = read_row(to_shape_row(shape, read.format, read.content, {}))
    assert (again.shape, again.format, again.content) == (shape, read.format, read.content)
    assert not extra_of(again.metadata)


@pytest.mark.parametrize(("shape", "row", "content"), ROWS)
def test_a_row_that_was_nested_in_content_is_unwrapped_and_that_is_said(
    shape: str, row: JsonObject, content: JsonObject
) -> None:
    read = read_row({"content": row})
    assert (read.shape, read.content, read.is_unwrapped) == (shape, content, True)
    assert read_row({"content": {"content": row}}).content == content


def test_metadata_beside_a_nested_example_are_kept() -> None:
    read = read_row({"content": {"messages": [USER, REPLY]}, "metadata": {"seed": 7}})
    assert (read.shape, read.metadata, read.is_unwrapped) == ("own", {"seed": 7}, True)
    with pytest.raises(InvalidExampleError):
        read_row({"content": {"messages": [USER, REPLY], "metadata": {"seed": 8}}, "metadata": {"seed": 7}})


def test_our_own_metadata_come_back_as_they_were() -> None:
    first = read_row({"conversations": [{"from": "bot", "value": "Hello."}], "id": 1}, 5)
    line = to_shape_row("own", "chat", first.content, first.metadata)
    again = read_row(line, 1)
    assert (again.shape, again.metadata) == ("own", first.metadata)
    assert to_shape_row("sharegpt", "chat", again.content, again.metadata) == {
        "conversations": [{"from": "bot", "value": "Hello."}],
        "id": 1,
    }


def test_the_origin_of_a_row_is_kept_with_what_is_foreign_in_it() -> None:
    read = read_row({"conversations": [{"from": "bot", "value": "Hello."}], "id": 1, "lang": "en"}, 5)
    assert source_of(read.metadata) == {
        "shape": "sharegpt",
        "line": 5,
        "extra": {"id": 1, "lang": "en"},
        "spelling": [[["conversations", 0, "from"], "bot"]],
    }
    assert [issue.reason for issue in read.warnings] == ["no_user"]
    assert source_of({"source": "web"}) is None


@pytest.mark.parametrize(
    ("row", "shape"),
    [
        ({"messages": [USER, REPLY], "instruction": "a", "output": "b", "conversations": []}, "openai_chat"),
        ({"messages": [USER, REPLY], "prompt": "Hi.", "chosen": "a", "rejected": "b"}, "trl_preference"),
        ({"messages": [USER, REPLY], "prompt": "Hi.", "completion": "a"}, "openai_chat"),
        ({"conversations": [FROM_USER, FROM_REPLY], "instruction": "a", "output": "b"}, "sharegpt"),
        ({"instruction": "a", "output": "b", "prompt": "c", "completion": "d"}, "alpaca"),
        ({"messages": "see below", "instruction": "a", "output": "b"}, "alpaca"),
    ],
)
def test_a_row_that_fits_several_shapes_is_of_the_first_and_loses_nothing(row: JsonObject, shape: str) -> None:
    read = read_row(row)
    assert read.shape == shape
    assert to_shape_row(shape, read.format, read.content, read.metadata) == row


BAD: list[tuple[Json, str, str]] = [
    ("text", "not_object", "text"),
    ({"question": "a", "answer": "b"}, "unknown_shape", "question, answer"),
    ({"chosen": "The cat", "rejected": "The dog", "question": "Which?"}, "unknown_shape", "chosen"),
    ({"messages": []}, "missing_field", "messages"),
    (
        {"messages": [USER, {"role": "narrator", "content": "x"}]},
        "unknown_role",
        "Message 2 of “messages” has the role “narrator”",
    ),
    ({"conversations": [{"from": "alien", "value": "x"}]}, "unknown_role", "Message 1"),
    ({"conversations": [{"from": "human", "text": "x"}]}, "missing_field", "value"),
    ({"conversations": [{"from": "function_call", "value": "now()"}]}, "bad_tool_call", "Message 1"),
    ({"conversations": ["Hi.", "Hello."]}, "not_object", "Message 1"),
    ({"messages": [{"role": "user", "content": ""}, REPLY]}, "empty_text", "message 1"),
    ({"messages": [USER, {"role": "assistant", "content": None}]}, "empty_text", "message 2"),
    ({"messages": [USER, {"role": "assistant"}]}, "empty_text", "message 2"),
    ({"messages": [USER, {"role": "assistant", "content": 7}]}, "not_text", "7"),
    ({"messages": [USER, REPLY], "tools": "no json"}, "bad_tools", "tools"),
    ({"messages": [USER, REPLY], "tools": 3}, "bad_tools", "tools"),
    ({"messages": [USER, REPLY], "id": float("nan")}, "bad_number", "nan"),
    ({"messages": [USER, REPLY], "id": 2**70}, "bad_number", "11805"),
    ({"messages": [USER, REPLY], "id": ["\0"]}, "nul", "NUL"),
    ({"messages": [USER, REPLY], "metadata": {"\ud800": 1}}, "surrogate", "half"),
    ({"instruction": "a", "output": None}, "missing_field", "output"),
    ({"instruction": "a", "output": ["b"]}, "not_text", "output"),
    ({"instruction": "a", "output": "b", "history": [["c"]]}, "bad_history", "Pair 1"),
    ({"prompt": None, "chosen": "a", "rejected": "b"}, "missing_field", "prompt"),
    ({"prompt": "a", "chosen": None, "rejected": "b"}, "not_object", "chosen"),
    (
        {"input": {"messages": [USER]}, "preferred_output": [], "non_preferred_output": [WORSE]},
        "missing_field",
        "chosen",
    ),
    ({"content": {"content": {"content": {"content": {"content": {}}}}}}, "unknown_shape", "content"),
]


@pytest.mark.parametrize(("row", "reason", "named"), BAD)
def test_a_bad_row_is_refused_with_the_thing_the_value_and_a_remedy(row: Json, reason: str, named: str) -> None:
    with pytest.raises(InvalidExampleError) as caught:
        read_row(row)
    assert caught.value.reason == reason
    assert named in caught.value.message
    assert caught.value.hint


def test_a_shape_refuses_what_it_has_no_place_for() -> None:
    with pytest.raises(InvalidExampleError, match="Alpaca") as caught:
        to_shape_row("alpaca", "chat", {"messages": [USER, REPLY]}, {})
    assert caught.value.reason == "other_format"
    with pytest.raises(InvalidExampleError, match="history"):
        to_shape_row(
            "prompt_completion",
            "instruction",
            {"instruction": "a", "input": "", "output": "b", "history": [["c", "d"]]},
            {},
        )
    with pytest.raises(InvalidExampleError, match="does not end"):
        to_shape_row("prompt_completion", "chat", {"messages": [USER]}, {})
    with pytest.raises(NotFoundError, match="sharegpt"):
        to_shape_row("sharegtp", "chat", {"messages": [USER]}, {})


def test_a_row_of_a_table_is_read_as_it_was_before_the_table() -> None:
    nulls = {"name": None, "tool_calls": None}
    row: JsonObject = {
        "messages": json.dumps([USER | nulls, CALLING, CALLED, REPLY]),
        "tools": None,
        "metadata": '{"seed": 7}',
    }
    read = read_row(row)
    assert (read.shape, read.metadata) == ("own", {"seed": 7})
    assert read.content == {"messages": [USER, CALLING, CALLED, REPLY]}
    table: JsonObject = {"instruction": "[1]", "input": None, "output": "{}", "system": None, "metadata": "{}"}
    assert read_row(table).content == {"instruction": "[1]", "input": "", "output": "{}"}
    assert read_row({"prompt": "[1, 2]", "completion": '{"a": 1}'}).content["instruction"] == "[1, 2]"
