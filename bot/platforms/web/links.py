"""Conversations that people of the company may look at: addresses that do not give away the customer's own token."""

import secrets
from collections import OrderedDict

# Addresses that are known at a time; a restart forgets them.
MOST = 1000


class Links:
    """Which address leads to which conversation."""

    def __init__(self) -> None:
        self._tokens: OrderedDict[str, str] = OrderedDict()

    def to(self, token: str) -> str:
        """Return the id by which staff find the conversation of a token, the same each time."""
        known = next((key for key, value in self._tokens.items() if value == token), "")
        key = known or secrets.token_urlsafe(16)
        self._tokens[key] = token
        self._tokens.move_to_end(key)
        while len(self._tokens) > MOST:
            self._tokens.popitem(last=False)
        return key

    def token(self, key: str) -> str | None:
        """Return the token of the conversation with this id, if it is known."""
        return self._tokens.get(key)
