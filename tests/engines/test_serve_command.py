"""`sarah serve` as its operator meets it; the engine is our own server."""

import signal
from pathlib import Path

import pytest

from bot.engines import notes
from tests.champions import promote
from tests.engines.kit import local
from tests.engines.running import is_taken, program, serving, until, until_loaded

pytestmark = pytest.mark.slow


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a folder in which vLLM is installed, as far as anybody can tell."""
    return program(tmp_path / "bin")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return a home."""
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
async def test_the_engine_ends_with_sarah_serve(home: Path, path: Path, number: signal.Signals) -> None:
    champion = local(home)
    promote(home, champion)
    async with serving(home, path=path) as engine:
        await until_loaded(home, champion.id)
        assert is_taken(engine.url)
        code, beside = await engine.stop(number)
        assert code == (-number if number is signal.SIGKILL else 0)
        assert "Traceback" not in beside
        await until(lambda: not is_taken(engine.url))
    assert not notes.is_served(home)


async def test_what_cannot_be_started_is_one_sentence_and_exit_code_2(home: Path) -> None:
    async with serving(home, SARAH_ENGINE="vllm") as engine:
        code, beside = await engine.end()
    assert code == 2
    assert beside == (
        "sarah: SARAH_ENGINE is vllm, and there is no program of that name: install vLLM, or leave it out.\n"
    )


async def test_a_second_one_in_the_same_home_is_refused(home: Path, path: Path) -> None:
    async with serving(home, path=path):
        await until(lambda: notes.is_served(home))
        async with serving(home, path=path) as second:
            code, beside = await second.end()
    assert code == 2
    assert f"Another process serves the models of {home}" in beside
