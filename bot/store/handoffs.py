"""Conversations that a person has taken over."""

from collections.abc import Collection
from dataclasses import asdict, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from bot.conversation import Conversation, Handoff
from bot.store.database import Database
from bot.tables import IS_OPEN, handoffs


class Handoffs:
    """Who asked for a person where, and whether that is over; a conversation has one open hand-off at most."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._open: dict[Conversation, Handoff] = {}

    async def read(self) -> None:
        """Read the open hand-offs into memory."""
        for row in await self._database.rows(sa.select(handoffs).where(IS_OPEN)):
            self._learn(row)

    def open_for(self, conversation: Conversation) -> Handoff | None:
        """Return the hand-off by which a person has this conversation now."""
        return self._open.get(conversation)

    async def every_open(self) -> list[Handoff]:
        """Return the hand-offs that are not over, oldest first."""
        return sorted(self._open.values(), key=lambda handoff: handoff.id)

    async def get(self, id: int) -> Handoff | None:  # noqa: A002 - the field's name
        """Return a hand-off, over or not."""
        rows = await self._database.rows(sa.select(handoffs).where(handoffs.c.id == id))
        return _handoff(rows[0]) if rows else None

    async def begin(self, conversation: Conversation, asked_by: str, at: float, link: str) -> Handoff | None:
        """Give a conversation to a person; None where one has it already."""
        asked = insert(handoffs).values(**asdict(conversation), asked_by=asked_by, asked_at=at, link=link)
        return await self._changed(asked.on_conflict_do_nothing())

    async def noticed(self, id: int, notice: str) -> None:  # noqa: A002 - the field's name
        """Remember in which post a person was called."""
        await self._changed(handoffs.update().where(handoffs.c.id == id).values(notice=notice))

    async def end(self, id: int, by: str, at: float) -> Handoff | None:  # noqa: A002 - the field's name
        """Take a conversation back from a person; None where that was done before."""
        ended = handoffs.update().where(handoffs.c.id == id, IS_OPEN)
        return await self._changed(ended.values(ended_by=by, ended_at=at))

    async def _changed(self, statement: sa.Insert | sa.Update) -> Handoff | None:
        """Change one hand-off and return it; None where nothing was changed."""
        changed = statement.returning(handoffs)
        row = await self._database.do(lambda connection: connection.execute(changed).one_or_none(), self._learn)
        return _handoff(row) if row else None

    def _learn(self, row: sa.Row[Any] | None) -> None:
        if row is None:
            return
        handoff = _handoff(row)
        if not handoff.ended_at:
            self._open[handoff.conversation] = handoff
        elif (known := self.open_for(handoff.conversation)) and known.id == handoff.id:
            del self._open[handoff.conversation]

    def forget(self, connection: sa.Connection, platform: str, workspace: str | None, names: Collection[str]) -> None:
        """Take a person's names out of every hand-off of a workspace, or of the whole platform."""
        there = (handoffs.c.platform == platform, sa.true() if workspace is None else handoffs.c.workspace == workspace)
        # A link to a direct message leads to the person.
        for column, emptied in ((handoffs.c.asked_by, ("asked_by", "link")), (handoffs.c.ended_by, ("ended_by",))):
            nobody = dict.fromkeys(emptied, "")
            connection.execute(handoffs.update().where(*there, column.in_(names)).values(nobody))

    def forgotten(self, platform: str, workspace: str | None, names: Collection[str]) -> None:
        """Take a person's names out of memory, once they are out of the file."""
        for conversation, handoff in self._open.items():
            there = conversation.platform == platform and workspace in {None, conversation.workspace}
            if there and handoff.asked_by in names:
                self._open[conversation] = replace(handoff, asked_by="", link="")


def _handoff(row: sa.Row[Any]) -> Handoff:
    conversation = Conversation(row.platform, row.workspace, row.channel, row.thread)
    asked = (row.asked_by, row.asked_at, row.link)
    return Handoff(row.id, conversation, *asked, row.notice, row.ended_by, row.ended_at)
