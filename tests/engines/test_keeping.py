"""Replicas of vLLM, kept in line over HTTP."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from structlog.testing import capture_logs

from bot.engines.errors import EngineDown
from bot.engines.keeping import Keeping
from bot.engines.vllm import Vllm as Client
from bot.engines.wishes import Weights, Wish
from tests.engines.wanted import Clock, sight, wish
from tests.servers.vllm import BASE, Vllm, open_vllm


@asynccontextmanager
async def kept(server: Vllm, home: Path, clock: Clock, key: str = "", there: str = "") -> AsyncGenerator[Keeping]:
    """Yield what keeps a server in line; its refusals are tried again after 10 s, and a minute."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    async with aiohttp.ClientSession(headers=headers) as session:
        engine = Client(server.url, session, home, there)
        yield Keeping(engine, "replica", clock, pauses=(10.0, 60.0), linger=60.0)


async def test_what_is_wanted_is_loaded_once_by_its_id_from_its_folder(tmp_path: Path) -> None:
    async with open_vllm(Vllm()) as server, kept(server, tmp_path, Clock()) as keeping:
        wanted = sight(wish(tmp_path, "model-1"), wish(tmp_path, "model-2", firm=False))
        for _ in range(3):
            assert await keeping.align(wanted) == {BASE, "model-1", "model-2"}
        assert server.changes == ["load model-1", "load model-2"]
        assert server.adapters["model-1"] == str(tmp_path / "models" / "model-1" / "weights")


async def test_a_replica_that_sees_the_home_elsewhere_is_told_where_it_sees_the_adapter(tmp_path: Path) -> None:
    mounted = tmp_path / "mounted"
    wish(mounted, "model-1")
    async with open_vllm(Vllm()) as server, kept(server, tmp_path, Clock(), there=str(mounted)) as keeping:
        await keeping.align(sight(wish(tmp_path, "model-1")))
        assert server.adapters == {"model-1": str(mounted / "models" / "model-1" / "weights")}


async def test_a_replica_that_was_restarted_gets_everything_again(tmp_path: Path) -> None:
    server, clock = Vllm(), Clock()
    wanted = sight(wish(tmp_path, "model-1"), wish(tmp_path, "model-2"))
    async with AsyncExitStack() as stack:
        async with open_vllm(server):
            keeping = await stack.enter_async_context(kept(server, tmp_path, clock))
            await keeping.align(wanted)
        with pytest.raises(EngineDown):
            await keeping.align(wanted)
        async with open_vllm(server):
            assert await keeping.align(wanted) >= {"model-1", "model-2"}
    assert server.changes == ["load model-1", "load model-2"] * 2


async def test_two_replicas_get_the_same(tmp_path: Path) -> None:
    wanted = sight(wish(tmp_path, "model-1"))
    async with open_vllm(Vllm()) as one, open_vllm(Vllm()) as other:
        async with kept(one, tmp_path, Clock()) as first, kept(other, tmp_path, Clock()) as second:
            for keeping in (first, second):
                await keeping.align(wanted)
        assert one.adapters == other.adapters
        assert list(one.adapters) == ["model-1"]


async def test_what_nobody_wants_any_more_is_unloaded_after_the_turns_that_began_with_it(tmp_path: Path) -> None:
    clock = Clock()
    old, new = wish(tmp_path, "model-1"), wish(tmp_path, "model-2")
    async with open_vllm(Vllm()) as server, kept(server, tmp_path, clock) as keeping:
        await keeping.align(sight(old))
        clock.now += 1
        assert await keeping.align(sight(new, ours=("model-1",))) >= {"model-1", "model-2"}
        clock.now += 60
        assert "model-1" not in await keeping.align(sight(new, ours=("model-1",)))
    assert server.changes == ["load model-1", "load model-2", "unload model-1"]


async def test_what_an_earlier_process_left_is_unloaded_and_what_others_loaded_stays(tmp_path: Path) -> None:
    async with open_vllm(Vllm()) as server, kept(server, tmp_path, Clock()) as keeping:
        server.adapters |= {"model-0": "somewhere", "model-of-others": "elsewhere"}
        assert await keeping.align(sight(ours=("model-0", "model-1"))) == {BASE, "model-of-others"}


async def test_nothing_is_unloaded_before_all_that_answers_customers_is_there(tmp_path: Path) -> None:
    clock = Clock()
    old, new = wish(tmp_path, "model-1"), wish(tmp_path, "model-2", rank=64)
    async with open_vllm(Vllm(rank=16)) as server, kept(server, tmp_path, clock) as keeping:
        await keeping.align(sight(old))
        clock.now += 100
        assert "model-1" in await keeping.align(sight(new, ours=("model-1",)))
    assert server.changes == ["load model-1"]


async def test_a_refusal_is_told_once_in_the_engines_own_words_and_tried_again_after_a_while(tmp_path: Path) -> None:
    clock, server = Clock(), Vllm(rank=16)
    wanted = sight(wish(tmp_path, "model-1", rank=64), wish(tmp_path, "model-2"))
    with capture_logs() as logs:
        async with open_vllm(server), kept(server, tmp_path, clock) as keeping:
            for _ in range(3):
                assert await keeping.align(wanted) == {BASE, "model-2"}
            clock.now += 10
            await keeping.align(wanted)
            assert [(line["event"], line["model"], line["why"]) for line in logs] == [
                ("engine.not_loaded", "model-1", "500 LoRA rank 64 is greater than max_lora_rank 16.")
            ]
            server.rank = 64
            clock.now += 59
            assert await keeping.align(wanted) == {BASE, "model-2"}
            clock.now += 1
            assert await keeping.align(wanted) == {BASE, "model-1", "model-2"}


async def test_an_engine_that_takes_no_adapters_while_it_runs_says_how_it_would(tmp_path: Path) -> None:
    with capture_logs() as logs:
        async with open_vllm(Vllm(updates=False)) as server, kept(server, tmp_path, Clock()) as keeping:
            assert await keeping.align(sight(wish(tmp_path, "model-1"))) == {BASE}
    assert logs[0]["why"] == (
        "it loads no adapters while it runs: start it with --enable-lora and VLLM_ALLOW_RUNTIME_LORA_UPDATING=True"
    )


async def test_a_whole_model_is_no_adapter(tmp_path: Path) -> None:
    whole = Wish(Weights("model-1", tmp_path, "whole", BASE, "", 1), firm=True, asked_at=0.0)
    with capture_logs() as logs:
        async with open_vllm(Vllm()) as server, kept(server, tmp_path, Clock()) as keeping:
            assert await keeping.align(sight(whole)) == {BASE}
    assert "vLLM has to be started with it" in logs[0]["why"]


async def test_the_key_is_sent_and_a_wrong_one_makes_the_engine_unreachable(tmp_path: Path) -> None:
    async with open_vllm(Vllm(key="k1")) as server:
        async with kept(server, tmp_path, Clock(), key="k1") as keeping:
            assert await keeping.align(sight(wish(tmp_path, "model-1"))) == {BASE, "model-1"}
        async with kept(server, tmp_path, Clock()) as keeping:
            with pytest.raises(EngineDown, match="401"):
                await keeping.align(sight())
