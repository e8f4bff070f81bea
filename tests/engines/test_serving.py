"""Engines started, found and kept in line, and the bot beside them; the engine is our own server."""

import asyncio
import os
import signal
from contextlib import AsyncExitStack
from functools import partial
from itertools import count
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.app import Desk, open_desk
from bot.conversation import Answered, Conversation, Question
from bot.engines import notes
from bot.models import ModelError, Prompt
from bot.models.library import open_library
from bot.models.making import tuned
from bot.settings import Settings
from tests.champions import promote
from tests.engines.kit import adapter, local
from tests.engines.running import free_url, program, serving_here, until, until_loaded
from tests.kit import OTHER_DATA, PERSONA
from tests.servers.vllm import Vllm, open_vllm

pytestmark = pytest.mark.slow
PROMPT = Prompt(PERSONA, (), (), "Who is there?")
_numbers = count(1)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a home, on a machine on which vLLM is installed, as far as anybody can tell."""
    monkeypatch.setenv("PATH", f"{program(tmp_path / 'bin')}:{os.environ['PATH']}")
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def settings(home: Path, **changes: str) -> Settings:
    """Return the settings of the bot and of `sarah serve` alike."""
    usual = {"sarah_home": home, "sarah_data": OTHER_DATA, "sarah_guard": "off", "sarah_local_url": free_url()}
    return Settings(**usual | changes)  # pyright: ignore[reportArgumentType]


async def ask(desk: Desk) -> tuple[str, str]:
    """Ask in a conversation of its own; return who answered, and what."""
    number = str(next(_numbers))
    events = desk.assistant.answer(Question(Conversation("test", "", number), "a", number, "Who is there?"))
    *_, ended = [event async for event in events]
    assert isinstance(ended, Answered)
    return ended.model, ended.text


def starts(home: Path) -> list[int]:
    """Return the numbers of the engines that were started, in order."""
    log = home / "engine.log"
    lines = log.read_text().splitlines() if log.exists() else []
    return [int(line.rpartition(" ")[2]) for line in lines if line.startswith("started with ")]


async def test_the_bot_is_answered_by_whoever_is_promoted_from_the_first_turn_on(home: Path) -> None:
    first, second, said = local(home), local(home), settings(home)
    promote(home, first)
    async with serving_here(said), open_desk(said, per_minute=0) as desk:
        await until_loaded(home, first.id)
        assert await ask(desk) == (first.id, f"I am {first.id}.")
        promote(home, second)
        assert await ask(desk) == (second.id, f"I am {second.id}.")
    assert len(starts(home)) == 1


async def test_a_model_is_evaluated_before_it_is_promoted_without_anybody_doing_anything(home: Path) -> None:
    champion, candidate, said = local(home), local(home), settings(home)
    promote(home, champion)
    async with serving_here(said):
        await until_loaded(home, champion.id)
        assert notes.loaded(home) == {champion.id}
        async with open_library(home, partial(tuned, said)) as library, library.lend(candidate.id) as model:
            answer = [piece async for piece in model.answer(PROMPT)]
    assert "".join(answer) == f"I am {candidate.id}."


async def test_the_engine_is_started_with_the_first_model_that_there_is_something_to_do_for(home: Path) -> None:
    said, model = settings(home), local(home)
    async with serving_here(said) as told:
        await until(lambda: len(told) == 2)
        assert told == [
            ("engine", f"vLLM at {said.sarah_local_url}, what it says in {home / 'engine.log'}"),
            ("model", "none of your own is promoted or asked for: the engine starts with the first one"),
        ]
        assert starts(home) == []
        promote(home, model)
        await until_loaded(home, model.id)


async def test_an_engine_that_dies_is_started_again_with_what_it_held(home: Path) -> None:
    champion = local(home)
    promote(home, champion)
    with capture_logs() as logs:
        async with serving_here(settings(home)):
            await until_loaded(home, champion.id)
            os.kill(starts(home)[0], signal.SIGKILL)
            await until(lambda: len(starts(home)) == 2)
            await until_loaded(home, champion.id)
    assert [line["event"] for line in logs] == ["engine.loaded", "engine.died", "engine.loaded"]
    died = logs[1]
    assert (died["engine"], died["code"], died["see"]) == ("vLLM", 128 + signal.SIGKILL, str(home / "engine.log"))


async def test_another_base_starts_the_engine_anew(home: Path) -> None:
    first, second = local(home), local(home, base="other/base")
    promote(home, first)
    async with serving_here(settings(home)):
        await until_loaded(home, first.id)
        promote(home, second)
        await until_loaded(home, second.id)
        assert notes.loaded(home) == {second.id}
    said = (home / "engine.log").read_text()
    assert said.index("started with tiny/base") < said.index("started with other/base")


async def test_a_whole_model_is_served_by_itself(home: Path) -> None:
    whole, said = local(home, kind="whole"), settings(home)
    promote(home, whole)
    async with serving_here(said), open_desk(said, per_minute=0) as desk:
        await until_loaded(home, whole.id)
        assert await ask(desk) == (whole.id, f"I am {whole.id}.")


async def test_a_model_that_is_not_whole_is_refused_and_the_one_before_answers_on(home: Path) -> None:
    first, said = local(home), settings(home)
    second = local(home, files={**adapter(4), "adapter_model.bin": b"cos\nsystem\n(S'true'\ntR."})
    promote(home, first)
    with capture_logs() as logs:
        async with serving_here(said), open_desk(said, per_minute=0) as desk:
            await until_loaded(home, first.id)
            promote(home, second)
            await until(lambda: any(line["event"] == "engine.refused" for line in logs))
            assert await ask(desk) == (first.id, f"I am {first.id}.")
            assert notes.loaded(home) == {first.id}
    refused = [str(line["why"]) for line in logs if line["event"] == "engine.refused"]
    assert len(refused) == 1
    assert "is a pickle, which may run anything" in refused[0]


async def test_replicas_that_run_are_kept_in_line_and_none_is_started(home: Path) -> None:
    first, second = local(home), local(home)
    promote(home, first)
    one, other = Vllm(), Vllm()
    async with AsyncExitStack() as stack:
        urls = [(await stack.enter_async_context(open_vllm(replica))).url for replica in (one, other)]
        await stack.enter_async_context(serving_here(settings(home, sarah_engines=", ".join(urls))))
        await until_loaded(home, first.id)
        promote(home, second)
        await until_loaded(home, second.id)
        assert {first.id, second.id} == set(one.adapters) == set(other.adapters)
        # As after a restart.
        other.adapters.clear()
        await until(lambda: second.id in other.adapters)
    assert starts(home) == []


async def test_a_replica_that_is_down_is_told_once_and_found_again(home: Path) -> None:
    model, one, other = local(home), Vllm(), Vllm()
    promote(home, model)
    async with open_vllm(other):
        pass
    with capture_logs() as logs:
        async with open_vllm(one), serving_here(settings(home, sarah_engines=f"{one.url}, {other.url}")):
            # One that cannot be reached keeps no model from being loaded.
            await until_loaded(home, model.id)
            # So long that it was looked for more than once.
            await asyncio.sleep(2.5)
            async with open_vllm(other):
                await until(lambda: model.id in other.adapters)
    events = [line["event"] for line in logs if line["engine"] == other.url]
    assert events[:3] == ["engine.unreachable", "engine.back", "engine.loaded"]


async def test_a_bot_whose_engine_is_not_there_says_so_to_its_operator(home: Path) -> None:
    model, said = local(home), settings(home)
    async with open_library(home, partial(tuned, said)) as library, library.lend(model.id) as lent:
        with pytest.raises(ModelError, match="see that `sarah serve` runs, and has loaded it"):
            _ = [piece async for piece in lent.answer(PROMPT)]


async def test_a_model_that_is_not_whole_is_not_even_asked_for(home: Path) -> None:
    model = local(home, files={**adapter(4), "adapter_model.bin": b"cos\nsystem\n(S'true'\ntR."})
    async with open_library(home, partial(tuned, settings(home))) as library:
        with pytest.raises(ModelError, match="is a pickle"):
            async with library.lend(model.id):
                pass
    assert not notes.asked(home)
