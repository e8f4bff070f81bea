"""Commands as people type them, beside questions that only begin like one."""

import pytest

from bot.admin.catalogue import COMMANDS
from bot.admin.spoken import Mistyped, Spoken, help_text, read, usage


def spoken(text: str) -> tuple[str, dict[str, str]]:
    """Return the command that was typed and what was given with it."""
    found = read(text, COMMANDS)
    assert isinstance(found, Spoken), found
    return found.command.title, found.given


def mistyped(text: str) -> str:
    """Return what is said to somebody who mistyped a command."""
    found = read(text, COMMANDS)
    assert isinstance(found, Mistyped), found
    return found.text


@pytest.mark.parametrize(
    ("text", "title", "given"),
    [
        ("data list", "data list", {}),
        ("  DATA   List ", "data list", {}),
        ("data show lamps", "data show", {"dataset": "lamps"}),
        ("data show dataset=lamps", "data show", {"dataset": "lamps"}),
        ("data upload name=lamps stop=**STOP**", "data upload", {"name": "lamps", "stop": "**STOP**"}),
        ("data upload --name=lamps", "data upload", {"name": "lamps"}),
        ("data upload lamps.jsonl name=lamps", "data upload", {"file": "lamps.jsonl", "name": "lamps"}),
        ("train status run-1", "train status", {"run": "run-1"}),
        (
            "train start lamps epochs=3 learning_rate=0.5",
            "train start",
            {"dataset": "lamps", "epochs": "3", "learning-rate": "0.5"},
        ),
        ("train start epochs=3 lamps", "train start", {"dataset": "lamps", "epochs": "3"}),
        (
            'model promote model-1 reason="it knows the bulbs"',
            "model promote",
            {"model": "model-1", "reason": "it knows the bulbs"},
        ),
        (
            "model promote model-1 reason=\u201cit knows\u201d",
            "model promote",
            {"model": "model-1", "reason": "it knows"},
        ),
        ("model try model-1 'Why is it dark?'", "model try", {"model": "model-1", "question": "Why is it dark?"}),
        ("model try model-1 Why is it  dark?", "model try", {"model": "model-1", "question": "Why is it  dark?"}),
        ('model try model-1 is "E4" bad?', "model try", {"model": "model-1", "question": "is E4 bad?"}),
        ("model try model-1 it's a=b now", "model try", {"model": "model-1", "question": "it's a=b now"}),
        ("model try question=Why? model-1", "model try", {"model": "model-1", "question": "Why?"}),
        (
            "data add-example 'What is it?' It is the fuse. category=power",
            "data add-example",
            {"question": "What is it?", "answer": "It is the fuse.", "category": "power"},
        ),
        (
            "data add-example \"it's dark\" 'the fuse'",
            "data add-example",
            {"question": "it's dark", "answer": "the fuse"},
        ),
        ("model report a=base, b=model-1", "model report", {"models": "a=base, b=model-1"}),
        ('model report "a=base, b=model-1" judge=yes', "model report", {"models": "a=base, b=model-1", "judge": "yes"}),
        ("sarah status", "sarah status", {}),
        ("status", "sarah status", {}),
        ("channel on=no", "sarah channel", {"on": "no"}),
        ("forget-me", "forget-me", {}),
        ("human", "human", {}),
        ("ask why is it dark, it's new?", "ask", {"question": "why is it dark, it's new?"}),
        ("ask\nwhy is it\ndark", "ask", {"question": "why is it\ndark"}),
        ('ask what does "E4" mean', "ask", {"question": 'what does "E4" mean'}),
        ("ask is a=b?", "ask", {"question": "is a=b?"}),
    ],
)
def test_what_is_typed_is_read(text: str, title: str, given: dict[str, str]) -> None:
    assert spoken(text) == (title, given)


@pytest.mark.parametrize(
    "text",
    [
        "data is lost on my hub, what now?",
        "data list on my hub is empty, why is that?",
        "status of my order?",
        "status light is red",
        "model of the lock?",
        "train noise confuses my doorbell, can I mute it?",
        "human error on my lock",
        "privacy of my camera recordings?",
        "reset my hub",
        "channel 11 or 20 for Zigbee?",
        "limits of the Basic plan?",
        "sarah, are you there?",
        "it's dark in here",
        'my display shows "E4',
        "what does the lamp cost?",
        "export my recordings as video?",
        "feedback whistle from the doorbell",
        "",
        "   ",
    ],
)
def test_a_question_that_begins_like_a_command_is_none(text: str) -> None:
    assert read(text, COMMANDS) is None


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("data lst", "`data list`"),
        ("data uplaod", "`data upload`"),
        ("dta upload", "`data upload`"),
        ("model promot model-1", "`model promote`"),
        ("train strt lamps", "`train start`"),
        ("trian start", "`train start`"),
        ("privcy", "`privacy`"),
        ("statsu", "`status`"),
        ("sarah hand-bak", "`sarah hand-back`"),
        ("model", "`model promote`"),
        ("sarah", "no command `sarah`:"),
    ],
)
def test_a_mistyped_word_brings_a_suggestion(text: str, meant: str) -> None:
    assert meant in mistyped(text)


def test_a_field_that_there_is_not_brings_a_suggestion_and_the_usage() -> None:
    text = mistyped("train start lamps epoch=3")
    assert "has no field `epoch`" in text
    assert "Did you mean `epochs`?" in text
    assert "`train start DATASET" in text


def test_a_word_too_many_brings_the_usage() -> None:
    assert "has no use for 'fans'" in mistyped("data show lamps fans")


def test_help_lists_every_command_with_its_fields() -> None:
    lines = help_text(COMMANDS, "/sarah ").splitlines()
    assert len(lines) == len(COMMANDS)
    about = "Show a dataset: counts, origins, what was found in it, lengths, and a few examples."
    assert f"- `/sarah data show DATASET`: {about}" in lines


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.title)
def test_every_command_is_read_as_help_writes_its_name(command: object) -> None:
    wanted = next(each for each in COMMANDS if each is command)
    found = read(wanted.title, COMMANDS)
    assert isinstance(found, Spoken)
    assert found.command is wanted
    assert usage(wanted).startswith(wanted.title)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("rollback", "model rollback"),
        ("rollbak", "model rollback"),
        ("upload", "data upload"),
        ("promote model-1a2b", "model promote"),
        ("show ds-12ab", "data show"),
        ("limts", "limits"),
    ],
)
def test_a_name_without_its_group_is_told_with_it(text: str, meant: str) -> None:
    assert f"`{meant}`" in mistyped(text)


@pytest.mark.parametrize("text", ["promote my plan", "cancel my order", "events tonight?", "show me lamps"])
def test_what_customers_say_of_their_own_things_is_no_command(text: str) -> None:
    assert read(text, COMMANDS) is None
