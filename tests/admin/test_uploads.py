"""Files that people send are hostile until they are checked, and nothing is half kept."""

import bz2
import gzip
import io
import json
import lzma
import tarfile
import zipfile
from pathlib import Path

import pytest

from bot.admin.calls import Upload, UploadError
from bot.admin.files import is_taken, sweep
from tests.admin.kit import examples, files, open_small, rows
from tests.admin_kit import Scene, file

GOOD = examples()


def zipped() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("lamps.jsonl", GOOD)
    return packed.getvalue()


def tarred() -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        entry = tarfile.TarInfo("lamps.jsonl")
        entry.size = len(GOOD)
        archive.addfile(entry, io.BytesIO(GOOD.encode()))
    return packed.getvalue()


ARCHIVES = {
    "zip": zipped(),
    "empty zip": b"PK\x05\x06" + bytes(18),
    "gzip": gzip.compress(GOOD.encode()),
    "bzip2": bz2.compress(GOOD.encode()),
    "xz": lzma.compress(GOOD.encode()),
    "7z": b"7z\xbc\xaf\x27\x1c" + bytes(100),
    "rar": b"Rar!\x1a\x07\x01\x00" + bytes(100),
    "zstd": b"\x28\xb5\x2f\xfd" + bytes(100),
    "tar": tarred(),
}


def nothing_kept(scene: Scene, home: Path) -> bool:
    """Whether there is neither a dataset nor a part of one, and no file that was sent."""
    left = [name for name in files(home) if name.startswith(("uploads", "datasets"))]
    folders = [path for path in (*home.glob("uploads/*"), *home.glob("datasets/*")) if path.is_dir()]
    return not left and not folders and not scene.registry.datasets()


def names(folder: Path) -> list[str]:
    """Return what is in a folder."""
    return [path.name for path in folder.iterdir()]


async def refused(tmp_path: Path, upload: Upload, **changes: object) -> str:
    """Return why a file is not kept; the same must be said of one that is only to be checked."""
    async with open_small(tmp_path, **changes) as scene:
        before = rows(tmp_path)
        reply = await scene.give("data upload", file=upload)
        checked = await scene.give("data check", file=upload)
        assert nothing_kept(scene, tmp_path)
        assert rows(tmp_path) == before
        assert not reply.buttons
        if not reply.attachments:
            assert checked == reply
        return reply.text


@pytest.mark.parametrize(
    "name", ["lamps.exe", "lamps.jsonl.zip", "lamps", "lamps.xlsx", "...", ".jsonl", "", "a.JSONL.gz"]
)
async def test_a_file_whose_ending_is_none_of_ours_is_not_taken(tmp_path: Path, name: str) -> None:
    why = await refused(tmp_path, file(name, GOOD))
    assert "is not taken" in why
    assert ".jsonl" in why


@pytest.mark.parametrize("kind", ["image/png", "application/zip", "text/html", "video/mp4", "application/x-msdownload"])
async def test_a_file_of_another_type_is_not_taken(tmp_path: Path, kind: str) -> None:
    assert repr(kind) in await refused(tmp_path, file("lamps.jsonl", GOOD, kind))


async def test_a_type_that_says_its_encoding_is_taken(tmp_path: Path) -> None:
    async with open_small(tmp_path) as scene:
        reply = await scene.give("data upload", file=file("lamps.jsonl", GOOD, "text/plain; charset=utf-8"))
        assert reply.text.startswith("Kept as **lamps**")


@pytest.mark.parametrize("kind", ARCHIVES)
async def test_an_archive_is_not_taken_whatever_it_is_called(tmp_path: Path, kind: str) -> None:
    why = await refused(tmp_path, file("lamps.jsonl", ARCHIVES[kind], "text/plain"))
    assert why == "The file is an archive or compressed: unpack it, and send what is in it."


async def test_an_empty_file_is_not_taken(tmp_path: Path) -> None:
    assert "empty" in await refused(tmp_path, file("lamps.jsonl", b""))


