"""The terminal: a customer who types, or a program that pipes questions in."""

import io
import sys
import uuid

from rich.console import Console

from bot.conversation import Answers, Platform
from bot.incoming import clean
from bot.persona import Persona
from bot.platforms.terminal.chat import TerminalPlatform
from bot.platforms.terminal.keyboard import line_reader
from bot.platforms.terminal.pipe import PipePlatform, note_line, write_line

__all__ = ["PipePlatform", "TerminalPlatform", "terminal"]

# The conversation that an interactive chat goes on with.
USUAL = "main"


def terminal(assistant: Answers, persona: Persona, conversation: str, *, as_json: bool) -> Platform:
    """Build what suits the standard streams: a chat where somebody types and reads, else one answer a line."""
    name = clean(conversation)
    if sys.stdin.isatty() and sys.stdout.isatty() and not as_json:
        _never_fail()
        console = Console()
        return TerminalPlatform(assistant, persona, name or USUAL, console, line_reader(console))
    _never_fail("utf-8", "\n")
    return PipePlatform(assistant, name or uuid.uuid4().hex, sys.stdin, write_line, note_line, as_json=as_json)


def _never_fail(encoding: str | None = None, line_end: str | None = None) -> None:
    """Replace what the other side's encoding does not have; programs speak UTF-8, one question to a line feed."""
    for stream, end in ((sys.stdin, line_end), (sys.stdout, None)):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding=encoding, errors="replace", newline=end)
