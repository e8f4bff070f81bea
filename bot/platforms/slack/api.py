"""Calling Slack: one error for all that can go wrong, and types where the SDK has none."""

import logging
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import cast

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncConnectionErrorRetryHandler,
    AsyncRateLimitErrorRetryHandler,
    AsyncServerErrorRetryHandler,
)
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.platforms.slack.wire import Json, string

# Seconds.
CALL_TIMEOUT = 30
_RETRIES = 5
_OK = 200
# Slack's codes for what passes.
_PASSING = {"fatal_error", "internal_error", "rate_limited", "ratelimited", "request_timeout", "service_unavailable"}


class RefusedError(Exception):
    """Slack did not do it; the message is Slack's code or the kind of error, and never quotes what was sent."""

    def __init__(self, code: str, *, transient: bool = False) -> None:
        """`transient` tells that the same call may work later."""
        super().__init__(code)
        self.transient = transient


class Api:
    """The Web API of one workspace, and the addresses by which a single act is answered."""

    def __init__(self, client: AsyncWebClient) -> None:
        self.client = client

    async def call(self, method: str, **arguments: object) -> Json:
        """Call a method that takes JSON; None stands for nothing said."""
        return await self._called(method, "POST", "json", arguments)

    async def look(self, method: str, **arguments: object) -> Json:
        """Call a method that only reads, which takes no JSON."""
        return await self._called(method, "GET", "params", arguments)

    async def _called(self, method: str, verb: str, kind: str, arguments: Json) -> Json:
        said = {key: value for key, value in arguments.items() if value is not None}
        try:
            answer = await self.client.api_call(method, http_verb=verb, **{kind: said})  # pyright: ignore[reportUnknownMemberType, reportArgumentType]
        except (SlackClientError, aiohttp.ClientError, TimeoutError) as error:
            raise _refused(error) from None
        data = cast("object", answer.data)  # pyright: ignore[reportUnknownMemberType]
        scopes = str(cast("Json", answer.headers).get("x-oauth-scopes", ""))  # pyright: ignore[reportUnknownMemberType]
        return {**cast("Json", data), "granted": scopes} if isinstance(data, Mapping) else {}

    async def open_socket(self, app_token: str) -> str:
        """Return the address of a new WebSocket; it is good for half a minute."""
        try:
            opened = await self.client.apps_connections_open(app_token=app_token)  # pyright: ignore[reportUnknownMemberType]
        except (SlackClientError, aiohttp.ClientError, TimeoutError) as error:
            raise _refused(error) from None
        return string(cast("Json", opened.data), "url")  # pyright: ignore[reportUnknownMemberType]

    async def deliver(self, url: str, content: bytes) -> None:
        """Send a file to the address that Slack named for it; our token does not go there."""
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=CALL_TIMEOUT)) as session,
                session.post(url, data=content, allow_redirects=False) as answer,
            ):
                status = answer.status
        except (aiohttp.ClientError, TimeoutError) as error:
            raise _refused(error) from None
        if status != _OK:
            raise RefusedError(f"http {status}", transient=True)

    async def respond(self, url: str, text: str, blocks: Sequence[Json] = ()) -> None:
        """Show something to the one who acted, by the act's own address: five times in half an hour."""
        webhook = AsyncWebhookClient(
            url, session=self.client.session, logger=self.client.logger, retry_handlers=self.client.retry_handlers
        )
        body = {"text": text, "response_type": "ephemeral", "replace_original": False}
        try:
            answer = await webhook.send_dict(body | ({"blocks": list(blocks)} if blocks else {}))
        except (SlackClientError, aiohttp.ClientError, TimeoutError) as error:
            raise _refused(error) from None
        if answer.status_code != _OK:
            raise RefusedError(f"http {answer.status_code}")


def _refused(error: Exception) -> RefusedError:
    if not isinstance(error, SlackApiError):
        return RefusedError(type(error).__name__, transient=True)
    response = cast("object", error.response)  # pyright: ignore[reportUnknownMemberType]
    data = cast("object", getattr(response, "data", None))
    code = string(cast("Json", data), "error") if isinstance(data, Mapping) else ""
    return RefusedError(code or f"http {getattr(response, 'status_code', '?')}", transient=not code or code in _PASSING)


class _Quietly(logging.Handler):
    """Passes on that the SDK is in trouble, and where; its own words may quote messages or tickets."""

    def emit(self, record: logging.LogRecord) -> None:
        kind = record.exc_info[0] if record.exc_info else None
        structlog.get_logger().warning("slack.sdk", where=record.funcName, error=kind.__name__ if kind else "")


def _sdk_logger() -> logging.Logger:
    # A logger of its own, outside the tree, so that no handler of the root ever sees its records.
    logger = logging.Logger("slack", level=logging.ERROR)  # noqa: LOG001
    logger.addHandler(_Quietly())
    return logger


@asynccontextmanager
async def open_api(bot_token: str, base_url: str) -> AsyncGenerator[Api]:
    """Open a client that waits when Slack asks it to."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=CALL_TIMEOUT)) as session:
        yield Api(
            AsyncWebClient(
                token=bot_token,
                base_url=base_url,
                session=session,
                logger=_sdk_logger(),
                retry_handlers=[
                    AsyncRateLimitErrorRetryHandler(max_retry_count=_RETRIES),
                    AsyncConnectionErrorRetryHandler(),
                    AsyncServerErrorRetryHandler(),
                ],
            )
        )
