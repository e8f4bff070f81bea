"""Platforms side by side: started, watched, started again when they break, and stopped in order."""

import asyncio
from collections.abc import Callable, Sequence
from itertools import chain, repeat
from typing import Literal

import structlog

from bot.conversation import Platform, StartupError, UnreachableError
from bot.metrics import Metrics

State = Literal["starting", "up", "down"]

# Seconds before a platform that broke is started again; the last one repeats.
PAUSES = (1.0, 5.0, 30.0)


class Serving:
    """The platforms of one process, and how each of them is."""

    def __init__(
        self,
        platforms: Sequence[Platform],
        metrics: Metrics,
        tell: Callable[[str, str], None],
        pauses: Sequence[float] = PAUSES,
        *,
        states: dict[str, State] | None = None,
    ) -> None:
        self._platforms = platforms
        self._metrics = metrics
        self._tell = tell
        self._pauses = pauses
        self._states = {} if states is None else states
        self._told: set[str] = set()
        for platform in platforms:
            self._set(platform.name, "starting")

    def states(self) -> dict[str, str]:
        """Return the state of each platform by its name."""
        return dict(self._states)

    async def run(self) -> None:
        """Serve until cancelled; raises StartupError when a platform refuses its settings, or when none is left."""
        tasks = [asyncio.create_task(self._keep(platform)) for platform in self._platforms]
        try:
            refusals = await asyncio.gather(*tasks)
            raise StartupError(" ".join(refusals))
        finally:
            for task in tasks:
                # A second time would cut off what is being ended in order.
                if not task.cancelling():
                    task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _keep(self, platform: Platform) -> str:
        """Serve one platform for as long as its settings are accepted; return why they no longer are."""
        pauses = chain(self._pauses, repeat(self._pauses[-1]))
        while True:
            try:
                await self._serve(platform)
            except StartupError as refusal:
                if self._states[platform.name] == "starting":
                    raise
                self._set(platform.name, "down")
                structlog.get_logger().error("platform.refused", platform=platform.name, why=str(refusal))
                return str(refusal)
            except Exception as error:
                if _is_being_stopped():
                    structlog.get_logger().exception("platform.stopped_badly", platform=platform.name)
                    raise asyncio.CancelledError from None
                pause = next(pauses)
                log = structlog.get_logger().bind(platform=platform.name, again_in_s=pause)
                if isinstance(error, UnreachableError):
                    log.warning("platform.unreachable", why=str(error))
                else:
                    log.exception("platform.broke")
                self._set(platform.name, "down")
                await asyncio.sleep(pause)

    async def _serve(self, platform: Platform) -> None:
        await platform.run(lambda where: self._ready(platform.name, where))
        raise RuntimeError(f"{platform.name} ended by itself")

    def _ready(self, name: str, where: str) -> None:
        if name not in self._told:
            self._tell(name, where)
            self._told.add(name)
        if self._states[name] == "down":
            structlog.get_logger().info("platform.back", platform=name)
        self._set(name, "up")

    def _set(self, name: str, state: State) -> None:
        self._states[name] = state
        self._metrics.platforms.labels(name).set(state == "up")


def _is_being_stopped() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
