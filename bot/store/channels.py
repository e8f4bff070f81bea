"""What admins say of a channel: whether she answers in it, how, and by which model."""

from dataclasses import dataclass
from typing import Any, TypedDict, Unpack

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from bot.conversation import Conversation
from bot.store.database import Database
from bot.tables import channels


@dataclass(frozen=True, slots=True)
class ChannelRules:
    """How she behaves in a channel; `model` is one of the registry that answers first there, or ""."""

    is_on: bool = True
    instructions: str = ""
    model: str = ""
    follows_threads: bool = True


class ChannelChanges(TypedDict, total=False):
    """What may be changed of the rules."""

    is_on: bool
    instructions: str
    model: str
    follows_threads: bool


_Key = tuple[str, str, str]
_USUAL = ChannelRules()


class Channels:
    """The rules of every channel."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[_Key, ChannelRules] = {}

    async def read(self) -> None:
        """Read every channel's rules into memory."""
        for row in await self._database.rows(sa.select(channels)):
            self._learn(row)

    def rules(self, conversation: Conversation) -> ChannelRules:
        """Return the rules of a conversation's channel, the usual ones where nobody has said anything of it."""
        return self._known.get((conversation.platform, conversation.workspace, conversation.channel), _USUAL)

    async def change(
        self, conversation: Conversation, by: str, at: float, **changes: Unpack[ChannelChanges]
    ) -> ChannelRules:
        """Change some of the rules of a conversation's channel, and return all of them."""
        said = {**changes, "changed_by": by, "changed_at": at}
        usual = {name: getattr(_USUAL, name) for name in ChannelRules.__slots__}
        key = {part: getattr(conversation, part) for part in ("platform", "workspace", "channel")}
        changed = (
            insert(channels)
            .values(**key | usual | said)
            .on_conflict_do_update(index_elements=list(key), set_=said)
            .returning(channels)
        )
        row = await self._database.do(lambda connection: connection.execute(changed).one(), self._learn)
        return _rules(row)

    def _learn(self, row: sa.Row[Any]) -> None:
        self._known[row.platform, row.workspace, row.channel] = _rules(row)


def _rules(row: sa.Row[Any]) -> ChannelRules:
    return ChannelRules(row.is_on, row.instructions, row.model, row.follows_threads)
