"""The door to the page: what a browser may ask for, and the token that tells browsers apart."""

import re
import secrets
from collections.abc import Mapping
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.platforms.web.frame import Frame, framed

COOKIE = "conversation"
# The longest that browsers keep a cookie: 400 days, in seconds.
COOKIE_AGE = 400 * 24 * 3600
TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")

# What the page needs, and nothing else: Gradio would also take uploads, fetch URLs and describe its API.
READS = re.compile(
    r"/|/favicon\.ico|/theme\.css|/(assets|static)/.+|/gradio_api/(queue/data|app_id)"
    r"|/admin(/sign-in|/try(/newest)?|/do/[a-z-]+/[a-z-]+|/replies/[\w-]+(/\d+)?|/runs/[\w.-]+|/conversations/[\w-]+)?"
)
WRITES = re.compile(
    r"/start-over|/gradio_api/(queue/join|run/\w+)|/do/[a-z-]+|/admin/(sign-in|sign-out|try(/anew)?|do/[a-z-]+/[a-z-]+)"
)
ALLOWED = {"GET": READS, "HEAD": READS, "POST": WRITES}

# Bytes of a request: several times the longest message that anyone would read.
LARGEST = 2_000_000

# The second lock after the sanitizer: no foreign script, no inline handler, no image from elsewhere.
POLICY = (
    "default-src 'self'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self' data:; object-src 'none'; base-uri 'self'; "
    "form-action 'self'; frame-ancestors 'none'"
)


def new_token() -> str:
    """Return a name for a conversation that nobody can guess."""
    return secrets.token_urlsafe(32)


def read_token(cookies: Mapping[str, str]) -> str | None:
    """Find the conversation's token among the cookies of a request."""
    token = cookies.get(COOKIE, "")
    return token if TOKEN.fullmatch(token) else None


def cookie(token: str, scheme: str) -> str:
    """Return the Set-Cookie header that makes a browser keep a conversation's token."""
    secure = "; Secure" if scheme == "https" else ""
    return f"{COOKIE}={token}; Max-Age={COOKIE_AGE}; Path=/; HttpOnly; SameSite=Lax{secure}"


class Door:
    """Lets the page's own requests through and gives every browser its conversation."""

    def __init__(self, app: ASGIApp, frame: Frame, largest: Mapping[str, int] | None = None) -> None:
        """`largest` says how many bytes may be sent to the paths to which it may be more than a message."""
        self._app = app
        self._frame = frame
        self._largest = largest or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] != "http" or not allowed(scope["method"], scope["path"]):
            await PlainTextResponse("There is nothing here.", HTTPStatus.NOT_FOUND)(scope, receive, send)
        elif not _fits(scope, self._largest.get(scope["path"], LARGEST)):
            await PlainTextResponse("That is too much.", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)(scope, receive, send)
        elif scope["path"] == "/" and scope["query_string"]:
            # A query would open Gradio's own views: its API, its settings.
            await RedirectResponse("./")(scope, receive, send)
        elif scope["path"] == "/":
            await self._app(_uncompressed(scope), receive, _Page(scope, send, self._frame))
        elif scope["path"].startswith("/assets/"):
            await self._app(scope, receive, _kept(send))
        else:
            await self._app(scope, receive, send)


def allowed(method: str, path: str) -> bool:
    """Whether the page has any use for such a request."""
    return method in ALLOWED and bool(ALLOWED[method].fullmatch(path))


def _fits(scope: Scope, largest: int) -> bool:
    """Whether a request says that it is of a size that the page would send."""
    length = Headers(scope=scope).get("content-length", "")
    return scope["method"] != "POST" or (length.isdecimal() and int(length) <= largest)


def _kept(send: Send) -> Send:
    """Let browsers keep what never changes: an asset is named after its content."""

    async def kept(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == HTTPStatus.OK:
            MutableHeaders(scope=message)["cache-control"] = "public, max-age=31536000, immutable"
        await send(message)

    return kept


def _uncompressed(scope: Scope) -> Scope:
    headers = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
    return {**scope, "headers": headers}


class _Page:
    """Sends the page itself, with its policy and its cookie."""

    def __init__(self, scope: Scope, send: Send, frame: Frame) -> None:
        self._scope = scope
        self._send = send
        self._frame = frame
        self._nonce = secrets.token_urlsafe(16)
        self._start: Message = {}
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        self._body += message.get("body", b"")
        if not message.get("more_body", False):
            self._finish()
            await self._send(self._start)
            await self._send({"type": "http.response.body", "body": self._body})

    def _finish(self) -> None:
        self._body = framed(self._body.decode(), self._frame, self._nonce).encode()
        headers = MutableHeaders(scope=self._start)
        if self._scope["method"] != "HEAD":
            headers["content-length"] = str(len(self._body))
        headers["cache-control"] = "no-store"
        headers["content-security-policy"] = POLICY.format(nonce=self._nonce)
        headers["referrer-policy"] = "same-origin"
        headers["x-content-type-options"] = "nosniff"
        if read_token(Request(self._scope).cookies) is None:
            headers.append("set-cookie", cookie(new_token(), self._scope["scheme"]))
