"""What commands given on the page answered to everybody: it stands above all commands for an hour."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from bot.admin.calls import Call
from bot.admin.replies import Reply

# Seconds.
HOUR = 3600.0
MOST = 20


@dataclass(frozen=True, slots=True)
class _Kept:
    reply: Reply
    until: float


class Announced:
    """The newest public replies, in memory."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: deque[_Kept] = deque(maxlen=MOST)

    def heed(self, call: Call, reply: Reply) -> None:
        """Keep a reply that is for everybody, and let those go whose button was pressed with success."""
        if not (reply.public or reply.run):
            return
        left = [kept for kept in self._kept if not _offers(kept.reply, call)]
        self._kept = deque(left, maxlen=MOST)
        if reply.public:
            self._kept.appendleft(_Kept(reply, self._clock() + HOUR))

    def newest(self) -> list[Reply]:
        """Return what is still to be seen, the newest first."""
        now = self._clock()
        return [kept.reply for kept in self._kept if kept.until > now]


def _offers(reply: Reply, call: Call) -> bool:
    """Whether one of a reply's buttons is this very command."""
    return any(button.command == call.command and dict(button.given) == dict(call.given) for button in reply.buttons)
