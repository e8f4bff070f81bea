"""An HTTP server inside a running event loop, which leaves signals to whoever runs the loop."""

import asyncio
import contextlib
import errno
import socket
from collections.abc import AsyncGenerator, Generator

import uvicorn
from starlette.types import ASGIApp

from bot.conversation import StartupError

# Seconds that requests are given to end by themselves.
PATIENCE = 0.5


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


def listen(host: str, port: int) -> socket.socket:
    """Take an address; raises StartupError that names the setting when it cannot be had."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except socket.gaierror as error:
        raise StartupError(f"There is no address {host!r} for the web page: correct SARAH_WEB_HOST.") from error
    except OSError as error:
        raise StartupError(_refusal(host, port, error)) from error


def _refusal(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {port} on {host} is in use, so the web page cannot open there: "
            "stop what uses it, or set SARAH_WEB_PORT to another port (0 takes any free one)."
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{host} is no address of this machine: set SARAH_WEB_HOST to one, such as 127.0.0.1."
    return f"The web page cannot open port {port} on {host} ({error.strerror}): set SARAH_WEB_PORT to another port."


def address(listener: socket.socket) -> str:
    """Return the URL of a listening socket."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@contextlib.asynccontextmanager
async def serving(app: ASGIApp, listener: socket.socket) -> AsyncGenerator[asyncio.Task[None]]:
    """Serve an application; the task ends when the server does."""
    server = _Server(uvicorn.Config(app, log_config=None, access_log=False, ws="none"))
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
        await task
