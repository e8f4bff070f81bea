"""vLLM: one base with any number of adapters, loaded and unloaded while it answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import cast

import aiohttp

from bot.engines.errors import EngineDown, Refused, down, reason
from bot.engines.wishes import Weights, Wish

# The ranks that it can be started for.
RANKS = (8, 16, 32, 64, 128, 256, 320, 512)
# Without it, the routes that load and unload are not there.
RUNTIME = "VLLM_ALLOW_RUNTIME_LORA_UPDATING"
# What is said of a route that is not there; an adapter that is not found has another body.
_NO_ROUTE = {"detail": "Not Found"}
_TEMPLATE = "chat_template.jinja"
# Seconds: a list comes at once, an adapter may come from a slow disk.
_LIST, _LOAD = aiohttp.ClientTimeout(total=10), aiohttp.ClientTimeout(total=120)


@dataclass(frozen=True, slots=True)
class Launch:
    """What vLLM is started for: a base and the largest rank of its adapters, or a whole model `alone`, by its id."""

    base: str
    revision: str = ""
    rank: int = RANKS[0]
    template: str = ""
    alone: str = ""

    def holds(self, weights: Weights) -> bool:
        """Tell whether vLLM can answer as this model, started so."""
        if weights.kind == "whole":
            return weights.model == self.alone
        return not self.alone and _goes_with(self, weights) and weights.rank <= self.rank


def launch(wishes: Sequence[Wish], running: Launch | None) -> Launch | None:
    """Return what vLLM is to be started for; the one that runs, where that holds the most important model."""
    if not wishes:
        return None
    first, *others = (wish.weights for wish in wishes)
    if running and running.holds(first):
        return running
    if first.kind == "whole":
        return Launch(str(first.folder), alone=first.model)
    started = Launch(first.base, first.revision, RANKS[-1])
    ranks = [weights.rank for weights in (first, *others) if started.holds(weights)]
    template = first.folder / _TEMPLATE
    rank = next(rank for rank in RANKS if rank >= max(ranks, default=1))
    return Launch(first.base, first.revision, rank, str(template) if template.exists() else "")


def _goes_with(launch: Launch, weights: Weights) -> bool:
    return (launch.base, launch.revision) == (weights.base, weights.revision)


def arguments(launch: Launch, most: int) -> list[str]:
    """Return the arguments of `vllm serve` for up to `most` models, without where it listens."""
    if launch.alone:
        return [launch.base, "--served-model-name", launch.alone]
    here = Path(launch.base).is_dir()
    revision = ["--revision", launch.revision] if launch.revision and not here else []
    template = ["--chat-template", launch.template] if launch.template else []
    lora = ["--enable-lora", "--max-lora-rank", str(launch.rank), "--max-loras", str(most)]
    return [launch.base, *revision, *template, *lora]


class Vllm:
    """A vLLM that runs, wherever that is; `seen_from_there` is where it sees the home folder, `home` where we do."""

    def __init__(self, url: str, session: aiohttp.ClientSession, home: Path, seen_from_there: str = "") -> None:
        self.url = url.rstrip("/")
        self._session = session
        self._home = home.resolve()
        self._there = Path(seen_from_there) if seen_from_there else self._home

    async def there(self, wishes: Sequence[Wish]) -> frozenset[str]:
        """Return the names of all that it can answer as; raises EngineDown."""
        del wishes
        status, body = await self._ask("GET", "models", None, _LIST)
        try:
            cards = cast("Mapping[str, Sequence[Mapping[str, object]]]", body)["data"]
            return frozenset(str(card["id"]) for card in cards)
        except (LookupError, TypeError):
            raise EngineDown(f"it lists no models ({status})") from None

    async def load(self, weights: Weights) -> None:
        """Load an adapter; raises Refused and EngineDown."""
        if weights.kind == "whole":
            raise Refused("it is a whole model and no adapter: vLLM has to be started with it")
        path = self._there / weights.folder.relative_to(self._home)
        await self._change("load_lora_adapter", {"lora_name": weights.model, "lora_path": str(path)})

    async def unload(self, model: str) -> None:
        """Unload an adapter; raises Refused and EngineDown."""
        await self._change("unload_lora_adapter", {"lora_name": model})

    async def _change(self, route: str, body: Mapping[str, str]) -> None:
        status, said = await self._ask("POST", route, body, _LOAD)
        if status == HTTPStatus.OK:
            return
        if said == _NO_ROUTE:
            raise Refused(f"it loads no adapters while it runs: start it with --enable-lora and {RUNTIME}=True")
        raise Refused(f"{status} {reason(_message(said))}")

    async def _ask(
        self, method: str, route: str, body: Mapping[str, str] | None, within: aiohttp.ClientTimeout
    ) -> tuple[int, object]:
        """Return the status and the body, as JSON or as a text; raises EngineDown."""
        try:
            async with self._session.request(method, f"{self.url}/{route}", json=body, timeout=within) as response:
                is_json = response.content_type == "application/json"
                return response.status, await (response.json() if is_json else response.text())
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise down(error) from None


def _message(said: object) -> str:
    """Return what an error says; releases differ in where they say it."""
    match said:
        case {"error": {"message": str(text)}} | {"message": str(text)}:
            return text
        case _:
            return str(said)
