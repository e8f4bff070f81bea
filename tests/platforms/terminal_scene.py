"""Somebody at a terminal: `sarah chat` in a process of its own behind a pseudo-terminal, or the chat by itself."""

import asyncio
import fcntl
import io
import os
import re
import struct
import sys
import termios
from asyncio.subprocess import Process
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from bot.admin.admin import Admin
from bot.admin.forms import Command
from bot.platforms.terminal import TerminalPlatform
from tests.admin_kit import Scene as Desk
from tests.kit import DATA, ROOT

# Seconds until the terminal must have said what is waited for.
PATIENCE = 120.0
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07|[\x01\x02\r]")
PROMPT = "\nYou "
EXAMPLE = '{{"messages": [{{"role": "user", "content": "Lamp {0}?"}}, {{"role": "assistant", "content": "Yes {0}."}}]}}'
LINES = "\n".join(EXAMPLE.format(number) for number in range(20))


def variables(home: Path, **changes: str) -> dict[str, str]:
    """Return the environment of a process that knows nothing of this machine's settings."""
    usual = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "SARAH_HOME": str(home),
        "SARAH_DATA": str(DATA),
        "TERM": "xterm",
    }
    return usual | changes


class Terminal:
    """What a terminal shows, and who types into it; `raw` is all of it, with its escape sequences."""

    def __init__(self, main: int, process: Process) -> None:
        self.process = process
        self.raw = ""
        self._main = main
        # How much of it was read already.
        self._read = 0
        self._changed = asyncio.Event()
        asyncio.get_running_loop().add_reader(main, self._more)

    def _more(self) -> None:
        try:
            self.raw += os.read(self._main, 65536).decode("utf-8", "replace")
        except OSError:
            # The other end is gone.
            asyncio.get_running_loop().remove_reader(self._main)
        self._changed.set()

    @property
    def unread(self) -> str:
        """What came since the last prompt, without escape sequences."""
        return ESCAPES.sub("", self.raw[self._read :])

    async def until(self, text: str, patience: float = PATIENCE) -> None:
        """Wait until this is shown."""
        async with asyncio.timeout(patience):
            while text not in self.unread:
                self._changed.clear()
                await self._changed.wait()

    async def until_prompted(self, patience: float = PATIENCE) -> str:
        """Wait for the prompt, and return what was shown before it."""
        async with asyncio.timeout(patience):
            while not self.unread.endswith(PROMPT):
                self._changed.clear()
                await self._changed.wait()
        shown = self.unread
        self._read = len(self.raw)
        return shown

    def press(self, keys: str) -> None:
        """Press keys, and wait for nothing."""
        os.write(self._main, keys.encode())

    async def ask(self, text: str) -> str:
        """Type a line, and read what comes until the next prompt."""
        self.press(f"{text}\n")
        return await self.until_prompted()

    async def end(self) -> int:
        """Wait for the end of the process, and return its exit code."""
        return await asyncio.wait_for(self.process.wait(), PATIENCE)

    def close(self) -> None:
        """Take the terminal away."""
        asyncio.get_running_loop().remove_reader(self._main)
        os.close(self._main)


@asynccontextmanager
async def open_terminal(home: Path, *, columns: int = 1000, **changes: str) -> AsyncGenerator[Terminal]:
    """Start a chat, and wait for nothing; `changes` are variables of its environment."""
    main, secondary = os.openpty()
    fcntl.ioctl(secondary, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        "chat",
        cwd=home,
        env=variables(home, **changes),
        # So that Ctrl-C is a signal to the process.
        preexec_fn=lambda: os.login_tty(secondary),
    )
    os.close(secondary)
    terminal = Terminal(main, process)
    try:
        yield terminal
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        terminal.close()


class Sitting:
    """Somebody who types these lines, and the prompts that they typed them at."""

    def __init__(self, desk: Desk, home: Path, commands: Iterable[Command] = ()) -> None:
        self._desk = replace(desk, admin=Admin(desk.office, [*commands])) if commands else desk
        self._keep = home / "replies"
        self.prompts: list[str] = []

    async def types(self, *lines: str) -> str:
        """Type lines, and return everything that was shown."""
        left = iter(lines)

        def read(word: str) -> str:
            self.prompts.append(word)
            try:
                return next(left)
            except StopIteration:
                raise EOFError from None

        out = io.StringIO()
        chat = TerminalPlatform(
            self._desk.assistant,
            self._desk.persona,
            "main",
            Console(file=out, width=200),
            read,
            admin=self._desk.admin,
            who="olga",
            keep=self._keep,
        )
        await chat.run(lambda _: None)
        return out.getvalue()
