"""What cannot be read is refused in one sentence with its place, in bounded memory and time."""

import bz2
import gzip
import io
import json
import lzma
import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.training.test_formats import BYE, HI, write
from training.examples import DataError
from training.formats import Limits, Reader

GOOD = json.dumps(HI)
SMALL = Limits(example_bytes=500, chunk_bytes=64)


def refusal(path: Path, limits: Limits = SMALL) -> str:
    """Return why a file is refused: one sentence that names it."""
    with pytest.raises(DataError) as refused:
        for _ in Reader(path, limits=limits):
            pass
    text = str(refused.value)
    assert str(path) in text
    assert text.endswith(".")
    assert "\n" not in text
    return text.replace(str(path), path.name)


def zipped(member: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(member, GOOD)
    return out.getvalue()


def tarred() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("e.jsonl"))
    return out.getvalue()


@pytest.mark.parametrize("name", ["e.jsonl", "e.json", "e.csv", "e.txt"])
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf\r\n", "is empty"),
        (zipped("e.jsonl"), "is an archive (zip): unpack it first"),
        (zipped("[Content_Types].xml"), "is an Office file: export it as CSV"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "is an old Office file: export it as CSV"),
        (gzip.compress(GOOD.encode()), "is an archive (gzip): unpack"),
        (bz2.compress(GOOD.encode()), "is an archive (bzip2): unpack"),
        (lzma.compress(GOOD.encode()), "is an archive (xz): unpack"),
        (b"\x28\xb5\x2f\xfd\x04\x00", "is an archive (zstd): unpack"),
        (b"7z\xbc\xaf\x27\x1c\x00\x04", "is an archive (7z): unpack"),
        (tarred(), "is an archive (tar): unpack"),
        (GOOD.encode("utf-16"), "is UTF-16 or UTF-32 text: save the file as UTF-8"),
        (GOOD.encode("utf-16-le"), "is UTF-16 or UTF-32"),
        (GOOD.encode("utf-16-be"), "is UTF-16 or UTF-32"),
        (GOOD.encode("utf-32"), "is UTF-16 or UTF-32"),
        (GOOD.encode("utf-32-be"), "is UTF-16 or UTF-32"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x01\x00", "is binary, not text"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF" + b"abcdefgh" * 40, "is binary, not text"),
        (bytes(5000), "is binary, not text"),
    ],
)
def test_a_file_that_is_no_text_is_named_for_what_it_is(tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    assert reason in refusal(write(tmp_path, name, content))


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    assert "There is no file" in refusal(tmp_path / "none.jsonl")
    os.mkfifo(tmp_path / "pipe.jsonl")
    assert "is not a regular file" in refusal(tmp_path / "pipe.jsonl")
    (tmp_path / "link.jsonl").symlink_to("/dev/zero")
    assert "is not a regular file" in refusal(tmp_path / "link.jsonl")
    (tmp_path / "loop.jsonl").symlink_to("loop.jsonl")
    assert "was not read to its end" in refusal(tmp_path / "loop.jsonl")
    (tmp_path / "folder.jsonl").mkdir()
    assert "is a folder without Markdown pages" in refusal(tmp_path / "folder.jsonl")
    with pytest.raises(DataError, match="is a folder where a file is wanted"):
        Reader(tmp_path / "folder.jsonl", format="csv")
    with pytest.raises(DataError, match="There is no file"):
        Reader(Path("e\x00.jsonl"))
    os.mkfifo(tmp_path / "folder.jsonl" / "pipe.md")
    with pytest.raises(DataError, match=r"pipe\.md is not a regular file"):
        list(Reader(tmp_path / "folder.jsonl"))


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ('{"messages": [{"role": "user"', "line 3 ends in the middle of a value (it was cut off)"),
        ('{"messages": "Hel', "line 3 ends in the middle of a value"),
        ('{"messages": tr', "line 3 ends in the middle of a value"),
        ("{'messages': 1}", "line 3 is not JSON at character 2"),
        ('{"messages": [}', "line 3 is not JSON at character 15"),
        ('{"messages": 1} {}', "line 3 goes on after its value"),
        ("Hello there", "line 3 is not JSON at character 1"),
        ('{"a": "\t"}', "line 3 is not JSON"),
        ('{"a": NaN}', "line 3 holds NaN, which is not JSON"),
        ('{"a": -Infinity}', "line 3 holds -Infinity, which is not JSON"),
        ('{"a": 1e999}', "line 3 holds a number that is too large"),
        ('{"a": ' + "9" * 5000 + "}", "line 3 holds a number with too many digits"),
        ('{"a": 1, "b": {"c": 1, "c": 2}}', "line 3 holds an object in which one key stands twice"),
        ('{"a": "\\ud800"}', "line 3 holds half a character"),
        ('{"\\uDFFF": 1}', "line 3 holds half a character"),
        ("[" * 101 + "]" * 101, "line 3 is nested more than 100 deep"),
        ('{"a":' * 101 + "1" + "}" * 101, "line 3 is nested more than 100 deep"),
        ("[" * 100_000, "line 3 is nested more than 100 deep"),
        ('{"a":' * 100_000, "line 3 is nested more than 100 deep"),
        ("[" * 100_000 + "]" * 100_000, "line 3 is nested more than 100 deep"),
    ],
)
def test_a_bad_value_is_refused_with_its_line(tmp_path: Path, bad: str, reason: str) -> None:
    limits = Limits(example_bytes=1_000_000)
    assert reason in refusal(write(tmp_path, "e.jsonl", f"{GOOD}\r\n\n{bad}\n{GOOD}\n"), limits)
    array = refusal(write(tmp_path, "e.json", f"[{GOOD},\r\n\n{bad}"), limits)
    assert "e.json, line 3" in array
    assert any(
        word in array for word in (reason.partition("(")[0], "ends in the middle", "is not JSON", "should stand")
    )


