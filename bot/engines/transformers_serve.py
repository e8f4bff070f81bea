"""`transformers serve`: each model by itself with its own copy of the base, for a small machine."""

import asyncio
import json
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import aiohttp

from bot.engines.errors import Refused, down, reason
from bot.engines.wishes import Weights, Wish
from training.examples import DataError

# Its command checks for a newer release of itself, which whoever serves does not want to wait for.
PROGRAM = ("-c", "from transformers.cli.transformers import app; app()", "serve")
ENVIRONMENT = {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "TOKENIZERS_PARALLELISM": "false"}
# Seconds after which it lets go of a model that nobody asked.
IDLE = 120
# Seconds after which it is told again to keep a model that answers customers.
KEPT = 30.0
_DATA = b"data: "
# Where a model does not say that it samples, the engine makes nothing of the temperature that it is sent.
_GENERATION = "generation_config.json"
# What of a base is handed to the engine: no pickle, and no code.
_TAKEN = {".json", ".safetensors", ".jinja", ".txt", ".model", ".tiktoken"}
# A model may be large, and the disk slow; but something is told of it now and then.
_HEALTH, _LOAD = aiohttp.ClientTimeout(total=10), aiohttp.ClientTimeout(sock_connect=10, sock_read=900)


def arguments() -> list[str]:
    """Return the arguments of `transformers serve`, without where it listens."""
    return ["--model-timeout", str(IDLE)]


class TransformersServe:
    """A `transformers serve` that runs in `folder`, where each model lies under its name, as links to its files.

    It loads what it is asked for and lets go of what nobody asks for; what answers customers is kept.
    """

    def __init__(
        self, url: str, session: aiohttp.ClientSession, folder: Path, clock: Callable[[], float] = time.time
    ) -> None:
        self._url = url.removesuffix("/").removesuffix("/v1")
        self._session = session
        self._folder = folder
        self._clock = clock
        self._is_up = False
        self._loaded: dict[str, float] = {}

    async def there(self, wishes: Sequence[Wish]) -> frozenset[str]:
        """Return what need not be loaded now; raises EngineDown."""
        # Once it is up, its process tells when it no longer is.
        if not self._is_up:
            await self._see_up()
        due = {wish.weights.model for wish in wishes if self._is_due(wish)}
        return frozenset(self._loaded.keys() - due)

    async def _see_up(self) -> None:
        try:
            async with self._session.get(f"{self._url}/health", timeout=_HEALTH) as answer:
                answer.raise_for_status()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise down(error) from None
        self._is_up = True

    def _is_due(self, wish: Wish) -> bool:
        loaded = self._loaded.get(wish.weights.model, 0.0)
        return wish.asked_at > loaded or (wish.firm and self._clock() - loaded > KEPT)

    async def load(self, weights: Weights) -> None:
        """Have a model loaded, or kept where it is loaded already; raises Refused and EngineDown."""
        began = self._clock()
        # Made anew for each process: an earlier one may have left it half-made, or the base may have moved.
        if weights.model not in self._loaded:
            try:
                await asyncio.to_thread(link, self._folder / weights.model, weights)
            except (DataError, OSError, ValueError) as error:
                raise Refused(str(error)) from None
        last = await self._told_last({"model": weights.model})
        if last.get("status") != "ready":
            raise Refused(reason(str(last.get("message", "it did not say why"))))
        self._loaded[weights.model] = began

    async def _told_last(self, body: Mapping[str, str]) -> Mapping[str, object]:
        """Have a model loaded, and return what was told last of it; raises EngineDown."""
        last = b"{}"
        try:
            async with self._session.post(f"{self._url}/load_model", json=body, timeout=_LOAD) as answer:
                answer.raise_for_status()
                async for line in answer.content:
                    last = line.removeprefix(_DATA) if line.startswith(_DATA) else last
            return json.loads(last)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise down(error) from None

    async def unload(self, model: str) -> None:
        """Take a model's name away; its memory is free once nobody has asked it for a while."""
        self._loaded.pop(model, None)
        await asyncio.to_thread(shutil.rmtree, self._folder / model, ignore_errors=True)


def link(place: Path, weights: Weights) -> None:
    """Make a folder that holds a model as the engine wants it: an adapter together with its base, as links.

    Raises DataError, OSError, and ValueError where what the base says of its answers cannot be read.
    """
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    # What the adapter brings, its tokenizer and its chat template among it, goes before what the base has.
    files = {file.name: file for file in (*_of_base(weights), *weights.folder.iterdir()) if file.suffix in _TAKEN}
    for name, file in files.items():
        if name != _GENERATION:
            (place / name).symlink_to(file)
    told: dict[str, object] = json.loads(files[_GENERATION].read_bytes()) if _GENERATION in files else {}
    (place / _GENERATION).write_text(json.dumps({**told, "do_sample": True}), "utf-8")


def _of_base(weights: Weights) -> Sequence[Path]:
    if weights.kind == "whole":
        return ()
    files = tuple(_base(weights).iterdir())
    if not any(file.suffix == ".safetensors" for file in files):
        raise DataError(f"Its base {weights.base} has no safetensors: save it as such, for a pickle may run anything.")
    return files


def _base(weights: Weights) -> Path:
    """Return the folder of a base; raises DataError where it is not on this machine."""
    if Path(weights.base).is_dir():
        return Path(weights.base).resolve()
    # Imported where it is needed: it costs a fifth of a second.
    from huggingface_hub import try_to_load_from_cache  # noqa: PLC0415

    found = try_to_load_from_cache(weights.base, "config.json", revision=weights.revision or None)
    if not isinstance(found, str):
        raise DataError(f"Its base {weights.base} is not on this machine: `hf download {weights.base}` brings it.")
    return Path(found).parent
