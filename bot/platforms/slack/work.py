"""Work that goes on beside the connection: started, counted, and brought to an end."""

import asyncio
from collections.abc import Coroutine

import structlog


class Work:
    """The answers in progress."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[object, object, None]) -> None:
        """Do it beside everything else."""
        task = asyncio.get_running_loop().create_task(work, name=work.__qualname__)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            # The kind alone: an error's text may quote a message.
            structlog.get_logger().error("slack.failed", error=type(error).__name__, work=task.get_name())

    async def finish(self, patience: float) -> None:
        """Let what is in progress end within `patience` seconds, and give up the rest."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=patience)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
