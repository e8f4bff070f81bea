"""Files that people send along with a command."""

from functools import partial
from typing import TYPE_CHECKING

import discord

from bot.admin.calls import Upload
from bot.admin.fetching import fetch

if TYPE_CHECKING:
    from discord.types.message import Attachment as AttachmentPayload

# Where Discord keeps what people send.
HOSTS = frozenset({"https://cdn.discordapp.com"})


class Uploads:
    """Makes uploads of what Discord says of files; nothing is fetched before a command wants it."""

    def __init__(self, hosts: frozenset[str], largest: int) -> None:
        """`largest` is in bytes."""
        self._hosts = hosts
        self._largest = largest

    def attached(self, attachment: discord.Attachment) -> Upload:
        """Describe a file that was given as an option."""
        kind = attachment.content_type or ""
        return self._upload(attachment.filename, kind, attachment.size, attachment.url)

    def described(self, attachment: "AttachmentPayload") -> Upload:
        """Describe a file of a submitted form, as Discord's own description does."""
        kind = attachment.get("content_type") or ""
        return self._upload(attachment["filename"], kind, attachment["size"], attachment["url"])

    def _upload(self, name: str, content_type: str, size: int, url: str) -> Upload:
        save = partial(fetch, url, origins=self._hosts, largest=self._largest, size=size)
        return Upload(name, content_type, size, save)
