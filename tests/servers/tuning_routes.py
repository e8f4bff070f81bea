"""The routes of the local tuning server: what each is called, where it is, and how its answer is spoilt on cue."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, cast

from aiohttp import web

from tests.servers.tuning_faults import Cut, Fault, Garbled, Json, Patched, Refusal, Slow
from tests.servers.tuning_store import Store

Route = Literal[
    "upload", "files", "file", "content", "delete", "create", "jobs", "job", "cancel", "pause", "resume", "events",
    "checkpoints", "chat",
]  # fmt: skip
_JOBS = "/v1/fine_tuning/jobs"
PLACES: Mapping[Route, tuple[str, str]] = {
    "upload": ("POST", "/v1/files"),
    "files": ("GET", "/v1/files"),
    "file": ("GET", "/v1/files/{id}"),
    "content": ("GET", "/v1/files/{id}/content"),
    "delete": ("DELETE", "/v1/files/{id}"),
    "create": ("POST", _JOBS),
    "jobs": ("GET", _JOBS),
    "job": ("GET", f"{_JOBS}/{{id}}"),
    "cancel": ("POST", f"{_JOBS}/{{id}}/cancel"),
    "pause": ("POST", f"{_JOBS}/{{id}}/pause"),
    "resume": ("POST", f"{_JOBS}/{{id}}/resume"),
    "events": ("GET", f"{_JOBS}/{{id}}/events"),
    "checkpoints": ("GET", f"{_JOBS}/{{id}}/checkpoints"),
    "chat": ("POST", "/v1/chat/completions"),
}


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asked for: `body` is the parsed JSON, or the fields of an upload with the file as bytes."""

    route: Route
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Mapping[str, object] = field(default_factory=dict[str, object], repr=False)


# Told of a request before it is processed or after; what it returns goes wrong with this request.
Callback = Callable[[Request], Fault | None]

# What answers a request, from the store, the id in its path and the request.
ANSWERS: Mapping[Route, Callable[[Store, str, Request], Json]] = {
    "upload": lambda store, _, request: store.upload(
        str(request.body["filename"]), str(request.body["purpose"]), cast("bytes", request.body["file"])
    ),
    "files": lambda store, _, request: store.list_files(request.query),
    "file": lambda store, name, _: store.file(name).described(),
    "delete": lambda store, name, _: store.delete(name),
    "create": lambda store, _, request: store.create(request.body),
    "jobs": lambda store, _, request: store.list_jobs(request.query),
    "job": lambda store, name, _: store.poll(name),
    "cancel": lambda store, name, _: store.cancel(name),
    "pause": lambda store, name, _: store.pause(name),
    "resume": lambda store, name, _: store.resume(name),
    "events": lambda store, name, request: store.events(name, request.query),
    "checkpoints": lambda store, name, request: store.checkpoints(name, request.query),
    "chat": lambda store, _, request: store.chat(request.body),
}


def streamed(completion: Json) -> web.Response:
    """Return a chat completion as a stream of one piece."""
    (choice,) = cast("list[Json]", completion["choices"])
    delta = {"index": 0, "delta": choice["message"], "finish_reason": "stop"}
    chunk = {**completion, "object": "chat.completion.chunk", "choices": [delta]}
    return web.Response(text=f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n", content_type="text/event-stream")


async def body_of(http: web.Request) -> Json:
    """Read the request whole: a client that is killed before has asked for nothing."""
    if http.content_type == "multipart/form-data":
        form = await http.post()
        file = form.get("file")
        named = isinstance(file, web.FileField)
        content = file.file.read() if named else b""
        return {"filename": file.filename if named else "", "purpose": form.get("purpose", ""), "file": content}
    raw = await http.read()
    try:
        return cast("Json", json.loads(raw)) if raw else {}
    except ValueError:
        return {}


def refused(refusal: Refusal) -> web.Response:
    """Answer with an error."""
    return web.json_response(refusal.body, status=refusal.status, headers=refusal.headers)


def cut(http: web.Request) -> web.Response:
    """Break the connection off."""
    if http.transport is not None:
        http.transport.abort()
    # Goes nowhere.
    return web.Response()


async def spoilt(http: web.Request, response: web.Response, fault: Fault | None) -> web.Response:
    """Return the answer as it is sent when something goes wrong after the request was processed."""
    match fault:
        case Cut():
            return cut(http)
        case Slow(seconds, "after"):
            await asyncio.sleep(seconds)
        case Garbled(content, status, kind, headers):
            return web.Response(body=content, status=status, headers={**headers, "Content-Type": kind})
        case Patched(fields):
            answer = {**cast("Json", json.loads(cast("bytes", response.body))), **fields}
            return web.json_response({name: value for name, value in answer.items() if value is not None})
        case Refusal():
            return refused(fault)
        case _:
            pass
    return response
