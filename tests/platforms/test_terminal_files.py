"""Files in a terminal: those that are given by their paths, and those that replies bring."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from bot.admin.admin import Admin
from bot.admin.calls import Call
from bot.admin.forms import command
from bot.admin.office import Office
from bot.admin.replies import Attachment, Reply
from tests.admin_kit import Scene as Desk
from tests.admin_kit import open_office
from tests.platforms.terminal_scene import LINES, Sitting


@command("data", may="home")
async def bring(call: Call, office: Office) -> Reply:  # noqa: ARG001 - as commands have it
    """Bring a file."""
    return Reply("Here it is.", (Attachment("../a b.csv", b"1"),))


async def test_files_of_a_reply_are_written_beside_each_other_and_named(tmp_path: Path) -> None:
    async with open_office(tmp_path) as desk:
        shown = await Sitting(desk, tmp_path, [bring]).types("/data bring", "/data bring")
    written = re.findall(r"Written to (\S+)", shown)
    assert written == [str(tmp_path / "replies" / name) for name in ("a-b.csv", "a-b-2.csv")]
    assert [(tmp_path / "replies" / name).read_bytes() for name in ("a-b.csv", "a-b-2.csv")] == [b"1", b"1"]


async def test_a_file_is_given_by_its_path_and_one_that_is_not_there_is_refused_in_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "lamps.jsonl"
    file.write_text(LINES)
    async with open_office(tmp_path) as desk:
        sitting = Sitting(desk, tmp_path)
        shown = await sitting.types("/data upload", str(file), f"/data check file={file}", "/data upload file=none.csv")
        assert "Kept as lamps" in shown
        assert "There is no file 'none.csv'" in shown
        assert sitting.prompts[1] == "file:"
        shown = await Sitting(replace(desk, admin=_small(desk)), tmp_path).types(f"/data upload file={file}")
        assert "larger than 0.0001 MB" in shown


def _small(desk: Desk) -> Admin:
    admin = Admin(desk.office, desk.admin.commands)
    admin.largest_upload = 100
    return admin


@pytest.mark.parametrize("name", ["~nobody-of-that-name", "~lamps.jsonl", "x" * 300, "lamps/", "a\x00b"])
async def test_a_path_that_cannot_be_one_is_refused_in_a_sentence_and_the_chat_goes_on(
    tmp_path: Path, name: str
) -> None:
    async with open_office(tmp_path) as desk:
        shown = await Sitting(desk, tmp_path).types("/data upload", name, "hello")
    assert "There is no file" in " ".join(shown.split())
    assert "give the path of one" in " ".join(shown.split())
    assert "Yes." in shown


async def test_a_file_of_a_reply_that_cannot_be_written_is_said_and_the_chat_goes_on(tmp_path: Path) -> None:
    (tmp_path / "replies").write_text("In the way.")
    async with open_office(tmp_path) as desk:
        shown = " ".join((await Sitting(desk, tmp_path, [bring]).types("/data bring", "hello")).split())
    assert "a b.csv could not be written (File exists): see that there is room in" in shown
    assert "Yes." in shown
