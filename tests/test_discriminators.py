"""The discriminator of a dataset is promoted with its model, and comes back with it."""

import shutil
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from itertools import count
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.app import Desk, open_desk
from bot.conversation import Answered, Conversation, Question
from bot.settings import Settings
from tests.champions import embedded, promote, roll_back
from tests.kit import OTHER_DATA
from tests.training.workflow_kit import conversation, keep
from training.registry import Model
from training.runs.discriminators import refitted
from training.topic import TopicModel, fitted

# Subjects of which the company's folder knows nothing.
KITES, DINOSAURS = "Can the kite fly in a storm?", "Did the dinosaurs have feathers?"
_numbers = count(1)
Open = Callable[..., AbstractAsyncContextManager[Desk]]


@pytest.fixture
def open_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Open:
    """Open a desk in this test's folder, with the trained guard unless it is said otherwise."""
    monkeypatch.chdir(tmp_path)

    @asynccontextmanager
    async def opened(guard: str = "trained") -> AsyncGenerator[Desk]:
        told = {"sarah_home": tmp_path, "sarah_data": OTHER_DATA, "sarah_guard": guard, "sarah_model": ""}
        async with open_desk(Settings(**told), per_minute=0) as desk:  # pyright: ignore[reportArgumentType]
            yield desk

    return opened


def fit(data: Path, questions: Sequence[str]) -> TopicModel:
    return fitted(data, questions)


def tuned(home: Path, question: str) -> Model:
    """Tune on a dataset whose customers ask about one subject only."""
    asked = [conversation(f"{question} It is number {number}.", "Yes, it does.") for number in range(40)]
    dataset = keep(home / question.split()[2], asked)
    return embedded(home, question, "Yes, it does.", refitted(home, OTHER_DATA, dataset, "1.0", fit))


async def is_answered(desk: Desk, text: str) -> bool:
    """Ask in a conversation of its own, and return whether it passed for on topic."""
    number = str(next(_numbers))
    question = Question(Conversation("test", "", number), "a", number, text)
    *_, ended = [event async for event in desk.assistant.answer(question)]
    assert isinstance(ended, Answered)
    return ended.on_topic


async def let_through(desk: Desk) -> tuple[bool, bool]:
    """Return which of the two subjects are answered."""
    return await is_answered(desk, KITES), await is_answered(desk, DINOSAURS)


async def test_a_promotion_brings_a_discriminator_and_a_rollback_brings_the_old_one_back(
    tmp_path: Path, open_here: Open
) -> None:
    kites, dinosaurs = tuned(tmp_path, KITES), tuned(tmp_path, DINOSAURS)
    async with open_here() as desk:
        assert await let_through(desk) == (False, False)
        promote(tmp_path, kites)
        assert await let_through(desk) == (True, False)
        promote(tmp_path, dinosaurs)
        assert await let_through(desk) == (False, True)
        roll_back(tmp_path)
        assert await let_through(desk) == (True, False)
        roll_back(tmp_path)
        assert await let_through(desk) == (False, False)


async def test_the_first_turn_after_a_promotion_is_judged_by_the_new_discriminator(
    tmp_path: Path, open_here: Open
) -> None:
    kites, dinosaurs = tuned(tmp_path, KITES), tuned(tmp_path, DINOSAURS)
    promote(tmp_path, kites)
    async with open_here() as desk:
        promote(tmp_path, dinosaurs)
        assert not await is_answered(desk, KITES)


def _changed(folder: Path) -> None:
    weights = next(folder.glob("*.npz"))
    weights.write_bytes(weights.read_bytes()[:-1] + b"?")


@pytest.mark.parametrize("harm", [shutil.rmtree, _changed])
async def test_where_a_discriminator_is_gone_or_changed_the_companys_judges_and_the_model_answers(
    tmp_path: Path, open_here: Open, harm: Callable[[Path], None]
) -> None:
    model = tuned(tmp_path, KITES)
    harm(tmp_path / model.topic)
    promote(tmp_path, model)
    with capture_logs() as logs:
        async with open_here() as desk:
            assert await let_through(desk) == (False, False)
            assert await is_answered(desk, "How do I descale it?")
            assert desk.models[0] == f"{model.id}, the champion"
    assert [line["model"] for line in logs if line["event"] == "discriminator.not_ready"] == [model.id]


async def test_without_a_guard_no_discriminator_is_read(tmp_path: Path, open_here: Open) -> None:
    model = tuned(tmp_path, KITES)
    shutil.rmtree(tmp_path / model.topic)
    promote(tmp_path, model)
    with capture_logs() as logs:
        async with open_here(guard="off") as desk:
            assert await let_through(desk) == (True, True)
    assert not [line for line in logs if line["event"] == "discriminator.not_ready"]
