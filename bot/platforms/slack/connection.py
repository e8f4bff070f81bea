"""The connection to Slack: the settings, who we are there, and Socket Mode."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import structlog
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp

from bot.conversation import StartupError, UnreachableError
from bot.platforms.slack.api import Api, RefusedError
from bot.platforms.slack.incoming import Me
from bot.platforms.slack.wire import string

APPS = "https://api.slack.com/apps"
# Seconds.
CONNECT_TIMEOUT = 30.0
# What answering, following threads, greeting and admins' commands need; the manifest grants these, and more channels.
SCOPES = frozenset(
    {
        "app_mentions:read",
        "assistant:write",
        "channels:history",
        "chat:write",
        "commands",
        "files:read",
        "files:write",
        "im:history",
        "im:write",
        "users:read",
    }
)


@dataclass(frozen=True, slots=True)
class SlackTokens:
    """What Slack gave us; with `app_token` Socket Mode is on, with `signing_secret` HTTP."""

    bot_token: str = field(repr=False)
    app_token: str = field(default="", repr=False)
    signing_secret: str = field(default="", repr=False)


def check(tokens: SlackTokens) -> None:
    """Raise StartupError where a setting is missing or holds another one's value."""
    if not tokens.bot_token.startswith("xoxb-"):
        raise StartupError(
            f"SLACK_BOT_TOKEN must be the token that begins with xoxb-: it is at {APPS} under OAuth & Permissions."
        )
    if not (tokens.app_token or tokens.signing_secret):
        raise StartupError(
            "Slack needs a way to deliver: set SLACK_APP_TOKEN for Socket Mode, or SLACK_SIGNING_SECRET for HTTP. "
            f"Both are at {APPS} under Basic Information."
        )
    if tokens.app_token and not tokens.app_token.startswith("xapp-"):
        raise StartupError(
            f"SLACK_APP_TOKEN must be the token that begins with xapp-: make one at {APPS} under Basic Information, "
            "App-Level Tokens, with the scope connections:write."
        )


async def who_am_i(api: Api) -> Me:
    """Ask Slack whose token this is; raises StartupError when it is not accepted, UnreachableError without Slack."""
    try:
        found = await api.call("auth.test")
    except RefusedError as error:
        _is_there(error)
        raise StartupError(
            f"Slack did not accept SLACK_BOT_TOKEN ({error}): install the app at {APPS} and copy its token anew."
        ) from None
    granted = string(found, "granted")
    if granted and (missing := SCOPES - set(granted.split(","))):
        log = structlog.get_logger()
        log.warning("slack.scopes_missing", scopes=sorted(missing), way_out="paste slack-manifest.yaml again")
    return Me(string(found, "team_id"), string(found, "user_id"), string(found, "url"))


@asynccontextmanager
async def open_socket(app: AsyncApp, api: Api, app_token: str) -> AsyncGenerator[None]:
    """Receive over Socket Mode; raises StartupError when the token is not accepted, UnreachableError without Slack."""
    handler = AsyncSocketModeHandler(app, app_token, logger=api.client.logger, web_client=api.client)
    try:
        await _connect(handler, api, app_token)
        yield
    finally:
        await handler.close_async()


async def _connect(handler: AsyncSocketModeHandler, api: Api, app_token: str) -> None:
    """Connect at a new address: one that was not used soon is refused for good."""
    try:
        handler.client.wss_uri = await api.open_socket(app_token)
    except RefusedError as error:
        _is_there(error)
        raise StartupError(
            f"Slack did not accept SLACK_APP_TOKEN ({error}): make one at {APPS} under Basic Information, "
            "App-Level Tokens, with the scope connections:write, and switch Socket Mode on."
        ) from None
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT):
            await handler.connect_async()
    except TimeoutError:
        raise UnreachableError("Slack opens no WebSocket") from None


def _is_there(error: RefusedError) -> None:
    """Raise UnreachableError where it was not Slack that refused."""
    if error.transient:
        raise UnreachableError(f"Slack cannot be reached ({error}): https://status.slack.com may tell why") from None
