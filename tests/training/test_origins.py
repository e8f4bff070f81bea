"""The table of origins is read, or refused by row."""

from pathlib import Path

import pytest

from training.examples import DataError
from training.origins import Origin, read_origins

HEAD = "file,question,category,on_topic,author,date,pages,worked_out\n"


def write(folder: Path, text: str) -> Path:
    path = folder / "origins.csv"
    path.write_text(text, "utf-8")
    return path


def test_a_row_is_read_with_its_lists(tmp_path: Path) -> None:
    row = 'round1.jsonl,"Hi,\nit blinks",errors,yes,desk,2026-11-21,hub locks,140\n'
    row += "round1.jsonl,hello,greeting,no,desk,2026-11-21,,\n"
    first, second = read_origins(write(tmp_path, HEAD + row))
    assert first == Origin(
        file="round1.jsonl",
        question="Hi,\nit blinks",
        category="errors",
        on_topic=True,
        author="desk",
        date="2026-11-21",
        pages=("hub", "locks"),
        worked_out=("140",),
    )
    assert (second.pages, second.worked_out) == ((), ())


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        ("file,question\n", "needs the columns file,question,category"),
        (HEAD + "a.jsonl,hi,x,y\n", "line 2 has not 8 columns"),
        (HEAD + "a.jsonl,hi,x,no,y,2026-11-21,,,more\n", "line 2 has not 8 columns"),
        (HEAD + "a.jsonl,hi,x,no,y,yesterday,,\n", "line 2: date: "),
        (HEAD + "a.jsonl,hi,x,perhaps,y,2026-11-21,,\n", "line 2: on_topic: "),
        (HEAD + ",hi,x,no,y,2026-11-21,,\n", "line 2: file: "),
    ],
)
def test_a_wrong_table_is_refused_by_row(tmp_path: Path, table: str, complaint: str) -> None:
    with pytest.raises(DataError, match=complaint):
        list(read_origins(write(tmp_path, table)))


def test_a_table_from_a_spreadsheet_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    (row,) = read_origins(write(tmp_path, "\ufeff" + HEAD + "round1.jsonl,hello,greeting,no,desk,2026-11-21,,\n"))
    assert row.question == "hello"


def test_a_missing_table_is_refused_with_what_to_write(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"origins\.csv cannot be read \(No such file.*columns file,question"):
        list(read_origins(tmp_path / "origins.csv"))


def test_a_table_that_is_not_utf_8_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "origins.csv").write_bytes(HEAD.encode() + b"\xff")
    with pytest.raises(DataError, match=r"origins\.csv is not UTF-8"):
        list(read_origins(tmp_path / "origins.csv"))
