"""Messages that tell how a run is getting on, so that each goes on after a restart."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from bot.store.database import Database
from bot.tables import progress

_NOT_OVER = ~progress.c.is_over


@dataclass(frozen=True, slots=True)
class Shown:
    """A run that a channel is told of; `message_id` is "" while the message is not known to stand."""

    run: str
    platform: str
    workspace: str
    channel: str
    message_id: str


class Progress:
    """Which channels are told of which runs, one message in each."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, run: str, platform: str, workspace: str, channel: str) -> None:
        """Remember that a channel is to be told of a run from now on, in a message that is new."""
        anew = {"workspace": workspace, "message_id": "", "is_over": False}
        begun = insert(progress).values(run=run, platform=platform, channel=channel, **anew)
        key = ["run", "platform", "channel"]
        await self._database.execute(begun.on_conflict_do_update(index_elements=key, set_=anew))

    async def stands(self, run: str, platform: str, channel: str, message_id: str) -> None:
        """Remember the message in which the channel is told."""
        await self._database.execute(_of(run, platform, channel).values(message_id=message_id))

    async def over(self, run: str, platform: str, channel: str) -> None:
        """Remember that the channel was told the end."""
        await self._database.execute(_of(run, platform, channel).values(is_over=True))

    async def knows(self, run: str) -> bool:
        """Whether a channel of any platform is, or was, told of a run."""
        query = sa.select(progress.c.run).where(progress.c.run == run).limit(1)
        return bool(await self._database.rows(query))

    async def unfinished(self, platform: str) -> list[Shown]:
        """Return the runs that channels of a platform are still to be told of."""
        columns = (progress.c[part] for part in ("run", "platform", "workspace", "channel", "message_id"))
        query = sa.select(*columns).where(progress.c.platform == platform, _NOT_OVER)
        rows = await self._database.rows(query.order_by(progress.c.run, progress.c.channel))
        return [Shown(*row) for row in rows]


def _of(run: str, platform: str, channel: str) -> sa.Update:
    return progress.update().where(
        progress.c.run == run, progress.c.platform == platform, progress.c.channel == channel
    )
