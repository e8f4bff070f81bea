"""Cooldowns: how often one customer may ask, and how many of a conversation's messages may wait."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncGenerator, Callable, Hashable, Mapping
from contextlib import asynccontextmanager

MINUTE = 60.0


class Limits:
    """What the settings allow, unless an admin said otherwise; what was said counts at once."""

    def __init__(self, settings: Mapping[str, int], said: Mapping[str, float]) -> None:
        self._settings = settings
        self._said = said

    def longest_question(self) -> int:
        """Return how many characters a message may have."""
        return self._limit("longest_question")

    def per_minute(self) -> int:
        """Return how many messages a minute may come from one author; 0 means any number."""
        return self._limit("per_minute")

    def waiting(self) -> int:
        """Return how many messages of one conversation may wait."""
        return self._limit("waiting")

    def _limit(self, name: str) -> int:
        return int(self._said.get(name, self._settings[name]))


class Busy(Exception):  # noqa: N818 - a state of the queue, not a fault
    """Too many messages of this conversation wait already."""


class Cooldown:
    """At most `per_minute()` messages a minute from one author; 0 means any number."""

    def __init__(self, per_minute: Callable[[], int]) -> None:
        self._per_minute = per_minute
        self._recent: OrderedDict[Hashable, deque[float]] = OrderedDict()

    def allows(self, author: Hashable, now: float) -> bool:
        """Count a message of this author at `now` (seconds), unless it is one too many."""
        if not (per_minute := self._per_minute()):
            return True
        self._forget(now)
        sent = self._recent.setdefault(author, deque())
        while sent and now - sent[0] >= MINUTE:
            sent.popleft()
        if len(sent) >= per_minute:
            return False
        sent.append(now)
        self._recent.move_to_end(author)
        return True

    def _forget(self, now: float) -> None:
        """Drop authors whose newest message is over a minute old, so that memory stays flat."""
        while self._recent:
            author, sent = next(iter(self._recent.items()))
            if now - sent[-1] < MINUTE:
                return
            del self._recent[author]


class TurnQueue:
    """One turn at a time per conversation; up to `waiting()` more wait in the order they came."""

    def __init__(self, waiting: Callable[[], int]) -> None:
        self._waiting = waiting
        self._inside: dict[Hashable, tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def turn(self, conversation: Hashable) -> AsyncGenerator[None]:
        """Hold this conversation's turn; raises Busy when the queue is full."""
        lock, inside = self._inside.get(conversation, (asyncio.Lock(), 0))
        if inside > self._waiting():
            raise Busy
        self._inside[conversation] = (lock, inside + 1)
        try:
            async with lock:
                yield
        finally:
            lock, inside = self._inside.pop(conversation)
            if inside > 1:
                self._inside[conversation] = (lock, inside - 1)
