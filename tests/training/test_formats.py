"""Files of every format are read as the same examples."""

import csv
import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.kit import DATA
from training.entries import Entry
from training.examples import DataError
from training.formats import Format, Limits, Reader, Shaping
from training.formats.formulas import is_formula

HI = {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello, Zoë \U0001f600"}]}
BYE = {
    "messages": [{"role": "user", "content": "Bye"}, {"role": "assistant", "content": "Good bye"}],
    "category": "end",
}


def write(folder: Path, name: str, content: object) -> Path:
    path = folder / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
        path.write_text(text, "utf-8", newline="")
    return path


def values(path: Path) -> list[object]:
    return [entry.value for entry in Reader(path)]


def said(entries: Iterable[Entry]) -> list[list[tuple[object, object]]]:
    return [[(message["role"], message["content"]) for message in entry.messages] for entry in entries]


@pytest.mark.parametrize("file", ["round1.jsonl", "round2.jsonl"])
def test_the_companys_own_examples_are_read_to_the_last_byte(file: str) -> None:
    path = DATA / "examples" / file
    reader = Reader(path)
    entries = list(reader)
    lines = path.read_text("utf-8").splitlines()
    assert [entry.value for entry in entries] == [json.loads(line) for line in lines]
    assert [entry.line for entry in entries] == list(range(1, len(lines) + 1))
    assert (reader.format, entries[-1].end) == ("chat", path.stat().st_size)


def test_empty_lines_are_skipped_and_the_others_keep_their_numbers(tmp_path: Path) -> None:
    text = f"\ufeff\r\n{json.dumps(HI)}\r\n\r\n  {json.dumps(BYE)}\r\n\n"
    path = write(tmp_path, "e.jsonl", text)
    entries = list(Reader(path))
    assert [(entry.line, entry.value) for entry in entries] == [(2, HI), (4, BYE)]
    assert entries[-1].end == len(text.encode()) - 1


@pytest.mark.parametrize("name", ["e.json", "e.jsonl", "e.txt"])
def test_an_array_is_read_element_by_element_with_the_line_of_each(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, name, "\ufeff" + json.dumps([HI, BYE], indent=1, ensure_ascii=False) + "\n")
    entries = list(Reader(path))
    assert [entry.value for entry in entries] == [HI, BYE]
    second = 1 + path.read_text("utf-8").split('"Bye"')[0].count("\n") - 4
    assert [entry.line for entry in entries] == [2, second]
    assert entries[-1].end <= path.stat().st_size


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"data": [HI, BYE]}),
        json.dumps({"version": 2, "examples": [HI, BYE], "note": ["x"]}, indent=2),
        json.dumps({"conversations": [HI, BYE]}),
        json.dumps(HI) + "\n" + json.dumps(BYE),
        json.dumps(HI, indent=2) + "\n" + json.dumps(BYE, indent=2),
        json.dumps([HI, BYE]),
    ],
)
def test_a_json_file_may_wrap_its_examples_or_list_them(tmp_path: Path, text: str) -> None:
    assert values(write(tmp_path, "e.json", text)) == [HI, BYE]


@pytest.mark.parametrize("indent", [None, 2])
def test_one_object_is_one_example(tmp_path: Path, indent: int | None) -> None:
    assert values(write(tmp_path, "e.json", json.dumps(BYE, indent=indent))) == [BYE]


def test_values_that_are_no_examples_are_left_for_the_checks_to_report(tmp_path: Path) -> None:
    odd: list[object] = [HI, 5, "x", None, {"no": "messages"}, [1], {"messages": 3}]
    assert values(write(tmp_path, "a.json", odd)) == odd
    assert values(write(tmp_path, "l.jsonl", "\n".join(json.dumps(value) for value in odd))) == odd
    assert values(write(tmp_path, "n.json", "12")) == [12]
    assert values(write(tmp_path, "none.json", " [ ] ")) == []


@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 64])
def test_an_array_is_the_same_wherever_its_chunks_end(tmp_path: Path, chunk: int) -> None:
    odd: list[object] = [
        HI,
        -12.5e-3,
        1234567,
        True,
        None,
        'q"\\u\ud83d\ude00'.encode("utf-16", "surrogatepass").decode("utf-16"),
        [],
        {},
    ]
    for name, ascii_only in (("a.json", True), ("u.json", False)):
        text = json.dumps({"data": odd}, ensure_ascii=ascii_only, indent=1)
        reader = Reader(write(tmp_path, name, text), limits=Limits(chunk_bytes=chunk))
        assert [entry.value for entry in reader] == odd


def test_sharegpt_becomes_chat(tmp_path: Path) -> None:
    turns = [
        {"from": "system", "value": "Be kind."},
        {"from": "human", "value": "Hi"},
        {"from": "gpt", "value": "Hello"},
        {"from": "tool", "value": "42"},
    ]
    reader = Reader(write(tmp_path, "e.json", [{"id": "1", "conversations": turns, "category": "hi"}]))
    (entry,) = reader
    assert reader.format == "sharegpt"
    assert said([entry]) == [[("system", "Be kind."), ("user", "Hi"), ("assistant", "Hello"), ("tool", "42")]]
    assert entry.category == "hi"
    assert "id" not in entry.fields


