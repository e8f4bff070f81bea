"""Models that a channel wants to be answered by: lent from the registry, and closed when nobody asks for them."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.conversation import Answered, Conversation, Piece, Question
from bot.metrics import Metrics
from bot.models import ChatModel, ModelError
from bot.models.chain import Chain, Spoken
from bot.models.champion import open_champion
from bot.models.library import Library, open_library
from bot.store import open_store
from tests.champions import promote, served
from tests.kit import ScriptedModel, broken, open_assistant
from tests.models.kit import prompt
from tests.models.test_champion import LONG, Builder
from training.registry import Model

HERE = Conversation("slack", "T1", "C1", "171.5")


async def lent(library: Library, model: Model) -> str:
    async with library.lend(model.id) as ready:
        return ready.name


class Refusing(Builder):
    """Makes models ready, once it may."""

    def __init__(self) -> None:
        super().__init__()
        self.why = "Its files are gone."
        self.tries = 0

    def __call__(self, model: Model, opened: AsyncExitStack) -> ChatModel:
        """Refuse while there is a reason to."""
        self.tries += 1
        made = super().__call__(model, opened)
        if self.why:
            raise OSError(self.why)
        return made


def counting(build: Builder, made: list[str]) -> Callable[[Model, AsyncExitStack], ChatModel]:
    """Note which models are made ready."""

    def built(model: Model, opened: AsyncExitStack) -> ChatModel:
        made.append(model.id)
        return build(model, opened)

    return built


async def test_a_model_is_made_ready_once_for_all_who_want_it_at_the_same_time(tmp_path: Path) -> None:
    model, build, made = served(tmp_path, ""), Builder(), list[str]()
    build.may_end.clear()
    async with open_library(tmp_path, counting(build, made)) as library:
        turns = [asyncio.create_task(lent(library, model)) for _ in range(5)]
        await asyncio.to_thread(build.begun.wait, LONG)
        build.may_end.set()
        assert await asyncio.gather(*turns) == [model.id] * 5
        assert await lent(library, model) == model.id
        assert made == [model.id]
        assert build.closed == []
    assert build.closed == [model.id]


async def test_the_model_that_was_asked_for_the_longest_ago_is_closed_when_there_are_too_many(tmp_path: Path) -> None:
    first, second, third = (served(tmp_path, "") for _ in range(3))
    build, made = Builder(), list[str]()
    async with open_library(tmp_path, counting(build, made), most=2) as library:
        for model in (first, second, first, third):
            await lent(library, model)
        assert build.closed == [second.id]
        await lent(library, first)
        assert made == [first.id, second.id, third.id]
        await lent(library, second)
        assert build.closed == [second.id, third.id]


async def test_a_model_that_somebody_has_is_not_closed_before_it_is_given_back(tmp_path: Path) -> None:
    models = [served(tmp_path, "") for _ in range(3)]
    build = Builder()
    async with open_library(tmp_path, build, most=1) as library:
        async with library.lend(models[0].id):
            async with library.lend(models[1].id):
                await lent(library, models[2])
                assert build.closed == [models[2].id]
            assert build.closed == [models[2].id, models[1].id]
            assert await lent(library, models[0]) == models[0].id
        assert len(build.closed) == 2


@pytest.mark.parametrize("home", ["with a registry", "without one"])
async def test_a_model_that_no_registry_has_is_one_line_of_the_log_however_often_it_is_wanted(
    tmp_path: Path, home: str
) -> None:
    folder = tmp_path / home
    folder.mkdir()
    if home == "with a registry":
        served(folder, "")
    async with open_library(folder, Builder()) as library:
        with capture_logs() as logs:
            for _ in range(3):
                with pytest.raises(ModelError, match="model-none"):
                    async with library.lend("model-none"):
                        pass
    assert [(line["event"], line["model"]) for line in logs] == [("library.not_ready", "model-none")]
    assert (folder / "registry.db").exists() == (home == "with a registry")


async def test_a_model_that_cannot_be_made_ready_is_tried_again_when_the_registry_has_changed(tmp_path: Path) -> None:
    model, build = served(tmp_path, ""), Refusing()
    async with open_library(tmp_path, build) as library:
        with capture_logs() as logs:
            for _ in range(3):
                with pytest.raises(ModelError, match="Its files are gone"):
                    await lent(library, model)
            assert build.tries == 1
            served(tmp_path, "")
            with pytest.raises(ModelError):
                await lent(library, model)
        assert (build.tries, len(logs)) == (2, 1)
        assert build.closed == [model.id] * 2
        build.why = ""
        served(tmp_path, "")
        assert await lent(library, model) == model.id


async def test_who_gives_up_waiting_takes_nothing_from_the_others(tmp_path: Path) -> None:
    model, build, made = served(tmp_path, ""), Builder(), list[str]()
    build.may_end.clear()
    async with open_library(tmp_path, counting(build, made)) as library:
        gone, stays = (asyncio.create_task(lent(library, model)) for _ in range(2))
        await asyncio.to_thread(build.begun.wait, LONG)
        gone.cancel()
        build.may_end.set()
        assert await stays == model.id
        assert (await asyncio.gather(gone, return_exceptions=True))[0].__class__ is asyncio.CancelledError
    assert made == [model.id]


async def test_the_end_does_not_wait_for_a_model_that_is_being_made_ready(tmp_path: Path) -> None:
    model, build = served(tmp_path, ""), Builder()
    build.may_end.clear()
    async with open_library(tmp_path, build) as library:
        turn = asyncio.create_task(lent(library, model))
        await asyncio.to_thread(build.begun.wait, LONG)
    with pytest.raises(asyncio.CancelledError):
        await turn
    build.may_end.set()


# In the row of models.


async def answers(chain: Chain, wanted: str) -> list[object]:
    return [event async for event in chain.answer(prompt(), "r7", wanted)]


async def test_a_wanted_model_answers_before_the_champion_and_that_before_the_others(tmp_path: Path) -> None:
    champion, wanted = served(tmp_path, ""), served(tmp_path, "")
    promote(tmp_path, champion)
    usual = ScriptedModel(name="usual")
    async with open_champion(tmp_path, Builder()) as first, open_library(tmp_path, Builder()) as library:
        chain = Chain([usual], Metrics(), first, library=library)
        assert (await answers(chain, wanted.id))[-1] == Spoken(wanted.id, "Yes.")
        assert (await answers(chain, ""))[-1] == Spoken(champion.id, "Yes.")
    assert usual.asked == []


async def test_a_wanted_model_that_stands_in_the_row_already_is_not_made_ready_twice(tmp_path: Path) -> None:
    champion = served(tmp_path, "")
    promote(tmp_path, champion)
    build, made = Builder(), list[str]()
    async with open_champion(tmp_path, Builder()) as first, open_library(tmp_path, counting(build, made)) as library:
        chain = Chain([ScriptedModel(name="usual")], Metrics(), first, library=library)
        assert (await answers(chain, champion.id))[-1] == Spoken(champion.id, "Yes.")
        assert (await answers(chain, "usual"))[-1] == Spoken("usual", "Yes.")
    assert made == []


async def test_where_a_wanted_model_cannot_be_made_ready_the_next_in_line_answers_and_the_failure_counts(
    tmp_path: Path,
) -> None:
    model, metrics = served(tmp_path, ""), Metrics()
    async with open_library(tmp_path, Refusing()) as library:
        chain = Chain([ScriptedModel(name="usual")], metrics, library=library)
        with capture_logs() as logs:
            assert await answers(chain, model.id) == [Piece("Yes."), Spoken("usual", "Yes.")]
    told = [line for line in logs if line["event"] == "model.failed"]
    assert [(line["reference"], line["model"], line["why"]) for line in told] == [
        ("r7", model.id, "Its files are gone.")
    ]
    assert f'sarah_model_failures_total{{model="{model.id}"}} 1.0' in metrics.page().decode()


async def test_where_a_wanted_model_fails_in_mid_answer_the_next_in_line_answers(tmp_path: Path) -> None:
    model = served(tmp_path, "")
    async with open_library(tmp_path, lambda model, _: ScriptedModel(broken(), name=model.id)) as library:
        chain = Chain([ScriptedModel(name="usual")], Metrics(), library=library)
        assert (await answers(chain, model.id))[-1] == Spoken("usual", "Yes.")


async def test_without_a_library_a_wanted_model_changes_nothing() -> None:
    assert (await answers(Chain([ScriptedModel()], Metrics()), "model-1"))[-1] == Spoken("scripted", "Yes.")


async def test_a_channel_is_answered_by_the_model_that_it_wants_from_the_next_turn_on(tmp_path: Path) -> None:
    model = served(tmp_path, "")
    async with (
        open_store(tmp_path / "sarah.db") as store,
        open_library(tmp_path, Builder()) as library,
        open_assistant(tmp_path, ScriptedModel(), library=library, store=store) as assistant,
    ):
        names: list[str] = []
        for number, wanted in enumerate(["", model.id, ""]):
            await store.channels.change(HERE, "slack:U1", 1.0, model=wanted)
            *_, ended = [event async for event in assistant.answer(Question(HERE, "U1", f"m{number}", "does it dim?"))]
            assert isinstance(ended, Answered)
            names.append(ended.model)
    assert names == ["scripted", model.id, "scripted"]
