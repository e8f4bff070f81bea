"""The slash command."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import pytest

from bot.conversation import Conversation
from bot.platforms.slack import SlackTokens
from tests.kit import PERSONA, ScriptedModel, open_assistant
from tests.servers.slack import Slack, open_slack
from tests.servers.slack_kit import HTTP, SOCKET, at_work
from tests.servers.slack_workspace import TEAM, Json

pytestmark = pytest.mark.asyncio


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    async with open_slack() as served:
        yield served


async def responses(slack: Slack, text: str, count: int = 1, **more: str) -> list[Json]:
    """Type a command and return what is shown."""
    response, at_once = await slack.command("U1", "C1", text, **more)
    assert not at_once
    await slack.until(lambda: len(slack.workspace.responses.get(response, [])) >= count)
    return slack.workspace.responses[response]


def blocks(response: Json) -> list[Json]:
    return cast("list[Json]", response["blocks"])


def shown(response: Json) -> str:
    return str(blocks(response)[0]["text"])


@pytest.mark.parametrize("tokens", [SOCKET, HTTP], ids=["socket", "http"])
async def test_a_question_is_answered_once_when_it_is_whole_and_to_its_author_alone(
    slack: Slack, tmp_path: Path, tokens: SlackTokens
) -> None:
    model = ScriptedModel(["Hold ", "the <!channel> button of <#C2>."])
    async with open_assistant(tmp_path, model) as assistant, at_work(slack, assistant, tokens=tokens):
        (response,) = await responses(slack, "How do I reset it?")
    assert response["response_type"] == "ephemeral"
    assert shown(response).startswith("Hold the ")
    assert not [ping for ping in ("<!", "<@", "<#") if ping in str(response)]
    assert [block["type"] for block in blocks(response)] == ["markdown", "context_actions"]


async def test_a_second_question_knows_the_first_and_nobody_elses(slack: Slack, tmp_path: Path) -> None:
    model = ScriptedModel()
    async with open_assistant(tmp_path, model) as assistant, at_work(slack, assistant):
        await responses(slack, "First")
        await responses(slack, "Second")
        other, _ = await slack.command("U2", "C1", "Third")
        await slack.until(lambda: slack.workspace.responses.get(other))
    assert [[past.question for past in prompt.history] for prompt in model.prompts] == [[], ["First"], []]


async def test_a_command_that_is_delivered_twice_is_answered_once(slack: Slack, tmp_path: Path) -> None:
    model = ScriptedModel()
    async with open_assistant(tmp_path, model) as assistant, at_work(slack, assistant):
        await responses(slack, "First", trigger="trigger.7")
        again, _ = await slack.command("U1", "C1", "First", trigger="trigger.7")
        await responses(slack, "Second")
    assert again not in slack.workspace.responses
    assert model.asked == ["First", "Second"]


@pytest.mark.parametrize("text", ["", "help", " HELP "])
async def test_help_says_what_the_command_does(slack: Slack, tmp_path: Path, text: str) -> None:
    async with open_assistant(tmp_path, ScriptedModel()) as assistant, at_work(slack, assistant):
        (response,) = await responses(slack, text)
    assert "/sarah reset" in shown(response)
    assert PERSONA.disclosure in shown(response)


async def test_a_command_may_have_any_name(slack: Slack, tmp_path: Path) -> None:
    async with open_assistant(tmp_path, ScriptedModel()) as assistant, at_work(slack, assistant):
        asked, _ = await slack.command("U1", "C1", "help", name="/juno")
        await slack.until(lambda: slack.workspace.responses.get(asked))
    (response,) = slack.workspace.responses[asked]
    assert "/juno reset" in shown(response)
    assert "/sarah" not in shown(response)


async def test_reset_forgets_what_was_asked_this_way_and_the_direct_message(slack: Slack, tmp_path: Path) -> None:
    async with open_assistant(tmp_path, ScriptedModel()) as assistant, at_work(slack, assistant):
        asked = await slack.direct_message("U1", "Hub?")
        await slack.settled("D_U1", asked)
        for text in ("Camera?", "reset"):
            response, _ = await slack.command("U1", "D_U1", text)
            await slack.until(lambda used=response: slack.workspace.responses.get(used))
        assert await assistant.history(Conversation("slack", TEAM, "D_U1"), 9) == []
        assert await assistant.history(Conversation("slack", TEAM, "D_U1", "command U1"), 9) == []


async def test_a_long_answer_comes_whole(slack: Slack, tmp_path: Path) -> None:
    text = "word " * 4000
    async with open_assistant(tmp_path, ScriptedModel([text])) as assistant, at_work(slack, assistant):
        parts = await responses(slack, "Tell me everything", 2)
    assert "".join(shown(part) for part in parts) == text.strip()
