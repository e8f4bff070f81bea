"""Serving on a free port of the loopback, for as long as a test needs it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from aiohttp import web


@asynccontextmanager
async def serve(application: web.Application, *, patience: float, cancel: bool = False) -> AsyncGenerator[str]:
    """Yield the URL; requests get `patience` seconds at the end, and with `cancel` end when their client leaves."""
    runner = web.AppRunner(application, handler_cancellation=cancel, shutdown_timeout=patience)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()
