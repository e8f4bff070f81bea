"""Whatever is given to the commands, people are told one sentence with the place, and nothing half-kept is left."""

import gzip
import json
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.training.cli_kit import MOST, SEED, Sarah, example, has_open, interrupted, wait_for, written
from training.cli import shell

GOOD = json.dumps(example("Is lamp 1 dark?", "Lamp 1 is off."))
DEEP = 100_000


@pytest.fixture
def sarah(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sarah:
    return Sarah(tmp_path, monkeypatch)


def examples(count: int) -> list[object]:
    return [
        example(f"Is lamp {number} dark?", f"Lamp {number} is off, in room {number * 7}.") for number in range(count)
    ]


def text(name: str, content: str | bytes) -> Callable[[Path], Path]:
    """Return what writes a file into a folder."""

    def write(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def zip_bomb(folder: Path) -> Path:
    path = folder / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("x.jsonl", "w") as file:
        for _ in range(100):
            file.write(bytes(1_000_000))
    return path


def parquet_bomb(folder: Path) -> Path:
    """Write a file of some kilobytes whose rows hold 100 GB, all the same."""
    arrow, parquet = cast("Any", pa), cast("Any", pq)
    places, texts = arrow.array([0] * 100_000, arrow.int32()), arrow.array(["x" * 1_000_000])
    column = arrow.DictionaryArray.from_arrays(places, texts)
    path = folder / "bomb.parquet"
    parquet.write_table(arrow.table({"question": column, "answer": column}), path, compression="zstd")
    assert path.stat().st_size < 2_000_000
    return path


def long_line(
    folder: Path, name: str = "long.jsonl", begin: bytes = b'{"messages": [{"role": "user", "content": "'
) -> Path:
    """Write one line of 500 MB."""
    path = folder / name
    piece = b"a" * 1_000_000
    with path.open("wb") as file:
        file.write(begin)
        for _ in range(500):
            file.write(piece)
    return path


BAD: dict[str, tuple[Callable[[Path], Path], str]] = {
    "missing": (lambda folder: folder / "none.jsonl", "There is no file {}: check its name."),
    "a folder without pages": (lambda folder: folder, "{} is a folder without Markdown pages: "),
    "empty": (text("e.jsonl", ""), "{} is empty: "),
    "blank": (text("e.jsonl", " \n\n \n"), "{} is empty: "),
    "binary": (text("b.jsonl", bytes(range(256)) * 40), "{} is binary, not text: "),
    "a picture": (text("b.csv", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40), "{} is binary, not text: "),
    "UTF-16": (text("u.jsonl", GOOD.encode("utf-16")), "{} is UTF-16 or UTF-32 text: "),
    "UTF-16 without its mark": (text("u.jsonl", GOOD.encode("utf-16-le")), "{} is UTF-16 or UTF-32 text: "),
    "Latin-1": (text("l.jsonl", f"{GOOD}\n".encode() + b'{"x": "caf\xe9"}\n'), "{}, line 2 is not UTF-8 text: "),
    "truncated": (text("t.jsonl", GOOD[:30]), "{}, line 1 ends in the middle of a value"),
    "truncated array": (
        text("t.json", f"[{GOOD}, {GOOD[:30]}"),
        "{}, line 1: the file ends in the middle of an example",
    ),
    "no JSON": (text("n.jsonl", "hello\nworld\n"), "{}, line 1 is not JSON at character 1"),
    "deep": (text("d.jsonl", f"{GOOD}\n{'[' * DEEP}{']' * DEEP}\n"), "{}, line 2 is nested more than 100 deep"),
    "deep objects": (
        text("d.jsonl", f"{GOOD}\n" + '{"a":' * DEEP + "1" + "}" * DEEP),
        "{}, line 2 is nested more than",
    ),
    "deep array": (text("d.json", f"[{GOOD},\n{'[' * DEEP}{']' * DEEP}]"), "{}, line 2 is nested more than 100 deep"),
    "NaN": (text("n.jsonl", f'{GOOD}\n{{"messages": NaN}}\n'), "{}, line 2 holds NaN, which is not JSON"),
    "infinity": (text("n.jsonl", f'{GOOD}\n{{"messages": 1e999}}\n'), "{}, line 2 holds a number that is too large"),
    "many digits": (text("n.jsonl", f"{GOOD}\n{'9' * 5000}\n"), "{}, line 2 holds a number with too many digits"),
    "duplicate keys": (
        text("k.jsonl", f'{GOOD}\n{{"messages": [], "messages": []}}\n'),
        "{}, line 2 holds an object in which one key stands twice",
    ),
    "half a character": (text("h.jsonl", '{"messages": "\\ud83d"}'), "{}, line 1 holds half a character"),
    "a zip": (zip_bomb, "{} is an archive (zip): unpack it first."),
    "a zip by another name": (lambda folder: zip_bomb(folder).rename(folder / "z.jsonl"), "{} is an archive (zip)"),
    "a gzip": (text("g.jsonl", gzip.compress(bytes(10_000_000))), "{} is an archive (gzip): unpack it first."),
    "a cut Parquet": (text("c.parquet", b"PAR1" + bytes(200)), "{} "),
    "a table without names": (text("t.csv", "a,b\n1,2\n"), "{}"),
    "a device": (lambda _: Path("/dev/zero"), "{} is not a regular file"),
}
COMMANDS: dict[str, tuple[str, ...]] = {
    "check": (),
    "check --json": (),
    "check --fix": ("-o", "made"),
    "split": ("-o", "made"),
    "add": (),
    "add --json": (),
}


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("command", COMMANDS)
def test_what_cannot_be_read_is_refused_in_one_sentence(sarah: Sarah, tmp_path: Path, bad: str, command: str) -> None:
    make, sentence = BAD[bad]
    (tmp_path / "given").mkdir()
    file = make(tmp_path / "given")
    before = sorted(tmp_path.rglob("*"))
    words, *options = command.split(), *COMMANDS[command]
    told = sarah(*words, file, *options)
    assert sentence.format(file) in told.refusal
    assert sarah.kept() == []
    assert sorted(path for path in tmp_path.rglob("*") if sarah.home not in (path, *path.parents)) == before


def test_a_validation_file_that_cannot_be_read_is_refused_too(sarah: Sarah, tmp_path: Path) -> None:
    other = text("v.jsonl", '{"messages": NaN}')(tmp_path)
    assert f"{other}, line 1 holds NaN" in sarah("check", SEED, "--validation", other).refusal


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(f"\ufeff{GOOD}\n".encode(), id="a byte order mark"),
        pytest.param(f"{GOOD}\r\n".encode(), id="CRLF"),
        pytest.param(f"\r\n\ufeff{GOOD}".replace("\ufeff", "").encode(), id="no line end"),
    ],
)
def test_what_other_systems_write_is_read_as_it_is(sarah: Sarah, tmp_path: Path, content: bytes) -> None:
    told = sarah("check", text("w.jsonl", content)(tmp_path), "--json")
    plain = sarah("check", text("p.jsonl", f"{GOOD}\n")(tmp_path), "--json")
    assert told.json["examples"] == 1
    assert {key: told.json[key] for key in ("errors", "tokens")} == {
        key: plain.json[key] for key in ("errors", "tokens")
    }


