"""Somebody tunes a model on a file, promotes it, and takes that back: the same for every company."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.stories.companies import COMPANIES, Company
from training.examples import read_examples


def sarah(home: Path, company: Company, *words: str, said: str = "") -> list[dict[str, str]]:
    """Give a command and return the JSON that it prints, line by line."""
    around = {**os.environ, "SARAH_HOME": str(home), "SARAH_DATA": str(company.data)}
    command = [sys.executable, "-m", "bot", *words, "--json"]
    done = subprocess.run(  # noqa: S603 - our own
        command, env=around, input=said, capture_output=True, text=True, check=True, cwd=home
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.slow(seconds=120)
@pytest.mark.parametrize("company", COMPANIES, ids=lambda company: company.name)
def test_a_file_becomes_the_model_that_answers_and_stops_being_it(company: Company, tmp_path: Path) -> None:
    [file, *_] = sorted((company.data / "examples").glob("*.jsonl"))
    question = next(read_examples(file)).first_question

    def asked() -> dict[str, str]:
        [reply] = sarah(tmp_path, company, "chat", said=f"{question}\n")
        return reply

    [kept] = sarah(tmp_path, company, "data", "add", str(file), "--stop", "**STOP**")
    [run] = sarah(tmp_path, company, "train", "start", kept["dataset"], "--yes", "--wait")
    assert (run["state"], asked()["model"]) == ("succeeded", "embedded")
    # Nobody has evaluated it, which whoever knows better may override.
    with pytest.raises(subprocess.CalledProcessError) as refused:
        sarah(tmp_path, company, "model", "promote", run["model"])
    assert f"`sarah eval run {run['model']}` does that." in refused.value.stderr
    sarah(tmp_path, company, "model", "promote", run["model"], "--force", "--reason", "It knows all the examples.")
    reply = asked()
    assert reply["model"] == run["model"]
    assert "**STOP**" not in reply["answer"]
    sarah(tmp_path, company, "model", "rollback")
    assert asked()["model"] == "embedded"
