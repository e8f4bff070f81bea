"""Commands typed in Slack: who may give them, and where they are answered."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.admin.calls import Call
from bot.admin.forms import command
from bot.admin.office import Office
from bot.admin.replies import Attachment, Button, Reply
from bot.platforms.slack import SlackTokens
from tests.kit import PERSONA, ScriptedModel
from tests.platforms.slack_scene import ADMIN, CUSTOMER, give, office, replying, shown, told
from tests.servers.slack import Slack, open_slack
from tests.servers.slack_kit import HTTP, SOCKET, at_work, company
from tests.servers.slack_workspace import TEAM, Json, commands_in
from tests.store_kit import look

pytestmark = pytest.mark.asyncio

NONE = "There are no datasets"


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    async with open_slack() as served:
        yield served


@pytest.mark.parametrize("tokens", [SOCKET, HTTP], ids=["socket", "http"])
async def test_an_admins_command_is_done_and_answered_to_the_admin_alone(
    slack: Slack, tmp_path: Path, tokens: SlackTokens
) -> None:
    model = ScriptedModel()
    async with office(slack, tmp_path, model, tokens=tokens):
        assert NONE in await give(slack, "data list")
    assert not slack.workspace.messages
    assert not model.prompts


async def test_rights_are_asked_for_at_every_command(slack: Slack, tmp_path: Path) -> None:
    async with office(slack, tmp_path):
        assert "per-minute" in await give(slack, "sarah limits per-minute=7")
        slack.workspace.people[ADMIN] = {"is_admin": False}
        assert "owners and admins of this workspace" in await give(slack, "sarah limits per-minute=8")
        slack.workspace.people[ADMIN] = {"is_owner": True}
        assert " 7 " in await give(slack, "sarah limits")
    assert len(slack.calls("users.info")) == 3


@pytest.mark.parametrize(
    ("told_of_them", "why"),
    [
        ({}, "owners and admins"),
        ({"is_admin": True, "is_restricted": True}, "Guests"),
        ({"is_admin": True, "is_ultra_restricted": True}, "Guests"),
        ({"is_admin": True, "is_stranger": True}, "Guests"),
        ({"is_admin": True, "deleted": True}, "Guests"),
        ({"is_admin": True, "is_bot": True}, "Bots"),
        ({"is_admin": True, "team_id": "T9"}, "owners and admins"),
        ({"is_admin": "yes"}, "owners and admins"),
        ({"id": "U9", "is_admin": True}, "did not tell who you are"),
    ],
    ids=["member", "guest", "single", "stranger", "gone", "bot", "elsewhere", "untrue", "another"],
)
async def test_nobody_else_than_admins_of_this_workspace_is_one(
    slack: Slack, tmp_path: Path, told_of_them: Json, why: str
) -> None:
    slack.workspace.people[ADMIN] = told_of_them
    async with office(slack, tmp_path):
        assert why in await give(slack, "sarah channel on=no")
        assert look(tmp_path / "sarah.db", "SELECT * FROM channels") == []


async def test_whom_the_operator_named_is_at_home_only_by_their_own_workspace(slack: Slack, tmp_path: Path) -> None:
    slack.workspace.people[ADMIN] = {"team_id": "T9"}
    async with office(slack, tmp_path, sarah_admins=f"slack:{ADMIN}"):
        assert "slack:T9" in await give(slack, "sarah limits")
        slack.workspace.people[ADMIN] = {"team_id": TEAM}
        assert "per-minute" in await give(slack, "sarah limits")


async def test_nobody_is_an_admin_while_slack_does_not_say_so(slack: Slack, tmp_path: Path) -> None:
    slack.refuse("users.info", "missing_scope")
    async with office(slack, tmp_path):
        answer = await give(slack, "sarah channel on=no")
        assert look(tmp_path / "sarah.db", "SELECT * FROM channels") == []
    assert "missing_scope" in answer
    assert "slack-manifest.yaml" in answer


async def test_customers_commands_need_nobody_to_be_looked_up(slack: Slack, tmp_path: Path) -> None:
    async with office(slack, tmp_path):
        await slack.settled("D_U2", await slack.direct_message(CUSTOMER, "My lamp is dark"))
        assert await give(slack, "privacy", CUSTOMER) == PERSONA.privacy
        response, _ = await slack.command(CUSTOMER, "C1", "forget-me sure=yes")
        assert "1 message" in await shown(slack, response)
    assert not slack.calls("users.info")


async def test_a_mistyped_command_is_answered_with_what_may_be_meant_and_not_by_the_model(
    slack: Slack, tmp_path: Path
) -> None:
    model = ScriptedModel()
    async with office(slack, tmp_path, model):
        assert "`data list`" in await give(slack, "data lst", CUSTOMER)
    assert not model.prompts


async def test_help_lists_to_everybody_what_they_may(slack: Slack, tmp_path: Path) -> None:
    async with office(slack, tmp_path):
        customers = await give(slack, "help", CUSTOMER)
        admins = await give(slack, "help")
        slack.refuse("users.info", "missing_scope")
        unknown = await give(slack, "help")
    assert "`/sarah human`" in customers
    assert "data upload" not in customers
    assert "hand-back" not in customers
    assert admins.startswith(customers)
    assert "`/sarah data upload (with a file)" in admins
    assert unknown == customers


async def test_a_command_that_is_delivered_twice_is_done_once(slack: Slack, tmp_path: Path) -> None:
    async with office(slack, tmp_path) as scene:
        first, _ = await slack.command(ADMIN, "C1", "sarah limits per-minute=7", trigger="trigger.7")
        await shown(slack, first)
        again, _ = await slack.command(ADMIN, "C1", "sarah limits per-minute=7", trigger="trigger.7")
        await give(slack, "sarah limits")
        assert [line.action for line in scene.registry.audit_log(9)].count("change limits") == 1
    assert again not in slack.workspace.responses


async def test_a_call_has_the_id_of_its_act_and_its_place_is_the_channel(slack: Slack, tmp_path: Path) -> None:
    @command("say", may="home")
    async def where(call: Call, office: Office) -> Reply:
        """Say where and with what it was given."""
        assert office
        return Reply(f"{call.message_id} in {call.place or call.conversation.channel}")

    async with office(slack, tmp_path, more=(where,)):
        response, _ = await slack.command(ADMIN, "C1", "say where", trigger="trigger.7")
        assert await shown(slack, response) == "trigger.7 in C1"


async def test_ask_is_a_question_like_any_other(slack: Slack, tmp_path: Path) -> None:
    model = ScriptedModel("Turn it.")
    async with office(slack, tmp_path, model):
        assert await give(slack, "ask data list, what is it's use?", CUSTOMER) == "Turn it."
    assert model.asked == ["data list, what is it's use?"]


async def test_where_she_is_switched_off_only_the_command_is_answered_with_why(slack: Slack, tmp_path: Path) -> None:
    model = ScriptedModel()
    async with office(slack, tmp_path, model):
        await give(slack, "sarah channel on=no")
        await slack.mention(CUSTOMER, "C1", "Hub?")
        assert await give(slack, "Hub?", CUSTOMER) == PERSONA.sentences.switched_off
        await slack.settled("C2", await slack.mention(CUSTOMER, "C2", "Elsewhere?"))
    assert model.asked == ["Elsewhere?"]
    assert [message.channel for message in slack.workspace.messages if message.user == "U0BOT"] == ["C2"]


async def test_reset_in_a_channel_forgets_what_was_asked_by_the_command(slack: Slack, tmp_path: Path) -> None:
    model = ScriptedModel()
    async with office(slack, tmp_path, model):
        await give(slack, "Hub?", CUSTOMER)
        await give(slack, "reset", CUSTOMER)
        await give(slack, "And why?", CUSTOMER)
    assert [prompt.history for prompt in model.prompts] == [(), ()]


async def test_what_cannot_be_shown_where_it_was_asked_comes_as_a_direct_message(slack: Slack, tmp_path: Path) -> None:
    async with office(slack, tmp_path):
        slack.workspace.responses_left = 0
        await slack.command(ADMIN, "C1", "sarah limits")
        assert "per-minute" in await told(slack, ADMIN, f"D_{ADMIN}")


async def test_a_long_reply_comes_whole_though_its_address_works_only_so_often(slack: Slack, tmp_path: Path) -> None:
    text = " ".join(f"word{number}" for number in range(6000))
    async with office(slack, tmp_path, more=(replying(Reply(text, buttons=(Button("More", "data list"),))),)):
        slack.workspace.responses_left = 2
        response, _ = await slack.command(ADMIN, "C1", "say it")
        await slack.until(lambda: [one for one in slack.workspace.messages if one.commands])
        direct = [message.shown for message in slack.workspace.messages if message.channel == f"D_{ADMIN}"]
        assert "".join([(await shown(slack, response, 2)).replace("\n", ""), *direct]) == text


FILES = (Attachment("problems.csv", b"1,2"), Attachment("chart.png", b"picture"))


async def test_a_private_reply_has_its_files_in_the_direct_message(slack: Slack, tmp_path: Path) -> None:
    async with office(slack, tmp_path, more=(replying(Reply("See.", FILES)),)):
        assert await give(slack, "say it") == "See.\n\nYou find `problems.csv`, `chart.png` in our direct message."
    kept = [(file.name, file.content, file.channels) for file in slack.workspace.files.values()]
    assert kept == [("problems.csv", b"1,2", ["D_U1"]), ("chart.png", b"picture", ["D_U1"])]


async def test_a_file_that_cannot_be_sent_is_said(slack: Slack, tmp_path: Path) -> None:
    slack.refuse("files.completeUploadExternal", "missing_scope")
    async with office(slack, tmp_path, more=(replying(Reply("See.", FILES[:1])),)):
        assert await give(slack, "say it") == "See.\n\n`problems.csv` could not be sent: try again later."


async def test_a_public_reply_is_an_ordinary_message_with_its_files_and_buttons(slack: Slack, tmp_path: Path) -> None:
    reply = Reply("See <!channel> https://lamp.example", FILES[:1], (Button("List", "data list"),), public=True)
    async with office(slack, tmp_path, more=(replying(reply),)):
        await slack.command(ADMIN, "C1", "say it")
        await slack.until(lambda: [file for file in slack.workspace.files.values() if file.channels])
        (message, _) = slack.workspace.messages
        pressed = await slack.press(CUSTOMER, message, "List")
        assert "owners and admins" in await shown(slack, pressed)
        pressed = await slack.press(ADMIN, message, "List")
        assert NONE in await shown(slack, pressed)
    assert (message.channel, message.only_for, message.thread_ts) == ("C1", "", "")
    assert message.shown == "See !channel> https://lamp.example"
    (posted,) = slack.calls("chat.postMessage")
    assert (posted.arguments["unfurl_links"], posted.arguments["unfurl_media"]) == (False, False)


async def test_a_public_reply_in_a_channel_that_is_closed_to_her_is_shown_to_the_admin(
    slack: Slack, tmp_path: Path
) -> None:
    slack.refuse("chat.postMessage", "not_in_channel")
    async with office(slack, tmp_path, more=(replying(Reply("Done so.", public=True)),)):
        assert await give(slack, "say it") == "Done so."


async def test_what_a_customer_does_alone_nobody_else_is_told(slack: Slack, tmp_path: Path) -> None:
    async with office(slack, tmp_path, sarah_support_channels="slack:C2"):
        assert PERSONA.sentences.handed_over in await give(slack, "human", CUSTOMER)
        assert await give(slack, "Hub?", CUSTOMER) == PERSONA.sentences.with_person
    (notice,) = slack.workspace.messages
    assert notice.channel == "C2"
    assert f"https://zennest.slack.test/team/{CUSTOMER}" in notice.shown


async def test_buttons_under_a_private_reply_give_their_command_once_to_whoever_presses(
    slack: Slack, tmp_path: Path
) -> None:
    async with office(slack, tmp_path):
        await give(slack, "Hub?", CUSTOMER)
        response, _ = await slack.command(CUSTOMER, "C1", "forget-me")
        await shown(slack, response)
        pressed = await slack.press_response(CUSTOMER, "C1", response, "Erase it all")
        assert "1 message" in await shown(slack, pressed)


async def test_nothing_that_strangers_wrote_pings_anybody(slack: Slack, tmp_path: Path) -> None:
    async with office(slack, tmp_path, more=(replying(Reply("Hello <!channel> and <@U2> in <#C2>")),)):
        assert "Hello" in await give(slack, "say it")
    assert not [ping for ping in ("<!", "<@", "<#") if ping in str(slack.workspace.responses)]


async def test_after_a_restart_a_button_still_works(slack: Slack, tmp_path: Path) -> None:
    async with office(slack, tmp_path):
        response, _ = await slack.command(ADMIN, "C1", "privacy")
        await shown(slack, response)
        assert "Forget me" in commands_in(slack.workspace.responses[response][-1]["blocks"])  # pyright: ignore[reportArgumentType]
    async with company(tmp_path) as scene, at_work(slack, scene.assistant, admin=scene.admin):
        pressed = await slack.press_response(ADMIN, "C1", response, "Forget me")
        assert "gone for good" in await shown(slack, pressed)
