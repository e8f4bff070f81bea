"""How the local Slack server delivers: over the app's WebSocket, or by signed POST requests."""

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import Protocol, cast
from urllib.parse import urlencode

import aiohttp
from aiohttp import WSMsgType, web
from slack_sdk.signature import SignatureVerifier

from tests.servers.slack_workspace import SIGNING_SECRET, Json, Workspace

# Slack waits three seconds for an acknowledgement and delivers an event up to four times.
PATIENCE = 3.0
DELIVERIES = 4


class UndeliveredError(Exception):
    """The app did not acknowledge."""


class Transport(Protocol):
    """A way to the app."""

    async def deliver(self, kind: str, payload: Json, *, attempt: int = 0) -> object:
        """Deliver once more until it is acknowledged; return what the app answered."""
        ...


@dataclass
class _Envelope:
    id: str
    kind: str
    payload: Json
    attempt: int
    answer: "asyncio.Future[object]" = field(default_factory=asyncio.Future[object])


class Socket:
    """Socket Mode: envelopes out, acknowledgements in; what was not acknowledged comes again."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._unacknowledged: dict[str, _Envelope] = {}
        self._open: list[web.WebSocketResponse] = []
        self.acknowledgements_to_lose = 0
        self.connections = 0

    @property
    def connected(self) -> bool:
        """Whether an app is there."""
        return bool(self._open)

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        """Serve one connection of the app."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"type": "hello", "num_connections": 1})
        self._open.append(socket)
        self.connections += 1
        self._workspace.changed()
        for envelope in list(self._unacknowledged.values()):
            await self._send(envelope)
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                self._acknowledge(json.loads(message.data))
        self._open.remove(socket)
        self._workspace.changed()
        return socket

    def _acknowledge(self, message: Json) -> None:
        if self.acknowledgements_to_lose:
            self.acknowledgements_to_lose -= 1
            return
        envelope = self._unacknowledged.pop(str(message["envelope_id"]), None)
        if envelope and not envelope.answer.done():
            envelope.answer.set_result(message.get("payload"))

    async def _send(self, envelope: _Envelope) -> None:
        retry = {"retry_attempt": envelope.attempt, "retry_reason": "timeout" if envelope.attempt else ""}
        envelope.attempt += 1
        for socket in self._open[-1:]:
            body = {"type": envelope.kind, "envelope_id": envelope.id, "payload": envelope.payload, **retry}
            await socket.send_json({**body, "accepts_response_payload": envelope.kind != "events_api"})

    async def deliver(self, kind: str, payload: Json, *, attempt: int = 0) -> object:
        """Send an envelope until it is acknowledged."""
        envelope = _Envelope(self._workspace.unique("E"), kind, payload, attempt)
        self._unacknowledged[envelope.id] = envelope
        for _ in range(DELIVERIES):
            await self._send(envelope)
            try:
                return await asyncio.wait_for(asyncio.shield(envelope.answer), PATIENCE)
            except TimeoutError:
                continue
        raise UndeliveredError(kind)

    async def drop(self) -> None:
        """Close every connection, as Slack does when it refreshes them."""
        for socket in list(self._open):
            await socket.close()

    async def refresh(self) -> None:
        """Tell the app to connect anew."""
        for socket in self._open:
            await socket.send_json({"type": "disconnect", "reason": "refresh_requested"})


class Post:
    """HTTP mode: requests to the app's URL, signed, repeated until they are answered with 200."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._signer = SignatureVerifier(SIGNING_SECRET)

    def headers(self, body: bytes, timestamp: str) -> dict[str, str]:
        """Sign a body."""
        signature = self._signer.generate_signature(timestamp=timestamp, body=body.decode(errors="replace")) or ""
        return {"x-slack-request-timestamp": timestamp, "x-slack-signature": signature}

    async def deliver(self, kind: str, payload: Json, *, attempt: int = 0) -> object:
        """Post until the app answers 200."""
        for retry in range(attempt, attempt + DELIVERIES):
            status, answer = await self.send(*_encoded(kind, payload), retry=retry)
            if status == 200:
                return json.loads(answer) if answer.startswith("{") else answer
        raise UndeliveredError(kind)

    async def send(
        self, body: bytes, content_type: str, *, retry: int = 0, changed: dict[str, str] | None = None
    ) -> tuple[int, str]:
        """Post one signed request; `changed` headers replace the right ones. Return status and body."""
        headers = {"content-type": content_type, **self.headers(body, str(int(time.time())))} | (changed or {})
        if retry:
            headers |= {"x-slack-retry-num": str(retry), "x-slack-retry-reason": "http_timeout"}
        async with aiohttp.ClientSession() as session, session.post(self.url, data=body, headers=headers) as response:
            return response.status, await response.text()


def _encoded(kind: str, payload: Json) -> tuple[bytes, str]:
    if kind == "events_api":
        return json.dumps(payload).encode(), "application/json"
    fields = {"payload": json.dumps(payload)} if kind == "interactive" else cast("dict[str, str]", payload)
    return urlencode(fields).encode(), "application/x-www-form-urlencoded"
