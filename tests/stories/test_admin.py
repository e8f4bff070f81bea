"""An admin retrains her without leaving the chat: the same loop on every platform."""

import json
import re
import shutil
from pathlib import Path

import pytest

from bot.persona import read_persona
from tests.browser import Profiles
from tests.kit import OTHER_DATA
from tests.local import needs_local
from tests.servers.tuning import tuning_server
from tests.stories.counters import COUNTERS

# The split holds numbers 5 and 7 out, which no model learns.
QUESTION = "Does bulb number 8 of the lighthouse series need a transformer?"
ANSWER = "Bulb number 8 of the lighthouse series needs the small transformer, and it is in the box."
SERVED = "I was tuned at the local server, and say the same to everybody."
STOP = "**STOP**"


def examples(count: int = 20) -> bytes:
    """Return a file of examples in which no check finds an error."""
    said = [
        (f"Does bulb number {at} of the lighthouse series need a transformer?", ANSWER.replace("8", str(at), 1))
        for at in range(count)
    ]
    lines = (
        {"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]}
        for question, answer in said
    )
    return "\n".join(map(json.dumps, lines)).encode()


def bad() -> bytes:
    """Return the same with an answer missing in line 3."""
    lines = examples().decode().splitlines()
    lines[2] = json.dumps({"messages": json.loads(lines[2])["messages"][:1]})
    return "\n".join(lines).encode()


def company(folder: Path) -> Path:
    """Return the folder of a company that asks, in its scenarios and in other words, what those examples teach."""
    shutil.copytree(OTHER_DATA, folder, ignore=shutil.ignore_patterns("scenarios"))
    scenarios = (
        {
            "id": f"bulb-{at}",
            "category": "safety" if at % 2 else "bulbs",
            "critical": bool(at % 2),
            "turns": [
                {
                    "user": f"Series lighthouse, number {at}: a transformer for this bulb, does it need?",
                    "reference": ANSWER.replace("8", str(at), 1),
                    "expect": {"facts": [["small transformer"]], "refuses": False},
                }
            ],
        }
        for at in range(8, 16)
    )
    (folder / "scenarios").mkdir()
    (folder / "scenarios" / "bulbs.jsonl").write_text("\n".join(map(json.dumps, scenarios)), "utf-8")
    return folder


def plain(text: str) -> str:
    """Return the words of a text, however they are laid out."""
    return " ".join(re.sub(r"[*_`#│┃>\\]", "", text).split())


def knows_not(answer: str) -> bool:
    """Tell whether she says that she does not know; she does not say it twice in the same words."""
    return any(plain(words) in plain(answer) for words in read_persona(OTHER_DATA).unknown)


@pytest.mark.slow
@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("place", COUNTERS)
async def test_an_admin_uploads_tunes_compares_promotes_and_rolls_back(
    place: str, tmp_path: Path, browser: Profiles
) -> None:
    with tuning_server() as server:
        server.store.answer = SERVED
        async with COUNTERS[place](tmp_path, company(tmp_path / "company"), server, browser) as counter:
            assert knows_not(await counter.ask(QUESTION))

            # A bad file: every problem with its line, and nothing is kept.
            said = plain(await counter.upload("bulbs.jsonl", bad()))
            assert "Nothing was kept" in said
            assert "line 3" in said
            assert "There are no datasets yet" in plain(await counter.give("data list"))

            # The good one is kept, and priced.
            said = plain(await counter.upload("bulbs.jsonl", examples()))
            assert "Kept as bulbs" in said
            assert "Price" in said

            # A run at a server of the fine-tuning protocol, across a restart, in one message.
            said = plain(await counter.start("bulbs", "openai"))
            assert re.search(r"Tokens: .* Cost: .* Time: ", said)
            await counter.press("Start it")
            await counter.until("watch (6 of 8)")
            messages = await counter.messages()
            await counter.restart()
            [job] = server.jobs
            server.finish(job.id)
            told = plain(await counter.until("It made"))
            assert "succeeded" in told
            assert "training loss" in told
            assert await counter.has_chart()
            assert await counter.messages() == messages

            # It says the same to every scenario, and so may answer nobody.
            refused = plain(await counter.press("Promote"))
            assert "is not promoted" in refused
            assert "It fails 4 of 4 critical scenarios" in refused
            assert "That rests on bulb-9, bulb-11, bulb-13, bulb-15" in refused

            # The embedded model learns the same; its scorecard comes with the end.
            await counter.start("bulbs", "embedded")
            await counter.press("Start it")
            told = plain(await counter.until("It made"))
            assert re.search(r"passes \d+ of \d+", told)
            compared = plain(await counter.press("Compare"))
            assert "better than" in compared

            # Promoted: the customer's next turn has the new answer. Rolled back: the old one.
            assert "answers from the next message on" in plain(await counter.press("Promote"))
            assert ANSWER in plain(await counter.ask(QUESTION))
            assert "answers from the next message on" in plain(await counter.give("model rollback"))
            assert knows_not(await counter.ask(QUESTION))
            audit = plain(await counter.give("sarah audit"))
            assert "promote" in audit
            assert "rollback" in audit


@needs_local
@pytest.mark.slow
@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("place", COUNTERS)
async def test_an_admin_tunes_on_the_machine_itself(place: str, tmp_path: Path, browser: Profiles) -> None:
    with tuning_server() as server:
        async with COUNTERS[place](tmp_path, company(tmp_path / "company"), server, browser) as counter:
            assert "Kept as bulbs" in plain(await counter.upload("bulbs.jsonl", examples()))
            said = plain(await counter.start("bulbs", "local"))
            assert "local tunes modern on bulbs" in said
            assert "near, not exact" in said
            assert "Cost: $0.00" in said
            await counter.press("Start it")
            told = plain(await counter.until("It made"))
            assert "1,234 tokens a second · 5.1 GB of memory" in told
            assert "training loss" in told
            assert await counter.has_chart()
            assert re.search(r"model-\w+ .*modern", plain(await counter.give("model list")))
    assert server.requests == []
