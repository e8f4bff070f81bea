"""Everything that is kept: conversations, and what admins say of them, in one SQLite file."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from bot.store.canaries import Arm, Canary
from bot.store.channels import ChannelChanges, ChannelRules
from bot.store.conversations import Outcome, State, Store
from bot.store.database import StoreError, open_database, unusable
from bot.store.people import Counts, Exchange, Marked
from bot.store.progress import Shown

__all__ = [
    "Arm",
    "Canary",
    "ChannelChanges",
    "ChannelRules",
    "Counts",
    "Exchange",
    "Marked",
    "Outcome",
    "Shown",
    "State",
    "Store",
    "StoreError",
    "open_store",
]


@asynccontextmanager
async def open_store(path: Path) -> AsyncGenerator[Store]:
    """Open the database file, bring its tables to the newest shape, and close it at the end; raises StartupError."""
    async with open_database(path) as database:
        store = Store(database)
        try:
            await store.read()
        except StoreError as error:
            raise unusable(path, str(error)) from error
        yield store
