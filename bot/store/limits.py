"""Limits that an admin has set otherwise than the settings do."""

from collections.abc import Mapping
from types import MappingProxyType

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from bot.store.database import Database, StoreError
from bot.tables import limits

MOST = 1e9


class LimitsSaid:
    """What admins say of limits; what they do not speak of is as the settings have it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._values: dict[str, float] = {}

    @property
    def values(self) -> Mapping[str, float]:
        """The values by name, as they are at each moment."""
        return MappingProxyType(self._values)

    async def read(self) -> None:
        """Read every value into memory."""
        self._values.update({row.name: row.value for row in await self._database.rows(sa.select(limits))})

    async def set(self, name: str, value: float, by: str, at: float) -> None:
        """Set a limit from now on; raises StoreError for what is no limit."""
        if not 0 <= value <= MOST:
            raise StoreError(f"{name} cannot be {value:g}: give a number from 0 to {MOST:,.0f}.")
        said = {"value": float(value), "changed_by": by, "changed_at": at}
        kept = insert(limits).values(name=name, **said).on_conflict_do_update(index_elements=["name"], set_=said)
        learn = {name: float(value)}
        await self._database.do(
            lambda connection: connection.execute(kept).close(), lambda _: self._values.update(learn)
        )
