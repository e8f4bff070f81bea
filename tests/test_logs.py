"""The log: one line for each event, in which no secret stands and nothing is steered by what it tells."""

import json
import logging
import os
import warnings
from contextlib import redirect_stderr
from typing import Any, cast

import pytest
import structlog

from bot.logs import QUIET, configure_logs
from bot.settings import LogFormat, LogLevel

SECRET = 'xoxb-"made-up\\4711'
FORMS: list[LogFormat] = ["text", "json"]
LEVELS: list[LogLevel] = ["debug", "info", "warning", "error"]
# A second line, colours, a new title for the terminal's window, and text from right to left.
HOSTILE = "one\n2026-01-01T00:00:00Z [info     ] all is well\r\x1b[2J\x1b]0;mine\x07\x9b31m\u2028\u202eend"


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest) -> LogFormat:
    """Each form of the log, one after the other."""
    return request.param


def configure(form: LogFormat, *secrets: str, level: LogLevel = "info") -> None:
    configure_logs(level, form, secrets)


def fail(why: str) -> None:
    """Fail, with a local variable that is nobody's business."""
    what_a_customer_wrote = "my " + "address"
    known: dict[str, str] = {}
    try:
        known[what_a_customer_wrote[:2]]
    except KeyError as error:
        raise RuntimeError(why) from error


def objects(said: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in said.splitlines()]


