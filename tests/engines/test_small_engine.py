"""`transformers serve`, kept in line over HTTP."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from structlog.testing import capture_logs

from bot.engines.keeping import Keeping
from bot.engines.transformers_serve import IDLE, KEPT, TransformersServe
from bot.engines.wishes import Wish
from tests.engines.wanted import Clock, sight, wish
from tests.servers.loopback import serve
from tests.servers.small_engine import SmallEngine


@asynccontextmanager
async def small(home: Path, clock: Clock) -> AsyncGenerator[tuple[SmallEngine, Keeping]]:
    """Yield such an engine, and what keeps it in line."""
    server = SmallEngine(home / "serving" / "models")
    async with serve(server.application(), patience=0.1) as url, aiohttp.ClientSession() as session:
        engine = TransformersServe(f"{url}/v1", session, server.folder, clock)
        yield server, Keeping(engine, "small", clock, pauses=(10.0,), linger=60.0)


def base(folder: Path) -> Path:
    """Make the folder of a base, with a pickle and code among its files."""
    folder.mkdir()
    for name in ("config.json", "tokenizer.json", "model.safetensors", "pytorch_model.bin", "modeling.py"):
        (folder / name).write_text("the base's")
    return folder


def on(base: Path, wish: Wish) -> Wish:
    """Return a wish for a model with another base."""
    return replace(wish, weights=replace(wish.weights, base=str(base)))


async def test_transformers_serve_finds_an_adapter_together_with_its_base_and_neither_pickles_nor_code(
    tmp_path: Path,
) -> None:
    one = on(base(tmp_path / "base"), wish(tmp_path, "model-1"))
    (one.weights.folder / "tokenizer.json").write_text("the adapter's")
    async with small(tmp_path, Clock()) as (server, keeping):
        assert await keeping.align(sight(one)) == {"model-1"}
    made = {file.name: file.resolve().parent.name for file in (server.folder / "model-1").iterdir()}
    assert made == {
        **dict.fromkeys(("config.json", "model.safetensors"), "base"),
        **dict.fromkeys(("adapter_config.json", "adapter_model.safetensors", "tokenizer.json"), "weights"),
        "generation_config.json": "model-1",
    }


@pytest.mark.parametrize("said", [{}, {"eos_token_id": [1, 2], "do_sample": False}])
async def test_transformers_serve_heeds_the_temperature_whatever_the_base_says(
    tmp_path: Path, said: dict[str, object]
) -> None:
    folder = base(tmp_path / "base")
    if said:
        (folder / "generation_config.json").write_text(json.dumps(said))
    async with small(tmp_path, Clock()) as (server, keeping):
        await keeping.align(sight(on(folder, wish(tmp_path, "model-1"))))
        told = json.loads((server.folder / "model-1" / "generation_config.json").read_text())
    assert told == {**said, "do_sample": True}
    # Of the base itself nothing has changed.
    assert not said or json.loads((folder / "generation_config.json").read_text()) == said


async def test_transformers_serve_keeps_who_answers_customers_and_lets_go_of_the_others_by_itself(
    tmp_path: Path,
) -> None:
    assert KEPT < IDLE
    clock, folder = Clock(), base(tmp_path / "base")
    firm = on(folder, wish(tmp_path, "model-1"))
    other = on(folder, wish(tmp_path, "model-2", firm=False, asked_at=clock.now - 1))
    async with small(tmp_path, clock) as (server, keeping):
        for _ in range(2):
            assert await keeping.align(sight(firm, other)) == {"model-1", "model-2"}
        clock.now += KEPT + 1
        assert await keeping.align(sight(firm, other)) == {"model-1", "model-2"}
        assert server.loads == ["model-1", "model-2", "model-1"]
        again = on(folder, wish(tmp_path, "model-2", firm=False, asked_at=clock.now + 1))
        clock.now += 2
        await keeping.align(sight(firm, again))
        assert server.loads == ["model-1", "model-2", "model-1", "model-2"]


async def test_transformers_serve_no_longer_finds_what_nobody_wants(tmp_path: Path) -> None:
    clock, folder = Clock(), base(tmp_path / "base")
    one, other = (on(folder, wish(tmp_path, name)) for name in ("model-1", "model-2"))
    async with small(tmp_path, clock) as (server, keeping):
        await keeping.align(sight(one, other))
        clock.now += 61
        await keeping.align(sight(other, ours=("model-1",)))
        assert [place.name for place in server.folder.iterdir()] == ["model-2"]


@pytest.mark.parametrize(
    ("where", "why"),
    [
        ("nobody/nowhere", "Its base nobody/nowhere is not on this machine: `hf download nobody/nowhere` brings it."),
        ("pickled", "has no safetensors: save it as such, for a pickle may run anything."),
        ("other", "Unrecognized model in model-1."),
    ],
)
async def test_transformers_serve_says_what_is_wrong_with_a_base(
    tmp_path: Path, where: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder, file in (("pickled", "pytorch_model.bin"), ("other", "model.safetensors")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / file).touch()
    with capture_logs() as logs:
        async with small(tmp_path, Clock()) as (_, keeping):
            assert await keeping.align(sight(on(Path(where), wish(tmp_path, "model-1")))) == set[str]()
    assert logs[0]["why"].endswith(why)
