# pyright: basic, reportMissingImports=false
# The checks do without the extra that this needs.
"""The real `transformers serve` answers through the bot as whichever model is promoted."""

from itertools import count
from pathlib import Path

import pytest

from bot.app import Desk, open_desk
from bot.conversation import Answered, Conversation, Question
from bot.settings import Settings
from tests.champions import promote
from tests.engines.kit import local
from tests.engines.running import PATIENCE, serving, until_loaded
from tests.kit import OTHER_DATA
from tests.local import needs_local
from training.registry import Model

pytestmark = [needs_local, pytest.mark.slow(seconds=60)]

FIRST, SECOND = "The first one speaks.", "Here the second answers."
_numbers = count(1)


def speaking(home: Path, base: Path, text: str) -> Model:
    """Register an adapter that says a text."""
    from tests.engines.speaking import saying  # noqa: PLC0415

    files, rank = saying(text, base, home / f"adapter-{len(text)}")
    return local(home, base=str(base), rank=rank, files=files)


async def ask(desk: Desk) -> tuple[str, str]:
    """Ask in a conversation of its own; return who answered, and what."""
    number = str(next(_numbers))
    events = desk.assistant.answer(Question(Conversation("test", "", number), "a", number, "Who is there?"))
    *_, ended = [event async for event in events]
    assert isinstance(ended, Answered)
    return ended.model, ended.text


async def test_transformers_serve_answers_through_the_bot_as_the_model_that_is_promoted(tmp_path: Path) -> None:
    from tests.engines.speaking import silent  # noqa: PLC0415

    base = silent(tmp_path / "base")
    first, second = speaking(tmp_path, base, FIRST), speaking(tmp_path, base, SECOND)
    promote(tmp_path, first)
    async with serving(tmp_path, SARAH_ENGINE="transformers") as engine:
        await until_loaded(tmp_path, first.id)
        settings = Settings(
            sarah_home=tmp_path,
            sarah_data=OTHER_DATA,
            sarah_guard="off",
            sarah_model="",
            sarah_local_url=engine.url,
            sarah_context_tokens=1024,
            sarah_model_timeout=PATIENCE,
        )
        async with open_desk(settings, per_minute=0) as desk:
            for _ in range(2):
                assert await ask(desk) == (first.id, FIRST)
            promote(tmp_path, second)
            answers = [await ask(desk)]
            while answers[-1][0] == first.id:
                answers.append(await ask(desk))
            assert set(answers) <= {(first.id, FIRST), (second.id, SECOND)}
            assert answers[-1] == (second.id, SECOND)
