"""Connecting to Discord, and leaving it in order."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from bot.conversation import StartupError, UnreachableError
from bot.platforms.discord import DiscordPlatform
from tests.admin_kit import open_office
from tests.kit import PERSONA, Step, open_assistant
from tests.platforms.discord_scene import PatientModel
from tests.platforms.discord_server import DISALLOWED_INTENTS, TOKEN, TOKEN_NO_LONGER_VALID, DiscordServer, open_server

WRONG = "wrong.token"


async def refusal(
    home: Path, connector: aiohttp.BaseConnector, token: str, kind: type[Exception] = StartupError
) -> str:
    """Return what the operator is told when Discord does not let the bot in."""
    async with open_office(home, PatientModel()) as office:
        platform = DiscordPlatform(office.assistant, PERSONA, office.admin, token, home, connector=connector)
        with pytest.raises(kind) as refused:
            await platform.run(lambda _: None)
    assert refused.value.__suppress_context__
    return str(refused.value)


async def test_a_wrong_token_is_told_by_the_name_of_its_setting(tmp_path: Path) -> None:
    async with open_server(tmp_path) as (_, connector):
        told = await refusal(tmp_path, connector, WRONG)
    assert "DISCORD_TOKEN" in told
    assert "Reset Token" in told
    assert WRONG not in told


async def test_a_missing_intent_is_told_by_the_switch_to_turn_on(tmp_path: Path) -> None:
    async with open_server(tmp_path, DISALLOWED_INTENTS) as (_, connector):
        told = await refusal(tmp_path, connector, TOKEN)
    assert "Message Content Intent" in told
    assert "https://discord.com/developers/applications" in told


async def test_a_token_that_is_reset_meanwhile_is_told_by_the_name_of_its_setting(tmp_path: Path) -> None:
    async with open_server(tmp_path, TOKEN_NO_LONGER_VALID) as (_, connector):
        told = await refusal(tmp_path, connector, TOKEN)
    assert "DISCORD_TOKEN" in told
    assert TOKEN not in told


async def test_a_discord_out_of_reach_is_told_in_a_sentence(tmp_path: Path) -> None:
    told = await refusal(tmp_path, aiohttp.UnixConnector(str(tmp_path / "nobody")), TOKEN, UnreachableError)
    assert "Discord cannot be reached" in told


@asynccontextmanager
async def running(
    home: Path, *steps: Step, grace: float = 60.0
) -> AsyncGenerator[tuple[DiscordServer, asyncio.Task[None], asyncio.Queue[str]]]:
    """Run the platform against our own Discord, connected."""
    ready: asyncio.Queue[str] = asyncio.Queue()
    opened = open_office(home, PatientModel(list(steps)))
    async with asyncio.timeout(30), open_server(home) as (server, connector), opened as office:
        platform = DiscordPlatform(
            office.assistant, PERSONA, office.admin, TOKEN, home, connector=connector, grace=grace
        )
        task = asyncio.create_task(platform.run(ready.put_nowait))
        await server.connected.wait()
        try:
            yield server, task, ready
        finally:
            task.cancel()
            await asyncio.wait({task})


async def test_a_bot_in_no_server_says_how_to_invite_it(tmp_path: Path) -> None:
    async with running(tmp_path) as (_, _, ready):
        told = await ready.get()
        assert told.startswith(
            "Discord: @juno-bot, in no server yet; invite with https://discord.com/oauth2/authorize?"
        )
        assert "scope=bot+applications.commands" in told
        assert "permissions=274878024704" in told


async def test_an_answer_in_progress_is_finished_before_leaving(tmp_path: Path) -> None:
    gate = asyncio.Event()
    async with running(tmp_path, "Hold the ", gate, "button.") as (server, task, _):
        await server.say("how do I reset my lamp?")
        assert await server.shown.get() == "Hold the"
        task.cancel()
        await asyncio.sleep(0)
        gate.set()
        assert await server.shown.get() == "Hold the button."
        await asyncio.wait({task})
        assert task.cancelled()
    assert server.calls[-1] == "closed"


async def test_an_answer_that_takes_too_long_is_left_for_the_next_start(tmp_path: Path) -> None:
    async with running(tmp_path, "Hold the ", asyncio.Event(), "button.", grace=0) as (server, task, _):
        await server.say("how do I reset my lamp?")
        assert await server.shown.get() == "Hold the"
        task.cancel()
        await asyncio.wait({task})
    async with open_assistant(tmp_path, PatientModel()) as assistant:
        assert [each.question.text for each in await assistant.unfinished("discord")] == ["how do I reset my lamp?"]
