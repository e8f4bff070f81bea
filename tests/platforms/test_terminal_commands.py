"""Commands in a terminal: typed after a slash, asked for, done, shown, and pressed by their numbers."""

import asyncio
import json
import os
import signal
from pathlib import Path
from typing import Annotated

import pytest

from bot.admin.calls import Call
from bot.admin.forms import About, Command, command
from bot.admin.office import Office
from bot.admin.replies import Attachment, Button, Reply
from bot.platforms.terminal.completing import completions
from tests.admin_kit import open_office
from tests.platforms.terminal_scene import LINES, Sitting, open_terminal

CALLS: list[Call] = []


async def _before(call: Call, office: Office) -> dict[str, str]:  # noqa: ARG001 - as commands have it
    return {"answer": "It was so."}


@command("data", may="home", prefill=_before)
async def tell(
    call: Call,
    office: Office,  # noqa: ARG001 - as commands have it
    question: Annotated[str, About("What to ask", long=True)],
    answer: Annotated[str, About("What to say")],
    *,
    note: Annotated[str, About("What else")] = "",
) -> Reply:
    """Tell something."""
    CALLS.append(call)
    return Reply(f"{question} {answer} {note}", (Attachment("../a b.csv", b"1"),), (Button("Once more", "data tell"),))


@command("data", may="home")
async def never_ends(call: Call, office: Office) -> Reply:  # noqa: ARG001 - as commands have it
    """Wait for Ctrl-C."""
    asyncio.get_running_loop().call_soon(os.kill, os.getpid(), signal.SIGINT)
    await asyncio.Event().wait()
    return Reply("It ended.")


async def test_a_line_with_a_slash_is_a_command_of_an_admin_and_any_other_a_question(tmp_path: Path) -> None:
    CALLS.clear()
    async with open_office(tmp_path) as desk:
        shown = await Sitting(desk, tmp_path, [tell]).types('/data tell "a b" c note=d', "data tell me more")
    assert "a b c d" in shown
    assert "Yes." in shown
    (call,) = CALLS
    caller = call.caller
    assert (caller.platform, caller.workspace, caller.user, caller.manages) == ("terminal", "", "olga", True)


async def test_what_is_missing_is_asked_for_and_an_empty_line_keeps_what_stands_there(tmp_path: Path) -> None:
    CALLS.clear()
    async with open_office(tmp_path) as desk:
        sitting = Sitting(desk, tmp_path, [tell])
        shown = await sitting.types("/data tell", "", "Is it\nso?", "")
    assert sitting.prompts == ["You", "question:", "question:", "answer:", "You"]
    assert "It was so." in shown
    assert CALLS[0].given == {"question": "Is it\nso?", "answer": "It was so."}


async def test_who_leaves_a_question_about_a_command_does_nothing(tmp_path: Path) -> None:
    CALLS.clear()
    async with open_office(tmp_path) as desk:
        assert "Nothing was done." in await Sitting(desk, tmp_path, [tell]).types("/data tell")
    assert CALLS == []


async def test_a_button_is_pressed_by_its_number_right_after_the_reply_alone(tmp_path: Path) -> None:
    CALLS.clear()
    async with open_office(tmp_path) as desk:
        shown = await Sitting(desk, tmp_path, [tell]).types("/data tell a b", "1", "c", "d", "hello", "1")
    assert " 1 Once more" in shown
    assert [call.given["question"] for call in CALLS] == ["a", "c"]
    assert CALLS[0].message_id != CALLS[1].message_id


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("/data uplaod", "data upload"),
        ("/trian start", "train start"),
        ("/data upload nmae=x", "Did you mean name"),
        ("/etc/passwd what is it?", "/help lists"),
    ],
)
async def test_a_mistyped_command_gets_a_suggestion_and_is_no_question(tmp_path: Path, line: str, hint: str) -> None:
    async with open_office(tmp_path) as desk:
        shown = await Sitting(desk, tmp_path).types(line)
    assert hint in shown
    assert "Yes." not in shown


