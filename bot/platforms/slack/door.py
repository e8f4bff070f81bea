"""Slack's requests over HTTP: only what Slack signed, recently, gets in."""

import re
from collections.abc import Callable, Sequence

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_sdk.signature import Clock, SignatureVerifier

# Events and commands are a few kilobytes.
LARGEST = 512 * 1024
_TIMESTAMP = re.compile(r"[0-9]{1,12}", re.ASCII)
_SIGNATURE = re.compile(r"v0=[0-9a-f]{64}", re.ASCII)


class _Clock(Clock):
    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now

    def now(self) -> float:
        return self._now()


class Door:
    """The one address for events, clicks and commands; closed until the app behind it is ready."""

    def __init__(self, signing_secret: str, now: Callable[[], float]) -> None:
        self._verifier = SignatureVerifier(signing_secret, _Clock(now)) if signing_secret.strip() else None
        self.app: AsyncApp | None = None

    def close(self) -> None:
        """Let nobody in any more."""
        self.app = None

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Let a request of Slack's in: 413 too large, 401 not Slack's, 503 not now, 400 not understood."""
        body = await _body(request)
        if body is None:
            return web.Response(status=413)
        if not self._is_signed(request, body):
            return web.Response(status=401)
        if self.app is None:
            return web.Response(status=503)
        try:
            text = body.decode()
            bolt = AsyncBoltRequest(body=text, query=request.query_string, headers=_headers(request))
        except (ValueError, AttributeError):
            # Bolt expects a JSON object, or a form.
            return web.Response(status=400)
        return await to_aiohttp_response(await self.app.async_dispatch(bolt))

    def _is_signed(self, request: web.Request, body: bytes) -> bool:
        """Whether Slack signed this within five minutes; bolt's own check breaks on malformed headers."""
        timestamp = request.headers.get("x-slack-request-timestamp", "")
        signature = request.headers.get("x-slack-signature", "")
        if not (self._verifier and _TIMESTAMP.fullmatch(timestamp) and _SIGNATURE.fullmatch(signature)):
            return False
        try:
            return self._verifier.is_valid(body, timestamp, signature)
        except UnicodeDecodeError:
            return False


def _headers(request: web.Request) -> dict[str, str | Sequence[str]]:
    return dict(request.headers)


async def _body(request: web.Request) -> bytes | None:
    """Read the body unless it is too large."""
    body = bytearray()
    async for chunk in request.content.iter_chunked(64 * 1024):
        body += chunk
        if len(body) > LARGEST:
            return None
    return bytes(body)
