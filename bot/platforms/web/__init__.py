"""The web page, for customers who come with a browser."""

from bot.platforms.web.platform import WebPlatform

__all__ = ["WebPlatform"]
