"""What is sent to Discord, held against Discord's own description of its API."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from bot.admin.replies import Attachment, Button, Report
from bot.platforms.discord.boards import Boards
from tests.platforms.discord_files import open_cdn
from tests.platforms.discord_scene import Scene, examples, open_patient_scene, open_scene, press

DESCRIPTION = Path(__file__).parents[3] / "shared" / "specs" / "discord.json"
Json = Mapping[str, "Json"] | list["Json"] | str | int | float | bool | None
IDS = {"id", "message_id", "channel_id", "users"}


@cache
def description() -> dict[str, dict[str, dict[str, object]]]:
    """Read Discord's description of its API."""
    if not DESCRIPTION.is_file():
        pytest.skip(f"Discord's API description is not at {DESCRIPTION}")
    return json.loads(DESCRIPTION.read_text("utf-8"))


def as_sent(value: Json, key: str = "") -> Json:
    """Write ids as the strings that they are in JSON: discord.py leaves the conversion to Discord."""
    if isinstance(value, Mapping):
        return {name: as_sent(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [as_sent(inner, key) for inner in value]
    return str(value) if key in IDS and isinstance(value, int) else value


def refused(method: str, path: str, body: Json) -> list[str]:
    """Return what Discord's description has against a request."""
    operation = description()["paths"][path][method]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]  # type: ignore[index]
    validator = Draft202012Validator({**schema, "components": description()["components"]})
    return [error.message for error in validator.iter_errors(as_sent(body))]  # pyright: ignore[reportUnknownMemberType]


async def test_every_request_is_one_that_discord_describes(tmp_path: Path) -> None:
    async with open_scene(tmp_path, ["Try:\n```py\n", "x = 1\n" * 600, "```"], "Hold. " * 500) as scene:
        await scene.alice.send(scene.channel, f"{scene.me} how do I reset my lamp?")
        await scene.alice.slash(scene.channel, "ask", question="how do I reset my lamp?")
        await scene.alice.click(scene.written()[-1], custom_id="rate:2:up")
        checked = checked_requests(scene)
    assert len(checked) == 6


async def test_every_request_of_a_command_is_one_that_discord_describes(tmp_path: Path) -> None:
    async with open_cdn() as files, open_patient_scene(tmp_path, files=files) as scene:
        olga = scene.boss()
        form = await olga.slash(scene.channel, "data upload")
        kept = await olga.submit_modal(form, {"file": ("lamps.jsonl", examples().encode()), "name": "lamps"})
        assert (await press(olga, kept.response, "Show")).response
        await olga.autocomplete(scene.channel, "data show", "dataset", "la")
        await scene.alice.slash(scene.channel, "export-me")
        scene.support()
        await scene.alice.slash(scene.channel, "human")
        board = Boards(scene.client).board(str(scene.guild.id), str(scene.channel.id))
        picture = Attachment("loss.png", b"png")
        message_id = await board.post(Report("**run-1**", picture, (Button("Cancel", "train cancel"),)), "run-1")
        await board.edit(message_id, Report("word " * 600, picture, is_last=True))
        callbacks = [body for body in scene.requests("POST", "/callback") if body["type"] in {8, 9}]
        assert [body["type"] for body in callbacks] == [9, 8]
        assert len(checked_requests(scene)) == 5


def checked_requests(scene: Scene) -> set[str]:
    """Hold every request against the description, and return their kinds."""
    checked: set[str] = set()
    for entry in scene.env.http_requests:
        if entry.json is not None:
            path = described(entry.path)
            assert refused(entry.method.lower(), path, entry.json) == []
            checked.add(f"{entry.method} {path}")
    return checked


def described(path: str) -> str:
    """Return the path template of Discord's description that a path fills in."""
    parts = path.strip("/").split("/")
    for template in description()["paths"]:
        slots = template.strip("/").split("/")
        if len(slots) == len(parts) and all(s == p or s.startswith("{") for s, p in zip(slots, parts, strict=True)):
            return template
    pytest.fail(f"{path} is nothing that Discord describes")


async def test_the_description_refuses_what_discord_would(tmp_path: Path) -> None:
    del tmp_path
    assert refused("post", "/channels/{channel_id}/messages", {"content": "x" * 4001})
    assert refused("post", "/channels/{channel_id}/messages", {"content": "x", "nonce": "x" * 26})