def lines_of(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Return the lines as the strictest reader splits them; nothing may have gone to standard output."""
    out, said = capsys.readouterr()
    assert out == ""
    return said.splitlines()


def test_each_event_is_a_json_object_on_a_line_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    configure("json")
    structlog.get_logger().info("turn.ended", model="champion", seconds=0.5, ratable=True, thread=None)
    logging.getLogger("somebody").warning("%s of %d", "one", 2)
    ours, theirs = objects(capsys.readouterr().err)
    assert ours.pop("timestamp") < theirs.pop("timestamp")
    about = {"model": "champion", "seconds": 0.5, "ratable": True, "thread": None}
    assert ours == {"event": "turn.ended", "level": "info", **about}
    assert theirs == {"event": "one of 2", "level": "warning", "logger": "somebody"}


def test_a_person_reads_the_level_the_event_and_its_fields(capsys: pytest.CaptureFixture[str]) -> None:
    configure("text")
    structlog.get_logger().info("turn.ended", model="champion")
    logging.getLogger("somebody").warning("is %s", "late")
    ours, theirs = lines_of(capsys)
    assert ours.split()[1:] == ["[info", "]", "turn.ended", "model=champion"]
    assert theirs.split()[1:] == ["[warning", "]", "is", "late", "[somebody]"]


@pytest.mark.parametrize("level", LEVELS)
def test_lines_below_the_level_are_left_out(
    form: LogFormat, level: LogLevel, capsys: pytest.CaptureFixture[str]
) -> None:
    configure(form, level=level)
    for which in LEVELS:
        structlog.get_logger().log(getattr(logging, which.upper()), f"our-{which}")
        logging.getLogger("somebody").log(getattr(logging, which.upper()), "their-%s", which)
    said = capsys.readouterr().err
    told = [which for which in LEVELS for whose in ("our", "their") if f"{whose}-{which}" in said]
    assert told == [which for which in LEVELS[LEVELS.index(level) :] for _ in "12"]


def test_libraries_that_chat_are_heard_when_they_warn(form: LogFormat, capsys: pytest.CaptureFixture[str]) -> None:
    configure(form, level="debug")
    for name in QUIET:
        logging.getLogger(name).info("chatter")
        logging.getLogger(f"{name}.inner").warning("trouble in %s", name)
    said = lines_of(capsys)
    assert not [line for line in said if "chatter" in line]
    assert [name for name, line in zip(QUIET, said, strict=True) if f"trouble in {name}" in line] == list(QUIET)


def test_what_python_warns_of_is_a_line_like_any_other(capsys: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        configure("json", SECRET)
        warnings.warn(f"old {SECRET}", stacklevel=1)
    (line,) = objects(capsys.readouterr().err)
    assert line["logger"] == "py.warnings"
    assert "UserWarning: old ***" in line["event"]


class Holder:
    """Something whose picture holds a secret."""

    def __repr__(self) -> str:
        return f"Holder({SECRET})"


def test_a_secret_is_blotted_wherever_it_stands(form: LogFormat, capsys: pytest.CaptureFixture[str]) -> None:
    configure(form, SECRET, "other-secret")
    log = structlog.get_logger().bind(bound=SECRET)
    sentence = f"said {SECRET}"
    log.warning(sentence, plain=SECRET, within=f"a{SECRET}b", kept="kept")
    log.warning("deep", deep={"a": [SECRET, {SECRET: ("other-secret",)}], (1, 2): 3}, holder=Holder())
    for name in ("discord", "somebody"):
        logging.getLogger(name).error("sent %s", SECRET)
        logging.getLogger(name).error("sent %s", Holder())
    said = capsys.readouterr().err
    assert not [form for form in (SECRET, json.dumps(SECRET)[1:-1], repr(SECRET)[1:-1], "other-secret") if form in said]
    assert len(said.splitlines()) == 6
    assert said.count("***") == 4 + 5 + 4
    assert "kept" in said


def test_a_secret_is_blotted_in_every_part_of_a_traceback(form: LogFormat, capsys: pytest.CaptureFixture[str]) -> None:
    configure(form, SECRET, "my")
    for log in (structlog.get_logger(), logging.getLogger("discord")):
        try:
            fail(f"no {SECRET} here")
        except RuntimeError:
            log.exception("broke")
    said = capsys.readouterr().err
    assert said.count("no *** here") == 2
    assert "made-up" not in said
    assert "'my'" not in said


def test_a_secret_that_begins_like_another_leaves_no_end_of_it(
    form: LogFormat, capsys: pytest.CaptureFixture[str]
) -> None:
    configure(form, "abc", "abcdef", "")
    structlog.get_logger().info("said abcdef and abc")
    assert "said *** and ***" in capsys.readouterr().err


@pytest.mark.parametrize("secret", ["null", "true", "1", "event", '"', "{", "info"])
def test_a_secret_that_looks_like_json_breaks_no_line(secret: str, capsys: pytest.CaptureFixture[str]) -> None:
    configure("json", secret)
    structlog.get_logger().info("told", nothing=None, yes=True, one=1, text=f"a {secret} b")
    (line,) = objects(capsys.readouterr().err)
    assert (line["text"], line["nothing"], line["yes"], line["one"]) == ("a *** b", None, True, 1)


def test_no_text_begins_a_line_or_steers_the_terminal(form: LogFormat, capsys: pytest.CaptureFixture[str]) -> None:
    configure(form)
    structlog.get_logger().warning(HOSTILE, field=HOSTILE, spaceless=HOSTILE.replace(" ", ""), deep=[{"a": HOSTILE}])
    logging.getLogger("somebody").warning("%s", HOSTILE)
    said = lines_of(capsys)
    assert len(said) == 2
    assert all(line.isprintable() for line in said)
    # It is still told.
    assert all("one" in line and "end" in line for line in said)


def test_json_gives_a_hostile_text_back_as_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    configure("json")
    structlog.get_logger().warning(HOSTILE, field=HOSTILE)
    (line,) = objects(capsys.readouterr().err)
    assert (line["event"], line["field"]) == (HOSTILE, HOSTILE)


def test_a_traceback_for_people_is_indented_so_that_no_error_fakes_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure("text")
    for log in (structlog.get_logger(), logging.getLogger("somebody")):
        try:
            fail(HOSTILE)
        except RuntimeError:
            log.exception("broke")
        first, *others = lines_of(capsys)
        assert "broke" in first
        assert all(line.startswith("  | ") and line.isprintable() for line in others)
        assert others[0] == "  | Traceback (most recent call last):"
        assert "  | RuntimeError: one" in others


def test_a_traceback_in_json_is_data_on_the_same_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure("json")
    for log in (structlog.get_logger(), logging.getLogger("somebody")):
        try:
            fail(HOSTILE)
        except RuntimeError:
            log.exception("broke")
        (line,) = objects(capsys.readouterr().err)
        causes = cast("list[dict[str, Any]]", line["exception"])
        assert [(cause["exc_type"], cause["exc_value"]) for cause in causes] == [
            ("RuntimeError", HOSTILE),
            ("KeyError", "'my'"),
        ]
        assert causes[0]["frames"][-1]["name"] == "fail"


def test_no_local_variable_is_shown(form: LogFormat, capsys: pytest.CaptureFixture[str]) -> None:
    configure(form)
    for log in (structlog.get_logger(), logging.getLogger("discord")):
        try:
            fail("why")
        except RuntimeError:
            log.exception("broke")
    said = capsys.readouterr().err
    assert said.count("fail") >= 2
    assert "my address" not in said
    assert "locals" not in said


def test_configured_again_the_log_tells_each_event_once(form: LogFormat, capsys: pytest.CaptureFixture[str]) -> None:
    configure("json", level="debug")
    configure(form, level="warning")
    structlog.get_logger().info("too little")
    logging.getLogger("somebody").warning("once")
    assert len(lines_of(capsys)) == 1


def test_colours_are_for_terminals() -> None:
    screen, keyboard = os.openpty()
    with os.fdopen(screen, "rb", buffering=0) as shown, os.fdopen(keyboard, "w") as terminal:
        with redirect_stderr(terminal):
            configure("text")
            structlog.get_logger().info("told")
        assert b"\x1b[" in shown.read(4096)
