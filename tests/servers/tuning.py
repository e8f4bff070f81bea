"""A local server for files and fine-tuning jobs over HTTP, in a thread of its own, by a script.

It answers as the real one does, refuses what the real one refuses, keeps everything in memory, and outlives clients
that are killed. Every method may be called from any thread.
"""

import asyncio
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import cast

from aiohttp import web

from tests.servers.loopback import serve
from tests.servers.tuning_faults import Cut, Fault, Moment, Refusal, Slow, key_refused
from tests.servers.tuning_jobs import ENDED, Job
from tests.servers.tuning_routes import (
    ANSWERS,
    PLACES,
    Callback,
    Request,
    Route,
    body_of,
    cut,
    refused,
    spoilt,
    streamed,
)
from tests.servers.tuning_store import RefusedError, Store

KEY = "sk-local-0123456789abcdef"
BASE = "gpt-4.1-mini-2025-04-14"


class TuningServer:
    """One project at a provider, and everything a test does with it; `store` holds how the server behaves."""

    def __init__(self) -> None:
        self.url = ""
        self.keys = {KEY}
        self.store = Store()
        self.requests: list[Request] = []
        self._lock = threading.RLock()
        self._faults: dict[Route, deque[Fault]] = defaultdict(deque)
        self._callbacks: dict[tuple[Route, Moment], list[Callback]] = defaultdict(list)

    # What a test does.

    def script(self, route: Route, *faults: Fault) -> None:
        """Let the next requests of a route go wrong, one fault to a request."""
        with self._lock:
            self._faults[route].extend(faults)

    def on(self, route: Route, callback: Callback, when: Moment = "before") -> None:
        """Call back at each request of a route, in the server's thread: nobody is answered until it returns."""
        with self._lock:
            self._callbacks[route, when].append(callback)

    def asked(self, route: Route) -> list[Request]:
        """Return the requests of a route so far."""
        with self._lock:
            return [request for request in self.requests if request.route == route]

    @property
    def jobs(self) -> list[Job]:
        """The jobs, oldest first."""
        with self._lock:
            return list(self.store.jobs.values())

    def advance(self, job: str, steps: int = 1) -> Job:
        """Move a job on."""
        with self._lock:
            for _ in range(steps):
                self.store.job(job).advance()
            return self.store.job(job)

    def finish(self, job: str) -> Job:
        """Move a job on until it has ended."""
        with self._lock:
            found = self.store.job(job)
            while found.status not in ENDED:
                found.advance()
            return found

    def set_status(self, job: str, status: str) -> None:
        """Give a job any status, known or not."""
        with self._lock:
            self.store.job(job).status = status

    def fail(self, job: str, code: str, message: str, param: str = "") -> None:
        """End a job with an error."""
        with self._lock:
            self.store.job(job).fail({"code": code, "message": message, "param": param or None})

    def doom(self, code: str, message: str, param: str = "") -> None:
        """Let the next job that is made fail once it runs."""
        with self._lock:
            self.store.dooms.append({"code": code, "message": message, "param": param or None})

    # What the server does.

    def application(self) -> web.Application:
        """Return the server."""
        server = web.Application(client_max_size=2**31)
        for route, (method, path) in PLACES.items():
            server.router.add_route(method, path, self._handler(route))
        return server

    def _handler(self, route: Route) -> Callable[[web.Request], "asyncio.Future[web.StreamResponse]"]:
        async def handle(request: web.Request) -> web.StreamResponse:
            return await self._handle(route, request)

        return cast("Callable[[web.Request], asyncio.Future[web.StreamResponse]]", handle)

    async def _handle(self, route: Route, http: web.Request) -> web.StreamResponse:
        body = await body_of(http)
        request = Request(route, http.method, http.path, dict(http.query), http.headers, body)
        with self._lock:
            self.requests.append(request)
            fault = self._faults[route].popleft() if self._faults[route] else None
        fault = self._call(request, "before") or fault
        if isinstance(fault, Slow) and fault.when == "before":
            await asyncio.sleep(fault.seconds)
        if isinstance(fault, Refusal):
            return refused(fault)
        if isinstance(fault, Cut) and fault.when == "before":
            return cut(http)
        with self._lock:
            response = self._processed(route, http, request)
        return await spoilt(http, response, self._call(request, "after") or fault)

    def _call(self, request: Request, when: Moment) -> Fault | None:
        with self._lock:
            callbacks = list(self._callbacks[request.route, when])
        faults = [callback(request) for callback in callbacks]
        return next(filter(None, faults), None)

    def _processed(self, route: Route, http: web.Request, request: Request) -> web.Response:
        key = http.headers.get("Authorization", "").removeprefix("Bearer ")
        if key not in self.keys:
            return refused(key_refused(f"{key[:8]}****{key[-4:]}"))
        try:
            if route == "content":
                return web.Response(body=self.store.file(http.match_info["id"]).content)
            answer = ANSWERS[route](self.store, http.match_info.get("id", ""), request)
            return streamed(answer) if request.body.get("stream") else web.json_response(answer)
        except RefusedError as error:
            return refused(error.refusal)


@contextmanager
def tuning_server() -> Generator[TuningServer]:
    """Serve on a free port of the loopback, in a thread of its own, until the block ends."""
    server, ready = TuningServer(), threading.Event()
    stop: list[Callable[[], object]] = []

    async def run() -> None:
        loop, stopped = asyncio.get_running_loop(), asyncio.Event()
        stop.append(lambda: loop.call_soon_threadsafe(stopped.set))
        async with serve(server.application(), patience=0.1) as url:
            server.url = f"{url}/v1"
            ready.set()
            await stopped.wait()

    thread = threading.Thread(target=lambda: asyncio.run(run()), name="tuning server", daemon=True)
    thread.start()
    try:
        if not ready.wait(10):
            raise TimeoutError("the tuning server did not start within 10 s")
        yield server
    finally:
        for end in stop:
            end()
        thread.join()
