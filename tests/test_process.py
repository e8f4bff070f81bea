"""The `sarah` command as its operator meets it: started, asked, killed and stopped."""

import asyncio
import json
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from tests.browser import Profiles
from tests.champions import embedded, promote
from tests.platforms.terminal_scene import PATIENCE, variables
from tests.platforms.web_scene import customer
from tests.servers.openai import KEY, MODEL, OpenAI, open_openai, says

pytestmark = pytest.mark.slow

QUESTION = "Why is my hub dark?"
# Seconds that a stop may take, before Docker by itself would kill.
LONGEST_STOP = 10.0


class Sarah:
    """A running `sarah run`: what it printed so far, and where its health is."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.printed: list[str] = []

    async def until(self, start: str) -> str:
        """Wait for a line that begins so, and return the rest of it."""
        assert self.process.stdout
        async with asyncio.timeout(PATIENCE):
            while line := (await self.process.stdout.readline()).decode():
                self.printed.append(line.rstrip("\n"))
                if line.startswith(start):
                    return line.removeprefix(start).strip()
        raise AssertionError(self.printed)

    async def stop(self, number: signal.Signals) -> tuple[int, str]:
        """Send a signal, and return the exit code and what was said on standard error."""
        self.process.send_signal(number)
        async with asyncio.timeout(LONGEST_STOP):
            _, beside = await self.process.communicate()
        return self.process.returncode or 0, beside.decode()


@asynccontextmanager
async def running(home: Path, **changes: str) -> AsyncGenerator[Sarah]:
    """Start `sarah run` on free ports."""
    free = {"SARAH_WEB_PORT": "0", "SARAH_HTTP_PORT": "0"}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        "run",
        stdout=PIPE,
        stderr=PIPE,
        cwd=home,
        env=variables(home, **(free | changes)),
    )
    try:
        yield Sarah(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def said(home: Path, *arguments: str, **changes: str) -> tuple[int | None, str, str]:
    """Run the command to its end; return its exit code, its output, and what it said beside it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", *arguments, stdout=PIPE, stderr=PIPE, cwd=home, env=variables(home, **changes)
    )
    out, beside = await asyncio.wait_for(process.communicate(), PATIENCE)
    return process.returncode, out.decode(), beside.decode()


async def test_a_start_says_what_runs_what_does_not_and_which_variable_would_start_it(tmp_path: Path) -> None:
    async with running(tmp_path) as sarah:
        page = await sarah.until("Web page")
        printed = "\n".join(sarah.printed)
        assert "Discord   not running: put DISCORD_TOKEN into .env to start it" in printed
        assert "Slack     not running: put SLACK_BOT_TOKEN and SLACK_APP_TOKEN into .env to start it" in printed
        assert "set SARAH_MODEL for a language model" in printed
        assert f"Kept in   {tmp_path}" in printed
        health = next(line.split()[1] for line in sarah.printed if line.startswith("Health")).rstrip(",")
        async with httpx.AsyncClient() as client:
            assert (await client.get(page)).status_code == 200
            assert (await client.get(health)).json()["platforms"] == {"web": "up"}
            assert "sarah_turns_total" in (await client.get(health.replace("readyz", "metrics"))).text
        port = health.rpartition(":")[2].partition("/")[0]
        code, out, _ = await said(tmp_path, "health", SARAH_HTTP_PORT=port)
        assert (code, json.loads(out)["platforms"]) == (0, {"web": "up"})
        code, beside = await sarah.stop(signal.SIGTERM)
        assert code == 0
        assert beside.splitlines()[-1] == "Stopped."
        assert "Traceback" not in beside
    code, out, beside = await said(tmp_path, "health", SARAH_HTTP_PORT=port)
    assert (code, out) == (1, "")
    assert "Traceback" not in beside


async def test_a_start_says_that_the_champion_answers(tmp_path: Path) -> None:
    model = embedded(tmp_path, QUESTION, "It sleeps.")
    promote(tmp_path, model)
    async with running(tmp_path) as sarah:
        assert await sarah.until("Model") == f"{model.id}, the champion, and when it fails embedded"


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT])
async def test_a_turn_cut_off_by_the_end_of_the_process_is_answered_after_the_next_start_once(
    tmp_path: Path, browser: Profiles, end: signal.Signals
) -> None:
    async with (
        open_openai(says("It is asleep at the moment. ", asyncio.Event()), says("It sleeps.")) as server,
        customer(browser) as alice,
    ):
        variables = served(server) | {"SARAH_WEB_PORT": str(browser.port)}
        async with running(tmp_path, **variables) as sarah:
            await alice.visit(await sarah.until("Web page"))
            await alice.say(QUESTION)
            await alice.sees("It is asleep at the moment.")
            code, beside = await sarah.stop(end)
            assert code == (0 if end is signal.SIGINT else -end)
            assert "Traceback" not in beside
        for _ in range(2):
            # A page that stays open would load itself again, in the middle of the visit.
            await alice.page.goto("about:blank")
            async with running(tmp_path, **variables) as sarah:
                await alice.visit(await sarah.until("Web page"))
                await alice.sees("It sleeps.")
                await sarah.stop(signal.SIGTERM)
    assert [request.messages[-1][1] for request in server.requests] == [QUESTION] * 2


async def test_a_second_process_in_the_same_home_is_refused(tmp_path: Path) -> None:
    async with running(tmp_path, SARAH_LOG_LEVEL="error") as sarah:
        await sarah.until("Web page")
        code, out, beside = await said(tmp_path, "run", SARAH_WEB_PORT="0", SARAH_HTTP_PORT="0")
    assert (code, out) == (2, "")
    assert beside == (
        f"sarah: Another process works in {tmp_path}: stop it, or give this one a folder of its own in SARAH_HOME.\n"
    )


async def test_help_names_the_commands(tmp_path: Path) -> None:
    code, out, _ = await said(tmp_path, "--help")
    assert code == 0
    assert all(command in out for command in ("run", "chat", "health"))


def served(server: OpenAI) -> dict[str, str]:
    """Return the settings with which this server answers."""
    return {"SARAH_MODEL": MODEL, "SARAH_MODEL_URL": server.url, "SARAH_MODEL_KEY": KEY}
