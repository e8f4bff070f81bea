"""A candidate that answers a share of the conversations, and is taken back by itself when it does worse than it may."""

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass

import structlog

from bot.conversation import Conversation
from bot.models import ModelError
from bot.models.library import Library
from bot.models.registered import NOTHING_SEEN, RegistryFile, unsettled
from bot.store import Arm, Canary, Store, StoreError
from training.evaluation.statistics import wilson
from training.examples import DataError
from training.place import Where
from training.registry import Registry, RegistryError

# By whom a canary is ended that nobody stopped.
SARAH = "sarah"
# The level of the interval whose lower bound holds with 99 %: 1 % lies outside on either side. The figures are looked
# at after every turn, and chance has its try each time: what comes of that stands in docs/decisions/0011-a-canary.md.
SURE = 0.98
# A hundredth more answers change no clear verdict: so many looks are spared, and a turn costs what it always did.
SPARED = 100
# Seconds that a stop waits for somebody to be told.
PATIENCE = 5.0

Tell = Callable[[Canary], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Bounds:
    """What is borne: shares (0 to 1) of answers and of ratings, and from how many on they count; failures in a row."""

    errors: float = 0.05
    downs: float = 0.2
    turns: int = 20
    ratings: int = 10
    in_a_row: int = 3


def is_placed(canary: Canary, conversation: Conversation) -> bool:
    """Whether a conversation is the candidate's: always the same, and a larger share keeps those that it had."""
    place = "\n".join((str(canary.id), *asdict(conversation).values()))
    digest = hashlib.sha256(place.encode(errors="surrogatepass")).digest()
    # So many bits as a float holds exactly: the largest stays below 1.
    return int.from_bytes(digest[:6]) / 2**48 < canary.share


def objection(candidate: Arm, champion: Arm, bounds: Bounds) -> str:
    """Return why a candidate is to be taken back, or "": surely above a bound, and worse than the champion."""
    if candidate.turns >= bounds.turns:
        failed = (candidate.failures, candidate.turns), (champion.failures, champion.turns)
        if why := _excess(*failed, bounds.errors, "answers failed"):
            return why
    ratings, others = candidate.ups + candidate.downs, champion.ups + champion.downs
    if ratings >= bounds.ratings:
        return _excess((candidate.downs, ratings), (champion.downs, others), bounds.downs, "ratings were thumbs-down")
    return ""


def _excess(its: tuple[int, int], others: tuple[int, int], bound: float, what: str) -> str:
    share, other = _share(*its), _share(*others)
    if share <= other or wilson(*its, SURE)[0] <= bound:
        return ""
    beside = f"and {other:.0%} of the champion's" if others[1] else "and the champion had none"
    return f"{its[0]} of its {its[1]} {what} ({share:.0%}, {beside}), which is surely more than {bound:.0%}"


def _share(count: int, total: int) -> float:
    return count / total if total else 0.0


class Keeper:
    """Gives conversations to the candidate, if there is one, and takes them back."""

    def __init__(  # noqa: PLR0913 - built once, in sight
        self,
        store: Store,
        where: Where,
        base: str,
        library: Library,
        *,
        bounds: Bounds | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Take what is kept, the registry's place, who answers where nothing is promoted, and what lends candidates."""
        self._canaries = store.canaries
        self._registry = RegistryFile(where)
        self._base = base
        self._library = library
        self.bounds = bounds or Bounds()
        self._now = now
        self._seen = NOTHING_SEEN
        self._spared = 0
        self._tell: Tell | None = None
        self._telling: set[asyncio.Task[None]] = set()

    def tell(self, tell: Tell) -> None:
        """Let somebody hear of every canary that is ended by itself."""
        self._tell = tell

    async def model_for(self, turn: int, conversation: Conversation) -> str:
        """Return the candidate where this turn is its own, else ""; the turn counts for its side."""
        try:
            canary = await self.current()
            if canary is None:
                return ""
            placed = is_placed(canary, conversation)
            await self._canaries.place(turn, canary, is_candidate=placed)
        except (StoreError, RegistryError) as error:
            # What cannot be counted is the champion's.
            structlog.get_logger().error("canary.not_counted", turn=turn, why=str(error))
            return ""
        return canary.model if placed else ""

    async def current(self) -> Canary | None:
        """Return the canary that runs, once it is sure that it is compared with whom it was started beside."""
        canary = self._canaries.running
        if canary is None or self._registry.state() == self._seen:
            return canary
        # A second write within the grain would not show: what it says is to be read now.
        await asyncio.sleep(unsettled(state := self._registry.state()))
        champion = await self._champion()
        self._seen = state
        if champion == canary.champion:
            return canary
        which = "It was promoted" if champion == canary.model else f"{champion} answers instead of {canary.champion}"
        await self._end(canary, SARAH, f"{which}: there is nothing to compare any more.")
        return self._canaries.running

    async def look(self, conversation: Conversation | None = None) -> None:
        """Take the candidate back if there is a reason; `conversation` is where something happened, None anywhere."""
        canary = self._canaries.running
        if canary is None or (conversation and not is_placed(canary, conversation)):
            return
        try:
            if why := await self._objection(canary):
                await self._end(canary, SARAH, f"{why}.")
        except StoreError as error:
            structlog.get_logger().error("canary.not_judged", model=canary.model, why=str(error))

    async def _objection(self, canary: Canary) -> str:
        most = self.bounds.in_a_row
        lately = await self._canaries.lately(canary, most)
        if len(lately) == most and all(lately):
            return f"Its last {most} answers all failed"
        if self._spared:
            self._spared -= 1
            return ""
        candidate = await self._canaries.arm(canary, is_candidate=True)
        self._spared = candidate.turns // SPARED
        # Most turns give no reason, whatever the champion did: then its many are not counted.
        if not objection(candidate, Arm(), self.bounds):
            return ""
        return objection(candidate, await self._canaries.arm(canary, is_candidate=False), self.bounds)

    async def start(self, model: str, share: float, by: str) -> Canary:
        """Give a model a share of the conversations, or the one that runs another share; raises DataError."""
        running = await self.current()
        if running and running.model != model:
            raise DataError(f"{running.model} has its share already: `canary stop` ends that.")
        champion = await self._champion()
        if champion == model:
            raise DataError(f"{model} is the champion and answers everybody: give a share to another model.")
        await self._see_ready(model)
        if running:
            begun = await self._canaries.widen(running.id, share)
        else:
            begun = await self._canaries.begin(model, champion, share, by, self._now())
            self._spared = 0
        if begun is None:
            raise DataError("Somebody else was faster: `canary show` tells what runs now.")
        return begun

    async def stop(self, by: str, why: str) -> Canary:
        """End the canary that runs; raises DataError where there is none."""
        running = self._canaries.running
        ended = await self._canaries.end(running.id, by, self._now(), why) if running else None
        if ended is None:
            raise DataError("No canary runs: `canary start` gives a model a share of the conversations.")
        return ended

    async def close(self) -> None:
        """Wait until everybody was told, but not for long."""
        self._registry.close()
        if self._telling:
            _, late = await asyncio.wait(self._telling, timeout=PATIENCE)
            for task in late:
                task.cancel()

    async def _champion(self) -> str:
        champion = await self._registry.read(Registry.champion)
        return champion.id if champion else self._base

    async def _see_ready(self, model: str) -> None:
        try:
            async with self._library.lend(model):
                pass
        except ModelError as error:
            raise DataError(f"{model} cannot be made ready: {error}") from error

    async def _end(self, canary: Canary, by: str, why: str) -> None:
        ended = await self._canaries.end(canary.id, by, self._now(), why)
        # Of two turns that found a reason, one ends it.
        if ended is None:
            return
        structlog.get_logger().warning("canary.ended", model=ended.model, share=ended.share, why=why)
        if self._tell:
            task = asyncio.ensure_future(self._tell(ended))
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)
