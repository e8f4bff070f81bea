"""The notebook's rules count as the notebook counts, on whatever JSON there is."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.checks import Checker, Expectations
from training.entries import Entry

NAMES = {
    "data_type",
    "missing_messages_list",
    "message_missing_key",
    "message_unrecognized_key",
    "unrecognized_role",
    "missing_content",
    "example_missing_assistant_message",
}

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=()), max_size=20)
    | st.sampled_from(["", "system", "user", "assistant", "hi"])
)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)
KEYS = st.sampled_from(["role", "content", "name", "function_call", "weight", "mood", ""])
ROLES = st.sampled_from(["system", "user", "assistant", "function", "robot"])
MESSAGES = st.dictionaries(KEYS, JSON, max_size=5) | st.fixed_dictionaries(
    {"role": ROLES | JSON, "content": JSON}, optional={"weight": JSON, "function_call": JSON, "mood": JSON}
)
EXAMPLES = st.fixed_dictionaries({"messages": st.lists(MESSAGES, max_size=5)}, optional={"category": JSON})


def notebook(dataset: list[Any]) -> Counter[str]:
    """Count as the notebook does, in its own words."""
    errors: Counter[str] = Counter()
    for example in dataset:
        if not isinstance(example, dict):
            errors["data_type"] += 1
            continue
        messages = cast("Any", example).get("messages", None)
        if not messages:
            errors["missing_messages_list"] += 1
            continue
        for message in messages:
            errors.update(notebook_on_a_message(message))
        if not any(message.get("role", None) == "assistant" for message in messages):
            errors["example_missing_assistant_message"] += 1
    return errors


def notebook_on_a_message(message: Any) -> Iterator[str]:  # noqa: ANN401 the notebook knows no types
    if "role" not in message or "content" not in message:
        yield "message_missing_key"
    if any(key not in ("role", "content", "name", "function_call", "weight") for key in message):
        yield "message_unrecognized_key"
    if message.get("role", None) not in ("system", "user", "assistant", "function"):
        yield "unrecognized_role"
    content = message.get("content", None)
    function_call = message.get("function_call", None)
    if (not content and not function_call) or not isinstance(content, str):
        yield "missing_content"


def counted(dataset: list[object]) -> Counter[str]:
    with Checker(Expectations(limit_tokens=10, model="m")) as checker:
        for line, value in enumerate(dataset, 1):
            checker.see(Entry(line, value), 1)
        checker.finish()
        assert (checker.examples, len(list(checker.problems()))) == (len(dataset), checker.counts.total())
        return checker.counts


@settings(max_examples=300, deadline=None)
@given(st.lists(EXAMPLES | SCALARS, max_size=6))
def test_the_counts_are_the_notebooks(dataset: list[object]) -> None:
    ours = counted(dataset)
    assert Counter({name: ours[name] for name in NAMES if ours[name]}) == notebook(dataset)


@settings(max_examples=300, deadline=None)
@given(st.lists(JSON | st.fixed_dictionaries({"messages": JSON | st.lists(JSON | MESSAGES)}), max_size=4))
def test_no_json_value_stops_the_checks(dataset: list[object]) -> None:
    assert counted(dataset)["data_type"] == sum(not isinstance(value, dict) for value in dataset)


@pytest.mark.parametrize("messages", ["text", {"role": "user"}, 7, True, {"0": {}}])
def test_messages_that_are_no_list_are_none(messages: object) -> None:
    assert counted([{"messages": messages}])["missing_messages_list"] == 1


@pytest.mark.parametrize("message", ["text", 7, None, [], [["role", "user"]]])
def test_a_message_that_is_no_object_lacks_its_keys(message: object) -> None:
    counts = counted([{"messages": [message, {"role": "assistant", "content": "x"}]}])
    assert {name: counts[name] for name in NAMES if counts[name]} == {"message_missing_key": 1}
