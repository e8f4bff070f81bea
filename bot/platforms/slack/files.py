"""Files on their way to and from Slack."""

from pathlib import Path

from bot.admin.calls import Upload, UploadError
from bot.admin.fetching import fetch
from bot.admin.replies import Attachment
from bot.platforms.slack.api import Api, RefusedError
from bot.platforms.slack.wire import string, table

# Where Slack keeps files; our token goes nowhere else.
ORIGINS = frozenset({"https://files.slack.com"})


class Files:
    """Fetches what people send, of at most `largest` bytes, and sends what commands answer."""

    def __init__(self, api: Api, origins: frozenset[str], largest: int) -> None:
        self._api = api
        self._origins = origins
        self._largest = largest

    async def upload(self, file: str) -> Upload:
        """Return a file that somebody sent, to be saved by whoever may; raises UploadError where there is none."""
        try:
            found = table(await self._api.look("files.info", file=file), "file")
        except RefusedError as error:
            raise UploadError(f"Slack did not hand that file over ({error}): send it again.") from None
        told = found.get("size")
        size = told if isinstance(told, int) else 0
        url = string(found, "url_private_download") or string(found, "url_private")

        async def save(path: Path) -> None:
            headers = [("Authorization", f"Bearer {self._api.client.token}")]
            await fetch(url, path, origins=self._origins, largest=self._largest, size=size, headers=headers)

        return Upload(string(found, "name"), string(found, "mimetype"), size, save)

    async def send(self, attachment: Attachment, channel: str = "", thread: str = "") -> str:
        """Send a file to a channel, or to nobody yet, and return its id; raises RefusedError."""
        size = len(attachment.content)
        place = await self._api.look("files.getUploadURLExternal", filename=attachment.name, length=size)
        await self._api.deliver(string(place, "upload_url"), attachment.content)
        file = string(place, "file_id")
        await self._api.call(
            "files.completeUploadExternal",
            files=[{"id": file, "title": attachment.name}],
            channel_id=channel or None,
            thread_ts=thread or None,
        )
        return file
