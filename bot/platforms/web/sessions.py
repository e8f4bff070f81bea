"""Who is signed in: names with a passphrase, sessions that end, and few attempts to guess."""

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv6Address

from bot.admin.calls import Caller
from bot.platforms.web.bench import Bench
from bot.platforms.web.shelf import Shelf

# Seconds.
LASTS = 8 * 3600.0
MINUTE = 60.0
# Wrong passphrases a minute: from one address for one name, from one address, and in all.
FEW = 5
SOME = 10
MANY = 200
LONGEST_NAME = 100
# Of an IPv6 address: the lower half is the connection's own to choose.
HOST_BITS = 64
WRONG = "That name and that passphrase do not belong together."
TOO_OFTEN = "There were too many attempts: wait a minute, then try again."


class SignInError(Exception):
    """Somebody is not signed in; the text says why."""


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who signed in; `secret` stands in every form that they are shown."""

    name: str
    secret: str
    ends: float
    shelf: Shelf = field(default_factory=Shelf)
    bench: Bench = field(default_factory=Bench)

    @property
    def caller(self) -> Caller:
        """Whoever signed in, where this session is good at this moment."""
        return Caller("web", "", self.name, self.name, manages=True)


class Sessions:
    """Every session, in memory: a restart ends them all."""

    def __init__(self, keys: Mapping[str, str], clock: Callable[[], float] = time.monotonic) -> None:
        """`keys` holds the passphrases by name; whoever is taken out of it is out at once."""
        self._keys = keys
        self._clock = clock
        self._sessions: dict[str, Session] = {}
        self._failures: list[tuple[float, str, str]] = []

    @property
    def is_open(self) -> bool:
        """Whether anybody at all can sign in."""
        return bool(self._keys)

    def enter(self, name: str, passphrase: str, address: str) -> str:
        """Return the token of a new session; raises SignInError."""
        name = name.strip()[:LONGEST_NAME]
        origin = _origin(address)
        self._see_patience(name, origin)
        # Compared with something in any case, so that time does not tell which names there are.
        known = hmac.compare_digest(_digest(passphrase), _digest(self._keys.get(name, secrets.token_hex())))
        if not known or name not in self._keys:
            self._failures.append((self._clock(), origin, name))
            raise SignInError(WRONG)
        token = secrets.token_urlsafe(32)
        for ended in [known for known, session in self._sessions.items() if not self.is_on(session)]:
            self.leave(ended)
        self._sessions[token] = Session(name, secrets.token_urlsafe(32), self._clock() + LASTS)
        return token

    def find(self, token: str) -> Session | None:
        """Return the session of a token, if it is one at this moment."""
        session = self._sessions.get(token)
        return session if session and self.is_on(session) else None

    def leave(self, token: str) -> None:
        """End a session, and what is being written for it."""
        if session := self._sessions.pop(token, None):
            session.bench.leave()

    async def close(self) -> None:
        """End what is being written for any session."""
        for session in self._sessions.values():
            await session.bench.stop()

    def is_on(self, session: Session) -> bool:
        """Whether a session that was not left is good at this moment."""
        return session.ends > self._clock() and session.name in self._keys

    def _see_patience(self, name: str, origin: str) -> None:
        now = self._clock()
        self._failures = [failure for failure in self._failures if failure[0] > now - MINUTE]
        names = [wrong for _, where, wrong in self._failures if where == origin]
        # Many slow everybody down who was wrong before, and keep nobody out who was not.
        most = SOME if len(self._failures) < MANY else 1
        if len(names) >= most or names.count(name) >= FEW:
            raise SignInError(TOO_OFTEN)


def _origin(address: str) -> str:
    """Return what stands for somebody's connection: under IPv6 it has more addresses than could be counted."""
    try:
        at = IPv6Address(address)
    except ValueError:
        return address
    return str(at.ipv4_mapped or f"{int(at) >> HOST_BITS:x}::/{HOST_BITS}")


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()
