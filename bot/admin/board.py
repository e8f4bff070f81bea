"""Where a platform shows how a run goes on: one ordinary message of a channel."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from bot.admin.replies import Button, Report

# What somebody is told whose run can be shown nowhere.
UNSEEN = "Neither this channel nor our direct message can show how `{run}` goes on: `train status` tells it."


class ShowError(Exception):
    """A platform did not show something; the text says why, and holds nothing of what was to be shown."""

    def __init__(self, why: str, *, lasting: bool) -> None:
        """`lasting` tells that the next attempt would meet the same: the channel is gone, or closed to us."""
        super().__init__(why)
        self.lasting = lasting


@dataclass(frozen=True, slots=True)
class Board:
    """A channel, and how to write there; each raises ShowError."""

    platform: str
    workspace: str
    channel: str
    post: Callable[[Report, str], Awaitable[str]]
    """Posts a message about a run and returns its id; the second is the run's id, by which `find` knows it again."""
    edit: Callable[[str, Report], Awaitable[bool]]
    """Changes a message, its picture and its buttons; False where it is gone."""
    find: Callable[[str], Awaitable[str]]
    """Returns the message about a run that a crash left unrecorded, or ""."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What people of the company are told in their own channel: somebody wants a person."""

    text: str
    buttons: tuple[Button, ...] = ()
    is_open: Callable[[], bool] = field(default=lambda: True, kw_only=True, compare=False)
    """Whether somebody still waits: a platform that can take a notice back shows it for that long."""


Post = Callable[[str, Notice], Awaitable[str]]
"""Posts a notice to a channel of a platform and returns the message's id; raises ShowError."""
