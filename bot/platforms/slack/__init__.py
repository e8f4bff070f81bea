"""Customers in Slack."""

from bot.platforms.slack.connection import SlackTokens
from bot.platforms.slack.platform import SlackPlatform

__all__ = ["SlackPlatform", "SlackTokens"]
