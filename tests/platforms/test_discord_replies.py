"""What a command answers in Discord: to whom, in how many messages, and what happens when it comes too late."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, cast

import discord
import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict

from bot.admin.calls import Call
from bot.admin.forms import About, command
from bot.admin.office import Office
from bot.admin.replies import Attachment, Button, Reply
from bot.models import ModelError
from bot.platforms.discord.replies import sheets
from tests.kit import PERSONA
from tests.platforms.discord_scene import Scene, buttons, open_patient_scene, press, shown

LONG = "\n\n".join(f"Line {number}: {'x ' * 200}".strip() for number in range(12))
PICTURE = Attachment("loss.png", b"\x89PNG")
TABLE = Attachment("problems.csv", b"line,rule\n")
AGAIN = Button("Again", "data tell", {"what": "long"}, "primary")
UNSAID = "my secret"
PING = "@everyone <@1> https://elsewhere.example"


@pytest.fixture(name="logs")
def _logs() -> Iterator[list[EventDict]]:
    with capture_logs() as logs:
        yield logs


REPLIES = {
    "short": Reply(PING, (PICTURE, TABLE), (AGAIN, Button("Forget me", "forget-me", style="danger"))),
    "long": Reply(LONG, (TABLE,), (AGAIN,)),
    "public": Reply("For all.", buttons=(AGAIN,), public=True),
    "nothing": Reply(""),
    "crowded": Reply("Many.", buttons=tuple(Button(f"No. {n}", "data list", {"n": str(n)}) for n in range(30))),
    "wordy": Reply("Much.", buttons=(Button("x" * 90, "data show", {"dataset": "y" * 90}), AGAIN)),
}


@command("data", may="home")
async def tell(
    call: Call,
    office: Office,
    what: Annotated[Literal["short", "long", "public", "nothing", "crowded", "wordy"], About("What to tell")],
) -> Reply:
    """Tell something."""
    del call, office
    return REPLIES[what]


async def _failing(call: Call, office: Office) -> dict[str, str]:
    await asyncio.sleep(0)
    del call, office
    raise ZeroDivisionError(UNSAID)


@command("data", may="home", prefill=_failing)
async def broken(call: Call, office: Office, text: Annotated[str, About("A text", long=True)]) -> Reply:
    """Fail before the form is shown."""
    del call, office
    return Reply(text)


@command("data", may="home")
async def touch(call: Call, office: Office) -> Reply:
    """Offer what fails."""
    del call, office
    return Reply("Here.", buttons=(Button("Break", "data broken"),))


OWN = (tell, broken, touch)


def sent(scene: Scene) -> list[dict[str, object]]:
    """Return the bodies of the messages that were posted, privately or not."""
    asked = [entry for entry in scene.env.http_requests if entry.method == "POST"]
    return [
        cast("dict[str, object]", entry.json)
        for entry in asked
        if entry.json and (entry.path.startswith("/webhooks/") or entry.path.endswith("/messages"))
    ]


async def test_a_reply_is_for_its_caller_alone_and_pings_nobody(tmp_path: Path) -> None:
    async with open_patient_scene(tmp_path, commands=OWN) as scene:
        result = await scene.boss().slash(scene.channel, "data tell", what="short")
        assert shown(result) == PING
        assert result.response
        assert [each.filename for each in result.response.attachments] == ["loss.png", "problems.csv"]
        assert buttons(result.response) == {"Again": "do:data tell?what=long", "Forget me": "do:forget-me?"}
        [body] = sent(scene)
        assert body["allowed_mentions"] == {"parse": []}
        assert cast("int", body["flags"]) & discord.MessageFlags(suppress_embeds=True).value


async def test_a_long_reply_becomes_several_whole_messages_with_all_else_under_the_last(tmp_path: Path) -> None:
    async with open_patient_scene(tmp_path, commands=OWN) as scene:
        result = await scene.boss().slash(scene.channel, "data tell", what="long")
        assert result.response
        messages = [result.response, *result.followups]
        assert len(messages) > 1
        assert "\n\n".join(message.content for message in messages) == LONG
        assert all(message.ephemeral for message in messages)
        assert [bool(buttons(message)) for message in messages] == [False] * (len(messages) - 1) + [True]
        assert [len(message.attachments) for message in messages] == [0] * (len(messages) - 1) + [1]


async def test_a_reply_for_all_is_an_ordinary_message_and_nothing_else_is_left(tmp_path: Path) -> None:
    async with open_patient_scene(tmp_path, commands=OWN) as scene:
        olga, omar = scene.boss("olga"), scene.boss("omar")
        result = await olga.slash(scene.channel, "data tell", what="public")
        assert scene.said() == ["For all."]
        assert result.response is None
        assert scene.requests("POST", "/messages")[0]["enforce_nonce"]
        pressed = await press(omar, scene.written()[0], "Again")
        assert shown(pressed).startswith("Line 0")


async def test_a_reply_for_all_is_told_its_caller_where_she_may_not_speak(tmp_path: Path) -> None:
    async with open_patient_scene(tmp_path, commands=OWN) as scene:
        scene.env.inject_error("POST", "/channels/*/messages", status=403, code=50013)
        assert shown(await scene.boss().slash(scene.channel, "data tell", what="public")) == "For all."


async def test_a_reply_without_words_says_that_it_is_done(tmp_path: Path) -> None:
    async with open_patient_scene(tmp_path, commands=OWN) as scene:
        assert shown(await scene.boss().slash(scene.channel, "data tell", what="nothing")) == "Done."


async def test_a_file_that_discord_does_not_take_is_named_instead(tmp_path: Path) -> None:
    async with open_patient_scene(tmp_path, commands=OWN) as scene:
        [sheet] = sheets(REPLIES["short"], len(PICTURE.content))
        assert sheet.attachments == (PICTURE,)
        assert "`problems.csv` is larger than Discord takes" in sheet.text
        assert "loss.png" not in sheet.text
        del scene


async def test_more_buttons_than_there_is_room_for_do_not_cost_the_reply(tmp_path: Path) -> None:
    async with open_patient_scene(tmp_path, commands=OWN) as scene:
        result = await scene.boss().slash(scene.channel, "data tell", what="crowded")
        assert shown(result) == "Many."
        assert result.response
        assert len(buttons(result.response)) == 25


async def test_a_button_that_says_too_much_is_left_out_and_logged_without_its_words(
    tmp_path: Path, logs: list[EventDict]
) -> None:
    async with open_patient_scene(tmp_path, commands=OWN) as scene:
        result = await scene.boss().slash(scene.channel, "data tell", what="wordy")
        assert result.response
        assert list(buttons(result.response)) == ["Again"]
        left_out = [line for line in logs if line["event"] == "discord.button_left_out"]
        assert [line["command"] for line in left_out] == ["data show"]
        assert "yyy" not in str(logs)


async def test_the_buttons_work_after_a_restart_and_for_whoever_presses_them(tmp_path: Path) -> None:
    async with open_patient_scene(tmp_path, commands=OWN) as scene:
        olga = scene.boss()
        await olga.slash(scene.channel, "data tell", what="public")
        await scene.env.restart_bot(scene.anew())
        assert shown(await press(olga, scene.written()[0], "Again")).startswith("Line 0")
        assert "Manage Server" in shown(await press(scene.alice, scene.written()[0], "Again"))


@pytest.mark.parametrize(("status", "code"), [(404, 10062), (404, 10015), (401, 50027)])
async def test_a_reply_that_comes_too_late_is_written_to_its_caller(tmp_path: Path, status: int, code: int) -> None:
    async with open_patient_scene(tmp_path, commands=OWN) as scene:
        olga = scene.boss()
        scene.env.inject_error("POST", "/webhooks/*", status=status, code=code)
        await olga.slash(scene.channel, "data tell", what="short")
        [message] = scene.written(olga.user.dm_channel)
        assert message.content == PING
        assert [each.filename for each in message.attachments] == ["loss.png", "problems.csv"]
        # The other is a command of a home, which no direct message is.
        assert list(buttons(message)) == ["Forget me"]


async def test_what_was_shown_before_it_was_too_late_is_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_patient_scene(tmp_path, commands=OWN) as scene:
        olga, backend = scene.boss(), scene.env.backend
        show_first = backend.edit_message

        def and_no_more(channel: int, message: int, changes: dict[str, Any]) -> object:
            late = {"method": "POST", "path": "/webhooks/*", "status": 404, "code": 10015, "message": "", "times": 1}
            backend.faults.append(late)
            return show_first(channel, message, changes)

        monkeypatch.setattr(backend, "edit_message", and_no_more)
        result = await olga.slash(scene.channel, "data tell", what="long")
        written = [message.content for message in scene.written(olga.user.dm_channel)]
        assert len(written) > 1
        assert "\n\n".join([shown(result), *written]) == LONG


async def test_any_other_trouble_costs_one_line_and_no_message(tmp_path: Path, logs: list[EventDict]) -> None:
    async with open_patient_scene(tmp_path, commands=OWN) as scene:
        olga = scene.boss()
        scene.env.inject_error("POST", "/webhooks/*", status=400, code=50035, times=None)
        await olga.slash(scene.channel, "data tell", what="short")
        assert [line["code"] for line in logs if line["event"] == "discord.reply_failed"] == [50035]
        assert scene.written(olga.user.dm_channel) == []
        assert scene.env.errors == []


async def test_a_command_that_discord_did_not_wait_for_is_not_done(tmp_path: Path, logs: list[EventDict]) -> None:
    async with open_patient_scene(tmp_path) as scene:
        dataset = await scene.keep_dataset()
        scene.env.inject_error("POST", "/interactions/*/callback", status=404, code=10062)
        await scene.boss().slash(scene.channel, "data delete", dataset=dataset, sure=True)
        assert len(scene.office.registry.datasets()) == 1
        assert [line["code"] for line in logs if line["event"] == "discord.response_failed"] == [10062]


@pytest.mark.parametrize("how", ["slash", "press"])
async def test_what_nobody_expected_is_told_kindly_and_logged_without_a_word_of_it(
    tmp_path: Path, logs: list[EventDict], how: str
) -> None:
    async with open_patient_scene(tmp_path, commands=OWN) as scene:
        olga = scene.boss()
        if how == "slash":
            result = await olga.slash(scene.channel, "data broken")
        else:
            result = await press(olga, (await olga.slash(scene.channel, "data touch")).response, "Break")
        assert shown(result) == PERSONA.sentences.failed
        assert [line["error"] for line in logs if line["log_level"] == "error"] == ["ZeroDivisionError"]
        assert UNSAID not in str(logs)
        assert len(scene.env.errors) == 1


async def test_who_could_not_be_answered_may_call_a_person(tmp_path: Path) -> None:
    async with open_patient_scene(tmp_path, [ModelError("down")]) as scene:
        people = scene.support()
        thread = scene.thread()
        await scene.alice.send(thread, f"{scene.me} how do I reset my lamp?")
        [answer] = scene.written(thread)
        assert buttons(answer)["Talk to a person"] == "do:human?"
        await press(scene.alice, answer, "Talk to a person")
        [notice] = scene.written(people)
        assert f"https://discord.com/channels/{scene.guild.id}/{thread.id}" in notice.content
        assert scene.said(thread)[-1].startswith(PERSONA.sentences.handed_over)
        await scene.alice.send(thread, f"{scene.me} hello?")
        assert len(scene.model.asked) == 1
        assert scene.assistant.silence(scene.conversation(thread=str(thread.id)))
        await press(scene.boss(), notice, "Hand back")
        assert scene.assistant.silence(scene.conversation(thread=str(thread.id))) == ""


async def test_an_answer_that_says_it_all_offers_nobody(tmp_path: Path) -> None:
    async with open_patient_scene(tmp_path, "Hold the button.") as scene:
        await scene.alice.send(scene.channel, f"{scene.me} how do I reset my lamp?")
        assert "do:human?" not in buttons(scene.written()[0]).values()
