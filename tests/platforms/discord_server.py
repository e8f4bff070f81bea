"""A Discord of our own behind a Unix socket: the REST calls and the gateway that a bot needs to start and answer."""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

import aiohttp
from aiohttp import web

TOKEN = "right.token"
BOT = {"id": "1000", "username": "juno-bot", "discriminator": "0", "global_name": None, "avatar": None, "bot": True}
ALICE = {"id": "2000", "username": "alice", "discriminator": "0", "global_name": None, "avatar": None}
APPLICATION = {
    "id": "1000",
    "name": "juno",
    "description": "",
    "icon": None,
    "summary": "",
    "verify_key": "",
    "flags": 0,
    "bot_public": True,
    "bot_require_code_grant": False,
    "owner": ALICE,
}
READY: dict[str, object] = {
    "v": 10,
    "user": BOT,
    "guilds": [],
    "session_id": "s",
    "application": {"id": "1000", "flags": 0},
    "resume_gateway_url": "wss://gateway.discord.gg",
}
DIRECT_MESSAGES = "3000"
# The gateway's close codes for a bad token, and for an intent that the developer portal does not grant.
TOKEN_NO_LONGER_VALID = 4004
DISALLOWED_INTENTS = 4014


def message(number: int, author: Mapping[str, object], content: str) -> dict[str, object]:
    """Return a direct message as Discord describes it."""
    return {
        "id": str(number),
        "channel_id": DIRECT_MESSAGES,
        "author": author,
        "content": content,
        "timestamp": "2026-01-01T00:00:00+00:00",
        "edited_timestamp": None,
        "tts": False,
        "mention_everyone": False,
        "mentions": [],
        "mention_roles": [],
        "attachments": [],
        "embeds": [],
        "components": [],
        "pinned": False,
        "type": 0,
    }


def _json(body: object, status: int = 200) -> web.Response:
    # Exactly this type, without a charset, is what tells discord.py to read a body as JSON.
    return web.Response(body=json.dumps(body).encode(), status=status, headers={"Content-Type": "application/json"})


class DiscordServer:
    """What the bot asked for and said, and a way to speak to it."""

    def __init__(self, close_code: int | None) -> None:
        self._close_code = close_code
        self._ids = count(5000)
        self.calls: list[str] = []
        self.connected = asyncio.Event()
        self.shown: asyncio.Queue[str] = asyncio.Queue()
        self.socket = web.WebSocketResponse()

    async def say(self, content: str, number: int = 4000) -> None:
        """Send the bot a direct message."""
        await self._dispatch("MESSAGE_CREATE", message(number, ALICE, content))

    async def _dispatch(self, event: str, data: Mapping[str, object]) -> None:
        await self.socket.send_json({"op": 0, "s": next(self._ids), "t": event, "d": data})

    async def gateway(self, request: web.Request) -> web.WebSocketResponse:
        """Greet, look at who identifies, and let them in or not."""
        self.socket = web.WebSocketResponse()
        await self.socket.prepare(request)
        await self.socket.send_json({"op": 10, "d": {"heartbeat_interval": 60_000}})
        async for frame in self.socket:
            if frame.json()["op"] == 2:  # identify
                if self._close_code:
                    await self.socket.close(code=self._close_code)
                    break
                await self._dispatch("READY", READY)
                self.connected.set()
        self.calls.append("closed")
        return self.socket

    async def rest(self, request: web.Request) -> web.Response:
        """Answer the calls that the bot makes."""
        path = request.path.removeprefix("/api/v10")
        self.calls.append(f"{request.method} {path}")
        if request.headers.get("Authorization") != f"Bot {TOKEN}":
            return _json({"message": "401: Unauthorized", "code": 0}, status=401)
        if path == "/users/@me":
            return _json(BOT)
        if path == "/oauth2/applications/@me":
            return _json(APPLICATION)
        if path.endswith("/typing"):
            return web.Response(status=204)
        if request.method == "PUT":
            return _json([])
        content = str((await request.json())["content"])
        self.shown.put_nowait(content)
        return _json(message(next(self._ids), BOT, content))


@asynccontextmanager
async def open_server(
    folder: Path, close_code: int | None = None
) -> AsyncGenerator[tuple[DiscordServer, aiohttp.BaseConnector]]:
    """Serve Discord at a socket in a folder, and give the connector that leads there, whatever the address."""
    server = DiscordServer(close_code)
    application = web.Application()
    application.router.add_get("/", server.gateway)
    application.router.add_route("*", "/{path:.*}", server.rest)
    runner = web.AppRunner(application, shutdown_timeout=1)
    await runner.setup()
    await web.UnixSite(runner, str(folder / "discord")).start()
    try:
        yield server, aiohttp.UnixConnector(str(folder / "discord"))
    finally:
        await runner.cleanup()
