"""Other people's names for who speaks, for fields, and for columns are understood."""

import csv
import json
from pathlib import Path

import pytest

from tests.training.test_formats import said, write
from training.examples import DataError
from training.formats import Reader, Shaping


def table(folder: Path, *rows: list[str]) -> Path:
    path = folder / "t.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


@pytest.mark.parametrize(
    ("speaker", "role"),
    [
        *((name, "assistant") for name in ("chatgpt", "Bing", "bard", "claude", "model", "bot", "agent", "gpt4")),
        *((name, "user") for name in ("prompter", "customer", " Human ")),
        *((name, name) for name in ("function_call", "observation", "tool")),
    ],
)
def test_who_speaks_in_sharegpt_is_known_by_many_names(tmp_path: Path, speaker: str, role: str) -> None:
    path = write(tmp_path, "e.json", [{"conversations": [{"from": speaker, "value": "Hi"}]}])
    assert said(Reader(path)) == [[(role, "Hi")]]


@pytest.mark.parametrize("end", ["", " ", "\n"])
def test_an_answer_that_ends_with_the_stop_token_and_blanks_gets_no_second_one(tmp_path: Path, end: str) -> None:
    path = write(tmp_path, "e.jsonl", json.dumps({"question": "Hi", "answer": f"a **STOP**{end}"}))
    assert said(Reader(path, Shaping(stop=" **STOP**"))) == [[("user", "Hi"), ("assistant", f"a **STOP**{end}")]]
    assert list(Reader(path, Shaping(stop=" **STOP**", least_answer=2))) == []


def test_a_stop_token_of_blanks_is_still_added(tmp_path: Path) -> None:
    path = write(tmp_path, "e.jsonl", json.dumps({"question": "Hi", "answer": "a"}))
    assert said(Reader(path, Shaping(stop="\n\n"))) == [[("user", "Hi"), ("assistant", "a\n\n")]]


@pytest.mark.parametrize("name", ["e.json", "e.jsonl"])
@pytest.mark.parametrize(
    "names", [("instruction", "response"), ("prompt", "completion"), ("question", "answer"), ("Question", "Answer")]
)
def test_objects_are_read_by_the_names_that_columns_have(tmp_path: Path, name: str, names: tuple[str, str]) -> None:
    value = {names[0]: "Hi", names[1]: "Hello", "system_prompt": "S", "category": "c"}
    reader = Reader(write(tmp_path, name, value))
    (entry,) = reader
    assert reader.format == "alpaca"
    assert said([entry]) == [[("system", "S"), ("user", "Hi"), ("assistant", "Hello")]]
    assert entry.category == "c"


def test_as_many_answers_as_questions_are_wanted_in_one_row(tmp_path: Path) -> None:
    path = table(tmp_path, ["question", "answer"], ["Hi?", "Yes"], ["A?\nB?\nC?", "1\n2"])
    with pytest.raises(DataError, match=r"line 3 has 3 questions and 2 answers.*write as many answers as questions"):
        list(Reader(path))


def test_lines_that_are_not_all_questions_are_one_question(tmp_path: Path) -> None:
    path = table(tmp_path, ["question", "answer"], ["Hello.\nI am here.\nB?", "1\n2"], ["A?\nB?", "1"])
    assert len(list(Reader(path))) == 2


@pytest.mark.parametrize("name", ["qa", "Dialogue", "conversation", "text"])
@pytest.mark.parametrize(("asks", "answers"), [("Q", "A"), ("Question", "Answer"), ("User", "Assistant")])
def test_a_column_of_dialogues_gives_an_example_a_pair(tmp_path: Path, name: str, asks: str, answers: str) -> None:
    cell = f"{asks}: Is it on?\n{answers}: Yes.\nIt is: always.\n\n{asks}: And now?\r\n{answers}: No."
    entries = list(Reader(table(tmp_path, [name, "category"], [cell, "c"])))
    assert said(entries) == [
        [("user", "Is it on?"), ("assistant", "Yes.\nIt is: always.")],
        [("user", "And now?"), ("assistant", "No.")],
    ]
    assert [(entry.line, entry.category) for entry in entries] == [(2, "c"), (2, "c")]


@pytest.mark.parametrize(
    "cell", ["Is it on?", "Q: Is it on?", "A: Yes\nQ: What?", "Q: x\nQ: y\nA: z", "Q: x\nA:", "x\nQ: x\nA: y"]
)
def test_a_cell_that_is_no_dialogue_is_refused_by_its_line(tmp_path: Path, cell: str) -> None:
    path = table(tmp_path, ["qa"], ["Q: Hi?\nA: Hello"], [cell])
    with pytest.raises(DataError, match="line 4 holds no questions and answers in turn"):
        list(Reader(path))
