"""What an admin tries in a session: every message with the answers to it, as they grow; in memory, and nowhere else."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from bot.admin.choosing import TryingError, Wanted
from bot.admin.replies import Choice
from bot.admin.trying import Tried
from bot.conversation import PastTurn, Piece
from bot.platforms.web.exchange import Bell

# Messages that are shown.
MOST = 50
BUSY = "The answers to your last message are still being written: wait for their end, or begin anew."

Ask = Callable[[str, Sequence[PastTurn], Wanted], AsyncGenerator[Piece | Tried]]


@dataclass(slots=True, eq=False)
class Column:
    """One model's answer; `end` is None while it is being written."""

    model: Choice
    text: str = ""
    end: Tried | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Round:
    """A message, and the answers to it."""

    number: int
    wanted: Wanted
    columns: tuple[Column, ...]


class Bench:
    """The rounds of one session; `bell` rings when something has changed, `filled` is what stood in the form last."""

    def __init__(self) -> None:
        self.rounds: deque[Round] = deque(maxlen=MOST)
        self.bell = Bell()
        self.filled: Mapping[str, str] = {}
        self._act = ""
        self._begun = 0
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def is_busy(self) -> bool:
        """Whether an answer is being written."""
        return bool(self._tasks)

    def begin(self, wanted: Wanted, act: str, ask: Ask, is_on: Callable[[], bool]) -> None:
        """Ask every model at the same time, each with what it said before on its side; raises TryingError if busy.

        The same `act` asks once, however often it comes. What is being written ends where `is_on` says no.
        """
        if act and act == self._act:
            return
        if self.is_busy:
            raise TryingError(BUSY)
        asked = [(column, self._past(side, column.model)) for side, column in enumerate(map(Column, wanted.models))]
        self._act, self._begun = act, self._begun + 1
        self.rounds.append(Round(self._begun, wanted, tuple(column for column, _ in asked)))
        for column, past in asked:
            task = asyncio.create_task(self._write(column, ask(column.model.value, past, wanted), is_on))
            self._tasks.add(task)
            task.add_done_callback(self._ended)
        self.bell.ring()

    async def clear(self) -> None:
        """Forget everything but what stands in the form."""
        await self.stop()
        self.rounds.clear()
        self.bell.ring()

    async def stop(self) -> None:
        """Let nothing more be written."""
        self.leave()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def leave(self) -> None:
        """Let nothing more be written from the next moment on."""
        for task in self._tasks:
            task.cancel()

    def _past(self, side: int, model: Choice) -> list[PastTurn]:
        columns = (one.columns[side] for one in self.rounds if side < len(one.columns))
        ends = (column.end for column in columns if column.model.value == model.value)
        return [end.past for end in ends if end and end.past]

    async def _write(self, column: Column, events: AsyncGenerator[Piece | Tried], is_on: Callable[[], bool]) -> None:
        async with aclosing(events):
            async for event in events:
                if not is_on():
                    return
                if isinstance(event, Tried):
                    column.text, column.end = event.text, event
                else:
                    column.text += event.text
                self.bell.ring()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self.bell.ring()
