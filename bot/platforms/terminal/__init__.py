"""The terminal: a customer who types, or a program that pipes questions in."""

import asyncio
import io
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from rich.console import Console

from bot.admin.admin import Admin
from bot.admin.calls import Call, Caller
from bot.admin.forms import Command
from bot.conversation import Answers, Conversation, Platform
from bot.incoming import clean
from bot.persona import Persona
from bot.platforms.terminal.chat import TerminalPlatform
from bot.platforms.terminal.completing import Names, completions
from bot.platforms.terminal.keyboard import line_reader
from bot.platforms.terminal.pipe import NAME, PipePlatform, note_line, write_line

__all__ = ["PipePlatform", "TerminalPlatform", "terminal"]

# The conversation that an interactive chat goes on with.
USUAL = "main"


def terminal(  # noqa: PLR0913 - what it is built from, by name
    assistant: Answers, persona: Persona, conversation: str, *, as_json: bool, admin: Admin, who: str, keep: Path
) -> Platform:
    """Build what suits the standard streams: a chat where somebody types and reads, else one answer a line.

    `who` is the name by which records have whoever sits here; files of replies are written into the folder `keep`.
    """
    name = clean(conversation)
    if sys.stdin.isatty() and sys.stdout.isatty() and not as_json:
        _never_fail()
        console = Console()
        read = line_reader(console, partial(completions, commands=admin.commands, names=_names(admin, who)))
        return TerminalPlatform(assistant, persona, name or USUAL, console, read, admin=admin, who=who, keep=keep)
    _never_fail("utf-8", "\n")
    return PipePlatform(assistant, name or uuid.uuid4().hex, sys.stdin, write_line, note_line, as_json=as_json, who=who)


def _names(admin: Admin, who: str) -> Names:
    """Return what asks for names while a line is being typed: the loop waits meanwhile, so another one does it."""

    def names(command: Command, field: str, typed: str) -> list[str]:
        caller = Caller(NAME, "", who, who, manages=True)
        call = Call(caller, command.title, Conversation(NAME, "", USUAL))
        with ThreadPoolExecutor(1) as thread:
            choices = thread.submit(asyncio.run, admin.complete(call, field, typed)).result()
        return [choice.value for choice in choices]

    return names


def _never_fail(encoding: str | None = None, line_end: str | None = None) -> None:
    """Replace what the other side's encoding does not have; programs speak UTF-8, one question to a line feed."""
    for stream, end in ((sys.stdin, line_end), (sys.stdout, None)):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding=encoding, errors="replace", newline=end)
