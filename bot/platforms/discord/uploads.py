"""Files that people send along with a command."""

from collections.abc import Mapping
from functools import partial

from bot.admin.calls import Upload
from bot.admin.fetching import fetch

# Where Discord keeps what people send.
HOSTS = frozenset({"https://cdn.discordapp.com"})


class Uploads:
    """Makes uploads of what Discord says of files; nothing is fetched before a command wants it."""

    def __init__(self, hosts: frozenset[str], largest: int) -> None:
        """`largest` is in bytes."""
        self._hosts = hosts
        self._largest = largest

    def upload(self, name: str, content_type: str, size: int, url: str) -> Upload:
        """Describe a file that stands at an address."""
        save = partial(fetch, url, origins=self._hosts, largest=self._largest, size=size)
        return Upload(name, content_type, size, save)

    def described(self, attachment: Mapping[str, object]) -> Upload:
        """Describe a file as Discord's own description of it does."""
        kind, url = attachment.get("content_type"), attachment.get("url")
        size = attachment.get("size")
        return self.upload(
            str(attachment.get("filename", "")), str(kind or ""), size if isinstance(size, int) else 0, str(url or "")
        )
