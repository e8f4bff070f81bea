"""Files of this machine: those that are sent along with a command, and those that a reply brings."""

import asyncio
import mimetypes
import re
import shutil
from pathlib import Path

from bot.admin.calls import Upload, UploadError
from bot.admin.replies import Attachment

_UNPLAIN = re.compile(r"[^\w.-]+")


def upload_of(path: Path, largest: int) -> Upload:
    """Return a file of this machine as one that was sent; raises UploadError where there is none."""
    file = path.expanduser()
    if not file.is_file():
        raise UploadError(f"There is no file {str(path)!r}: give the path of one.")
    size = file.stat().st_size
    if size > largest:
        raise UploadError(f"{str(path)!r} is larger than {largest / 1_000_000:g} MB: split it.")

    async def save(to: Path) -> None:
        try:
            await asyncio.to_thread(shutil.copyfile, file, to)
        except OSError as error:
            raise UploadError(f"{str(path)!r} cannot be read ({error.strerror}): choose another file.") from error

    return Upload(file.name, mimetypes.guess_type(file.name)[0] or "", size, save)


def kept(folder: Path, name: str, attachment: Attachment, *, anew: bool = True) -> Path:
    """Write a file of a reply into a folder and return where; `anew` spares what is there under that name."""
    folder.mkdir(parents=True, exist_ok=True)
    plain = Path(_UNPLAIN.sub("-", name).strip(".-") or "file")
    path, number = folder / plain, 1
    while anew and path.exists():
        number += 1
        path = folder / f"{plain.stem}-{number}{plain.suffix}"
    path.write_bytes(attachment.content)
    return path
