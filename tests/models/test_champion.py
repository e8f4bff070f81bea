"""How one champion takes over from another while turns go on."""

import asyncio
import os
import threading
import time
from contextlib import AsyncExitStack
from pathlib import Path

from bot.models import ChatModel
from bot.models.champion import Champion, open_champion
from tests.champions import promote, roll_back, served
from tests.kit import ScriptedModel
from training.registry import Model

# So long that a test would be seen to hang.
LONG = 30


class Builder:
    """Makes champions that only have a name, one after the other, each when it is let; notes which were closed."""

    def __init__(self) -> None:
        self.closed: list[str] = []
        self.begun = threading.Event()
        self.may_end = threading.Event()
        self.may_end.set()

    def __call__(self, model: Model, opened: AsyncExitStack) -> ChatModel:
        """Make a champion, in whatever thread this is."""
        self.begun.set()
        # In the event loop's own thread, nobody could let it end.
        assert self.may_end.wait(LONG)
        opened.callback(self.closed.append, model.id)
        return ScriptedModel(name=model.id)


async def answers(champion: Champion) -> tuple[str, ...]:
    """Return who answers a turn."""
    async with champion.turn() as models:
        return tuple(model.name for model in models)


async def test_a_champion_that_takes_its_time_keeps_no_turn_waiting_for_longer_than_is_bearable(tmp_path: Path) -> None:
    first, second = served(tmp_path, ""), served(tmp_path, "")
    promote(tmp_path, first)
    build = Builder()
    async with open_champion(tmp_path, build, patience=0.05) as champion:
        build.may_end.clear()
        promote(tmp_path, second)
        loop = asyncio.get_running_loop()
        began = loop.time()
        assert await answers(champion) == (first.id,)
        assert loop.time() - began < 1
        # Patience is for the first ones; from then on nobody waits.
        began = loop.time()
        assert [await answers(champion) for _ in range(20)] == [(first.id,)] * 20
        assert loop.time() - began < 0.5
        build.may_end.set()
        while await answers(champion) != (second.id,):  # noqa: ASYNC110 - nothing tells when it answers but an answer
            await asyncio.sleep(0.001)


async def test_a_turn_that_arrives_while_a_champion_is_made_ready_is_answered_by_it(tmp_path: Path) -> None:
    model = served(tmp_path, "")
    build = Builder()
    async with open_champion(tmp_path, build) as champion:
        build.may_end.clear()
        promote(tmp_path, model)
        turns = [asyncio.create_task(answers(champion)) for _ in range(3)]
        await asyncio.to_thread(build.begun.wait, LONG)
        turns.append(asyncio.create_task(answers(champion)))
        build.may_end.set()
        assert await asyncio.gather(*turns) == [(model.id,)] * 4


async def test_of_two_that_are_promoted_while_a_third_is_made_ready_the_newest_answers(tmp_path: Path) -> None:
    models = [served(tmp_path, "") for _ in range(3)]
    build = Builder()
    async with open_champion(tmp_path, build) as champion:
        build.may_end.clear()
        promote(tmp_path, models[0])
        turn = asyncio.create_task(answers(champion))
        await asyncio.to_thread(build.begun.wait, LONG)
        for model in models[1:]:
            promote(tmp_path, model)
        build.may_end.set()
        assert await turn == (models[2].id,)


async def test_a_champion_is_closed_when_its_last_turn_has_ended(tmp_path: Path) -> None:
    model = served(tmp_path, "")
    promote(tmp_path, model)
    build = Builder()
    async with open_champion(tmp_path, build) as champion:
        async with champion.turn():
            async with champion.turn():
                roll_back(tmp_path)
                assert await answers(champion) == ()
            assert build.closed == []
        assert build.closed == [model.id]


async def test_a_champion_that_nobody_is_asking_is_closed_when_another_takes_over_and_that_one_at_the_end(
    tmp_path: Path,
) -> None:
    models = [served(tmp_path, "") for _ in range(2)]
    build = Builder()
    promote(tmp_path, models[0])
    async with open_champion(tmp_path, build) as champion:
        promote(tmp_path, models[1])
        assert await answers(champion) == (models[1].id,)
        assert build.closed == [models[0].id]
    assert build.closed == [model.id for model in models]


async def test_the_end_does_not_wait_for_a_champion_that_is_being_made_ready(tmp_path: Path) -> None:
    build = Builder()
    async with open_champion(tmp_path, build, patience=0) as champion:
        build.may_end.clear()
        promote(tmp_path, served(tmp_path, ""))
        assert await answers(champion) == ()
        await asyncio.to_thread(build.begun.wait, LONG)
    build.may_end.set()


async def test_a_turn_that_is_given_up_while_it_waits_takes_nothing_from_the_others(tmp_path: Path) -> None:
    model = served(tmp_path, "")
    build = Builder()
    async with open_champion(tmp_path, build) as champion:
        build.may_end.clear()
        promote(tmp_path, model)
        turn = asyncio.create_task(answers(champion))
        await asyncio.to_thread(build.begun.wait, LONG)
        turn.cancel()
        other = asyncio.create_task(answers(champion))
        build.may_end.set()
        assert await other == (model.id,)
        assert (await asyncio.gather(turn, return_exceptions=True))[0].__class__ is asyncio.CancelledError


async def test_a_turn_looks_at_the_registry_only_where_its_file_has_changed(tmp_path: Path) -> None:
    model = served(tmp_path, "")
    promote(tmp_path, model)
    async with open_champion(tmp_path, Builder()) as champion:
        # Opened, it would show that it is none any more.
        found = (tmp_path / "registry.db").stat()
        (tmp_path / "registry.db").write_bytes(b"?" * found.st_size)
        os.utime(tmp_path / "registry.db", ns=(found.st_atime_ns, found.st_mtime_ns))
        assert await answers(champion) == (model.id,)


async def test_two_promotions_within_one_tick_of_the_files_clock_are_told_apart(tmp_path: Path) -> None:
    models = [served(tmp_path, "") for _ in range(3)]
    promote(tmp_path, models[0])
    file = tmp_path / "registry.db"
    async with open_champion(tmp_path, Builder()) as champion:
        promote(tmp_path, models[1])
        now = time.time_ns()
        os.utime(file, ns=(now, now))
        size = file.stat().st_size
        turn = asyncio.create_task(answers(champion))
        for _ in range(5):
            await asyncio.sleep(0)
        promote(tmp_path, models[2])
        os.utime(file, ns=(now, now))
        assert file.stat().st_size == size
        assert await turn == (models[2].id,)
        assert await answers(champion) == (models[2].id,)