def test_one_sharegpt_object_is_one_example_and_not_a_list_of_messages(tmp_path: Path) -> None:
    one = {"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello"}], "system": "Be kind."}
    for indent in (None, 1):
        reader = Reader(write(tmp_path, "e.json", json.dumps(one, indent=indent)))
        assert said(reader) == [[("system", "Be kind."), ("user", "Hi"), ("assistant", "Hello")]]


def test_alpaca_becomes_chat_with_its_history_and_its_input(tmp_path: Path) -> None:
    first = {
        "instruction": "Translate",
        "input": "Haus",
        "output": "house",
        "history": [["Hi", "Hello"]],
        "system": "S",
    }
    second = {"instruction": "Hi", "input": "", "output": "Hello", "origin": {"from": "us"}}
    reader = Reader(write(tmp_path, "e.jsonl", f"{json.dumps(first)}\n{json.dumps(second)}"))
    entries = list(reader)
    assert reader.format == "alpaca"
    assert said(entries) == [
        [
            ("system", "S"),
            ("user", "Hi"),
            ("assistant", "Hello"),
            ("user", "Translate\n\nHaus"),
            ("assistant", "house"),
        ],
        [("user", "Hi"), ("assistant", "Hello")],
    ]
    assert entries[1].fields["origin"] == {"from": "us"}


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ({"conversations": [{"from": "human", "value": "Hi"}]}, {"conversations": [{"from": "human"}]}),
        ({"conversations": [{"from": "human", "value": "Hi"}]}, {"conversations": 3}),
        ({"conversations": [{"from": "human", "value": "Hi"}]}, {"other": 1}),
        ({"instruction": "Hi", "output": "Hello"}, {"instruction": "Hi"}),
        ({"instruction": "Hi", "output": "Hello"}, {"instruction": "Hi", "output": "x", "history": [["one"]]}),
        ({"instruction": "Hi", "output": "Hello"}, {"instruction": "Hi", "output": "x", "history": 3}),
        ({"instruction": "Hi", "output": "Hello"}, 7),
    ],
)
def test_an_example_that_lacks_its_fields_stays_as_it_is(tmp_path: Path, good: object, bad: object) -> None:
    first, second = values(write(tmp_path, "e.json", [good, bad]))
    assert "messages" in str(first)
    assert second == bad


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize(
    "names",
    [
        ("Question", "ANSWER"),
        ("prompt", "completion"),
        ("q", "a"),
        ("user", "assistant"),
        ("Input", "output"),
        ("customer", "reply"),
    ],
)
def test_a_table_is_read_by_the_names_of_its_columns(tmp_path: Path, delimiter: str, names: tuple[str, str]) -> None:
    path = tmp_path / "t.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        rows = csv.writer(file, delimiter=delimiter)
        rows.writerow([names[1], "Category", "id", names[0], "System"])
        rows.writerow(["Hold it,\nthen; let\tgo", "reset", "1", 'How do I "reset"?', "Be kind."])
        rows.writerow(["", "", "", "", ""])
        rows.writerow(["Yes", "", "2", "Is it on?", ""])
    reader = Reader(path)
    entries = list(reader)
    assert reader.format == "csv"
    assert said(entries) == [
        [("system", "Be kind."), ("user", 'How do I "reset"?'), ("assistant", "Hold it,\nthen; let\tgo")],
        [("user", "Is it on?"), ("assistant", "Yes")],
    ]
    assert [(entry.line, entry.category) for entry in entries] == [(2, "reset"), (5, "")]
    assert entries[-1].end == path.stat().st_size


def test_instruction_input_and_output_in_a_table_are_alpaca(tmp_path: Path) -> None:
    path = write(tmp_path, "t.csv", "instruction,input,output\r\nTranslate,Haus,house\r\n")
    assert said(Reader(path)) == [[("user", "Translate\n\nHaus"), ("assistant", "house")]]


def test_questions_and_answers_in_one_cell_are_split_by_line_when_they_match(tmp_path: Path) -> None:
    table = 'q,a,category\n"One?\n\nTwo? \n","1\r\n2",n\n"One?\nTwo?",both,\nwhy,"because\nso",\n'
    entries = list(Reader(write(tmp_path, "t.csv", table)))
    assert said(entries) == [
        [("user", "One?"), ("assistant", "1")],
        [("user", "Two?"), ("assistant", "2")],
        [("user", "One?\nTwo?"), ("assistant", "both")],
        [("user", "why"), ("assistant", "because\nso")],
    ]
    assert [(entry.line, entry.category) for entry in entries] == [(2, "n"), (2, "n"), (7, ""), (9, "")]


