"""An HTTP server inside a running event loop, which leaves signals to whoever runs the loop."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator, Generator

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

# Seconds that requests are given to end by themselves.
PATIENCE = 0.5


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


@contextlib.asynccontextmanager
async def serving(app: ASGIApp, listener: socket.socket) -> AsyncGenerator[asyncio.Task[None]]:
    """Serve an application; the task ends when the server does."""
    server = _Server(uvicorn.Config(_breakable(app), log_config=None, access_log=False, ws="none"))
    task = asyncio.create_task(server.serve([listener]))
    try:
        while not (server.started or task.done()):  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
        yield task
    finally:
        server.should_exit = True
        await asyncio.wait([task], timeout=PATIENCE)
        # Cut off rather than ended, so that open pages look for the next server.
        for connection in list(server.server_state.connections):
            connection.transport.abort()
        for request in list(server.server_state.tasks):
            request.cancel()
        await task


def _breakable(app: ASGIApp) -> ASGIApp:
    """Return an application whose requests can be broken off without a traceback in the log."""

    async def quiet(scope: Scope, receive: Receive, send: Send) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await app(scope, receive, send)

    return quiet
