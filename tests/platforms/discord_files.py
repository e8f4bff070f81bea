"""Where the simulated Discord keeps the files that people send: on loopback, so that fetching them is real."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from simcord.backend import cdn


@dataclass
class Cdn:
    """A file host, how often it was asked, and from where it has its files."""

    origin: str
    asked: list[str] = field(default_factory=list[str])
    give: Callable[[str], bytes | None] = lambda _: None


@asynccontextmanager
async def open_cdn() -> AsyncGenerator[Cdn]:
    """Serve files on loopback, and let the simulated Discord name them by that address."""
    files = Cdn("")

    async def given(request: web.Request) -> web.Response:
        files.asked.append(request.path)
        content = files.give(f"{files.origin}{request.path}")
        return web.Response(status=404) if content is None else web.Response(body=content)

    application = web.Application()
    application.router.add_get("/{path:.*}", given)
    runner = web.AppRunner(application, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    files.origin = f"http://127.0.0.1:{runner.addresses[0][1]}"
    usual, cdn.CDN_BASE = cdn.CDN_BASE, files.origin
    try:
        yield files
    finally:
        cdn.CDN_BASE = usual
        await runner.cleanup()
