"""Replies that somebody can come back to while the session lasts: the newest ones, in memory."""

import secrets
from collections import OrderedDict
from dataclasses import dataclass

from bot.admin.replies import Reply

MOST = 20
# Bytes of attachments; the newest reply is kept whatever it weighs.
HEAVIEST = 100_000_000


@dataclass(frozen=True, slots=True)
class Shown:
    """A reply, and the command that it answers."""

    title: str
    reply: Reply


class Shelf:
    """The newest replies."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Shown] = OrderedDict()

    def keep(self, shown: Shown) -> str:
        """Keep a reply, and return by which id."""
        key = secrets.token_urlsafe(12)
        self._kept[key] = shown
        while len(self._kept) > 1 and (len(self._kept) > MOST or self._weight() > HEAVIEST):
            self._kept.popitem(last=False)
        return key

    def find(self, key: str) -> Shown | None:
        """Return the reply of that id, if it is still there."""
        return self._kept.get(key)

    def _weight(self) -> int:
        return sum(len(part.content) for shown in self._kept.values() for part in shown.reply.attachments)
