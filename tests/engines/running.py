"""`sarah serve`, in a process of its own or in this one."""

import asyncio
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from bot.engines import notes
from bot.engines.serving import serve_models
from bot.settings import Settings
from tests.kit import ROOT
from tests.platforms.terminal_scene import variables

# Seconds until what is waited for must have happened, on a machine that is busy.
PATIENCE = 120.0


class Serving:
    """A running `sarah serve`, and where its engine is."""

    def __init__(self, process: Process, url: str) -> None:
        self.process = process
        self.url = url

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """Send a signal, and return the exit code and what was said on standard error."""
        self.process.send_signal(number)
        return await self.end()

    async def end(self) -> tuple[int, str]:
        """Wait for its end, and return the exit code and what was said on standard error."""
        async with asyncio.timeout(PATIENCE):
            _, beside = await self.process.communicate()
        return self.process.returncode or 0, beside.decode()


async def until_loaded(home: Path, *models: str) -> None:
    """Wait until these are loaded."""
    await until(lambda: notes.loaded(home) >= set(models))


async def until(true: Callable[[], bool]) -> None:
    """Wait for something that another process does."""
    async with asyncio.timeout(PATIENCE):
        while not true():  # noqa: ASYNC110 - files tell nobody that they have changed
            await asyncio.sleep(0.05)


def free_url() -> str:
    """Return a base URL whose port nobody uses now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}/v1"


def is_taken(url: str) -> bool:
    """Tell whether somebody listens there."""
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", urlsplit(url).port or 0)) == 0


@asynccontextmanager
async def serving_here(settings: Settings) -> AsyncGenerator[list[tuple[str, str]]]:
    """Serve in this process; yields what was told of it."""
    told: list[tuple[str, str]] = []
    task = asyncio.create_task(serve_models(settings, lambda part, phrase: told.append((part, phrase))))
    try:
        yield told
    finally:
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            task.result()


def program(folder: Path) -> Path:
    """Make a program `vllm` in a folder, which is our own server, and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    vllm = folder / "vllm"
    vllm.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m tests.servers.vllm "$@"\n', "utf-8")
    vllm.chmod(0o755)
    return folder


@asynccontextmanager
async def serving(home: Path, *, path: Path | None = None, **changes: str) -> AsyncGenerator[Serving]:
    """Start `sarah serve` for a home; `path` is a folder whose programs it finds before any others."""
    url = free_url()
    around = variables(home, **{"SARAH_LOCAL_URL": url, **changes})
    if path:
        around["PATH"] = f"{path}:{around['PATH']}"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "serve"), stdout=PIPE, stderr=PIPE, cwd=home, env=around
    )
    try:
        yield Serving(process, url)
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()
