"""`sarah chat` in a pseudo-terminal: who sits there is admin and customer in one."""

import re
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from tests.browser import Profiles
from tests.platforms.terminal_scene import Terminal, open_terminal
from tests.servers.tuning import TuningServer
from tests.stories import screen
from tests.stories.offices import Counter
from tests.stories.processes import settings, with_runs

# Seconds until something must be shown: runs are worked on by a process of its own.
PATIENCE = 180.0
WIDE = 1000
CTRL_C = "\x03"
# The first line of where a run stands.
_ABOUT = re.compile(r"^run-\w+: .*$", re.MULTILINE)
_CHART = re.compile(r"^Drawn in (\S+)$", re.MULTILINE)


class TerminalCounter:
    """A terminal, and the process behind it."""

    def __init__(self, home: Path, variables: dict[str, str], columns: int) -> None:
        self._home = home
        self._variables = variables
        self._columns = columns
        self.process = AsyncExitStack()
        """Ends whatever was not left in order."""
        self._terminal: Terminal | None = None
        self._from = 0

    async def open(self) -> None:
        """Begin a process."""
        opening = open_terminal(self._home, columns=self._columns, **self._variables)
        self._terminal = await self.process.enter_async_context(opening)
        self._from = 0
        await self.terminal.until_prompted(PATIENCE)

    async def close(self) -> None:
        """Leave the chat."""
        self.terminal.press("/quit\n")
        await self.terminal.end()
        await self.process.aclose()

    @property
    def terminal(self) -> Terminal:
        """The terminal in front of the process that there is."""
        assert self._terminal
        return self._terminal

    async def upload(self, name: str, content: bytes) -> str:
        """Name a file of this machine."""
        (self._home / name).write_bytes(content)
        return await self.give(f"data upload file={name}")

    async def start(self, dataset: str, provider: str) -> str:
        """Type the command with what it needs."""
        return await self.give(f"train start {dataset} provider={provider}")

    async def press(self, label: str) -> str:
        """Type a button's number; a run is watched from then on."""
        (number,) = re.findall(rf"^ (\d+) {label}", self._said(), re.MULTILINE)
        if label != "Start it":
            return await self._type(number)
        self._begin(number)
        await self.terminal.until("Ctrl-C stops watching", PATIENCE)
        return ""

    async def progress(self) -> str:
        """Read where the run stands that is watched."""
        *_, newest = [0, *(found.start() for found in _ABOUT.finditer(self._said()))]
        return self._said()[newest:]

    async def messages(self) -> int:
        """Say whether a run is told of; the screen has one place for that, which changes as the run does."""
        return int(bool(_ABOUT.search(self._said())))

    async def has_chart(self) -> bool:
        """Whether a chart is written, and said where."""
        charts = [Path(path) for path in _CHART.findall(await self.progress())]
        return bool(charts) and all(chart.read_bytes().startswith(b"\x89PNG") for chart in charts)

    async def give(self, text: str) -> str:
        """Type a command."""
        return await self._type(f"/{text}")

    async def ask(self, question: str) -> str:
        """Type a question."""
        return await self._type(question)

    async def restart(self) -> None:
        """Stop watching, leave, come back, and watch the run again as was said."""
        self.terminal.press(CTRL_C)
        await self.terminal.until_prompted(PATIENCE)
        (again,) = re.findall(r"The run goes on: (/train status \S+)", self._said())
        await self.close()
        await self.open()
        self._begin(f"{again} follow=yes")
        await self.terminal.until("Ctrl-C stops watching", PATIENCE)

    async def until(self, words: str) -> str:
        """Wait until the words stand there; a run that has ended is watched no longer."""
        await self.terminal.until(words, PATIENCE)
        if words == "It made":
            await self.terminal.until_prompted(PATIENCE)
        return await self.progress()

    def _begin(self, line: str) -> None:
        """Type a line, and wait for nothing."""
        self._from = len(self.terminal.raw)
        self.terminal.press(f"{line}\n")

    async def _type(self, line: str) -> str:
        self._begin(line)
        await self.terminal.until_prompted(PATIENCE)
        return self._said()

    def _said(self) -> str:
        """Return what the screen shows below the newest line that was typed."""
        return screen.plain(self.terminal.raw[self._from :]).partition("\n")[2]


@asynccontextmanager
async def in_a_terminal(home: Path, data: Path, server: TuningServer, _: Profiles) -> AsyncGenerator[Counter]:
    """Sit down at a terminal."""
    async with open_counter(home, data, server) as counter:
        yield counter


@asynccontextmanager
async def open_counter(
    home: Path, data: Path, server: TuningServer, columns: int = WIDE, **changes: str
) -> AsyncGenerator[TerminalCounter]:
    """Do the same before a screen of some width; `changes` are variables of the product."""
    async with with_runs(home):
        counter = TerminalCounter(home, settings(data, server) | changes, columns)
        async with counter.process:
            await counter.open()
            yield counter
            await counter.close()
