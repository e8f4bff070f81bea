"""Where an admin can be: the same loop on Discord, in Slack, on the web page and in the terminal."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol

from tests.browser import Profiles
from tests.servers.tuning import TuningServer


class Counter(Protocol):
    """An admin's and a customer's places side by side; every text is as it is shown, on whatever it is shown."""

    async def upload(self, name: str, content: bytes) -> str:
        """Upload a file as this platform has it done, and return what is said of it."""
        ...

    async def start(self, dataset: str, provider: str) -> str:
        """Ask for a run, and return what is told of its tokens, cost and time."""
        ...

    async def press(self, label: str) -> str:
        """Press the newest button whose label begins so, and return what is said, "" where nothing but progress is."""
        ...

    async def progress(self) -> str:
        """Return what the newest message about a run shows now, "" where there is none."""
        ...

    async def messages(self) -> int:
        """Return how many messages about runs there are."""
        ...

    async def has_chart(self) -> bool:
        """Whether the newest message about a run shows a chart."""
        ...

    async def give(self, text: str) -> str:
        """Give a command that needs no more than its words, such as `model rollback`, and return what is said."""
        ...

    async def ask(self, question: str) -> str:
        """Let a customer ask, and return the answer."""
        ...

    async def restart(self) -> None:
        """End the process, and begin the next one over the same home."""
        ...

    async def until(self, words: str) -> str:
        """Wait until the newest message about a run shows these words, and return it."""
        ...


# A home folder, a company's folder, the server that tunes, and a browser.
Opening = Callable[[Path, Path, TuningServer, Profiles], AbstractAsyncContextManager[Counter]]
