"""A local `transformers serve`, as far as models are loaded: it loads what lies in its folder."""

import json
from pathlib import Path

from aiohttp import web


class SmallEngine:
    """A server that notes what it was told to load."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.loads: list[str] = []

    def application(self) -> web.Application:
        """Return the server."""
        server = web.Application()
        server.router.add_get("/health", self._health)
        server.router.add_post("/load_model", self._load)
        return server

    async def _health(self, _: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def _load(self, request: web.Request) -> web.Response:
        model = (await request.json())["model"]
        self.loads.append(model)
        ready = {"status": "ready", "model": f"{model}@main", "cached": self.loads.count(model) > 1}
        wrong = {"status": "error", "model": f"{model}@main", "message": f"Unrecognized model in {model}."}
        last = ready if (self.folder / model / "config.json").exists() else wrong
        told = ({"status": "loading", "model": f"{model}@main", "stage": "config"}, last)
        return web.Response(text="".join(f"data: {json.dumps(line)}\n\n" for line in told))
