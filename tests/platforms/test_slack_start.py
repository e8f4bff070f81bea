"""Starting on Slack: settings, the manifest, the log."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from structlog.testing import capture_logs

from bot.conversation import StartupError, UnreachableError
from bot.platforms.slack import SlackTokens
from bot.platforms.slack.connection import SCOPES
from bot.platforms.slack.listeners import EVENTS
from tests.kit import PERSONA, ScriptedModel, open_assistant
from tests.servers.slack import Slack, open_slack
from tests.servers.slack_kit import HTTP, SOCKET, at_work
from tests.servers.slack_workspace import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET, manifest, within


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    async with open_slack() as served:
        yield served


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("tokens", "named"),
    [
        (SlackTokens(""), "SLACK_BOT_TOKEN"),
        (SlackTokens("xoxp-a-persons-token", APP_TOKEN), "SLACK_BOT_TOKEN"),
        (SlackTokens("xoxb-wrong-secret", APP_TOKEN), "SLACK_BOT_TOKEN"),
        (SlackTokens(BOT_TOKEN), "SLACK_APP_TOKEN"),
        (SlackTokens(BOT_TOKEN), "SLACK_SIGNING_SECRET"),
        (SlackTokens(BOT_TOKEN, "xoxb-not-an-app-token"), "SLACK_APP_TOKEN"),
        (SlackTokens(BOT_TOKEN, "xapp-wrong-secret"), "SLACK_APP_TOKEN"),
    ],
)
async def test_a_setting_that_is_wrong_is_named_with_the_way_out_and_never_shown(
    slack: Slack, tmp_path: Path, tokens: SlackTokens, named: str
) -> None:
    with capture_logs() as lines:
        async with open_assistant(tmp_path, ScriptedModel()) as assistant:
            with pytest.raises(StartupError, match=named) as refused:
                async with at_work(slack, assistant, tokens=tokens):
                    pass
    assert "https://api.slack.com/apps" in str(refused.value)
    assert refused.value.__suppress_context__ or refused.value.__context__ is None
    secrets = [secret for secret in (tokens.bot_token, tokens.app_token) if secret]
    assert not [secret for secret in secrets if secret in f"{refused.value}{lines}{tokens!r}"]


@pytest.mark.asyncio
async def test_with_both_ways_on_a_message_is_answered_once(slack: Slack, tmp_path: Path) -> None:
    both = SlackTokens(BOT_TOKEN, APP_TOKEN, SIGNING_SECRET)
    model = ScriptedModel()
    async with open_assistant(tmp_path, model) as assistant, at_work(slack, assistant, tokens=both) as running:
        asked = await slack.mention("U1", "C1", "Hub?")
        await slack.settled("C1", asked)
        slack.post_to(running.url)
        await slack.redeliver(asked)
        await slack.settled("C2", await slack.mention("U1", "C2", "Camera?"))
    assert model.asked == ["Hub?", "Camera?"]


@pytest.mark.asyncio
async def test_it_says_where_customers_find_her(slack: Slack, tmp_path: Path) -> None:
    async with open_assistant(tmp_path, ScriptedModel()) as assistant, at_work(slack, assistant) as running:
        assert running.phrase == "Slack, as an app to write to or mention, and by its slash command"


@pytest.mark.asyncio
@pytest.mark.asyncio
@pytest.mark.parametrize("method", ["auth.test", "apps.connections.open"])
async def test_slack_being_out_of_reach_at_first_is_no_reason_to_give_up(
    slack: Slack, tmp_path: Path, method: str
) -> None:
    slack.refuse(method, "", status=503, times=9)
    async with open_assistant(tmp_path) as assistant:
        with pytest.raises(UnreachableError, match="Slack cannot be reached"):
            async with at_work(slack, assistant):
                pass


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", ["tokens_revoked", "app_uninstalled"])
async def test_the_app_being_taken_away_is_said_clearly(slack: Slack, tmp_path: Path, kind: str) -> None:
    with capture_logs() as lines:
        async with open_assistant(tmp_path, ScriptedModel()) as assistant, at_work(slack, assistant):
            await slack.announce(kind)
            await slack.settled("D_U1", await slack.direct_message("U1", "Hello?"))
    (line,) = [line for line in lines if line["log_level"] == "error"]
    assert (line["event"], line["event_type"]) == ("slack.removed", kind)
    assert "SLACK_BOT_TOKEN" in line["way_out"]


@pytest.mark.asyncio
@pytest.mark.parametrize("tokens", [SOCKET, HTTP], ids=["socket", "http"])
async def test_neither_words_nor_secrets_are_logged(
    slack: Slack, tmp_path: Path, tokens: SlackTokens, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    slack.refuse("chat.appendStream", "internal_error")
    model = ScriptedModel(["A confidential ", "answer ", "indeed."])
    with capture_logs() as lines:
        async with open_assistant(tmp_path, model) as assistant, at_work(slack, assistant, tokens=tokens):
            asked = await slack.mention("U1", "C1", "A confidential question?")
            await slack.settled("C1", asked)
    # The local server and the database driver log what they do; that is not ours.
    ours = [record.getMessage() for record in caplog.records if record.name.startswith(("slack", "bot"))]
    secrets = ("confidential", "xoxb-", "xapp-", SIGNING_SECRET, "s3cret")
    assert not [secret for secret in secrets if secret in f"{lines}{ours}"]


@pytest.mark.asyncio
async def test_another_company_moves_in_without_a_trace_of_the_first(slack: Slack, tmp_path: Path) -> None:
    other = replace(PERSONA, name="Otto", product="garden tools", greeting="Otto here.", disclosure="I am a machine.")
    async with open_assistant(tmp_path, ScriptedModel()) as assistant, at_work(slack, assistant, who=other):
        await slack.open_home("U1", "messages")
        await slack.open_home("U1", "home")
        response, _ = await slack.command("U1", "C1", "help")
        await slack.until(lambda: slack.workspace.responses.get(response) and slack.workspace.homes)
        await slack.until(lambda: slack.workspace.messages)
    seen = f"{slack.workspace.homes}{slack.workspace.responses}{slack.workspace.messages[0].shown}"
    assert "Otto" in seen
    assert not re.search(r"Sarah|ZenNest|Juno|lamps", seen)


def test_the_manifest_grants_every_scope_and_event_that_is_needed() -> None:
    described = manifest()
    granted = set(cast("list[str]", within(described, "oauth_config", "scopes", "bot")))
    subscribed = set(cast("list[str]", within(described, "settings", "event_subscriptions", "bot_events")))
    assert granted >= SCOPES
    assert {event.partition(".")[0] for event in subscribed} == set(EVENTS)
    for kind in ("channels", "groups", "im", "mpim"):
        assert f"message.{kind}" in subscribed
        assert f"{kind}:history" in granted
    assert within(described, "settings", "interactivity", "is_enabled") is True
    assert within(described, "settings", "socket_mode_enabled") is True


def test_the_manifest_uses_the_surface_for_agents_that_stays() -> None:
    features = cast("dict[str, object]", within(manifest(), "features"))
    assert "agent_view" in features
    assert "assistant_view" not in features
    assert 0 < len(cast("list[object]", within(features, "agent_view", "suggested_prompts"))) <= 4
    (command,) = cast("list[dict[str, object]]", features["slash_commands"])
    assert command["command"] == "/sarah"
