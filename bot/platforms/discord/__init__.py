"""Sarah in Discord."""

from bot.platforms.discord.client import SupportClient, create_client
from bot.platforms.discord.platform import DiscordPlatform

__all__ = ["DiscordPlatform", "SupportClient", "create_client"]
