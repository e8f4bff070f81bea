"""Files that people send: taken only where they may be what they say, and kept apart until they are checked."""

import re
import shutil
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path, PurePath

from bot.admin.calls import Upload, UploadError
from bot.admin.office import Office
from training.examples import DataError

ENDINGS = frozenset({".jsonl", ".json", ".csv", ".parquet", ".md", ".txt"})
# What browsers, Discord and Slack say of such files; the checks decide what they are.
CONTENT_TYPES = frozenset(
    {
        "",
        "application/csv",
        "application/json",
        "application/jsonl",
        "application/jsonlines",
        "application/json-lines",
        "application/ndjson",
        "application/octet-stream",
        "application/parquet",
        "application/vnd.apache.parquet",
        "application/vnd.ms-excel",
        "application/x-json-lines",
        "application/x-jsonlines",
        "application/x-ndjson",
        "application/x-parquet",
        "binary/octet-stream",
        "text/csv",
        "text/json",
        "text/markdown",
        "text/plain",
        "text/x-markdown",
    }
)
# How archives and compressed files begin, whatever they are called.
_ARCHIVES = (
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"\x1f\x8b",
    b"BZh",
    b"\xfd7zXZ\x00",
    b"7z\xbc\xaf\x27\x1c",
    b"Rar!",
    b"\x28\xb5\x2f\xfd",
    b"\x04\x22\x4d\x18",
)
_TAR = (257, b"ustar")
_UNPLAIN = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST_STEM = 60
_MEGABYTE = 1_000_000


@asynccontextmanager
async def kept_apart(home: Path) -> AsyncGenerator[Path]:
    """Lend a folder beside what is kept, and remove it with all that is in it."""
    uploads = home / "uploads"
    uploads.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=uploads))
    try:
        yield folder
    except DataError as error:
        # Whoever sent a file knows it by its name, and where it lay is nobody's business.
        raise DataError(str(error).replace(f"{folder}/", "")) from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sweep(home: Path) -> None:
    """Remove what a crash left; only while nobody uploads."""
    shutil.rmtree(home / "uploads", ignore_errors=True)


async def saved(upload: Upload, folder: Path, office: Office) -> Path:
    """Save a file that somebody sent; raises UploadError when it is not taken."""
    _see_described(upload, office.largest_upload)
    path = folder / _plain(upload.name)
    await upload.save(path)
    await office.apart(lambda: _see_content(path, office.largest_upload))
    return path


def is_taken(name: str) -> bool:
    """Whether a file's name says that it may be examples."""
    return PurePath(name).suffix.lower() in ENDINGS


def _see_described(upload: Upload, largest: int) -> None:
    """Look at what is said of a file before any of it is fetched; raises UploadError."""
    if not is_taken(upload.name):
        raise UploadError(
            f"{upload.name[-60:]!r} is not taken: send a file that ends in {', '.join(sorted(ENDINGS))},"
            " and archives unpacked."
        )
    kind = upload.content_type.partition(";")[0].strip().lower()
    if kind not in CONTENT_TYPES:
        raise UploadError(f"A file of type {kind[:60]!r} is not taken: send text, CSV, JSON or Parquet.")
    if upload.size > largest:
        raise too_large(largest)


def too_large(largest: int) -> UploadError:
    """Return what says that a file is larger than so many bytes."""
    return UploadError(
        f"The file is larger than {largest / _MEGABYTE:g} MB: split it, or raise SARAH_LARGEST_UPLOAD_MB."
    )


def _see_content(path: Path, largest: int) -> None:
    size = path.stat().st_size
    if size > largest:
        raise too_large(largest)
    if not size:
        raise UploadError("The file is empty: send one that holds examples.")
    with path.open("rb") as file:
        head = file.read(512)
    at, mark = _TAR
    if head.startswith(_ARCHIVES) or head[at : at + len(mark)] == mark:
        raise UploadError("The file is an archive or compressed: unpack it, and send what is in it.")


def _plain(name: str) -> str:
    """Return a file's name without anything that could lead elsewhere."""
    given = PurePath(name.replace("\\", "/").rpartition("/")[2])
    stem = _UNPLAIN.sub("-", given.stem).strip("-.")[:_LONGEST_STEM] or "upload"
    return f"{stem}{given.suffix.lower()}"
