"""What machines ask over HTTP: is Sarah well, what does she count, and Slack's deliveries."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from bot.listening import address, listen
from bot.metrics import Metrics

# Seconds that requests are given to end by themselves.
PATIENCE = 1.0
# Bytes of a request: Slack's largest deliveries are far smaller.
LARGEST = 1_000_000


@asynccontextmanager
async def open_http(
    host: str, port: int, states: Callable[[], dict[str, str]], metrics: Metrics, more: Sequence[web.RouteDef]
) -> AsyncGenerator[str]:
    """Serve health, metrics and `more` while the block lasts, and say where; `states` maps platforms to theirs."""
    with listen(host, port, "the health page", "SARAH_HTTP") as listener:
        runner = web.AppRunner(_application(states, metrics, more), access_log=None, shutdown_timeout=PATIENCE)
        await runner.setup()
        try:
            await web.SockSite(runner, listener).start()
            yield address(listener)
        finally:
            await runner.cleanup()


def _application(
    states: Callable[[], dict[str, str]], metrics: Metrics, more: Sequence[web.RouteDef]
) -> web.Application:
    async def alive(_: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def ready(_: web.Request) -> web.Response:
        platforms = states()
        well = all(state == "up" for state in platforms.values())
        status = {"status": "ok" if well else "not ready", "platforms": platforms}
        return web.json_response(status, status=200 if well else 503)

    async def counted(_: web.Request) -> web.Response:
        return web.Response(body=metrics.page(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    application = web.Application(client_max_size=LARGEST)
    application.on_response_prepare.append(_without_banner)
    application.add_routes([web.get("/healthz", alive), web.get("/readyz", ready), web.get("/metrics", counted), *more])
    return application


async def _without_banner(_: web.Request, response: web.StreamResponse) -> None:
    # The versions of Python and aiohttp are nobody's business.
    response.headers.pop("Server", None)
