"""What is mended keeps the rules that it broke, and mending it again changes nothing."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.test_checks import FILLING, checked, said
from tests.training.test_checks_characters import ANY_TEXT, FRAGMENTS, GARBLED, TWICE
from tests.training.test_checks_notebook import JSON, MESSAGES
from training.checks.mending import mend_file, mended
from training.entries import Entry
from training.examples import DataError

GOOD = said("Does it rain?", "No.")


@pytest.mark.parametrize(
    ("broken", "whole", "rule"),
    [
        ([{**GOOD[0], "mood": 1}, GOOD[1]], GOOD, "message_unrecognized_key"),
        ([{**GOOD[0], "weight": 1}, GOOD[1]], GOOD, "weight_not_on_assistant"),
        ([GOOD[0], {**GOOD[1], "weight": True}], [GOOD[0], {**GOOD[1], "weight": 1}], "weight_not_0_or_1"),
        ([GOOD[0], {**GOOD[1], "weight": 0.0}], [GOOD[0], {**GOOD[1], "weight": 0}], "weight_not_0_or_1"),
        ([{**GOOD[0], "role": "User"}, {**GOOD[1], "role": " Assistant "}], GOOD, "unrecognized_role"),
        ([*GOOD, GOOD[0], GOOD[0]], GOOD, "last_message_not_assistant"),
        (said("Does\u200b it rain?", "No."), GOOD, "invisible_characters"),
        (said("Where is the cafÃ©?", "No."), said("Where is the café?", "No."), "mojibake"),
    ],
)
def test_what_is_safe_is_mended(broken: object, whole: object, rule: str) -> None:
    value, rules = mended({"messages": broken, "category": "x"})
    assert json.dumps(value) == json.dumps({"messages": whole, "category": "x"})
    assert rules == (rule,)


@pytest.mark.parametrize(
    "messages",
    [
        GOOD,
        [{"role": "user", "text": "Does it rain?"}, GOOD[1]],  # the content may be meant
        [GOOD[0], {**GOOD[1], "weight": 0.5}],
        [{**GOOD[0], "role": "User"}, {**GOOD[1], "role": "robot"}],
        [GOOD[0]],
        said("caf\ufffd", "No."),
        ["text", GOOD[1]],
        {},
        "text",
    ],
)
def test_what_is_not_safe_is_left_as_it_is(messages: object) -> None:
    value = {"messages": messages}
    assert mended(value) == (value, ())


VALUES = JSON | st.fixed_dictionaries(
    {
        "messages": st.lists(
            MESSAGES
            | st.fixed_dictionaries(
                {
                    "role": st.sampled_from(["system", "user", "assistant", "User", "ASSISTANT "]),
                    "content": ANY_TEXT | FRAGMENTS | GARBLED | TWICE,
                },
                optional={"weight": st.sampled_from([0, 1, True, 0.0, 0.5, "1", None]), "mood": JSON},
            ),
            max_size=5,
        )
    },
    optional={"category": JSON},
)


@settings(max_examples=500, deadline=None)
@given(VALUES)
def test_mending_is_pure_ends_at_once_and_leaves_none_of_what_it_mends(value: object) -> None:
    before = copy.deepcopy(value)
    after, rules = mended(value)
    assert repr(value) == repr(before)
    assert repr(mended(after)) == repr((after, ()))
    _, checker = checked([after])
    assert not {*rules} & {*checker.counts}


def entries(*values: object) -> Iterator[Entry]:
    for line, value in enumerate(values, 1):
        yield Entry(line, value)


def test_a_mended_file_holds_what_is_worth_keeping_and_tells_what_was_done(tmp_path: Path) -> None:
    path = tmp_path / "new" / "mended.jsonl"
    umlaut = said("Größe?", "Zwölf 👩‍👧.")
    counts = mend_file(
        entries(
            {"messages": GOOD},
            5,
            {"messages": [*said("Is it \u200bwarm?", "Yes."), GOOD[0]], "category": "weather"},
            {"messages": said("does it RAIN", "no")},
            {"messages": [GOOD[0]]},
            {"messages": []},
            {"messages": umlaut},
        ),
        path,
    )
    assert path.read_text("utf-8").splitlines() == [
        json.dumps({"messages": GOOD}),
        json.dumps({"messages": said("Is it warm?", "Yes."), "category": "weather"}),
        json.dumps({"messages": umlaut}, ensure_ascii=False),
    ]
    assert counts == {
        "data_type": 1,
        "invisible_characters": 1,
        "last_message_not_assistant": 1,
        "duplicate": 1,
        "example_missing_assistant_message": 1,
        "missing_messages_list": 1,
    }


def test_half_a_pair_of_surrogates_outside_of_what_is_said_is_written_as_json_can(tmp_path: Path) -> None:
    value = {"messages": GOOD, "category": "\ud800"}
    assert mend_file(entries(value), tmp_path / "mended.jsonl") == {}
    assert json.loads((tmp_path / "mended.jsonl").read_bytes()) == value


def test_mending_a_mended_file_changes_nothing(tmp_path: Path) -> None:
    broken = [{"messages": [*messages, {"role": "user", "content": "Bye\u200b"}]} for messages in (*FILLING, *FILLING)]
    counts = mend_file(entries(*broken), tmp_path / "once.jsonl")
    assert counts["duplicate"] == len(FILLING)
    values = [json.loads(line) for line in (tmp_path / "once.jsonl").read_bytes().splitlines()]
    assert mend_file(entries(*values), tmp_path / "twice.jsonl") == {}
    assert (tmp_path / "twice.jsonl").read_bytes() == (tmp_path / "once.jsonl").read_bytes()
    assert checked(values)[0] == []


@pytest.mark.parametrize("values", [(), (5, {"messages": [GOOD[0]]})])
def test_a_file_of_which_nothing_is_left_is_not_written(values: tuple[object, ...], tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"^nothing of broken\.jsonl could be kept"):
        mend_file(entries(*values), tmp_path / "mended.jsonl", source=Path("broken.jsonl"))
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_breaks_off_leaves_the_old_copy_whole(tmp_path: Path) -> None:
    path = tmp_path / "mended.jsonl"
    path.write_text("old", "utf-8")

    def breaking() -> Iterator[Entry]:
        yield Entry(1, {"messages": GOOD})
        raise DataError("line 2 is not JSON")

    with pytest.raises(DataError, match="line 2"):
        mend_file(breaking(), path)
    assert path.read_text("utf-8") == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["mended.jsonl"]