async def test_a_file_that_is_said_to_be_too_large_is_not_even_fetched(tmp_path: Path) -> None:
    fetched: list[Path] = []

    async def save(path: Path) -> None:
        fetched.append(path)

    why = await refused(tmp_path, Upload("a.jsonl", "", 2_000_001, save), sarah_largest_upload_mb=2)
    assert why == "The file is larger than 2 MB: split it, or raise SARAH_LARGEST_UPLOAD_MB."
    assert fetched == []


async def test_a_file_that_is_larger_than_the_platform_said_is_not_taken(tmp_path: Path) -> None:
    async def save(path: Path) -> None:
        path.write_bytes(b"x" * 1_000_001)  # noqa: ASYNC240 - a moment

    assert "larger than 1 MB" in await refused(tmp_path, Upload("a.jsonl", "", 5, save), sarah_largest_upload_mb=1)


async def test_nothing_is_left_of_a_file_whose_fetching_fails_half_way(tmp_path: Path) -> None:
    async def save(path: Path) -> None:
        path.write_bytes(b'{"mess')  # noqa: ASYNC240 - a moment
        raise UploadError("The file did not arrive whole: send it again.")

    assert "did not arrive whole" in await refused(tmp_path, Upload("a.jsonl", "", 0, save))


@pytest.mark.parametrize(
    "name",
    [
        "../../../etc/cron.d/lamps.jsonl",
        "/etc/lamps.jsonl",
        "..\\..\\windows\\lamps.jsonl",
        "C:\\lamps.jsonl",
        "....jsonl",
        "lamps\0.jsonl",
        "lamps\n.jsonl",
        "lamps.jsonl/",
        "\\.jsonl",
        f"{'l' * 5000}.jsonl",
        "🪔.jsonl",
        "-rf.jsonl",
        "CON.JSONL",
    ],
)
async def test_no_name_leads_anywhere_else(tmp_path: Path, name: str) -> None:
    home = tmp_path / "a" / "home"
    async with open_small(home) as scene:
        reply = await scene.give("data upload", file=file(name, GOOD))
        assert reply.text.startswith("Kept as **"), reply.text
        assert len(scene.registry.datasets()) == 1
    assert names(tmp_path) == ["a"]
    assert names(tmp_path / "a") == ["home"]
    assert names(home / "uploads") == []


@pytest.mark.parametrize(
    "content",
    [
        "this is no example",
        '{"messages": [{"role": "user", "content": "Only a question"}]}\n' * 12,
        b"\x89PNG\r\n\x1a\n" + bytes(200),
        b"\xff\xfe" + "Müll".encode("utf-16-le") + b"\xd8",
        "[" * 100_000,
    ],
    ids=["words", "no answers", "picture", "half UTF-16", "brackets"],
)
async def test_a_file_that_holds_no_good_examples_is_not_kept(tmp_path: Path, content: str | bytes) -> None:
    why = await refused(tmp_path, file("lamps.jsonl", content))
    assert "Traceback" not in why
    assert "the fault is ours" not in why


async def test_every_problem_is_handed_out_with_its_line(tmp_path: Path) -> None:
    bad = [json.loads(line) for line in GOOD.splitlines()]
    bad[6]["messages"].pop()
    async with open_small(tmp_path) as scene:
        reply = await scene.give("data upload", file=file("lamps.jsonl", "\n".join(map(json.dumps, bad))))
        assert reply.text.startswith("**Nothing was kept**")
        assert "line 7" in reply.text
        [listed] = reply.attachments
        assert listed.name == "problems.csv"
        assert b"7," in listed.content
        assert nothing_kept(scene, tmp_path)


def test_what_a_crash_left_is_swept_away(tmp_path: Path) -> None:
    (tmp_path / "uploads" / "abc").mkdir(parents=True)
    (tmp_path / "uploads" / "abc" / "lamps.jsonl").write_text(GOOD)
    sweep(tmp_path)
    assert not (tmp_path / "uploads").exists()


def test_endings_are_ours_in_whatever_case() -> None:
    assert is_taken("LAMPS.JSONL")
    assert not is_taken("jsonl")
