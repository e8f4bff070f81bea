"""Platforms side by side: started, watched, started again when they break, and stopped in order."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Literal

import structlog

from bot.conversation import Platform, StartupError
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
    ) -> None:
        self._platforms = platforms
        self._metrics = metrics
        self._tell = tell
        self._pauses = pauses
        self._states: dict[str, State] = {}
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
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _keep(self, platform: Platform) -> str:
        """Serve one platform for as long as its settings are accepted; return why they no longer are."""
        broken = 0
        while True:
            try:
                await platform.run(lambda where: self._ready(platform.name, where))
            except StartupError as refusal:
                if self._states[platform.name] == "starting":
                    raise
                self._set(platform.name, "down")
                structlog.get_logger().error("platform.refused", platform=platform.name, why=str(refusal))
                return str(refusal)
            except Exception:  # noqa: BLE001 - whatever broke, the other platforms go on and this one comes back
                pause = self._pauses[min(broken, len(self._pauses) - 1)]
                structlog.get_logger().exception("platform.broke", platform=platform.name, again_in_s=pause)
                broken += 1
                self._set(platform.name, "down")
                await asyncio.sleep(pause)

    def _ready(self, name: str, where: str) -> None:
        if self._states[name] == "starting":
            self._tell(name, where)
        self._set(name, "up")

    def _set(self, name: str, state: State) -> None:
        self._states[name] = state
        self._metrics.platforms.labels(name).set(state == "up")
