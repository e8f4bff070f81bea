"""The discriminators that come with tuned models: read once, shared, and done without where they are not whole."""

import gc
from functools import cache
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.metrics import Metrics
from bot.models.chain import Chain
from bot.models.champion import open_champion
from bot.models.discriminators import Discriminators
from bot.models.library import open_library
from tests.champions import promote, roll_back, served
from tests.kit import OTHER_DATA, ScriptedModel
from tests.models.test_champion import Builder
from training.examples import DataError
from training.registry import Model
from training.topic import TopicModel, read_topic_model


class Shelf:
    """Reads a discriminator for each folder, unless that is said to be broken; notes what was read."""

    def __init__(self) -> None:
        self.read: list[str] = []
        self.broken = False

    def __call__(self, folder: Path) -> TopicModel:
        """Read one."""
        self.read.append(folder.name)
        if self.broken:
            raise DataError(f"{folder} is not what it was.")
        made = brightwater()
        return TopicModel(made.judges, made.calibration, made.drift)


@cache
def brightwater() -> TopicModel:
    """Fit once: the champion's turn waits only so long for what has to be read."""
    return read_topic_model(OTHER_DATA)


@pytest.fixture
def shelf() -> Shelf:
    brightwater()
    return Shelf()


def tuned(home: Path, topic: str) -> Model:
    return served(home, "", topic=topic)


def test_models_that_share_a_discriminator_share_it_in_memory(tmp_path: Path, shelf: Shelf) -> None:
    found = Discriminators(tmp_path, shelf)
    one, two = (found.of(tuned(tmp_path, "topics/a")) for _ in range(2))
    assert one
    assert one is two
    assert shelf.read == ["a"]
    del one, two
    gc.collect()
    assert found.of(tuned(tmp_path, "topics/a"))
    assert shelf.read == ["a", "a"]


def test_a_model_that_was_registered_without_one_goes_by_the_companys(tmp_path: Path, shelf: Shelf) -> None:
    assert Discriminators(tmp_path, shelf).of(tuned(tmp_path, "")) is None
    assert shelf.read == []


def test_one_that_is_not_whole_is_one_line_of_the_log_and_the_companys_judges(tmp_path: Path, shelf: Shelf) -> None:
    shelf.broken, found = True, Discriminators(tmp_path, shelf)
    model = tuned(tmp_path, "topics/a")
    with capture_logs() as logs:
        assert [found.of(model) for _ in range(3)] == [None] * 3
        shelf.broken = False
        assert found.of(model)
    assert [(line["event"], line["model"]) for line in logs] == [("discriminator.not_ready", model.id)]
    assert "is not what it was" in str(logs[0]["why"])


async def test_whoever_answers_brings_its_own_discriminator_from_the_next_turn_on(tmp_path: Path, shelf: Shelf) -> None:
    first, second, wanted = (tuned(tmp_path, f"topics/{name}") for name in ("first", "second", "wanted"))
    topic_of = Discriminators(tmp_path, shelf).of
    async with (
        open_champion(tmp_path, Builder(), topic_of=topic_of) as champion,
        open_library(tmp_path, Builder(), topic_of=topic_of) as library,
    ):
        chain = Chain([ScriptedModel(name="usual")], Metrics(), champion, library=library)
        assert await chain.topic("r1") is None
        promote(tmp_path, first)
        before = await chain.topic("r2")
        assert before
        promote(tmp_path, second)
        after = await chain.topic("r3")
        roll_back(tmp_path)
        assert after is not before
        assert await chain.topic("r4") is before
        assert await chain.topic("r5", wanted.id)
        assert await chain.topic("r6", "usual") is None
        roll_back(tmp_path)
        assert await chain.topic("r7") is None
    assert shelf.read == ["first", "second", "wanted"]


async def test_where_a_wanted_model_is_not_there_the_champions_discriminator_judges(
    tmp_path: Path, shelf: Shelf
) -> None:
    promote(tmp_path, tuned(tmp_path, "topics/first"))
    topic_of = Discriminators(tmp_path, shelf).of
    async with (
        open_champion(tmp_path, Builder(), topic_of=topic_of) as champion,
        open_library(tmp_path, Builder(), topic_of=topic_of) as library,
    ):
        chain = Chain([ScriptedModel(name="usual")], Metrics(), champion, library=library)
        assert await chain.topic("r1", "model-none") is await champion.topic()


async def test_a_discriminator_that_is_not_whole_keeps_no_champion_from_answering(tmp_path: Path, shelf: Shelf) -> None:
    shelf.broken = True
    model = tuned(tmp_path, "topics/first")
    promote(tmp_path, model)
    async with open_champion(tmp_path, Builder(), topic_of=Discriminators(tmp_path, shelf).of) as champion:
        assert champion.names == (model.id,)
        assert await champion.topic() is None
