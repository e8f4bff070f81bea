"""Conversations that people of the company may look at: addresses that do not give away the customer's own token."""

import hashlib
from base64 import urlsafe_b64encode
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable

from bot.conversation import Conversation

# Addresses that are remembered at a time; those of open hand-offs are found besides, whatever was forgotten.
MOST = 1000
# Characters of an address: 132 bits of the hash.
LENGTH = 22


class Links:
    """Which address leads to which conversation."""

    def __init__(self, open_handoffs: Callable[[], Awaitable[Iterable[Conversation]]]) -> None:
        """`open_handoffs` returns the conversations of the page that a person has at this moment."""
        self._open_handoffs = open_handoffs
        self._tokens: OrderedDict[str, str] = OrderedDict()

    def to(self, token: str) -> str:
        """Return the id by which staff find the conversation of a token, the same each time."""
        key = _key(token)
        self._tokens[key] = token
        self._tokens.move_to_end(key)
        while len(self._tokens) > MOST:
            self._tokens.popitem(last=False)
        return key

    async def token(self, key: str) -> str | None:
        """Return the token of the conversation with this id, if it is remembered or a person has it."""
        if token := self._tokens.get(key):
            return token
        return next((where.channel for where in await self._open_handoffs() if _key(where.channel) == key), None)


def _key(token: str) -> str:
    return urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).decode()[:LENGTH]
