"""A discriminator that is learned anew keeps everybody waiting: that is said before it begins, once."""

import json
import shutil
from pathlib import Path
from typing import NoReturn

import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner

from bot.__main__ import cli
from bot.app import open_desk
from bot.settings import read_settings
from tests.kit import DATA, OTHER_DATA
from tests.training.topic.kit import COOKING, REST
from training.topic import joining, read_topic_model


@pytest.fixture
def company(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the small folder of a company of which nothing was learned yet."""
    monkeypatch.chdir(tmp_path)
    # What is said does not depend on how well it is learned.
    monkeypatch.setattr(joining, "_JOINED", 40)
    folder = Path(shutil.copytree(OTHER_DATA, tmp_path / "company", ignore=shutil.ignore_patterns("examples")))
    messages = [
        json.dumps({"text": text, "on_topic": about})
        for file, about in ((COOKING, True), (REST, False))
        for text in file.read_text("utf-8").splitlines()[:30]
    ]
    (folder / "topics" / "starter.jsonl").write_text("\n".join(messages), "utf-8")
    for name, value in {"SARAH_HOME": tmp_path / "home", "SARAH_DATA": folder, "SARAH_LOG_LEVEL": "info"}.items():
        monkeypatch.setenv(name, str(value))
    return folder


def sentence(company: Path) -> str:
    """Return what is said of a folder."""
    return f"The discriminator is learned anew from {company}, which takes up to three minutes."


class NotNowError(Exception):
    """Ends it before anything is learned."""


def test_it_is_said_before_anything_is_learned(company: Path) -> None:
    def tell(said: str) -> NoReturn:
        raise NotNowError(said)

    with pytest.raises(NotNowError, match="learned anew"):
        read_topic_model(company, tell=tell)
    # This one is kept in its folder.
    read_topic_model(DATA, tell=tell)


async def test_the_log_tells_whoever_starts_her(company: Path) -> None:
    with capture_logs() as logs:
        async with open_desk(read_settings(), per_minute=0):
            pass
    told = [(line["log_level"], line["why"]) for line in logs if line["event"] == "discriminator.learning"]
    assert told == [("info", sentence(company))]


@pytest.mark.parametrize("words", [("chat", "--json"), ("topic", "check", "--json")], ids=lambda words: words[0])
def test_who_waits_at_a_terminal_is_told_beside_the_answers(company: Path, words: tuple[str, ...]) -> None:
    told = CliRunner().invoke(cli, words, input="")
    assert (told.exit_code, told.stdout) == (0, "")
    assert told.stderr == f"{sentence(company)}\n"
