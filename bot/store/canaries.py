"""Models that are given a share of the conversations, and what became of those."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlalchemy.dialects.sqlite import insert

from bot.conversation import GUARD
from bot.store.database import Database
from bot.tables import IS_RUNNING, canaries, canary_turns, feedback, turns


@dataclass(frozen=True, slots=True)
class Canary:
    """A model that answers a share (0 to 1) of the conversations, and the name of who answers the others.

    It runs while `ended_at` is 0; times are seconds since 1970.
    """

    id: int
    model: str
    champion: str
    share: float
    started_by: str
    started_at: float
    ended_by: str = ""
    ended_at: float = 0.0
    why: str = ""


@dataclass(frozen=True, slots=True)
class Arm:
    """What became of the turns of one side: for how many its model was asked, and how many of these it failed.

    It failed where another model had to answer, or where nothing that it said was about the product. Beside them, how
    many were refused as off the subject before it was asked; the verdicts are those on answers and refusals.
    """

    turns: int = 0
    failures: int = 0
    refusals: int = 0
    ups: int = 0
    downs: int = 0


# The statements of every turn are built once: building one takes longer than running it.
_PLACED = insert(canary_turns)
_PLACE = _PLACED.on_conflict_do_update(
    index_elements=["turn_id"],
    set_={"canary_id": _PLACED.excluded.canary_id, "is_candidate": _PLACED.excluded.is_candidate},
)
_ITS = sa.and_(
    canary_turns.c.canary_id == bindparam("canary"), canary_turns.c.is_candidate == bindparam("is_candidate")
)
# One that was not finished yet says nothing.
_ENDED = canary_turns.join(turns, sa.and_(turns.c.id == canary_turns.c.turn_id, turns.c.model != ""))
# A refusal is nobody's failure, and no work of a model's.
_IS_ANSWER = turns.c.model != GUARD
_IS_ITS_OWN = sa.and_(turns.c.model == bindparam("expected"), turns.c.on_topic)
_FAILED = ~_IS_ITS_OWN
_TURNS = (
    sa.select(
        *(sa.func.count(sa.case((which, 1))) for which in (_IS_ANSWER, sa.and_(_IS_ANSWER, _FAILED), ~_IS_ANSWER))
    )
    .select_from(_ENDED)
    .where(_ITS)
)
_VERDICTS = (
    sa.select(*(sa.func.count(sa.case((feedback.c.rating == rating, 1))) for rating in ("up", "down")))
    .select_from(canary_turns.join(feedback, feedback.c.turn_id == canary_turns.c.turn_id))
    .where(_ITS)
)
_LATELY = (
    sa.select(_FAILED)
    .select_from(_ENDED)
    .where(_ITS, _IS_ANSWER)
    .order_by(canary_turns.c.turn_id.desc())
    .limit(bindparam("most"))
)
_LATENCIES = sa.select(turns.c.latency_ms).select_from(_ENDED).where(_ITS, _IS_ITS_OWN).order_by(turns.c.latency_ms)


class Canaries:
    """Every canary that there was; the one that runs, if one does, is in memory too."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._running: Canary | None = None

    @property
    def running(self) -> Canary | None:
        """The one that runs."""
        return self._running

    async def read(self) -> None:
        """Read the one that runs into memory."""
        for row in await self._database.rows(sa.select(canaries).where(IS_RUNNING)):
            self._learn(row)

    async def last(self) -> Canary | None:
        """Return the one that was started last, whether it runs or not."""
        rows = await self._database.rows(sa.select(canaries).order_by(canaries.c.id.desc()).limit(1))
        return _canary(rows[0]) if rows else None

    async def begin(self, model: str, champion: str, share: float, by: str, at: float) -> Canary | None:
        """Start one; None where one runs already."""
        begun = insert(canaries).values(model=model, champion=champion, share=share, started_by=by, started_at=at)
        return await self._changed(begun.on_conflict_do_nothing())

    async def widen(self, id: int, share: float) -> Canary | None:  # noqa: A002 - the field's name
        """Give it another share; None where it does not run any more."""
        return await self._changed(canaries.update().where(canaries.c.id == id, IS_RUNNING).values(share=share))

    async def end(self, id: int, by: str, at: float, why: str) -> Canary | None:  # noqa: A002 - the field's name
        """End it; None where that was done before."""
        ended = canaries.update().where(canaries.c.id == id, IS_RUNNING)
        return await self._changed(ended.values(ended_by=by, ended_at=at, why=why))

    async def place(self, turn: int, canary: Canary, *, is_candidate: bool) -> None:
        """Remember on which side a turn is."""
        values = {"turn_id": turn, "canary_id": canary.id, "is_candidate": is_candidate}
        await self._database.execute(_PLACE, values)

    async def arm(self, canary: Canary, *, is_candidate: bool) -> Arm:
        """Count what became of one side's turns that ended."""
        values = _side(canary, is_candidate=is_candidate)

        def work(connection: sa.Connection) -> Arm:
            ended, verdicts = connection.execute(_TURNS, values).one(), connection.execute(_VERDICTS, values).one()
            return Arm(*ended, *verdicts)

        return await self._database.do(work)

    async def lately(self, canary: Canary, most: int) -> list[bool]:
        """Return of the candidate's newest answers whether it failed them, the newest first."""
        values = {**_side(canary, is_candidate=True), "most": most}
        return [bool(row[0]) for row in await self._database.rows(_LATELY, values)]

    async def median_ms(self, canary: Canary, arm: Arm, *, is_candidate: bool) -> float | None:
        """Return the median time to the whole answer over those that a side's own model gave; None without any."""
        total = arm.turns - arm.failures
        middle = _LATENCIES.limit(2 - total % 2).offset(max(0, total - 1) // 2)
        rows = await self._database.rows(middle, _side(canary, is_candidate=is_candidate))
        return sum(row[0] for row in rows) / len(rows) if rows else None

    async def _changed(self, statement: sa.Insert | sa.Update) -> Canary | None:
        """Change one and return it; None where nothing was changed."""
        changed = statement.returning(canaries)
        row = await self._database.do(lambda connection: connection.execute(changed).one_or_none(), self._learn)
        return _canary(row) if row else None

    def _learn(self, row: sa.Row[Any] | None) -> None:
        if row is not None:
            canary = _canary(row)
            self._running = None if canary.ended_at else canary


def _side(canary: Canary, *, is_candidate: bool) -> dict[str, object]:
    expected = canary.model if is_candidate else canary.champion
    return {"canary": canary.id, "is_candidate": is_candidate, "expected": expected}


def _canary(row: Sequence[Any]) -> Canary:
    return Canary(*row)
