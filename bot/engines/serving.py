"""`sarah serve`: an engine is started, or those that run are found, and all are kept in line with the registry."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path

import aiohttp
import structlog
from filelock import Timeout

from bot.conversation import StartupError
from bot.engines import notes
from bot.engines.errors import EngineDown
from bot.engines.keeping import Keeping
from bot.engines.looking import Looking, State
from bot.engines.process import open_process
from bot.engines.starting import Starter, see_free, starter
from bot.engines.vllm import Launch, Vllm
from bot.engines.wishes import Sight
from bot.settings import Settings
from training.registry import RegistryError

LOG = "engine.log"
# Seconds between two looks at whether anything has changed here.
LOOK = 0.2
# Seconds between two looks at an engine that somebody else may have restarted, and at our own.
REVIEW, OUR_REVIEW = 2.0, 10.0
# Seconds before an engine that died is started again; the last one repeats. One that lived for long begins anew.
PAUSES = (1.0, 5.0, 30.0)
LONG = 60.0
# Seconds for a lock that somebody only looks at.
_PATIENCE = 2.0

Tell = Callable[[str, str], None]


async def serve_models(settings: Settings, tell: Tell) -> None:
    """Keep engines in line with the registry until cancelled; raises StartupError."""
    home, urls = settings.sarah_home, settings.engines()
    begin = None if urls else starter(settings)
    async with _held(home), aiohttp.ClientSession(headers=_headers(settings)) as session:
        with closing(Looking(settings.place(), settings.sarah_engine_models)) as looking:
            serving = Serving(home, looking, tell)
            if begin is None:
                tell("engine", f"{', '.join(urls)}: kept in line, and started by nobody here")
                engines = [Vllm(url, session, home, settings.sarah_engine_home) for url in urls]
                await serving.keep({engine.url: Keeping(engine, engine.url) for engine in engines})
            else:
                see_free(begin.url)
                tell("engine", f"{begin.name} at {begin.url}, what it says in {home / LOG}")
                await serving.run(begin, session)


def _headers(settings: Settings) -> dict[str, str]:
    key = settings.sarah_local_key.get_secret_value()
    return {"Authorization": f"Bearer {key}"} if key else {}


@asynccontextmanager
async def _held(home: Path) -> AsyncGenerator[None]:
    """Be the only one who serves the models of a home; raises StartupError."""
    try:
        (home / notes.FOLDER).mkdir(parents=True, exist_ok=True)
        lock = notes.lock(home, _PATIENCE)
        lock.acquire()
        notes.publish(home, ())
    except Timeout:
        raise StartupError(f"Another process serves the models of {home}: stop it, or go on with that one.") from None
    except OSError as error:
        raise StartupError(
            f"{home} cannot be written to ({error.strerror}): set SARAH_HOME to a folder that can."
        ) from error
    try:
        yield
    finally:
        with suppress(OSError):
            notes.publish(home, ())
        lock.release()


class Serving:
    """The engines of one home, and what they have loaded."""

    def __init__(
        self, home: Path, looking: Looking, tell: Tell, pauses: Sequence[float] = PAUSES, review: float = REVIEW
    ) -> None:
        self._home = home
        self._looking = looking
        self._tell = tell
        self._pauses = pauses
        self._review = review
        self._looks = asyncio.Lock()
        self._sight = Sight()
        self._published = frozenset[str]()
        # What each engine that can be reached has loaded, and why another cannot be.
        self._loaded: dict[str, frozenset[str]] = {}
        self._down: dict[str, str] = {}

    async def keep(self, engines: Mapping[str, Keeping]) -> None:
        """Keep engines in line that others started, until cancelled."""
        async with asyncio.TaskGroup() as group:
            for name, keeping in engines.items():
                group.create_task(self._follow(name, keeping))

    async def _follow(self, name: str, keeping: Keeping) -> None:
        while True:
            seen = self._looking.state()
            await self._align(name, keeping, await self._look())
            await self._changed(seen, self._review)

    async def run(self, starter: Starter, session: aiohttp.ClientSession) -> None:
        """Start an engine once there is something to serve, and keep it running and in line, until cancelled."""
        pauses = iter(self._pauses)
        while True:
            launch, began = await self._something(starter), time.monotonic()
            code = await self._serve(starter, launch, session)
            if code is None:
                continue
            if time.monotonic() - began > LONG:
                pauses = iter(self._pauses)
            pause = next(pauses, self._pauses[-1])
            log = structlog.get_logger().bind(engine=starter.name, code=code, again_in_s=pause)
            log.error("engine.died", see=str(self._home / LOG))
            await asyncio.sleep(pause)

    async def _something(self, starter: Starter) -> Launch:
        """Wait for something to serve, and return what the engine is to be started for."""
        told = False
        while True:
            seen = self._looking.state()
            if launch := starter.launch((await self._look()).wishes, None):
                return launch
            if not told:
                self._tell("model", "none of your own is promoted or asked for: the engine starts with the first one")
                told = True
            await self._changed(seen, self._review)

    async def _serve(self, starter: Starter, launch: Launch, session: aiohttp.ClientSession) -> int | None:
        """Run the engine until it dies, and return its exit code; None where it has to be started for another base."""
        command, folder, log = starter.command(launch), starter.fresh_folder(), self._home.resolve() / LOG
        keeping = Keeping(starter.engine(session, folder), starter.name)
        async with open_process(command, starter.environment(), folder, log) as process:
            ended = asyncio.ensure_future(process.wait())
            try:
                while not ended.done():
                    seen, sight = self._looking.state(), await self._look()
                    if sight.wishes and starter.launch(sight.wishes, launch) != launch:
                        return None
                    up = await self._align(starter.name, keeping, sight, starting=starter.name not in self._loaded)
                    await self._changed(seen, OUR_REVIEW if up else LOOK, ended)
                return ended.result()
            finally:
                ended.cancel()
                self._has(starter.name, None)

    async def _look(self) -> Sight:
        """Return what is wanted; where the registry cannot be read, what was wanted before."""
        async with self._looks:
            try:
                self._sight = await self._looking.look()
            except RegistryError as error:
                self._is_down("registry", str(error))
            else:
                self._is_up("registry")
            return self._sight

    async def _changed(self, seen: State, seconds: float, ended: asyncio.Future[int] | None = None) -> None:
        """Wait until something else is wanted, an engine has ended, or so many seconds have passed."""
        until = time.monotonic() + seconds
        # Files tell nobody that they have changed.
        while time.monotonic() < until and self._looking.state() == seen and not (ended and ended.done()):  # noqa: ASYNC110
            await asyncio.sleep(LOOK)

    async def _align(self, name: str, keeping: Keeping, sight: Sight, *, starting: bool = False) -> bool:
        """Bring an engine in line, and tell whether it can be reached; one that is starting need not be."""
        try:
            there = await keeping.align(sight)
        except EngineDown as down:
            if not starting:
                self._is_down(name, str(down))
            self._has(name, None)
            return False
        self._is_up(name)
        self._has(name, there & sight.ours)
        return True

    def _has(self, name: str, models: frozenset[str] | None) -> None:
        """Note what an engine has loaded, None where it cannot be reached, and tell of what changed."""
        before = self._loaded.pop(name, frozenset[str]())
        if models is not None:
            self._loaded[name] = models
            for model in sorted(models ^ before):
                event = "engine.loaded" if model in models else "engine.unloaded"
                structlog.get_logger().info(event, engine=name, model=model)
        everywhere = frozenset[str].intersection(*self._loaded.values()) if self._loaded else frozenset[str]()
        if everywhere != self._published:
            notes.publish(self._home, everywhere)
            self._published = everywhere

    def _is_down(self, name: str, why: str) -> None:
        if name not in self._down:
            structlog.get_logger().warning("engine.unreachable", engine=name, why=why)
        self._down[name] = why

    def _is_up(self, name: str) -> None:
        if self._down.pop(name, None):
            structlog.get_logger().info("engine.back", engine=name)
