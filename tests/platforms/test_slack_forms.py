"""Forms of commands in Slack: what they ask for, and what becomes of what was filled in."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Literal, cast

import pytest

from bot.admin.admin import MOST_NAMES
from bot.admin.calls import Call
from bot.admin.forms import About, Form, command
from bot.admin.office import Office
from bot.admin.replies import Button, Choice, Reply
from bot.platforms.slack import SlackTokens
from bot.platforms.slack.blocks import buttons
from bot.platforms.slack.desk import TOO_LATE
from bot.platforms.slack.forms import view
from tests.platforms.slack_scene import ADMIN, CUSTOMER, give, office, replying, shown, told
from tests.servers.slack import Slack, open_slack
from tests.servers.slack_kit import HTTP, SOCKET
from tests.servers.slack_workspace import BOT_USER, Json, Message, Modal, within
from tests.training.workflow_kit import conversations, keep, record

pytestmark = pytest.mark.asyncio


async def _known(_: object, __: Office) -> dict[str, str]:
    return {"note": "so far", "sure": "True", "colour": "red"}


@command("fill", may="home", prefill=_known)
async def form(  # noqa: PLR0913 - one field of each kind
    call: Call,
    office: Office,
    count: Annotated[int, About("How many", least=1)],
    *,
    note: Annotated[str, About("What to note", long=True)] = "",
    sure: Annotated[bool, About("Whether you are")] = False,
    colour: Annotated[Literal["red", "blue"], About("Which colour")] = "blue",
    dataset: Annotated[str, About("Which dataset", names="datasets")] = "",
    hidden: Annotated[str, About("What is not asked for")] = "",
) -> Reply:
    """Say what was filled in."""
    assert office
    assert call.link == ""
    return Reply(f"{count} {note!r} {sure} {colour} {dataset} {hidden} in {call.conversation.channel}")


@command("fill", may="home")
async def named(call: Call, office: Office, dataset: Annotated[str, About("Which dataset", names="datasets")]) -> Reply:
    """Say which was named."""
    assert office
    return Reply(f"{dataset} in {call.conversation.channel}")


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    async with open_slack() as served:
        yield served


def elements(modal: Modal) -> dict[str, Json]:
    blocks = [block for block in cast("list[Json]", modal.view["blocks"]) if block["type"] == "input"]
    return {str(block["block_id"]): cast("Json", block["element"]) for block in blocks}


@pytest.mark.parametrize("tokens", [SOCKET, HTTP], ids=["socket", "http"])
async def test_a_command_without_what_it_needs_opens_a_form_and_is_done_with_what_is_filled_in(
    slack: Slack, tmp_path: Path, tokens: SlackTokens
) -> None:
    async with office(slack, tmp_path, more=(form,), tokens=tokens) as scene:
        dataset = keep(tmp_path, conversations())
        record(scene.registry, dataset)
        await slack.command(ADMIN, "C1", "fill form hidden=taken-along")
        modal = await slack.modal()
        at_once = await slack.submit(modal, count="3", sure="no", colour="blue", dataset="lamps")
        assert at_once == {"response_action": "clear"}
        assert await told(slack, ADMIN, "C1") == "3 'so far' False blue lamps taken-along in C1"
    assert within(modal.view, "title", "text") == "fill form"
    fields = elements(modal)
    assert {name: field["type"] for name, field in fields.items()} == {
        "count": "plain_text_input",
        "note": "plain_text_input",
        "sure": "static_select",
        "colour": "static_select",
        "dataset": "plain_text_input",
    }
    assert (fields["note"]["multiline"], fields["note"]["initial_value"]) == (True, "so far")
    assert [within(fields[name], "initial_option", "value") for name in ("sure", "colour")] == ["yes", "red"]
    (message,) = slack.workspace.messages
    assert message.only_for == ADMIN


async def test_in_a_direct_message_a_form_is_answered_by_a_message_that_stays(slack: Slack, tmp_path: Path) -> None:
    async with office(slack, tmp_path, more=(form,)):
        await slack.command(ADMIN, "D_U1", "fill form")
        await slack.submit(await slack.modal(), count="3")
        assert "in D_U1" in await told(slack, ADMIN, "D_U1")
    (message,) = slack.workspace.messages
    assert message.only_for == ""


async def test_a_form_sent_off_where_she_cannot_write_is_answered_by_a_direct_message(
    slack: Slack, tmp_path: Path
) -> None:
    async with office(slack, tmp_path, more=(form,)):
        await slack.command(ADMIN, "C_CLOSED", "fill form")
        await slack.submit(await slack.modal(), count="3")
        assert "in C_CLOSED" in await told(slack, ADMIN, "D_U1")


async def test_what_must_be_named_is_chosen_among_what_there_is(slack: Slack, tmp_path: Path) -> None:
    async with office(slack, tmp_path, more=(named,)) as scene:
        record(scene.registry, keep(tmp_path, conversations()))
        await slack.command(ADMIN, "C1", "fill named")
        modal = await slack.modal()
        await slack.submit(modal, dataset="lamps")
        assert await told(slack, ADMIN, "C1") == "lamps in C1"
    assert elements(modal)["dataset"]["type"] == "static_select"


async def test_a_model_of_a_providers_own_is_typed_into_the_form_of_a_run(slack: Slack, tmp_path: Path) -> None:
    async with office(slack, tmp_path, sarah_tuning_url="http://127.0.0.1:9/v1", sarah_tuning_key="k") as scene:
        record(scene.registry, keep(tmp_path, conversations()))
        await slack.command(ADMIN, "C1", "train start")
        await slack.submit(await slack.modal(), dataset="lamps", provider="openai", base="gpt-4.1-mini")
        assert "**openai** tunes **gpt-4.1-mini** on **lamps**" in await told(slack, ADMIN, "C1")


async def test_a_new_draft_is_named_in_the_form_of_an_example(slack: Slack, tmp_path: Path) -> None:
    async with office(slack, tmp_path):
        for draft in ("winter", "summer"):
            await slack.command(ADMIN, "C1", "data add-example")
            await slack.submit(await slack.modal(), question="Is it wet?", answer="It is dry.", draft=draft)
            await slack.until(lambda wanted=draft: wanted in str(slack.workspace.messages))
        assert "**summer**, which has 1 example" in await told(slack, ADMIN, "C1")


async def test_without_names_to_choose_from_one_is_typed(slack: Slack, tmp_path: Path) -> None:
    async with office(slack, tmp_path, more=(named,)):
        await slack.command(ADMIN, "C1", "fill named")
        assert elements(await slack.modal())["dataset"]["type"] == "plain_text_input"


async def test_what_is_filled_in_badly_is_said_by_field(slack: Slack, tmp_path: Path) -> None:
    async with office(slack, tmp_path, more=(form,)):
        await slack.command(ADMIN, "C1", "fill form")
        await slack.submit(await slack.modal(), count="none")
        assert await told(slack, ADMIN, "C1") == "`count` must be a whole number."


async def test_rights_are_asked_for_again_when_a_form_is_sent_off(slack: Slack, tmp_path: Path) -> None:
    async with office(slack, tmp_path, more=(form,)):
        await slack.command(ADMIN, "C1", "fill form")
        modal = await slack.modal()
        slack.workspace.people[ADMIN] = {}
        await slack.submit(modal, count="3")
        assert "owners and admins" in await told(slack, ADMIN, "C1")


async def test_whoever_may_not_gets_no_form(slack: Slack, tmp_path: Path) -> None:
    async with office(slack, tmp_path, more=(form,)):
        assert "owners and admins" in await give(slack, "fill form", CUSTOMER)
    assert not slack.calls("views.open")


async def test_a_form_that_comes_too_late_is_said_in_a_sentence(slack: Slack, tmp_path: Path) -> None:
    slack.workspace.is_slow = True
    async with office(slack, tmp_path, more=(form,)):
        assert await give(slack, "fill form") == TOO_LATE
    assert slack.calls("views.open")[-1].error == "expired_trigger_id"


async def test_a_form_that_slack_does_not_open_is_said_in_a_sentence(slack: Slack, tmp_path: Path) -> None:
    slack.refuse("views.open", "not_enabled")
    async with office(slack, tmp_path, more=(form,)):
        assert await give(slack, "fill form") == "Slack did not open the form (not_enabled): try again."


async def test_what_a_form_cannot_take_along_is_said_in_a_sentence(slack: Slack, tmp_path: Path) -> None:
    async with office(slack, tmp_path, more=(form,)):
        assert "too long" in await give(slack, f"fill form hidden={'x' * 3000}")
    assert not slack.calls("views.open")


async def test_what_a_field_cannot_show_is_left_out_and_said(slack: Slack, tmp_path: Path) -> None:
    async def long(_: object, __: Office) -> dict[str, str]:
        return {"note": "x" * 3001}

    longer = command("fill", may="home", name="form", prefill=long)(form.work)
    async with office(slack, tmp_path, more=(longer,)):
        await slack.command(ADMIN, "C1", "fill form")
        modal = await slack.modal()
    assert "initial_value" not in elements(modal)["note"]
    assert "too long to be shown" in str(modal.view)


async def test_a_button_opens_a_form_and_the_answer_goes_to_its_thread(slack: Slack, tmp_path: Path) -> None:
    public = Reply("Please.", buttons=(Button("Fill in", "fill form", {"hidden": "of-the-button"}),), public=True)
    async with office(slack, tmp_path, more=(form, replying(public))):
        await slack.command(ADMIN, "C1", "say it")
        await slack.until(lambda: slack.workspace.messages)
        await slack.press(ADMIN, slack.workspace.messages[0], "Fill in")
        await slack.submit(await slack.modal(), count="3")
        assert "of-the-button in C1" in await told(slack, ADMIN, "C1")


async def test_a_button_in_a_thread_is_answered_in_that_thread(slack: Slack, tmp_path: Path) -> None:
    async with office(slack, tmp_path, more=(form,)):
        root = await slack.say(CUSTOMER, "C1", "Lunch, anyone?")
        below = Message("C1", slack.workspace.next_ts(), BOT_USER, root, blocks=buttons([Button("Fill", "fill form")]))
        await slack.press(ADMIN, slack.workspace.add(below), "Fill")
        await slack.submit(await slack.modal(), count="3")
        await told(slack, ADMIN, "C1")
    (answer,) = [message for message in slack.workspace.messages if message.only_for]
    assert answer.thread_ts == root


async def test_what_a_form_had_no_room_for_is_said_and_asked_for_no_second_time(slack: Slack, tmp_path: Path) -> None:
    @command("fill", may="home", name="form")
    async def six(  # noqa: PLR0913, PLR0917 - more than a form has room for
        call: Call,
        office: Office,
        a: Annotated[str, About("A")],
        b: Annotated[str, About("B")],
        c: Annotated[str, About("C")],
        d: Annotated[str, About("D")],
        e: Annotated[str, About("E")],
        f: Annotated[str, About("F")],
    ) -> Reply:
        """Take six things."""
        return Reply(f"{a}{b}{c}{d}{e}{f}{call}{office}")

    async with office(slack, tmp_path, more=(six,)):
        await slack.command(ADMIN, "C1", "fill form")
        await slack.submit(await slack.modal(), a="1", b="2", c="3", d="4", e="5")
        assert "`f` is missing" in await told(slack, ADMIN, "C1")


async def test_the_name_that_stands_in_a_field_can_be_chosen_though_it_is_not_listed(
    slack: Slack, tmp_path: Path
) -> None:
    async def gone(_: object, __: Office) -> dict[str, str]:
        return {"dataset": "gone"}

    filled = command("fill", may="home", name="named", prefill=gone)(named.work)
    async with office(slack, tmp_path, more=(filled,)) as scene:
        record(scene.registry, keep(tmp_path, conversations()))
        await slack.command(ADMIN, "C1", "fill named")
        field = elements(await slack.modal())["dataset"]
    assert [option["value"] for option in cast("list[Json]", field["options"])] == ["gone", "lamps"]
    assert within(field, "initial_option", "value") == "gone"


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (["x" * 150], "static_select"),
        (["x" * 151], "plain_text_input"),
        ([f"name-{number}" for number in range(MOST_NAMES - 1)], "static_select"),
        ([f"name-{number}" for number in range(MOST_NAMES)], "plain_text_input"),
    ],
    ids=["fits", "too-long", "all", "some-may-be-missing"],
)
async def test_names_for_which_there_is_no_room_are_typed(names: list[str], kind: str) -> None:
    shown = Form(named, named.fields, {}, {})
    modal = Modal("V1", ADMIN, view(shown, {"dataset": [Choice(name, name) for name in names]}, ""))
    assert elements(modal)["dataset"]["type"] == kind


async def test_a_button_whose_form_comes_too_late_says_so_to_whoever_pressed(slack: Slack, tmp_path: Path) -> None:
    public = Reply("Please.", buttons=(Button("Fill in", "fill form"),), public=True)
    async with office(slack, tmp_path, more=(form, replying(public))):
        await slack.command(ADMIN, "C1", "say it")
        await slack.until(lambda: slack.workspace.messages)
        slack.workspace.is_slow = True
        assert await shown(slack, await slack.press(ADMIN, slack.workspace.messages[0], "Fill in")) == TOO_LATE