def test_every_line_that_is_no_json_is_told_in_its_place(tmp_path: Path) -> None:
    path = write(tmp_path, "e.jsonl", f"\nhello\n{GOOD}\n{GOOD} 1\n[1]\n{GOOD[:9]}")
    entries = list(Reader(path).every())
    assert [(entry.line, entry.unread.partition(":")[0]) for entry in entries] == [
        (2, "is not JSON at character 1 (Expecting value)"),
        (3, ""),
        (4, "goes on after its value"),
        (5, ""),
        (6, "ends in the middle of a value (it was cut off)"),
    ]
    assert [entry.value for entry in entries] == [None, HI, None, [1], None]
    assert "line 2 is not JSON" in refusal(path)


def test_the_first_line_that_is_json_says_what_a_file_of_lines_holds(tmp_path: Path) -> None:
    alpaca = json.dumps({"instruction": "Hi", "output": "Hello"})
    reader = Reader(write(tmp_path, "e.jsonl", f"hello\n{alpaca}\noops\n{alpaca}\n"))
    assert reader.format == "alpaca"
    assert [(entry.first_question, bool(entry.unread)) for entry in reader.every()] == [
        ("", True),
        ("Hi", False),
        ("", True),
        ("Hi", False),
    ]


@pytest.mark.parametrize("text", ["hello\nworld\n", "hello\n" * 5000 + GOOD, json.dumps(HI, indent=2)])
def test_lines_of_which_none_is_json_are_refused_in_one_sentence(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, "e.jsonl", text)
    with pytest.raises(DataError, match=r"e\.jsonl, line 1 .*: write one JSON object a line\.$"):
        next(Reader(path).every())


def test_lines_that_hold_what_nobody_can_read_are_refused_as_they_were(tmp_path: Path) -> None:
    for bad, reason in (("[" * 101 + "]" * 101, "nested more"), ('{"a": 1, "a": 2}', "stands twice")):
        with pytest.raises(DataError, match=f"line 3 .*{reason}"):
            list(Reader(write(tmp_path, "e.jsonl", f"{GOOD}\nhello\n{bad}")).every())
    with pytest.raises(DataError, match="line 3 is not UTF-8"):
        list(Reader(write(tmp_path, "e.jsonl", f"{GOOD}\nhello\n".encode() + b"\xff")).every())


def test_text_nested_as_deep_as_allowed_is_read(tmp_path: Path) -> None:
    deep = "[" * 100 + "]" * 100
    wide = json.dumps([[{"a": [1]}] * 200])
    assert len(list(Reader(write(tmp_path, "e.jsonl", f"{deep}\n{wide}\n")))) == 2
    assert len(list(Reader(write(tmp_path, "e.json", f"[{deep},\n{wide}]")))) == 2


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"[{GOOD}", "line 1: the file ends in the middle of an example (it was cut off)"),
        (f"[{GOOD},\n", "line 2: the file ends in the middle"),
        (f'[{GOOD},\n{{"messages": [', "line 2: the file ends in the middle"),
        (f'[{GOOD},\n{{"messages": "Hello', "line 2: the file ends in the middle"),
        (f"[{GOOD},\nfals", "line 2: the file ends in the middle"),
        (f"[{GOOD},]", "line 1 is not JSON"),
        (f"[{GOOD}\n{GOOD}]", "line 2 is not JSON (']' should stand where '{' does)"),
        (f"[{GOOD}]\n\n{GOOD}", "line 3 goes on after its end"),
        (f'{{"data": [{GOOD}],}}', "line 1 is not JSON (a key should follow the comma)"),
        (f'{{"data": [{GOOD}],\n"data": []}}', "line 2 holds an object in which one key stands twice"),
        (f'{{"data": [{GOOD}]\n "x": 1}}', "line 2 is not JSON"),
        ('{"messages"', "line 1: the file ends in the middle"),
        ("nonsense", "line 1 is not JSON"),
        (f"[{GOOD},\n\n{{'messages': 1}}, {'1, ' * 200} 1]", "line 3 is not JSON"),
    ],
)
@pytest.mark.parametrize("chunk", [1, 7, 1_000_000])
def test_a_broken_array_is_refused_with_its_line(tmp_path: Path, text: str, reason: str, chunk: int) -> None:
    assert reason in refusal(write(tmp_path, "e.json", text), Limits(chunk_bytes=chunk))


