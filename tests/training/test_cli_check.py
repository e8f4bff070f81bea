"""`sarah data check`: what people see, and the form that scripts rely on."""

import json
import os
import pty
import struct
import subprocess
import sys
from collections import Counter
from fcntl import ioctl
from pathlib import Path
from termios import TIOCSWINSZ
from typing import Any, cast

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.training.cli_kit import BAD, GOOD, MOST, REPOSITORY, SEED, Sarah, example, lines, written
from training.examples import read_jsonl
from training.tokens import Vocabulary, counter, example_tokens

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def sarah(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sarah:
    return Sarah(tmp_path, monkeypatch)


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    return written(tmp_path / "bad.jsonl", BAD)


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return written(tmp_path / "good.jsonl", GOOD)


# check, for programs.


def test_a_clean_file_is_one_object_and_exit_code_0(sarah: Sarah) -> None:
    told = sarah("data", "check", SEED, "--json")
    assert (told.code, told.err) == (0, "")
    assert set(told.json) >= {"examples", "errors", "problems", "tokens", "epochs", "estimates"}
    assert (told.json["examples"], told.json["errors"], told.json["problems"]) == (100, {}, [])
    assert set(told.json["tokens"]) >= {"total", "billed", "per_example"}
    assert set(told.json["tokens"]["per_example"]) == {"min", "max", "mean", "median", "p10", "p90"}
    assert told.json["epochs"] == 3
    for estimate in told.json["estimates"]:
        assert set(estimate) >= {"provider", "model", "cost_usd"}
    assert {"embedded", "openai"} == {estimate["provider"] for estimate in told.json["estimates"]}


@pytest.mark.parametrize("encoding", ["o200k_base", "cl100k_base"])
def test_its_tokens_are_those_of_the_public_formula(sarah: Sarah, encoding: Vocabulary) -> None:
    count = counter(encoding)
    expected = [example_tokens(cast("Any", value)["messages"], count) for _, value in read_jsonl(SEED)]
    tokens = sarah("check", SEED, "--json", "--encoding", encoding).json["tokens"]
    assert tokens["total"] == sum(expected)
    assert (tokens["per_example"]["min"], tokens["per_example"]["max"]) == (min(expected), max(expected))
    assert tokens["per_example"]["mean"] == pytest.approx(sum(expected) / len(expected))


def test_every_problem_has_line_rule_severity_and_text(sarah: Sarah, bad: Path) -> None:
    told = sarah("check", bad, "--json")
    assert (told.code, told.err) == (1, "")
    problems = told.json["problems"]
    assert all(set(problem) == {"line", "rule", "severity", "text"} for problem in problems)
    assert told.json["errors"] == Counter(problem["rule"] for problem in problems)
    assert {problem["severity"] for problem in problems} == {"error", "warning"}
    found = {(problem["line"], problem["rule"]) for problem in problems}
    assert found >= {
        (13, "personal_data"),
        (14, "example_missing_assistant_message"),
        (15, "unrecognized_role"),
        (16, "data_type"),
        (17, "mojibake"),
    }
    assert [problem["line"] for problem in problems] == sorted(problem["line"] for problem in problems)


BROKEN = {
    1: ("{'messages': 1}", "The line is not JSON at character 2 ("),
    4: ('{"messages": 1} {}', "The line goes on after its value: write one JSON object a line."),
    7: ("hello", "The line is not JSON at character 1 ("),
    20: (json.dumps(GOOD[0])[:40], "The line ends in the middle of a value (it was cut off): write one JSON"),
}


@pytest.fixture
def broken(bad: Path) -> Path:
    """Return the bad file with lines among the others, the first and the last too, that are no JSON."""
    held = bad.read_text("utf-8").splitlines()
    for line, (text, _) in BROKEN.items():
        held.insert(line - 1, text)
    bad.write_text("\n".join(held), "utf-8")
    return bad


def test_lines_that_are_no_json_are_told_with_all_other_problems(sarah: Sarah, broken: Path) -> None:
    told = sarah("check", broken, "--json")
    assert (told.code, told.err, told.json["examples"]) == (1, "", 21)
    unread = {one["line"]: one for one in told.json["problems"] if one["rule"] == "not_json"}
    assert set(unread) == set(BROKEN)
    for line, (_, text) in BROKEN.items():
        assert unread[line]["text"].startswith(text)
        assert unread[line]["severity"] == "error"
    found = {(one["line"], one["rule"]) for one in told.json["problems"]}
    assert found >= {(16, "personal_data"), (18, "unrecognized_role"), (19, "data_type"), (21, "mojibake")}
    assert not {rule for line, rule in found if line in BROKEN} - {"not_json"}
    assert "not_json 4" in sarah("check", broken).out


def test_a_file_with_a_line_that_is_no_json_is_told_whole_and_not_kept(sarah: Sarah, broken: Path) -> None:
    told = sarah("add", broken, "--json")
    assert told.code == 1
    assert (told.json["dataset"], told.json["errors"]["not_json"], told.json["errors"]["data_type"]) == ("", 4, 1)
    assert "Nothing was kept" in told.err
    assert sarah.kept() == []


def test_one_line_that_is_no_json_keeps_a_good_file_from_being_kept(sarah: Sarah, good: Path) -> None:
    with good.open("a", encoding="utf-8") as file:
        file.write("hello\n")
    told = sarah("add", good, "--json")
    assert (told.code, told.json["errors"], sarah.kept()) == (1, {"not_json": 1}, [])


def test_no_part_is_written_of_a_file_with_a_line_that_is_no_json(sarah: Sarah, good: Path, tmp_path: Path) -> None:
    with good.open("a", encoding="utf-8") as file:
        file.write("hello\n")
    made = tmp_path / "made"
    sentence = f"{good}, line 13 is not JSON at character 1"
    assert sentence in sarah("split", good, "-o", made).refusal
    mended = sarah("check", good, "--fix", "-o", made)
    assert "not_json" in mended.out
    assert (mended.code, sentence in mended.err) == (2, True)
    assert not made.exists()
    assert sentence in sarah("check", SEED, "--validation", good).refusal


def test_epochs_that_are_asked_for_are_what_is_priced(sarah: Sarah, good: Path) -> None:
    once, twice = (sarah("check", good, "--json", "--epochs", epochs).json for epochs in ("1", "2"))
    assert (once["epochs"], twice["epochs"]) == (1, 2)
    costs = [[one["cost_usd"] for one in told["estimates"] if one["provider"] == "openai"] for told in (once, twice)]
    assert costs[1] == pytest.approx([cost * 2 for cost in costs[0]])


def test_shaping_is_part_of_what_is_checked(sarah: Sarah, good: Path) -> None:
    plain, shaped = (
        sarah("check", good, "--json").json,
        sarah("check", good, "--json", "--system", "You are Sarah.", "--stop", "**STOP**").json,
    )
    assert plain["tokens"]["without_system"] == 12
    assert shaped["tokens"]["without_system"] == 0
    assert shaped["tokens"]["total"] > plain["tokens"]["total"]


def test_short_examples_are_left_out_and_counted(sarah: Sarah, good: Path) -> None:
    told = sarah("check", good, "--json", "--least-question", "16")
    assert (told.json["examples"], told.json["left_out"]) == (2, 10)
    assert sarah("check", good, "--json", "--least-answer", "999").json["examples"] == 0


def test_a_question_of_the_validation_file_is_found(sarah: Sarah, good: Path, tmp_path: Path) -> None:
    other = written(tmp_path / "validation.jsonl", GOOD[3:4])
    told = sarah("check", good, "--json", "--validation", other)
    assert [(one["line"], one["rule"]) for one in told.json["problems"] if one["rule"] == "leakage"] == [(4, "leakage")]


# check, for people.


def test_people_see_every_problem_with_what_to_do_and_what_it_costs(sarah: Sarah, bad: Path) -> None:
    told = sarah("check", bad)
    assert told.code == 1
    assert f"{bad}: 17 examples (chat)" in told.out
    for problem in sarah("check", bad, "--json").json["problems"]:
        assert f"{problem['rule']}: {problem['text'][:20]}" in told.out
    assert "gpt-4.1-mini-2025-04-14" in told.out
    assert "Tokens per example" in told.out


def test_people_see_the_first_problems_and_how_many_more_there_are(sarah: Sarah, tmp_path: Path) -> None:
    told = sarah("check", written(tmp_path / "many.jsonl", [1] * 60))
    assert "... and 10 more: --json lists them all." in told.out
    assert "60 problems: data_type 60" in told.out


def test_what_stands_in_a_file_is_no_markup(sarah: Sarah, tmp_path: Path) -> None:
    path = written(tmp_path / "[red]x.jsonl", [{"messages": [{"role": "[/bold]", "content": "x"}]}])
    told = sarah("check", path)
    assert "[red]x.jsonl" in told.out
    assert "[/bold]" in told.out


def on_a_terminal(*words: str, columns: int = 80) -> str:
    """Give a command on a terminal of so many columns, and return what stands there."""
    here, there = pty.openpty()
    ioctl(there, TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {**os.environ, "TERM": "dumb"}
    process = subprocess.Popen(  # noqa: S603 - our own
        [sys.executable, "-m", "training", *words], stdin=there, stdout=there, stderr=there, env=environment
    )
    os.close(there)
    told = b""
    while piece := _read(here):
        told += piece
    os.close(here)
    process.wait()
    return told.decode().replace("\r\n", "\n")


def _read(handle: int) -> bytes:
    try:
        return os.read(handle, 65_536)
    except OSError:  # the other end is closed
        return b""


def test_a_terminal_of_80_columns_has_room_for_tables_and_whole_ids(sarah: Sarah, bad: Path) -> None:
    kept = sarah.dataset()
    listed, checked = on_a_terminal("data", "list"), on_a_terminal("check", str(bad))
    assert kept in listed
    assert max(map(len, listed.splitlines())) <= 80
    table = checked[checked.index("rule, and what to do") : checked.index("problems: ")].splitlines()
    assert max(map(len, table[:-1])) <= 80
    assert "last_message_not_assistant: The last message is not the" in checked


def test_a_sentence_is_not_broken_in_a_pipe(sarah: Sarah, bad: Path) -> None:
    told = sarah.apart("check", bad)
    [counts] = [line for line in told.out.splitlines() if " problems: " in line]
    assert counts.endswith("unrecognized_role 1")


def test_a_terminal_without_our_letters_shows_escapes(sarah: Sarah, tmp_path: Path) -> None:
    path = written(tmp_path / "caf\udcff\u00e9.jsonl", [*GOOD, {"messages": [{"role": "r\u00f4le", "content": "x"}]}])
    for options in ((), ("--json",)):
        told = sarah.apart("check", path, *options, settings={"PYTHONIOENCODING": "ascii"})
        assert (told.code, told.err) == (1, "")
        assert "r\\xf4le" in told.out or "r\\u00f4le" in told.out


def test_a_reader_that_goes_away_is_no_fault(sarah: Sarah, bad: Path) -> None:
    for options in ((), ("--json",)):
        here, there = os.pipe()
        os.close(here)
        told = sarah.apart("check", bad, *options, into=there)
        os.close(there)
        assert told.err == ""


# check, and what it writes.


def test_the_lengths_are_drawn(sarah: Sarah, good: Path, tmp_path: Path) -> None:
    picture = tmp_path / "made" / "lengths.png"
    told = sarah("check", good, "--json", "--histogram", picture)
    assert told.json["examples"] == 12
    assert str(picture) in told.err
    assert picture.read_bytes().startswith(PNG)


def test_a_corrected_copy_is_written_and_the_file_stays(sarah: Sarah, bad: Path) -> None:
    before = bad.read_bytes()
    told = sarah("check", bad, "--json", "--fix")
    copy = bad.with_name("bad.fixed.jsonl")
    assert (told.code, bad.read_bytes()) == (1, before)
    assert f"A corrected copy is in {copy} (" in told.err
    assert "mojibake 1" in told.err
    left = sarah("check", copy, "--json").json["errors"]
    assert "mojibake" not in left
    assert "invisible_characters" not in left


@pytest.mark.parametrize("output", ["good.jsonl", "./good.jsonl", "link.jsonl"])
def test_a_file_is_not_mended_in_its_place(sarah: Sarah, good: Path, tmp_path: Path, output: str) -> None:
    (tmp_path / "link.jsonl").symlink_to(good)
    before = good.read_bytes()
    assert "stays as it is" in sarah("check", good, "--fix", "-o", output).refusal
    assert good.read_bytes() == before


def test_the_copy_of_a_folder_stands_beside_it(sarah: Sarah, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pages = tmp_path / "pages"
    pages.mkdir()
    (pages / "lamps.md").write_text("# Lamps\n\n## How do I reset a lamp?\n\nHold its button.\n", "utf-8")
    monkeypatch.chdir(pages)
    sarah("check", ".", "--fix")
    assert lines(tmp_path / "pages.fixed.jsonl")


@pytest.mark.parametrize("option", ["--histogram", "-o"])
def test_a_place_that_cannot_be_written_to_is_named(sarah: Sarah, good: Path, option: str) -> None:
    told = sarah("check", good, "--fix", option, "/proc/none/x")
    assert told.code == 2
    assert "sarah: /proc/none/x cannot be written (No such file or directory): make room there" in told.err


# Formats.


def test_every_format_is_read(sarah: Sarah, tmp_path: Path) -> None:
    pairs = [(f"Is lamp {number} dark?", f"Lamp {number} is off.") for number in range(3)]
    talk = [{"conversations": [{"from": "human", "value": q}, {"from": "gpt", "value": a}]} for q, a in pairs]
    orders = [{"instruction": q, "input": "", "output": a} for q, a in pairs]
    (tmp_path / "t.csv").write_text("question,answer\n" + "".join(f"{q},{a}\n" for q, a in pairs), "utf-8")
    (tmp_path / "c.json").write_text(json.dumps([example(*pair) for pair in pairs]), "utf-8")
    columns = {"question": [q for q, _ in pairs], "answer": [a for _, a in pairs]}
    cast("Any", pq).write_table(cast("Any", pa).table(columns), tmp_path / "p.parquet")
    files = {
        "sharegpt": written(tmp_path / "s.jsonl", talk),
        "alpaca": written(tmp_path / "a.jsonl", orders),
        "csv": tmp_path / "t.csv",
        "chat": tmp_path / "c.json",
        "parquet": tmp_path / "p.parquet",
    }
    totals = {sarah("check", path, "--json").json["tokens"]["total"] for path in files.values()}
    assert {name: sarah("check", path, "--json").json["format"] for name, path in files.items()} == {
        name: name for name in files
    }
    assert len(totals) == 1, "the same is said in all of them"


def test_a_folder_of_pages_is_read(sarah: Sarah) -> None:
    told = sarah("check", REPOSITORY / "data" / "handbook", "--json")
    assert told.json["format"] == "markdown"
    assert told.json["examples"] > 100


# Large files.


def large(path: Path, megabytes: int) -> Path:
    """Write a file of so many different examples of a kilobyte."""
    words = ("lamp", "room", "light", "switch", "hub", "reset", "cold", "warm", "kitchen", "door", "lock", "scene")
    with path.open("w", encoding="utf-8") as file:
        for number in range(megabytes * 1000):
            said = " ".join(words[(number + step * step) % len(words)] for step in range(170))[:860]
            file.write(f"{json.dumps(example(f'{number} {said[:300]}', f'{said[300:]} {number}'))}\n")
    return path


@pytest.mark.slow
def test_a_file_of_100_mb_takes_little_more_memory_than_one_of_20(sarah: Sarah, tmp_path: Path) -> None:
    peaks: list[int] = []
    for megabytes in (20, 100):
        path = large(tmp_path / "large.jsonl", megabytes)
        told = sarah.measured("check", path, "--json")
        assert told.json["examples"] == megabytes * 1000
        peaks.append(told.peak)
    assert max(peaks) < MOST
    assert peaks[1] < peaks[0] + 40_000_000


@pytest.mark.slow
def test_keeping_it_takes_little_memory_too(sarah: Sarah, tmp_path: Path) -> None:
    path = large(tmp_path / "large.jsonl", 30)
    added = sarah.measured("add", path, "--json")
    split = sarah.measured("split", path, "-o", tmp_path / "made", "--seed", "1", "--json")
    assert added.json["examples"] == split.json["train"] + split.json["validation"] == 30_000
    assert max(added.peak, split.peak) < MOST
