"""A local vLLM: one base, and adapters that are loaded and unloaded over HTTP; it refuses what the real one refuses.

`python -m tests.servers.vllm serve BASE --host HOST --port PORT ...` is its command.
"""

import argparse
import json
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Handler

BASE = "tiny/base"


class Vllm:
    """What it serves, and what it was told to do; `updates` is whether adapters may be loaded while it runs."""

    def __init__(self, base: str = BASE, *, rank: int = 16, updates: bool = True, key: str = "") -> None:
        self.base = base
        self.rank = rank
        self.updates = updates
        self.key = key
        self.port = 0
        self.adapters: dict[str, str] = {}
        self.changes: list[str] = []
        self.answered: list[str] = []

    @property
    def url(self) -> str:
        """Where it is, as an engine is named."""
        return f"http://127.0.0.1:{self.port}/v1"

    def application(self) -> web.Application:
        """Return the server."""
        server = web.Application(middlewares=[self._door])
        server.router.add_get("/health", self._health)
        server.router.add_get("/v1/models", self._models)
        server.router.add_post("/v1/chat/completions", self._complete)
        if self.updates:
            server.router.add_post("/v1/load_lora_adapter", self._load)
            server.router.add_post("/v1/unload_lora_adapter", self._unload)
        return server

    @web.middleware
    async def _door(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if self.key and request.headers.get("Authorization") != f"Bearer {self.key}":
            return web.json_response({"error": "Unauthorized"}, status=401)
        try:
            return await handler(request)
        except web.HTTPNotFound:
            # As FastAPI says it.
            return web.json_response({"detail": "Not Found"}, status=404)

    async def _health(self, _: web.Request) -> web.Response:
        return web.Response()

    async def _models(self, _: web.Request) -> web.Response:
        base = {"id": self.base, "object": "model", "root": self.base, "parent": None}
        adapters = [
            {"id": name, "object": "model", "root": path, "parent": self.base} for name, path in self.adapters.items()
        ]
        return web.json_response({"object": "list", "data": [base, *adapters]})

    async def _load(self, request: web.Request) -> web.Response:
        if request.content_type != "application/json":
            return web.json_response({"detail": "Unsupported Media Type"}, status=415)
        body = await request.json()
        name, path = body.get("lora_name"), body.get("lora_path")
        if not name or not path:
            return _error(400, "InvalidUserInput", "Both 'lora_name' and 'lora_path' must be provided.")
        if name in self.adapters:
            return _error(400, "InvalidUserInput", f"The lora adapter '{name}' has already been loaded.")
        config = Path(path) / "adapter_config.json"
        if not config.exists():
            return _error(404, "NotFoundError", f"Loading lora {name} failed: No adapter found for {path}")
        rank = json.loads(config.read_text())["r"]
        if rank > self.rank:
            why = f"LoRA rank {rank} is greater than max_lora_rank {self.rank}."
            return _error(500, "InternalServerError", why)
        self.adapters[name] = path
        self.changes.append(f"load {name}")
        return web.Response(text=f"Success: LoRA adapter '{name}' added successfully.")

    async def _unload(self, request: web.Request) -> web.Response:
        name = (await request.json()).get("lora_name")
        if name not in self.adapters:
            return _error(404, "NotFoundError", f"The lora adapter '{name}' cannot be found.")
        del self.adapters[name]
        self.changes.append(f"unload {name}")
        return web.Response(text=f"Success: LoRA adapter '{name}' removed successfully.")

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        model = (await request.json())["model"]
        if model not in {self.base, *self.adapters}:
            return _error(404, "NotFoundError", f"The model `{model}` does not exist.", param="model")
        self.answered.append(model)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        usual = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": model}
        for delta, finish in (({"content": f"I am {model}."}, None), ({}, "stop")):
            chunk = {**usual, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
            await response.write(f"data: {json.dumps(chunk)}\n\n".encode())
        await response.write(b"data: [DONE]\n\n")
        return response


def _error(status: int, kind: str, message: str, param: str | None = None) -> web.Response:
    error = {"message": message, "type": kind, "param": param, "code": status}
    return web.json_response({"error": error}, status=status)


@asynccontextmanager
async def open_vllm(vllm: Vllm) -> AsyncGenerator[Vllm]:
    """Serve on the port that it had before, or on a free one; it has forgotten its adapters, as after any start."""
    vllm.adapters.clear()
    runner = web.AppRunner(vllm.application(), shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", vllm.port, reuse_address=True).start()
        vllm.port = runner.addresses[0][1]
        yield vllm
    finally:
        await runner.cleanup()


def main() -> None:
    """Serve as the command line says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("serve", choices=["serve"])
    parser.add_argument("base")
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--enable-lora", action="store_true")
    parser.add_argument("--max-lora-rank", type=int, default=16, choices=[8, 16, 32, 64, 128, 256, 320, 512])
    parser.add_argument("--max-loras", type=int, default=1)
    parser.add_argument("--served-model-name", default="")
    parser.add_argument("--revision", default="")
    parser.add_argument("--chat-template", type=Path)
    said = parser.parse_args()
    print(f"started with {said.base} as {os.getpid()}", flush=True)  # noqa: T201 - for the log
    updates = said.enable_lora and os.environ.get("VLLM_ALLOW_RUNTIME_LORA_UPDATING") == "True"
    vllm = Vllm(said.served_model_name or said.base, rank=said.max_lora_rank, updates=updates)
    web.run_app(vllm.application(), host=said.host, port=said.port, print=None, shutdown_timeout=0.1)


if __name__ == "__main__":
    main()
