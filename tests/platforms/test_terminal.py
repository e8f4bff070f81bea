"""A customer at a terminal, as a process of its own behind a pseudo-terminal shows it."""

import asyncio
import re
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from bot.persona import read_persona
from tests.kit import DATA
from tests.platforms.terminal_scene import ESCAPES, Terminal, open_terminal
from tests.servers.openai import KEY, MODEL, Break, OpenAI, Step, open_openai, says

pytestmark = pytest.mark.slow

PERSONA = read_persona(DATA)
QUESTION = "Why is my thermostat dark?"


def at_terminal(home: Path, server: OpenAI) -> AbstractAsyncContextManager[Terminal]:
    """Start a chat that is answered by this server."""
    # Without a guard every piece is shown as it comes, and not only whole sentences.
    return open_terminal(home, SARAH_MODEL=MODEL, SARAH_MODEL_URL=server.url, SARAH_MODEL_KEY=KEY, SARAH_GUARD="off")


async def test_an_answer_grows_on_the_screen_and_stands_there_once(tmp_path: Path) -> None:
    gate = asyncio.Event()
    async with open_openai(says("Turn ", gate, "the ring.")) as server, at_terminal(tmp_path, server) as terminal:
        await terminal.until_prompted()
        terminal.press(f"{QUESTION}\n")
        await terminal.until("Turn")
        assert "the ring." not in terminal.unread
        gate.set()
        await terminal.until_prompted()
        # Whatever the growing answer showed is erased before the whole one is left standing.
        last_erased = terminal.raw.rindex("\x1b[2K")
        assert ESCAPES.sub("", terminal.raw[:last_erased]).count("Turn the ring.") <= 1
        assert ESCAPES.sub("", terminal.raw[last_erased:]).count("Turn the ring.") == 1


async def test_a_follow_up_goes_on_and_slash_new_starts_over(tmp_path: Path) -> None:
    async with open_openai(says("It sleeps."), says("Touch it.")) as server, at_terminal(tmp_path, server) as terminal:
        await terminal.until_prompted()
        assert f"{PERSONA.name}\nIt sleeps." in await terminal.ask(QUESTION)
        assert "Touch it." in await terminal.ask("and how do I wake it?")
        assert "/quit leaves" in await terminal.ask("/help")
        assert PERSONA.greeting in await terminal.ask("/new")
        await terminal.ask("Is my hub online?")
        assert terminal.process.returncode is None
        terminal.press("/quit\n")
        assert await terminal.end() == 0
    histories = [request.messages[1:] for request in server.requests]
    assert histories == [
        [("user", QUESTION)],
        [("user", QUESTION), ("assistant", "It sleeps."), ("user", "and how do I wake it?")],
        [("user", "Is my hub online?")],
    ]


async def test_ctrl_c_stops_an_answer_which_leaves_the_history_and_at_the_prompt_it_leaves(tmp_path: Path) -> None:
    async with (
        open_openai(says("It will never ", asyncio.Event()), says("Touch it.")) as server,
        at_terminal(tmp_path, server) as terminal,
    ):
        await terminal.until_prompted()
        terminal.press(f"{QUESTION}\n")
        await terminal.until("It will never")
        terminal.press("\x03")
        assert "Stopped." in await terminal.until_prompted()
        assert "Touch it." in await terminal.ask("How do I wake my thermostat?")
        assert server.requests[-1].messages[1:] == [("user", "How do I wake my thermostat?")]
        assert await _left_by_ctrl_c(terminal) == 0
    assert "Traceback" not in terminal.raw


async def test_what_is_typed_during_an_answer_stands_at_the_next_prompt(tmp_path: Path) -> None:
    gate = asyncio.Event()
    async with (
        open_openai(says("It ", gate, "sleeps."), says("Touch it.")) as server,
        at_terminal(tmp_path, server) as terminal,
    ):
        await terminal.until_prompted()
        terminal.press(f"{QUESTION}\n")
        await terminal.until("It")
        terminal.press("How do I wake my hub?\n")
        assert "wake" not in terminal.unread
        gate.set()
        await terminal.until("Touch it.")
        await terminal.until_prompted()
        terminal.press("\x04")
        assert await terminal.end() == 0
    assert server.requests[-1].messages[-1] == ("user", "How do I wake my hub?")


async def test_a_model_cannot_steer_the_terminal(tmp_path: Path) -> None:
    steering: tuple[Step, ...] = ("Hold \x1b]0;mine\x07it. ", "\x1b[2J\x9b31m", "\x08\x08Done.")
    async with open_openai(says(*steering)) as server, at_terminal(tmp_path, server) as terminal:
        await terminal.until_prompted()
        shown = await terminal.ask(QUESTION)
    assert "Done." in shown
    assert not any(escape in terminal.raw for escape in ("\x1b]0;", "\x1b[2J", "\x9b", "\x08", "\x07"))


async def test_a_model_that_breaks_off_is_followed_by_the_next_from_the_beginning(tmp_path: Path) -> None:
    async with (
        open_openai(says("Turn the wrong ", Break())) as server,
        at_terminal(tmp_path, server) as terminal,
    ):
        await terminal.until_prompted()
        shown = await terminal.ask("How do I reset the hub?")
        erased = terminal.raw.rindex("\x1b[2K")
    assert "20 seconds" in shown
    assert "Turn the wrong" not in ESCAPES.sub("", terminal.raw[erased:])
    assert shown.count("model.failed") == 1
    assert KEY not in terminal.raw


async def test_a_narrow_terminal_without_colours_shows_whole_lines(tmp_path: Path) -> None:
    async with open_terminal(tmp_path, columns=30, NO_COLOR="1") as terminal:
        await terminal.until_prompted()
        shown = await terminal.ask("How do I reset the hub?")
    assert "20 seconds" in " ".join(shown.split())
    # What the growing answer showed is erased, however often the line below it was begun anew.
    answer = ESCAPES.sub("", terminal.raw[terminal.raw.rindex("\x1b[2K") :])
    assert "20 seconds" in " ".join(answer.split())
    assert all(len(line) <= 30 for line in answer.splitlines())
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", terminal.raw)


async def test_a_chat_that_was_killed_goes_on_where_it_stood(tmp_path: Path) -> None:
    async with open_openai(says("It sleeps."), says("Touch ", asyncio.Event()), says("Touch it.")) as server:
        async with at_terminal(tmp_path, server) as terminal:
            await terminal.until_prompted()
            await terminal.ask(QUESTION)
            terminal.press("and how do I wake it?\n")
            await terminal.until("Touch")
            terminal.process.kill()
            await terminal.end()
        async with at_terminal(tmp_path, server) as terminal:
            shown = await terminal.until_prompted()
            terminal.press("/quit\n")
            assert await terminal.end() == 0
        async with at_terminal(tmp_path, server) as terminal:
            again = await terminal.until_prompted()
    assert f"You: {QUESTION}\n{PERSONA.name}: It sleeps." in shown
    assert "You asked: and how do I wake it?" in shown
    assert "Touch it." in shown
    assert "You asked" not in again
    assert f"You: and how do I wake it?\n{PERSONA.name}: Touch it." in again
    assert len(server.requests) == 3


async def _left_by_ctrl_c(terminal: Terminal) -> int:
    """Press Ctrl-C until the process ends: Python's line editor misses one that comes as it shows the prompt."""
    ended = asyncio.create_task(terminal.end())
    while not ended.done():
        terminal.press("\x03")
        # A second one would kill a process that is about to leave, on a machine that is busy.
        await asyncio.wait([ended], timeout=5)
    return await ended
