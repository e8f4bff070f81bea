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
    size, missing = 0, UploadError(f"There is no file {str(path)!r}: give the path of one.")
    try:
        file = path.expanduser()
        if not file.is_file():
            raise missing
        size = file.stat().st_size
    except (OSError, RuntimeError) as error:
        # A name that is too long, a folder that is closed to us, or a `~name` of nobody here.
        raise missing from error
    if size > largest:
        raise UploadError(f"{str(path)!r} is larger than {largest / 1_000_000:g} MB: split it.")

    async def save(to: Path) -> None:
        try:
            await asyncio.to_thread(shutil.copyfile, file, to)
        except OSError as error:
            raise UploadError(f"{str(path)!r} cannot be read ({error.strerror}): choose another file.") from error

    return Upload(file.name, mimetypes.guess_type(file.name)[0] or "", size, save)


def written(how: str, folder: Path, name: str, attachment: Attachment, *, anew: bool = True) -> str:
    """Write a file of a reply into a folder, and return a line that says where or why not; `how` begins it."""
    try:
        return f"{how} {_kept(folder, name, attachment, anew=anew)}"
    except OSError as error:
        why = error.strerror or type(error).__name__
        return f"{name} could not be written ({why}): see that there is room in {folder}, and ask again."


def _kept(folder: Path, name: str, attachment: Attachment, *, anew: bool) -> Path:
    """Write a file of a reply into a folder and return where; `anew` spares what is there under that name."""
    folder.mkdir(parents=True, exist_ok=True)
    plain = Path(_UNPLAIN.sub("-", name).strip(".-") or "file")
    path, number = folder / plain, 1
    while anew and path.exists():
        number += 1
        path = folder / f"{plain.stem}-{number}{plain.suffix}"
    try:
        path.write_bytes(attachment.content)
    except OSError:
        # Half a file would be taken for a whole one.
        path.unlink(missing_ok=True)
        raise
    return path
