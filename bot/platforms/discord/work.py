"""What is being done in the background, and its orderly end."""

import asyncio
from collections.abc import Coroutine

import structlog


class Work:
    """Tasks that may end when everything stops, and others that are broken off then."""

    def __init__(self) -> None:
        self._ending: set[asyncio.Task[None]] = set()
        self._endless: dict[str, asyncio.Task[None]] = {}

    async def do(self, work: Coroutine[object, object, None]) -> None:
        """Do something that is given time to end, whatever becomes of the one who waits for it."""
        task = asyncio.create_task(work)
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            # Whoever waited is gone, and with them who would tell of a failure.
            task.add_done_callback(lambda done: self._ended("left alone", done))
            raise

    def keep_doing(self, name: str, work: Coroutine[object, object, None]) -> None:
        """Do something in the background under a name, unless something goes on under it already."""
        earlier = self._endless.get(name)
        if earlier and not earlier.done():
            work.close()
            return
        task = asyncio.create_task(work)
        self._endless[name] = task
        task.add_done_callback(lambda done: self._ended(name, done))

    def _ended(self, name: str, task: asyncio.Task[None]) -> None:
        if self._endless.get(name) is task:
            del self._endless[name]
        if not task.cancelled() and (error := task.exception()):
            structlog.get_logger().error("discord.task_failed", task=name, error=type(error).__name__)

    async def finish(self, seconds: float) -> None:
        """Let what is being done end, and break off what needs longer, or would never end."""
        if self._ending:
            await asyncio.wait(self._ending, timeout=seconds)
        for task in (late := [*self._ending, *self._endless.values()]):
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