def test_an_example_of_very_many_lists_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    limits = Limits(chunk_bytes=64, example_brackets=1000)
    many = "[" + "{}," * 5000 + "1]"
    reason = "line 2 holds more than 1000 lists and objects: split it"
    assert reason in refusal(write(tmp_path, "e.jsonl", f"{GOOD}\n{many}"), limits)
    assert reason in refusal(write(tmp_path, "e.json", f"[{GOOD},\n{many}]"), limits)
    array = write(tmp_path, "a.json", "[" + "{}," * 5000 + "{}]")
    assert len(list(Reader(array, limits=limits))) == 5001


@pytest.mark.parametrize("chunk", [5, 1_000_000])
def test_text_that_is_not_utf_8_is_refused_with_its_line(tmp_path: Path, chunk: int) -> None:
    limits = Limits(chunk_bytes=chunk)
    bad = b'{"messages": "Zo\xeb"}'
    for name, content in (
        ("e.jsonl", GOOD.encode() + b"\n\n" + bad),
        ("e.json", b"[" + GOOD.encode() + b",\n\n" + bad + b"]"),
        ("e.json", b"[" + GOOD.encode() + b",\n\n" + b'"Zo\xc3'),
        ("e.csv", b"q,a\nHi,Hello\nHi,Zo\xeb\n"),
    ):
        assert "line 3 is not UTF-8 text: save the file as UTF-8" in refusal(write(tmp_path, name, content), limits)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("e.jsonl", f"{GOOD}\n" + '{"a": "' + "x" * 2000),
        ("e.jsonl", f"{GOOD}\n" + "[" * 50 + "1," * 600),
        ("e.json", f"[{GOOD},\n" + '{"a": "' + "x" * 2000 + '"}]'),
        ("e.json", f"[{GOOD},\n" + '{"a": "' + "x" * 5000),
        ("e.json", f'{{"data": [{GOOD},\n["' + "ü" * 400 + '"]]}'),
        ("e.csv", "q,a\nHi," + "x" * 2000),
        ("e.csv", 'q,a\nHi,"not closed\n' + "x,y\n" * 500),
    ],
)
def test_an_example_that_is_too_long_is_refused_where_it_begins(tmp_path: Path, name: str, text: str) -> None:
    assert "line 2 is longer than 500 bytes: split it" in refusal(write(tmp_path, name, text))


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ("Hi,Hello\nBye,Good bye\n", "e.csv has the columns 'Hi', 'Hello': name them in its first line; wanted are"),
        ("question;text\n1;2\n", "has the columns 'question', 'text'"),
        ("q,q,a\n1,2,3\n", "has the columns 'q', 'q', 'a'"),
        ("one\n1\n", "has the columns 'one'"),
        ('""\n', "has the columns (none): name them"),
        ("x" * 200 + ",y" * 20 + "\n", "'" + "x" * 40 + "', 'y', 'y'"),
        ("q,a\n1,2\n1,2,3\n", "line 3 has 3 cells, not 2: check its commas and quotes"),
        ("q,a\n1,2\n\n1\n", "line 4 has 1 cells, not 2"),
        ('q,a\n1,"2"\n1,"2\n3', "line 3 opens a quote that is never closed"),
        ('q,a\n1,"2" 3\n', "line 2 goes on after a closing quote"),
        ("q,a\r1,2\r", "line 1 has line ends of an old Macintosh"),
        ("q,a\n" + "Hi,Hello\n" * 9 + "Hi,Hel\x00lo\n", "line 11 holds a NUL character"),
    ],
)
def test_a_table_that_is_no_table_is_refused(tmp_path: Path, table: str, reason: str) -> None:
    assert reason in refusal(write(tmp_path, "e.csv", table))


def test_text_of_no_known_kind_is_refused_with_the_kinds_that_are(tmp_path: Path) -> None:
    assert "is of no kind that is known: give it as JSONL, JSON, CSV" in refusal(write(tmp_path, "e.txt", "Hi, you\n"))


@pytest.mark.parametrize("name", ["e.jsonl", "e.json", "e.csv"])
def test_a_file_that_shrinks_while_it_is_read_is_refused(tmp_path: Path, name: str) -> None:
    rows = {
        "e.jsonl": f"{GOOD}\n" * 2000,
        "e.json": f"[{','.join([GOOD] * 2000)}]",
        "e.csv": "q,a\n" + "Hi,Hello\n" * 20_000,
    }
    path = write(tmp_path, name, rows[name])
    entries = iter(Reader(path, limits=SMALL))
    next(entries)
    os.truncate(path, 20)
    with pytest.raises(DataError, match=r"became shorter while it was read|cut off|should stand"):
        list(entries)


def test_a_file_that_is_gone_when_it_is_read_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "e.json", [HI, BYE])
    reader = Reader(path)
    path.unlink()
    with pytest.raises(DataError, match=r"There is no file .*e\.json"):
        list(reader)