def test_a_format_that_is_told_is_not_guessed(tmp_path: Path) -> None:
    table = write(tmp_path, "t.json", "q,a\nHi,Hello\n")
    assert said(Reader(table, format="csv")) == [[("user", "Hi"), ("assistant", "Hello")]]
    alpaca = {"instruction": "Hi", "output": "Hello"}
    assert values(write(tmp_path, "e.json", [5, alpaca])) == [5, alpaca]
    told = Reader(tmp_path / "e.json", format="alpaca")
    assert said(told) == [[], [("user", "Hi"), ("assistant", "Hello")]]


def test_a_reader_can_be_read_again(tmp_path: Path) -> None:
    reader = Reader(write(tmp_path, "e.json", [HI, BYE]), Shaping(least_answer=9))
    assert [list(reader), reader.left_out] == [list(reader), reader.left_out]
    assert reader.left_out == 1


def test_the_system_prompt_and_the_stop_token_are_put_where_they_lack(tmp_path: Path) -> None:
    has_both = {
        "messages": [
            {"role": "system", "content": "Old"},
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": "Hello**STOP**", "weight": 0},
            {"role": "user", "content": "And?"},
            {"role": "assistant", "content": "Bye"},
        ],
        "category": "x",
    }
    path = write(tmp_path, "e.jsonl", f"{json.dumps(has_both)}\n{json.dumps(HI)}\n7\n" + '{"messages": ["x"]}')
    first, second, third, fourth = Reader(path, Shaping(system="New", stop="**STOP**"))
    assert said([first, second]) == [
        [
            ("system", "Old"),
            ("user", "Hi"),
            ("assistant", "Hello**STOP**"),
            ("user", "And?"),
            ("assistant", "Bye**STOP**"),
        ],
        [("system", "New"), ("user", "Hi"), ("assistant", "Hello, Zoë \U0001f600**STOP**")],
    ]
    assert (first.category, first.messages[2]["weight"], third.value) == ("x", 0, 7)
    assert fourth.value == {"messages": [{"role": "system", "content": "New"}, "x"]}


@pytest.mark.parametrize(
    ("shaping", "kept"),
    [
        (Shaping(least_question=3), ["Bye"]),
        (Shaping(least_answer=9), ["Hi"]),
        (Shaping(least_answer=13, stop="!!"), []),
        (Shaping(least_question=2, least_answer=8), ["Hi", "Bye"]),
    ],
)
def test_short_questions_and_answers_are_left_out_and_counted(
    tmp_path: Path, shaping: Shaping, kept: list[str]
) -> None:
    reader = Reader(write(tmp_path, "e.json", [HI, BYE]), shaping)
    assert [entry.first_question for entry in reader] == kept
    assert reader.left_out == 2 - len(kept)


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1",
        '=HYPERLINK("http://x.example","y")',
        "=A1",
        "= SUM(A1:B2)",
        "\t=1+1",
        "\r\n=cmd|' /C calc'!A0",
        "@SUM(A1)",
        "@SUM(1+1)*cmd|' /C calc'!A0",
        "+cmd|' /C calc'!A0",
        "-2+3+cmd|' /C calc'!A0",
        "-SUM(A1:A9)",
        "+1+SUM(A1)*2",
        "-1+1",
        "+2*3",
        '=IF(1,"a","b")',
        "='Other sheet'!A1",
    ],
)
def test_a_formula_is_known_as_one_and_refused_with_its_line(tmp_path: Path, cell: str) -> None:
    assert is_formula(cell)
    path = tmp_path / "t.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["q", "a"], ["Hi", "Hello"], ["Hi", cell]])
    with pytest.raises(DataError, match=r"t\.csv, line 3 holds a formula in 'a': write it as text"):
        list(Reader(path))


@pytest.mark.parametrize(
    "cell",
    [
        "",
        "- first step",
        "- first step (of two)\n- second step!",
        "-5 °C",
        "-5",
        "+1 555 0100",
        "+1-555-0100",
        "+49 30 1234567",
        "@support please",
        "@support (the one in Oslo) please",
        "=> see below",
        "=) thanks",
        "==== end ====",
        "- press A|B and wait!",
        "a=1+1",
        "-",
        "--help",
        "\t- indented",
    ],
)
def test_ordinary_text_is_no_formula(cell: str) -> None:
    assert not is_formula(cell)


@pytest.mark.parametrize("format", ["chat", "sharegpt", "alpaca"])
def test_the_first_example_tells_the_format_and_the_others_follow(tmp_path: Path, format: Format) -> None:  # noqa: A002 - the word that users have for it
    first = {
        "chat": HI,
        "sharegpt": {"conversations": [{"from": "human", "value": "Hi"}]},
        "alpaca": {"instruction": "Hi", "output": "Hello"},
    }[format]
    reader = Reader(write(tmp_path, "e.json", [first, HI]))
    assert reader.format == format
    assert [entry.value for entry in reader][1] == HI
