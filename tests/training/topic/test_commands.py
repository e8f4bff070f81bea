"""`sarah topic`: what scripts rely on, and what people are told."""

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.__main__ import cli
from tests.training.cli_kit import Sarah, wait_for
from tests.training.topic.kit import ABOUT_COOKING, ABOUT_OTHERS, COOKING, HERE, REST, cooking
from training.cli.topic import LONGEST
from training.topic import joining, load_topic_model

COMMAND = (sys.executable, "-m", "training", "topic")
FOLLOW_UP, BEFORE = "and for two?", "how long do I boil eggs"


@pytest.fixture
def sarah(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sarah:
    # Here it matters what is told, not how well the model knows mixtures.
    monkeypatch.setattr(joining, "_JOINED", 40)
    return Sarah(tmp_path, monkeypatch)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that keeps a model of cooking."""
    folder = tmp_path_factory.mktemp("cooking")
    cooking().save(folder)
    return folder


@contextmanager
def begun(*words: str | Path) -> Generator[subprocess.Popen[bytes]]:
    """Begin a command that waits for messages, and is over at the end of the block in any case."""
    pipe = subprocess.PIPE
    command = [*COMMAND, *map(str, words)]
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True)  # noqa: S603 - our own
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def told_to(process: subprocess.Popen[bytes], message: str) -> dict[str, object]:
    """Return what is said to a message while the command still waits for the next one."""
    assert process.stdin
    assert process.stdout
    process.stdin.write(f"{message}\n".encode())
    process.stdin.flush()
    ready, _, _ = select.select([process.stdout], [], [], 60)
    assert ready, "it waits for more"
    told: dict[str, object] = json.loads(process.stdout.readline())
    return told


# check.


def test_each_line_gets_one_json_object_with_these_keys_only(sarah: Sarah, kept: Path) -> None:
    lines = ["how long do I boil eggs", "", "who won the cup", "  ", "caf\u00e9 \u2028 \U0001f373"]
    told = sarah("topic", "check", "--json", "--model", kept, typed="\n".join(lines) + "\n")
    found = [json.loads(line) for line in told.out.splitlines()]
    assert (told.code, told.err) == (0, "")
    assert [list(one) for one in found] == [["text", "on_topic", "score"]] * len(lines)
    assert [one["text"] for one in found] == lines
    model = load_topic_model(kept)
    expected = [(verdict.on_topic, verdict.score) for verdict in map(model.verdict, lines)]
    assert [(one["on_topic"], one["score"]) for one in found] == expected


def test_people_read_the_verdict_the_score_and_the_message_in_one_line_that_steers_no_terminal(
    sarah: Sarah, kept: Path
) -> None:
    told = sarah("topic", "check", "--model", kept, typed="how do I roast\x1b[2J a chicken\nwho won the world cup\n")
    first, second = told.out.splitlines()
    assert first.startswith("on topic    0.")
    assert first.endswith("  how do I roast [2J a chicken")
    assert second.startswith("off topic   0.")


def test_a_file_is_judged_as_standard_input_is(sarah: Sarah, kept: Path) -> None:
    words = ("topic", "check", "--json", "--model", kept)
    from_file, typed = sarah(*words, REST), sarah(*words, typed=REST.read_text("utf-8"))
    assert from_file.out == typed.out
    assert from_file.out.count("\n") == 60


def test_the_turn_before_counts(sarah: Sarah, kept: Path) -> None:
    told = sarah("topic", "check", "--json", "--model", kept, "--after", BEFORE, typed=f"{FOLLOW_UP}\n").json
    model = load_topic_model(kept)
    assert told["score"] == model.verdict(FOLLOW_UP, BEFORE).score
    assert told["score"] != model.verdict(FOLLOW_UP).score


def test_the_ends_of_lines_are_no_part_of_a_message_whatever_they_are(sarah: Sarah, kept: Path, tmp_path: Path) -> None:
    file = tmp_path / "lines.txt"
    file.write_bytes(b"\xef\xbb\xbfone\r\ntwo\nthree")
    told = sarah("topic", "check", "--json", "--model", kept, file)
    assert [json.loads(line)["text"] for line in told.out.splitlines()] == ["one", "two", "three"]


def test_each_message_is_answered_before_the_next_is_read(sarah: Sarah, kept: Path) -> None:
    del sarah
    with begun("check", "--json", "--model", kept) as process:
        assert [told_to(process, text)["text"] for text in ("eggs", "", "trains")] == ["eggs", "", "trains"]


def test_lines_that_are_no_text_are_named_and_all_others_are_judged(sarah: Sarah, kept: Path, tmp_path: Path) -> None:
    file = tmp_path / "lines.txt"
    file.write_bytes(b"\xef\xbb\xbfeggs\n\xff\xfe\nbread\ncaf\xe9\n\xef\xbb\xbfsalt\n")
    told = sarah("topic", "check", "--json", "--model", kept, file)
    assert [json.loads(line)["text"] for line in told.out.splitlines()] == ["eggs", "bread", "\ufeffsalt"]
    wrong = [f"sarah: {file}, line {number}, is not UTF-8 text: save it as UTF-8." for number in (2, 4)]
    assert (told.code, told.err.splitlines()) == (1, wrong)


def test_a_line_that_is_no_text_teaches_nothing(sarah: Sarah, tmp_path: Path) -> None:
    file = tmp_path / "lines.txt"
    file.write_bytes(COOKING.read_bytes() + b"\n\xff\xfe\n")
    told = sarah("topic", "train", "--on", file, "--off", REST, "-o", tmp_path / "made")
    assert "is not UTF-8 text" in told.refusal
    assert not (tmp_path / "made").exists()


def test_a_file_without_lines_is_not_read_whole(sarah: Sarah, kept: Path, tmp_path: Path) -> None:
    file = tmp_path / "lines.txt"
    file.write_text("x" * (LONGEST + 1), "utf-8")
    assert "line 1, has more than 1,000,000 bytes" in sarah("topic", "check", "--model", kept, file).refusal
    file.write_text("x" * LONGEST, "utf-8")
    assert sarah("topic", "check", "--model", kept, file).code == 0


def test_who_reads_no_further_ends_it_quietly(sarah: Sarah, kept: Path) -> None:
    del sarah
    with begun("check", "--json", "--model", kept) as process:
        told_to(process, "eggs")
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        process.stdin.write(b"bread\n" * 10)
        process.stdin.flush()
        assert process.wait(30) == 1
        assert process.stderr.read() == b""


def test_ctrl_c_ends_it_quietly(sarah: Sarah, kept: Path) -> None:
    del sarah
    with begun("check", "--json", "--model", kept) as process:
        told_to(process, "eggs")
        os.killpg(process.pid, signal.SIGINT)
        wait_for(lambda: process.poll() is not None)
        assert process.stderr
        assert (process.returncode, process.stderr.read().strip()) == (130, b"")


def test_where_nothing_can_be_typed_a_file_is_asked_for(sarah: Sarah, kept: Path) -> None:
    del sarah
    command = ["bash", "-c", 'exec "$@" <&-', "bash", *COMMAND, "check", "--model", str(kept)]
    told = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr == "sarah: There is no standard input: name a file of messages, one a line.\n"


@pytest.mark.parametrize("words", [("check", "{}"), ("train", "--on", "{}", "--off", str(REST), "-o", "made")])
def test_a_file_that_is_not_there_is_named(sarah: Sarah, tmp_path: Path, words: tuple[str, ...]) -> None:
    missing = tmp_path / "none.txt"
    told = sarah("topic", *(word.format(missing) for word in words))
    assert told.refusal == f"There is no file {missing}: check its name."


def test_a_folder_that_keeps_no_model_is_named(sarah: Sarah, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert str(tmp_path / "empty") in sarah("topic", "check", "--model", tmp_path / "empty", typed="eggs\n").refusal


def test_the_commands_stand_beside_the_others_of_the_bot(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    told = CliRunner().invoke(cli, ["topic", "--help"])
    assert told.exit_code == 0
    assert all(name in told.stdout for name in ("check", "train", "report"))


# train.


def taught(sarah: Sarah, folder: Path, *more: str | Path) -> list[str]:
    """Teach a model of cooking, and return the names of what is kept."""
    told = sarah("topic", "train", "--on", COOKING, "--off", REST, "-o", folder, *more)
    assert told.code == 0, told
    return sorted(path.name for path in folder.iterdir())


def test_what_is_taught_judges_and_says_how_often_it_refuses(sarah: Sarah, tmp_path: Path) -> None:
    told = sarah("topic", "train", "--on", COOKING, "--off", REST, "-o", tmp_path / "made")
    assert told.code == 0
    found = load_topic_model(tmp_path / "made").calibration
    assert told.out.startswith(
        f"{tmp_path / 'made'} refuses at most 1.0% of messages about the product; measured on 60 "
    )
    assert told.out.endswith(f": {found.low:.1%} to {found.high:.1%}.\n")
    judged = sarah("topic", "check", "--json", "--model", tmp_path / "made", typed="can I freeze bread dough\n").json
    assert judged["on_topic"]


def test_programs_are_told_in_json(sarah: Sarah, tmp_path: Path) -> None:
    told = sarah("topic", "train", "--on", COOKING, "--off", REST, "-o", tmp_path / "made", "--json").json
    assert (told["folder"], told["on"], told["off"]) == (str(tmp_path / "made"), 60, 60)
    assert set(told["calibration"]) == {"refused", "low", "high", "of"}


def test_who_may_refuse_more_has_a_higher_border(sarah: Sarah, tmp_path: Path) -> None:
    for name, refused in (("few", "0.01"), ("many", "0.3")):
        taught(sarah, tmp_path / name, "--refused", refused)
    few, many = (load_topic_model(tmp_path / name) for name in ("few", "many"))
    assert few.calibration.refused < many.calibration.refused
    assert all(few.verdict(text).score > many.verdict(text).score for text in ABOUT_COOKING + ABOUT_OTHERS)


def test_a_folder_that_is_there_is_left_alone_unless_it_is_forced(sarah: Sarah, tmp_path: Path) -> None:
    folder = tmp_path / "made"
    folder.mkdir()
    (folder / "diary.txt").write_text("Dear diary", "utf-8")
    words = ("topic", "train", "--on", COOKING, "--off", REST, "-o", folder)
    assert sarah(*words).refusal.startswith(f"{folder} is there already")
    assert [path.name for path in folder.iterdir()] == ["diary.txt"]
    assert "diary.txt" in taught(sarah, folder, "--force")
    assert load_topic_model(folder).verdict("can I freeze bread dough").on_topic
    assert [path.name for path in tmp_path.iterdir()] == ["made"]


@pytest.mark.parametrize("short", ["on", "off"])
def test_fewer_than_twenty_messages_are_too_few(sarah: Sarah, tmp_path: Path, short: str) -> None:
    files = {"on": COOKING, "off": REST}
    few = tmp_path / "few.txt"
    # Twenty lines, but an empty one and one that stands there twice.
    few.write_text(
        "\n".join([*files[short].read_text("utf-8").splitlines()[:18], "", "The same", "the  same"]), "utf-8"
    )
    words = [word for name, file in (files | {short: few}).items() for word in (f"--{name}", file)]
    told = sarah("topic", "train", *words, "-o", tmp_path / "made")
    assert told.refusal == f"{few} has 19 different messages: write at least 20, one a line."
    assert not (tmp_path / "made").exists()


def test_a_message_of_both_files_is_named_with_its_lines(sarah: Sarah, tmp_path: Path) -> None:
    both = tmp_path / "both.txt"
    second = COOKING.read_text("utf-8").splitlines()[1]
    both.write_text(f"{REST.read_text('utf-8')}\nHOW long do I  boil eggs for a soft yolk?\n{second}\n", "utf-8")
    told = sarah("topic", "train", "--on", COOKING, "--off", both, "-o", tmp_path / "made")
    assert f"line 1 of {COOKING} and line 62 of {both}" in told.refusal
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("share", ["0", "0.6", "many"])
def test_a_share_that_makes_no_sense_is_refused(sarah: Sarah, tmp_path: Path, share: str) -> None:
    words = ("topic", "train", "--on", COOKING, "--off", REST, "-o", tmp_path / "made", "--refused", share)
    assert sarah(*words).code == 2
    assert not (tmp_path / "made").exists()


# report.


def company(folder: Path) -> Path:
    """Write a company that sells food, with messages that no training reads."""
    (folder / "topics" / "measured").mkdir(parents=True)
    rows = [
        {"text": text, "on_topic": on_topic, "kind": kind, "form": "plain"}
        for file, on_topic, kind in (("cooking.txt", True, "kitchen"), ("rest.txt", False, "rest"))
        for text in (HERE / file).read_text("utf-8").splitlines()[:10]
    ]
    lines = "".join(f"{json.dumps(row)}\n" for row in rows)
    (folder / "topics" / "measured" / "messages.jsonl").write_text(lines, "utf-8")
    return folder


def test_a_report_is_shown_and_kept_with_its_picture(
    sarah: Sarah, kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SARAH_DATA", str(company(tmp_path / "company")))
    told = sarah("topic", "report", "-o", tmp_path / "made", "--model", kept)
    assert told.code == 0
    assert "off-topic messages caught" in told.out
    assert "20 messages that no training has read" in told.err
    assert sorted(path.name for path in (tmp_path / "made").iterdir()) == ["report.json", "report.md", "report.png"]
    assert json.loads((tmp_path / "made" / "report.json").read_text("utf-8"))["messages"] == 20
    assert sarah("topic", "report", "-o", tmp_path / "made", "--model", kept, "--json").json["messages"] == 20


def test_a_company_that_has_nothing_to_measure_with_is_told_so(
    sarah: Sarah, kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "company" / "topics").mkdir(parents=True)
    monkeypatch.setenv("SARAH_DATA", str(tmp_path / "company"))
    told = sarah("topic", "report", "-o", tmp_path / "made", "--model", kept)
    assert str(tmp_path / "company" / "topics" / "measured") in told.refusal
    assert not (tmp_path / "made").exists()
