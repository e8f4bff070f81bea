"""Files of examples that come by Slack: in a form, or in a direct message."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

import pytest

from bot.platforms.slack.uploads import ONE
from tests.kit import PERSONA, ScriptedModel
from tests.platforms.slack_scene import ADMIN, CUSTOMER, give, office, told
from tests.servers.slack import Slack, open_slack
from tests.servers.slack_files import kept
from tests.servers.slack_workspace import BOT_TOKEN
from tests.training.workflow_kit import conversations

pytestmark = pytest.mark.asyncio

EXAMPLES = "".join(f"{json.dumps(example)}\n" for example in conversations()).encode()


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    async with open_slack() as served:
        yield served


async def answer(slack: Slack, asked: str, user: str = ADMIN) -> str:
    """Wait until a direct message is answered below it, and return the answer."""
    await slack.until(lambda: [one for one in slack.replies(f"D_{user}", asked) if one.shown])
    return "\n".join(one.shown for one in slack.replies(f"D_{user}", asked) if one.shown)


async def test_a_file_in_a_form_becomes_a_dataset(slack: Slack, tmp_path: Path) -> None:
    async with office(slack, tmp_path) as scene:
        await slack.command(ADMIN, "C1", "data upload name=from-a-form")
        modal = await slack.modal()
        file = kept(slack.workspace, ADMIN, "lamps.jsonl", EXAMPLES)
        await slack.submit(modal, file=file.id)
        assert "Kept as **from-a-form**" in await told(slack, ADMIN, "C1")
        (dataset,) = scene.registry.datasets()
    assert dataset.examples == 20
    assert not list((tmp_path / "uploads").iterdir())


@pytest.mark.parametrize(
    "text", ["name=lamps-2 stop=**STOP**", "data upload name=lamps-2 stop=**STOP**", "  name=lamps-2"]
)
async def test_a_file_that_an_admin_sends_directly_is_an_upload_with_the_options_beside_it(
    slack: Slack, tmp_path: Path, text: str
) -> None:
    model = ScriptedModel()
    async with office(slack, tmp_path, model) as scene:
        asked = await slack.share(ADMIN, text, "lamps.jsonl", content=EXAMPLES)
        assert "Kept as **lamps-2**" in await answer(slack, asked)
        assert [dataset.name for dataset in scene.registry.datasets()] == ["lamps-2"]
    assert not model.prompts
    assert slack.workspace.statuses[0]["thread_ts"] == asked


async def test_another_command_that_takes_a_file_may_be_named_with_it(slack: Slack, tmp_path: Path) -> None:
    async with office(slack, tmp_path) as scene:
        asked = await slack.share(ADMIN, "data check", "lamps.jsonl", content=EXAMPLES)
        assert "20" in await answer(slack, asked)
        assert not scene.registry.datasets()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("nmae=lamps", "`data upload` has no field `nmae`"),
        ("data uplod", "did you mean `data upload`?"),
        ("data list", "`data list` takes no file"),
    ],
)
async def test_options_that_mean_nothing_are_said_and_nothing_is_kept(
    slack: Slack, tmp_path: Path, text: str, why: str
) -> None:
    async with office(slack, tmp_path) as scene:
        assert why in await answer(slack, await slack.share(ADMIN, text, "lamps.jsonl", content=EXAMPLES))
        assert not scene.registry.datasets()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("can you take this one?", "lamps"),
        ("Here are the new lamps, it's all of them", "lamps"),
        ("take it as name=lamps-2 please, unless epochs=3", "lamps-2"),
        ("data from our last week of support", "lamps"),
        ("data upload this one?", "lamps"),
        ("upload", "lamps"),
        ("upload these please", "lamps"),
        ("upload name=lamps-2", "lamps-2"),
    ],
)
async def test_a_file_is_taken_whatever_an_admin_says_beside_it(
    slack: Slack, tmp_path: Path, text: str, name: str
) -> None:
    model = ScriptedModel()
    async with office(slack, tmp_path, model) as scene:
        asked = await slack.share(ADMIN, text, "lamps.jsonl", content=EXAMPLES)
        assert f"Kept as **{name}**" in await answer(slack, asked)
        assert [dataset.name for dataset in scene.registry.datasets()] == [name]
    assert not model.prompts


@pytest.mark.parametrize("text", ["", "data upload", "upload", "Upload name=lamps", "data check"])
@pytest.mark.parametrize("name", ["lamps.zip", "lamp.png"])
async def test_a_file_of_another_kind_that_an_admin_means_for_an_upload_is_refused_in_a_sentence(
    slack: Slack, tmp_path: Path, text: str, name: str
) -> None:
    async with office(slack, tmp_path) as scene:
        asked = await slack.share(ADMIN, text, name, content=EXAMPLES)
        assert f"'{name}' is not taken: send a file that ends in" in await answer(slack, asked)
        assert not scene.registry.datasets()


@pytest.mark.parametrize("text", ["Which lamp is this?", "upload one of these, or which?", "my lamp flickers"])
async def test_a_picture_with_a_question_is_a_customers_question_though_an_admin_asks(
    slack: Slack, tmp_path: Path, text: str
) -> None:
    model = ScriptedModel("Yours.")
    async with office(slack, tmp_path, model):
        asked = await slack.share(ADMIN, text, "lamp.png")
        [answered] = await slack.settled("D_U1", asked)
        assert answered.shown == "Yours."
    assert not slack.calls("files.info")


async def test_several_files_at_once_are_asked_for_one_by_one(slack: Slack, tmp_path: Path) -> None:
    async with office(slack, tmp_path) as scene:
        asked = await slack.share(ADMIN, "", "lamps.jsonl", "hubs.jsonl", content=EXAMPLES)
        assert await answer(slack, asked) == ONE
        assert not scene.registry.datasets()


@pytest.mark.parametrize(
    ("name", "people"),
    [
        ("lamps.jsonl", {}),
        ("lamps.jsonl", {"is_admin": True, "is_restricted": True}),
        ("lamps.jsonl", {"is_admin": True, "team_id": "T9"}),
        ("lamp.png", {}),
    ],
    ids=["customer", "guest", "elsewhere", "picture"],
)
async def test_any_other_file_is_an_attachment_of_a_question(
    slack: Slack, tmp_path: Path, name: str, people: dict[str, object]
) -> None:
    slack.workspace.people[CUSTOMER] = people
    async with office(slack, tmp_path) as scene:
        asked = await slack.share(CUSTOMER, "", name)
        assert PERSONA.sentences.attachment in await answer(slack, asked, CUSTOMER)
        assert not scene.registry.datasets()
    assert not slack.calls("files.info")


async def test_a_file_of_somebody_whom_slack_does_not_know_is_an_attachment_too(slack: Slack, tmp_path: Path) -> None:
    slack.refuse("users.info", "missing_scope")
    async with office(slack, tmp_path) as scene:
        asked = await slack.share(ADMIN, "", "lamps.jsonl", content=EXAMPLES)
        assert PERSONA.sentences.attachment in await answer(slack, asked)
        assert not scene.registry.datasets()


async def test_a_file_in_a_channel_is_no_upload(slack: Slack, tmp_path: Path) -> None:
    async with office(slack, tmp_path) as scene:
        file = {"id": "F00000001", "name": "lamps.jsonl"}
        asked = await slack.say(ADMIN, "C1", "<@U0BOT> name=lamps", subtype="file_share", files=[file])
        await slack.settled("C1", asked)
        assert not scene.registry.datasets()


async def test_a_message_that_is_delivered_again_is_uploaded_once(slack: Slack, tmp_path: Path) -> None:
    async with office(slack, tmp_path):
        asked = await slack.share(ADMIN, "name=lamps", "lamps.jsonl", content=EXAMPLES)
        await answer(slack, asked)
        await slack.redeliver(asked)
        await give(slack, "data list")
    assert len(slack.calls("files.info")) == 1


@pytest.mark.parametrize(("downloads", "why"), [("html", "a web page came"), ("redirect", "302")])
async def test_what_is_not_the_file_itself_is_not_taken(
    slack: Slack, tmp_path: Path, downloads: Literal["html", "redirect"], why: str
) -> None:
    slack.workspace.downloads = downloads
    async with office(slack, tmp_path) as scene:
        assert why in await answer(slack, await slack.share(ADMIN, "", "lamps.jsonl", content=EXAMPLES))
        assert not scene.registry.datasets()
    assert not list((tmp_path / "uploads").iterdir())


async def test_a_file_that_is_gone_is_said_in_a_sentence(slack: Slack, tmp_path: Path) -> None:
    slack.refuse("files.info", "file_not_found")
    async with office(slack, tmp_path):
        asked = await slack.share(ADMIN, "", "lamps.jsonl", content=EXAMPLES)
        assert await answer(slack, asked) == "Slack did not hand that file over (file_not_found): send it again."


async def test_a_file_that_is_too_large_is_not_fetched(slack: Slack, tmp_path: Path) -> None:
    async with office(slack, tmp_path, sarah_largest_upload_mb=0.001):
        asked = await slack.share(ADMIN, "", "lamps.jsonl", content=EXAMPLES)
        assert "larger than 0.001 MB" in await answer(slack, asked)


async def test_the_token_goes_to_no_other_address_than_where_slack_keeps_files(slack: Slack, tmp_path: Path) -> None:
    async with open_slack() as other, office(slack, tmp_path) as scene:
        file = kept(slack.workspace, ADMIN, "lamps.jsonl", EXAMPLES)
        slack.workspace.file_address = other.address
        await slack.command(ADMIN, "C1", "data upload")
        await slack.submit(await slack.modal(), file=file.id)
        assert "is not fetched" in await told(slack, ADMIN, "C1")
        assert not scene.registry.datasets()
        assert not other.workspace.downloaded_with


async def test_the_token_goes_where_slack_keeps_files(slack: Slack, tmp_path: Path) -> None:
    async with office(slack, tmp_path):
        await answer(slack, await slack.share(ADMIN, "", "lamps.jsonl", content=EXAMPLES))
    assert slack.workspace.downloaded_with == [f"Bearer {BOT_TOKEN}"]
