"""Discord as a platform: connect, serve until cancelled, and leave in order."""

from collections.abc import Callable
from pathlib import Path

import aiohttp
import discord

from bot.admin.admin import Admin
from bot.conversation import Answers, StartupError, UnreachableError
from bot.persona import Persona
from bot.platforms.discord.client import SupportClient, create_client
from bot.platforms.discord.reading import PLATFORM

# How many seconds answers in progress may take when everything stops.
GRACE = 5.0

_PORTAL = "https://discord.com/developers/applications"


class DiscordPlatform:
    """Sarah in Discord; satisfies `bot.conversation.Platform`."""

    name = PLATFORM

    def __init__(  # noqa: PLR0913 - built once, in sight
        self,
        assistant: Answers,
        persona: Persona,
        admin: Admin,
        token: str,
        home: Path,
        *,
        connector: aiohttp.BaseConnector | None = None,
        grace: float = GRACE,
    ) -> None:
        self._assistant = assistant
        self._persona = persona
        self._admin = admin
        self._token = token
        self._home = home
        self._connector = connector
        self._grace = grace

    async def run(self, ready: Callable[[str], None]) -> None:
        """Serve until cancelled; raises UnreachableError when Discord does not answer at the start.

        Raises StartupError when it refuses the token or the intents, also when a token is reset later.
        """
        client = create_client(
            self._assistant, self._persona, self._admin, self._home, ready=ready, connector=self._connector
        )
        async with client:
            await self._log_in(client)
            try:
                await client.connect()
            except discord.PrivilegedIntentsRequired:
                raise StartupError(
                    f"Discord does not let this bot read messages yet: open {_PORTAL}, choose the application, then"
                    " Bot > Privileged Gateway Intents, turn on 'Message Content Intent', and start again."
                ) from None
            except discord.ConnectionClosed as closed:
                raise StartupError(
                    f"Discord closed the connection for good (code {closed.code}): if the token was reset, put the new"
                    f" one into DISCORD_TOKEN; {_PORTAL} shows whether the application is still there."
                ) from None
            finally:
                await client.finish(self._grace)

    async def _log_in(self, client: SupportClient) -> None:
        try:
            await client.login(self._token)
        except discord.LoginFailure:
            raise StartupError(
                f"Discord refuses DISCORD_TOKEN: open {_PORTAL}, choose the application, then Bot > Reset Token,"
                " put the new token into .env, and start again."
            ) from None
        except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
            kind = type(error).__name__
            raise UnreachableError(
                f"Discord cannot be reached ({kind}): the network or https://discordstatus.com may tell why"
            ) from None
