"""A local OpenAI: chat completions over HTTP, streamed, by a script."""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal, cast

from aiohttp import web

from tests.servers.loopback import serve
from tests.servers.openai_rules import Engine, Json, problems, unknown

KEY = "sk-local-0123456789abcdef"
MODEL = "zen-1"

Finish = Literal["stop", "length", "content_filter", ""]


@dataclass(frozen=True, slots=True)
class Raw:
    """Bytes of the stream as they are, such as a comment or a line that is no JSON."""

    bytes: bytes


@dataclass(frozen=True, slots=True)
class Chunk:
    """Fields of a chunk that take the place of the usual ones."""

    fields: Json


@dataclass(frozen=True, slots=True)
class Break:
    """The connection is cut here."""


# A piece of the answer, something to wait for, or something odd.
Step = str | asyncio.Event | Raw | Chunk | Break

PING = Raw(b": still thinking\n\n")
BROKEN_JSON = Raw(b'data: {"id": "chatcmpl-1", "choi\n\n')
USAGE = Chunk({"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}})


@dataclass(frozen=True, slots=True)
class Stream:
    """An answer; events before the first piece hold the headers back, too."""

    steps: tuple[Step, ...]
    finish: Finish = "stop"
    done: bool = True


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error, held back until a barrier opens; the usual headers let the client try again after a millisecond."""

    status: int
    error: Json = field(default_factory=dict[str, object])
    headers: Mapping[str, str] = field(default_factory=lambda: {"retry-after-ms": "1"})
    together: asyncio.Barrier | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """A whole answer of one token, for whoever asked for no stream, held back by an event.

    `likely` are the log-probabilities of the likeliest tokens; None for a server that knows nothing of them.
    """

    text: str
    likely: Mapping[str, float] | None = None
    after: asyncio.Event | None = None
    fields: Json = field(default_factory=dict[str, object])
    """Fields of the answer that take the place of the usual ones."""


Reply = Stream | Refusal | Token


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asked for; `peer` is its end of the connection."""

    body: Json
    headers: Mapping[str, str]
    peer: object

    @property
    def messages(self) -> list[tuple[str, str]]:
        """Role and content of each message."""
        return [
            (str(message["role"]), str(message["content"])) for message in cast("list[Json]", self.body["messages"])
        ]


def says(*steps: Step, finish: Finish = "stop", done: bool = True) -> Stream:
    """Script an answer."""
    return Stream(steps, finish, done)


def thinks(text: str) -> Chunk:
    """Script a piece of reasoning, which is no part of the answer."""
    return Chunk({"choices": [{"index": 0, "delta": {"reasoning_content": text}, "finish_reason": None}]})


def refuses(status: int, code: str = "", *, param: str = "", message: str = "No.", **headers: str) -> Refusal:
    """Script an error in OpenAI's shape; `retry_after="1"` is sent as the header Retry-After."""
    error = {"message": message, "type": "invalid_request_error", "param": param or None, "code": code or None}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Refusal(status, error, named) if named else Refusal(status, error)


class OpenAI:
    """A server that replies by its script, one reply to a request, and afterwards says "Yes."."""

    def __init__(self, *replies: Reply, engine: Engine = "openai") -> None:
        self.url = ""
        self.requests: list[Request] = []
        self.strange: list[set[str]] = []
        """The parameters of each request that it had never heard of."""
        self._engine: Engine = engine
        self.left = asyncio.Event()
        """Set once a client went away before its answer was whole."""
        self._replies = iter(replies)

    def application(self) -> web.Application:
        """Return the server."""
        server = web.Application()
        server.router.add_post("/v1/chat/completions", self._complete)
        return server

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        if strange := unknown(body, self._engine):
            self.strange.append(strange)
            return _never_heard_of(strange, self._engine)
        if wrong := list(problems(body)):
            param, what = wrong[0]
            return _error(refuses(400, "invalid_value", param=param, message=what))
        self.requests.append(Request(body, dict(request.headers), _peer(request)))
        reply = next(self._replies, says("Yes."))
        if isinstance(reply, Refusal):
            if reply.together:
                await reply.together.wait()
            return _error(reply)
        try:
            if isinstance(reply, Token):
                return await _whole(reply, body)
            return await _stream(request, reply, str(body["model"]))
        except (asyncio.CancelledError, ConnectionResetError):
            self.left.set()
            # Goes nowhere.
            return web.Response()


def _peer(request: web.Request) -> object:
    return request.transport and request.transport.get_extra_info("peername")


def _error(refusal: Refusal) -> web.Response:
    return web.json_response({"error": refusal.error}, status=refusal.status, headers=refusal.headers)


def _never_heard_of(strange: set[str], engine: Engine) -> web.Response:
    """Refuse as the servers themselves do: `transformers serve` says nothing that a program could read."""
    if engine == "transformers":
        return web.json_response({"detail": f"Unexpected fields in the request: {strange}"}, status=422)
    param = min(strange)
    return _error(refuses(400, "unknown_parameter", param=param, message=f"Unknown parameter: '{param}'."))


async def _whole(reply: Token, body: Json) -> web.Response:
    """Answer at once, with log-probabilities where they were asked for."""
    if reply.after:
        await reply.after.wait()
    most = cast("int", body.get("top_logprobs", 0)) if body.get("logprobs") else 0
    tops = sorted((reply.likely or {}).items(), key=lambda top: -top[1])[:most]
    given = {
        **_logprob(reply.text, dict(tops).get(reply.text, -9999.0)),
        "top_logprobs": [_logprob(*top) for top in tops],
    }
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": reply.text, "refusal": None},
        "logprobs": {"content": [given], "refusal": None} if tops else None,
        "finish_reason": "length",
    }
    usual = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": body["model"], "choices": [choice]}
    return web.json_response({**usual, **reply.fields})


def _logprob(token: str, logprob: float) -> dict[str, object]:
    return {"token": token, "logprob": logprob, "bytes": list(token.encode())}


async def _stream(request: web.Request, reply: Stream, model: str) -> web.StreamResponse:
    """Take the steps of an answer one by one."""
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    for step in reply.steps:
        if isinstance(step, asyncio.Event):
            await step.wait()
        elif isinstance(step, Break):
            await _cut(request)
        else:
            await _send(request, response, _wire(step, model))
    ending = [_wire(_delta({}, reply.finish), model)] if reply.finish else []
    for line in [*ending, *([b"data: [DONE]\n\n"] if reply.done else [])]:
        await _send(request, response, line)
    return response


async def _send(request: web.Request, response: web.StreamResponse, line: bytes) -> None:
    if not response.prepared:
        await response.prepare(request)
    await response.write(line)


async def _cut(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.close()
    # Cancelled as soon as the server notices.
    await asyncio.Event().wait()


def _wire(step: str | Raw | Chunk, model: str) -> bytes:
    """Return a step as the bytes of the stream."""
    if isinstance(step, Raw):
        return step.bytes
    chunk = step if isinstance(step, Chunk) else _delta({"content": step})
    usual = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": model}
    return f"data: {json.dumps({**usual, **chunk.fields})}\n\n".encode()


def _delta(delta: Json, finish: str = "") -> Chunk:
    return Chunk({"choices": [{"index": 0, "delta": delta, "finish_reason": finish or None}]})


@asynccontextmanager
async def open_openai(*replies: Reply, engine: Engine = "openai") -> AsyncGenerator[OpenAI]:
    """Serve these replies on a free port of the loopback."""
    server = OpenAI(*replies, engine=engine)
    async with serve(server.application(), patience=0.1, cancel=True) as url:
        server.url = f"{url}/v1"
        yield server