async def test_help_lists_every_command(tmp_path: Path) -> None:
    async with open_office(tmp_path) as desk:
        shown = await Sitting(desk, tmp_path).types("/help")
        assert all(f"/{one.title}" in shown for one in desk.admin.commands)


async def test_ctrl_c_stops_a_command_and_the_chat_goes_on(tmp_path: Path) -> None:
    async with open_office(tmp_path) as desk:
        shown = await Sitting(desk, tmp_path, [never_ends]).types("/data never-ends", "hello")
    assert "Stopped." in shown
    assert "It ended." not in shown
    assert "Yes." in shown


async def test_who_asked_here_is_shown_what_is_kept_and_has_it_erased(tmp_path: Path) -> None:
    async with open_office(tmp_path) as desk:
        shown = await Sitting(desk, tmp_path).types("Is lamp 3 dark?", "/ask Is lamp 4?", "/export-me")
        assert "2 messages of yours" in shown
        told = json.loads((tmp_path / "replies" / "my-conversations.json").read_text())
        assert [one["question"] for one in told] == ["Is lamp 3 dark?", "Is lamp 4?"]
        assert "Done: 2 messages of yours" in await Sitting(desk, tmp_path).types("/forget-me sure=yes")
    async with open_office(tmp_path) as desk:
        shown = await Sitting(desk, tmp_path).types("/export-me")
    assert "Nothing is kept of you here." in shown
    assert "lamp" not in shown.replace(desk.persona.greeting, "")


def _names(of: Command, field: str, typed: str) -> list[str]:
    return [f"{of.group}-{field}-1", "lamps"] if not typed or "lamps".startswith(typed) else []


@pytest.mark.parametrize(
    ("before", "word", "found"),
    [
        ("", "/da", ["/data "]),
        ("", "/he", ["/help "]),
        ("", "hello", []),
        ("/data ", "up", ["upload "]),
        ("/data show ", "la", ["lamps"]),
        ("/data show ", "dataset=la", ["dataset=lamps"]),
        ("/data show lamps ", "", ["dataset="]),
        ("/train start lamps ", "provider=op", ["provider=openai"]),
        ("/train start lamps provider=openai ", "p", []),
        ("/data delete lamps ", "sure=", ["sure=yes", "sure=no"]),
        ("/train nothing ", "x", []),
        ("why is ", "/da", []),
    ],
)
async def test_tab_completes_commands_fields_and_names(
    tmp_path: Path, before: str, word: str, found: list[str]
) -> None:
    async with open_office(tmp_path) as desk:
        assert completions(before, word, desk.admin.commands, _names) == found


async def test_tab_completes_paths_of_files(tmp_path: Path) -> None:
    (tmp_path / "lamps.jsonl").touch()
    (tmp_path / "lamps").mkdir()
    async with open_office(tmp_path / "home") as desk:
        found = completions("/data upload ", f"file={tmp_path}/lam", desk.admin.commands, _names)
        assert found == [f"file={tmp_path}/lamps.jsonl", f"file={tmp_path}/lamps/"]
        assert completions("", f"{tmp_path}/lamps.", desk.admin.commands, _names) == [f"{tmp_path}/lamps.jsonl"]
        for nowhere in ("/nowhere/at/all", "~nobody-of-that-name/"):
            assert completions("/data upload ", f"file={nowhere}", desk.admin.commands, _names) == []


@pytest.mark.slow
async def test_the_tab_key_completes_a_line_and_names_that_are_kept(tmp_path: Path) -> None:
    (tmp_path / "lamps.jsonl").write_text(LINES)
    async with open_terminal(tmp_path) as terminal:
        await terminal.until_prompted()
        terminal.press("/da\tup\tfile=lam\t\n")
        assert "Kept as lamps" in await terminal.until_prompted()
        terminal.press("/data show dataset=la\t\n")
        assert "20" in (shown := await terminal.until_prompted())
        assert "There is no" not in shown
        terminal.press("/quit\n")
        assert await terminal.end() == 0
    assert "Traceback" not in terminal.raw