@pytest.mark.parametrize(
    "formula", ['=HYPERLINK("http://lumen.example";"x")', "@SUM(A1)", "+1-cmd|' /C calc'!A0", "-2+3+cmd|' /C calc'!A0"]
)
def test_a_formula_in_a_table_is_refused_with_its_line(sarah: Sarah, tmp_path: Path, formula: str) -> None:
    quoted = formula.replace('"', '""')
    table = text("t.csv", f'question,answer\nWhere?,In room 1\nWhy?,"{quoted}"\n')(tmp_path)
    assert f"{table}, line 3 holds a formula in 'answer'" in sarah("add", table).refusal
    assert sarah.kept() == []


@pytest.mark.parametrize("content", ["[]", '{"data": []}', "[\n]"])
def test_a_list_of_nothing_has_figures_that_are_json(sarah: Sarah, tmp_path: Path, content: str) -> None:
    told = sarah("check", text("n.json", content)(tmp_path), "--json")
    assert (told.code, told.json["examples"], told.json["errors"]) == (1, 0, {"too_few_examples": 1})
    assert set(told.json["tokens"]["per_example"].values()) == {0}


# Memory.


@pytest.mark.slow
def test_a_line_without_an_end_takes_no_memory(sarah: Sarah, tmp_path: Path) -> None:
    path = long_line(tmp_path)
    try:
        told = sarah.measured("add", path)
    finally:
        path.unlink()
    assert f"{path}, line 1 is longer than 16 MiB" in told.refusal
    assert told.peak < MOST
    assert sarah.kept() == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "begin"), [("long.json", b'[{"messages": "'), ("long.csv", b'question,answer\n"'), ("long", b'{"a":"')]
)
def test_nor_does_it_in_another_format(sarah: Sarah, tmp_path: Path, name: str, begin: bytes) -> None:
    path = long_line(tmp_path, name, begin)
    try:
        told = sarah.measured("check", path, "--json")
    finally:
        path.unlink()
    assert f"{path}, line " in told.refusal
    assert told.peak < MOST


