"""What the commands work with: everything that is kept, who answers, and where people of the company are told."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import structlog

from bot.admin.board import Post
from bot.admin.calls import Call
from bot.admin.permission import Staff
from bot.admin.records import Records
from bot.admin.rehearsal import Rehearsal
from bot.canary import Keeper
from bot.conversation import Answers
from bot.limits import Cooldown
from bot.persona import Persona
from bot.settings import Settings
from bot.store import Store
from training.registry import Registry, RegistryError

# Wishes for a person in a minute: of one customer, and of all of them together.
WISHES, ALL_WISHES = 3, 60
# What the audit log calls a refusal.
REFUSED = "refused"
# Files that are worked on at the same time: they take the processor from customers' turns.
HEAVY = 2

T = TypeVar("T")


class Refusal(Exception):  # noqa: N818 - an answer, not a fault
    """A command will not do this for this caller; the text says why, and goes into the audit log."""


@dataclass(frozen=True, slots=True)
class Office:
    """The means of every command."""

    settings: Settings
    records: Records
    store: Store
    assistant: Answers
    persona: Persona
    rehearsal: Rehearsal
    canary: Keeper
    staff: Staff
    start_work: Callable[[], object]
    """Starts what works on runs in the background, unless it is at work."""
    platforms: Mapping[str, str] = field(default_factory=dict[str, str])
    """The state of each platform by its name."""
    answering: Callable[[], str] = str
    """The name of the champion that is ready to answer, or ""."""
    clock: Callable[[], float] = time.time
    posts: dict[str, Post] = field(default_factory=dict[str, Post])
    """How to post to people of the company, by the platform's name; each platform adds itself while it serves."""
    wishes: Cooldown = field(default_factory=lambda: Cooldown(lambda: WISHES))
    all_wishes: Cooldown = field(default_factory=lambda: Cooldown(lambda: ALL_WISHES))
    desks: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(HEAVY))
    support: Mapping[str, str] = field(default_factory=dict[str, str])
    """The channel in which customers who want a person are announced, by platform."""

    @property
    def registry(self) -> Registry:
        """Datasets, runs and models; raises RegistryError where it cannot be opened."""
        return self.records.open()

    @property
    def largest_upload(self) -> int:
        """Bytes of the largest file that is taken."""
        return round(self.settings.sarah_largest_upload_mb * 1_000_000)

    @property
    def home(self) -> Path:
        """The folder in which everything that is kept lives."""
        return self.settings.sarah_home

    def is_patient(self, who: str) -> bool:
        """Whether somebody may wish for a person now: not more often than people could come."""
        now = self.clock()
        return self.wishes.allows(who, now) and self.all_wishes.allows("all", now)

    async def note(self, by: str, action: str, subject: str, detail: str = "") -> None:
        """Write down what was done; it stands, whatever becomes of the line."""
        at = self.clock()
        try:
            await self.apart(lambda: self.registry.audit(by, at, action, subject, detail))
        except RegistryError as error:
            structlog.get_logger().error("admin.not_recorded", action=action, by=by, why=str(error))

    async def note_refusal(self, call: Call, why: str) -> None:
        """Write down that somebody may not do what they wanted to."""
        caller = call.caller
        where = f"in {caller.platform}:{caller.workspace}: " if caller.workspace else ""
        structlog.get_logger().info("admin.refused", command=call.command, by=caller.who, workspace=caller.workspace)
        await self.note(caller.who, REFUSED, call.command, f"{where}{why}")

    async def apart(self, work: Callable[[], T]) -> T:
        """Do what waits for the disk in a thread."""
        return await asyncio.to_thread(work)

    async def heavily(self, work: Callable[[], T]) -> T:
        """Do what takes the processor for seconds in a thread, a few at a time."""
        async with self.desks:
            return await asyncio.to_thread(work)
