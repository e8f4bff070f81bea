"""Programs that ask one question a line and read one answer a line."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import Iterable
from pathlib import Path

import pytest

from bot.conversation import Conversation, Question
from bot.persona import read_persona
from bot.platforms.terminal import PipePlatform
from bot.store import open_store
from tests.kit import DATA, ScriptedModel, open_assistant
from tests.platforms.terminal_scene import PATIENCE, variables
from tests.servers.openai import KEY, MODEL, open_openai, refuses

CHAT = (sys.executable, "-m", "bot", "chat")
ASKED = "How do I reset the hub?"


async def piped(home: Path, model: ScriptedModel, lines: Iterable[str], *, as_json: bool = False) -> list[str]:
    """Ask these lines, and return what is written."""
    written: list[str] = []
    async with open_assistant(home, model) as assistant:
        pipe = PipePlatform(assistant, "c", lines, written.append, written.append, as_json=as_json, who="olga")
        await pipe.run(lambda _: None)
    return written


async def chat(home: Path, said: bytes, *arguments: str, **changes: str) -> tuple[int | None, list[str], str]:
    """Run `sarah chat` on this input; return its exit code, the lines of its output, and what it said beside them."""
    process = await asyncio.create_subprocess_exec(
        *CHAT, *arguments, stdin=PIPE, stdout=PIPE, stderr=PIPE, cwd=home, env=variables(home, **changes)
    )
    try:
        out, beside = await asyncio.wait_for(process.communicate(said), PATIENCE)
    finally:
        # One that hangs would take from the tests beside and after this one what they need.
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode, out.decode().splitlines(), beside.decode()


async def asked_by(home: Path, who: str) -> list[str]:
    """Return what is kept in a home as somebody's questions in a terminal."""
    async with open_store(home / "sarah.db") as store:
        return [kept.question for kept in await store.people.export("terminal", "", who)]


async def test_each_line_is_answered_by_one_line(tmp_path: Path) -> None:
    model = ScriptedModel("Hold it.\n\n- for ten\n- seconds", "Yes.")
    assert await piped(tmp_path, model, ["How?\n", "Really?\r\n"]) == ["Hold it. - for ten - seconds", "Yes."]
    assert model.asked == ["How?", "Really?"]
    assert [past.question for past in model.prompts[1].history] == ["How?"]


async def test_what_is_piped_in_is_kept_as_asked_by_whoever_runs_it(tmp_path: Path) -> None:
    await piped(tmp_path, ScriptedModel("Hold it."), ["How?\n"])
    assert await asked_by(tmp_path, "olga") == ["How?"]


async def test_json_tells_question_answer_model_topic_and_time(tmp_path: Path) -> None:
    (line,) = await piped(tmp_path, ScriptedModel("Hold it.\nThen wait."), ["How — 어떻게?\n"], as_json=True)
    told = json.loads(line)
    assert isinstance(told.pop("latency_ms"), int)
    assert told == {
        "question": "How — 어떻게?",
        "answer": "Hold it.\nThen wait.",
        "model": "scripted",
        "on_topic": True,
    }


async def test_an_object_of_json_is_one_line_for_every_reader(tmp_path: Path) -> None:
    (line,) = await piped(tmp_path, ScriptedModel("One\u2028two\x85three\x1b[2J"), ["a\u2029b"], as_json=True)
    assert line.splitlines() == [line]
    assert "\x1b" not in line
    assert json.loads(line)["question"] == "a\u2029b"


async def test_what_an_earlier_session_left_is_told_beside(tmp_path: Path) -> None:
    async with open_assistant(tmp_path, ScriptedModel([asyncio.Event()])) as assistant:
        await anext(assistant.answer(Question(Conversation("terminal", "", "other"), "", "1", "How?")))
    written = await piped(tmp_path, ScriptedModel("Hold it.", "Yes."), ["Really?"])
    assert written == ["Left by an earlier session: 'How?' is answered by 'Hold it.'.", "Yes."]


@pytest.mark.slow
async def test_the_command_answers_lines_of_any_bytes_in_order(tmp_path: Path) -> None:
    said = f"{ASKED}\nand the locks\x00?\n\n".encode() + b"caf\xff\xfe hub?\n" + b"x" * 100_000 + b"\n\xf0\x9f\x98\x80"
    code, out, beside = await chat(tmp_path, said, "--json")
    told = [json.loads(line) for line in out]
    sentences = read_persona(DATA).sentences
    assert code == 0
    assert [list(each) for each in told] == [["question", "answer", "model", "on_topic", "latency_ms"]] * 6
    assert "20 seconds" in told[0]["answer"]
    assert told[2]["answer"].startswith(sentences.empty)
    assert told[3]["question"] == "caf\ufffd\ufffd hub?"
    assert told[4]["model"] == "rules"
    assert told[5]["answer"].startswith(sentences.empty)
    assert "Traceback" not in beside


@pytest.mark.slow
async def test_a_conversation_with_a_name_goes_on_in_the_next_command(tmp_path: Path) -> None:
    answers: list[str] = []
    for question in (ASKED, "and the thermostat?", "and the thermostat?"):
        # The last begins a conversation of its own.
        named = () if len(answers) == 2 else ("--conversation", "desk")
        code, (answer,), _ = await chat(tmp_path, f"{question}\n".encode(), *named, SARAH_AUTHOR="olga")
        assert code == 0
        answers.append(answer)
    assert len(await asked_by(tmp_path, "olga")) == len(answers)
    assert answers[1] != answers[2]


@pytest.mark.slow
async def test_a_reader_that_goes_away_ends_the_command_quietly(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    process = await asyncio.create_subprocess_exec(
        *CHAT, stdin=PIPE, stdout=writing, stderr=PIPE, cwd=tmp_path, env=variables(tmp_path)
    )
    os.close(writing)
    os.close(reading)
    _, beside = await asyncio.wait_for(process.communicate(f"{ASKED}\n".encode() * 3), PATIENCE)
    assert (process.returncode, beside.decode()) == (0, "")


@pytest.mark.slow
async def test_a_wrong_key_costs_one_line_that_does_not_show_it_and_the_next_model_answers(tmp_path: Path) -> None:
    refusal = refuses(401, "invalid_api_key", message=f"Incorrect API key provided: {KEY}.")
    async with open_openai(refusal) as server:
        served = {"SARAH_MODEL": MODEL, "SARAH_MODEL_URL": server.url, "SARAH_MODEL_KEY": KEY}
        code, out, beside = await chat(tmp_path, f"{ASKED}\n".encode(), "--json", **served)
    (told,) = map(json.loads, out)
    assert code == 0
    assert (told["model"], told["on_topic"]) == ("embedded", True)
    (line,) = beside.splitlines()
    assert "SARAH_MODEL_KEY" in line
    assert KEY not in line