@pytest.mark.slow
@pytest.mark.parametrize("make", [parquet_bomb, zip_bomb])
def test_a_bomb_is_refused_before_it_is_unpacked(sarah: Sarah, tmp_path: Path, make: Callable[[Path], Path]) -> None:
    path = make(tmp_path)
    told = sarah.measured("split", path, "-o", tmp_path / "made")
    assert str(path) in told.refusal
    assert told.peak < MOST
    assert not (tmp_path / "made").exists()


@pytest.mark.slow
@pytest.mark.parametrize(("line", "count"), [("{}", 500_000), ("", 2_000_000)])
def test_very_many_lines_take_no_more_memory_than_few(sarah: Sarah, tmp_path: Path, line: str, count: int) -> None:
    path = tmp_path / "many.jsonl"
    with path.open("w") as file:
        file.write(f"{GOOD}\n")
        file.writelines(f"{line}\n" for _ in range(count))
    told = sarah.measured("check", path)
    assert (told.code, told.err) == (1, "")
    assert f"{count if line else 2:,} problems: " in told.out or "1 problem: too_few_examples 1" in told.out
    assert told.peak < MOST


# A disk that is full.


@pytest.mark.parametrize("command", ["add", "split", "check --fix"])
def test_a_full_disk_leaves_nothing_half_kept(sarah: Sarah, tmp_path: Path, command: str) -> None:
    sarah.dataset()
    before = sarah.kept()
    # Longer than what the registry and the checks write.
    file = written(
        tmp_path / "lamps.jsonl", (example(f"{number}" * 150, "It is off. " * 100) for number in range(1000))
    )
    made = tmp_path / "made"
    words, *options = command.split(), *(() if command == "add" else ("-o", made))
    told = sarah.measured(*words, file, *options, largest_file=400_000)
    assert told.code == 2
    [sentence] = told.err.splitlines()
    assert "cannot be written (File too large): make room there or name another folder; nothing was kept." in sentence
    assert sarah.kept() == before
    assert not made.exists() or not list(made.iterdir())


def test_what_cannot_be_printed_is_told(sarah: Sarah) -> None:
    with Path("/dev/full").open("wb") as full:
        told = sarah.apart("check", SEED, "--json", into=full)
    assert told.code == 2
    assert told.err == (
        "sarah: The disk refused what was to be written (No space left on device): make room on it, and try again.\n"
    )


# A home that cannot be one.


@pytest.mark.parametrize(
    "words",
    [("add", SEED), ("model", "list"), ("train", "list"), ("train", "start", "seed", "--yes"), ("model", "rollback")],
)
def test_a_home_that_cannot_be_written_to_is_told_in_one_sentence(
    sarah: Sarah, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str | Path, ...]
) -> None:
    (tmp_path / "file").write_text("I am no folder.", "utf-8")
    monkeypatch.setenv("SARAH_HOME", str(tmp_path / "file" / "home"))
    assert str(tmp_path / "file" / "home") in sarah(*words).refusal


def test_a_registry_that_is_none_is_told_in_one_sentence(sarah: Sarah) -> None:
    sarah.home.mkdir()
    (sarah.home / "registry.db").write_text("I am no database." * 100, "utf-8")
    assert str(sarah.home / "registry.db") in sarah("model", "list").refusal


# A command that is stopped.


@pytest.mark.slow
@pytest.mark.parametrize("words", [("check", "--json"), ("add",)])
def test_ctrl_c_ends_quietly_and_keeps_nothing(sarah: Sarah, tmp_path: Path, words: tuple[str, ...]) -> None:
    file = written(tmp_path / "lamps.jsonl", examples(200_000))
    with sarah.begun(*words, file) as process:
        wait_for(lambda: has_open(process.pid, str(file.resolve())))
        told = interrupted(process)
    assert (told.code, told.out, told.err.strip()) == (130, "", "")
    assert sarah.kept() == []


class _Interrupted:
    def __del__(self) -> None:
        raise KeyboardInterrupt


def test_ctrl_c_is_heard_even_while_an_object_is_cleared_away() -> None:
    def go_on() -> None:
        _Interrupted()
        time.sleep(5)

    with pytest.raises(KeyboardInterrupt), shell.heeding_interrupts():
        go_on()
