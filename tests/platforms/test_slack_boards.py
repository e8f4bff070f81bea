"""How runs are shown in Slack: one message of a channel, changed as they go on."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web

from bot.admin.admin import Admin
from bot.admin.board import UNSEEN, Board, Notice, ShowError
from bot.admin.calls import Call, Caller
from bot.admin.forms import Command
from bot.admin.office import Office
from bot.admin.replies import Attachment, Button, Reply, Report
from bot.admin.train import agree
from bot.conversation import Conversation
from bot.platforms.slack.acts import Act, Wanted
from bot.platforms.slack.api import open_api
from bot.platforms.slack.boards import RunBoard
from bot.platforms.slack.callers import Callers
from bot.platforms.slack.connection import who_am_i
from bot.platforms.slack.desk import Desk
from bot.platforms.slack.files import Files
from bot.platforms.slack.work import Work
from tests.admin_kit import Scene
from tests.platforms.slack_scene import ADMIN, give, office, replying, shown
from tests.servers.loopback import serve
from tests.servers.slack import Slack, open_slack
from tests.servers.slack_kit import at_work, company, eventually
from tests.servers.slack_workspace import BOT_TOKEN, BOT_USER, TEAM, Message
from tests.training.workflow_kit import conversations, keep, record
from training.registry import Plan

pytestmark = pytest.mark.asyncio

CANCEL = Button("Cancel", "train cancel", {"run": "run-1"}, "danger")


def chart(number: int) -> Attachment:
    return Attachment("loss.png", f"picture {number}".encode())


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    async with open_slack() as served:
        yield served


@asynccontextmanager
async def opened(slack: Slack, channel: str = "C1") -> AsyncGenerator[Board]:
    async with open_api(BOT_TOKEN, slack.base_url) as api:
        files = Files(api, frozenset({slack.address}), 1_000)
        yield RunBoard(api, files, await who_am_i(api), channel).board()


def pictures(message: Message) -> list[str]:
    return [str(block["slack_file"]["id"]) for block in message.blocks if block["type"] == "image"]  # pyright: ignore[reportIndexIssue, reportUnknownArgumentType]


async def test_a_run_is_posted_with_its_picture_and_buttons_and_found_again(slack: Slack) -> None:
    async with opened(slack) as board:
        ts = await board.post(Report("At **step 1** <!channel>", chart(1), (CANCEL,)), "run-1")
        await board.post(Report("Another"), "run-2")
        assert await board.find("run-1") == ts
        assert await board.find("run-3") == ""
    message = slack.workspace.find("C1", ts)
    assert message.shown == "At **step 1** !channel>"
    assert list(message.commands) == ["Cancel"]
    assert [slack.workspace.files[one].content for one in pictures(message)] == [b"picture 1"]
    assert (board.workspace, board.channel) == (TEAM, "C1")


async def test_what_somebody_else_wrote_is_not_found(slack: Slack) -> None:
    metadata = {"event_type": "run", "event_payload": {"run": "run-1"}}
    slack.workspace.add(Message("C1", slack.workspace.next_ts(), ADMIN, "", "Mine", metadata=metadata))
    async with opened(slack) as board:
        assert await board.find("run-1") == ""


async def test_the_picture_is_replaced_and_the_one_before_it_removed(slack: Slack) -> None:
    async with opened(slack) as board:
        ts = await board.post(Report("1", chart(1), (CANCEL,)), "run-1")
        first = pictures(slack.workspace.find("C1", ts))
        assert await board.edit(ts, Report("2", chart(2)))
        assert await board.edit(ts, Report("3"))
        assert await board.edit(ts, Report("4", chart(2)))
        message = slack.workspace.find("C1", ts)
        assert await board.find("run-1") == ts
    assert (message.shown, message.commands) == ("4", {})
    assert [slack.workspace.files[one].content for one in pictures(message)] == [b"picture 2"]
    assert pictures(message) != first
    # Sent to no channel: there is one message, and not one beside it for each picture.
    assert slack.workspace.messages == [message]
    assert list(slack.workspace.files) == pictures(message)
    assert len(slack.calls("files.completeUploadExternal")) == 2


async def test_a_picture_that_slack_has_not_looked_at_yet_is_waited_for_and_not_sent_again(slack: Slack) -> None:
    async with opened(slack) as board:
        slack.refuse("chat.postMessage", "invalid_blocks")
        with pytest.raises(ShowError) as refused:
            await board.post(Report("1", chart(1)), "run-1")
        assert not refused.value.lasting
        ts = await board.post(Report("1", chart(1)), "run-1")
    assert len(pictures(slack.workspace.find("C1", ts))) == 1
    assert len(slack.calls("files.completeUploadExternal")) == 1


async def test_a_picture_that_slack_never_shows_is_left_out(slack: Slack) -> None:
    async with opened(slack) as board:
        slack.refuse("chat.postMessage", "invalid_blocks", times=5)
        for _ in range(5):
            with pytest.raises(ShowError):
                await board.post(Report("1", chart(1)), "run-1")
        ts = await board.post(Report("1", chart(1)), "run-1")
    message = slack.workspace.find("C1", ts)
    assert (message.shown, pictures(message)) == ("1", [])


async def test_a_picture_that_cannot_be_sent_keeps_no_message_back(slack: Slack) -> None:
    slack.refuse("files.getUploadURLExternal", "missing_scope")
    async with opened(slack) as board:
        ts = await board.post(Report("1", chart(1)), "run-1")
    assert slack.workspace.find("C1", ts).shown == "1"


async def test_a_message_that_was_deleted_is_told_from_trouble_that_passes_and_trouble_that_lasts(
    slack: Slack,
) -> None:
    async with opened(slack) as board:
        ts = await board.post(Report("1"), "run-1")
        slack.refuse("chat.update", "internal_error")
        with pytest.raises(ShowError) as refused:
            await board.edit(ts, Report("2"))
        assert not refused.value.lasting
        slack.refuse("chat.update", "channel_not_found")
        with pytest.raises(ShowError) as refused:
            await board.edit(ts, Report("2 confidential"))
        assert refused.value.lasting
        assert "confidential" not in str(refused.value)
        slack.workspace.messages.clear()
        assert not await board.edit(ts, Report("3"))


async def started(slack: Slack, channel: str = "C1") -> None:
    """Start a run as an admin does."""
    assert "is started" in await shown(slack, await agreed(slack, channel))


async def agreed(slack: Slack, channel: str) -> str:
    """Agree to a run at its price, and return where that is answered."""
    response, _ = await slack.command(ADMIN, channel, "train start lamps")
    assert "Cost:" in await shown(slack, response)
    label = next(iter(_labels(slack, response)))
    return await slack.press_response(ADMIN, channel, response, label)


def _labels(slack: Slack, response: str) -> list[str]:
    shown_last = slack.workspace.responses[response][-1]
    return list(Message("", "", "", "", blocks=shown_last["blocks"]).commands)  # pyright: ignore[reportArgumentType]


async def test_a_run_is_told_of_in_one_message_from_its_start_to_the_promotion(slack: Slack, tmp_path: Path) -> None:
    async with office(slack, tmp_path) as scene:
        record(scene.registry, keep(tmp_path, conversations()))
        await started(slack)
        await slack.until(lambda: [one for one in slack.workspace.messages if "Promote" in one.commands], 30)
        (message,) = slack.workspace.messages
        refused = await slack.press(ADMIN, message, "Promote")
        assert "is not promoted" in await shown(slack, refused)
        assert "That rests on" in await shown(slack, refused)
        await slack.press_response(ADMIN, "C1", refused, "Promote anyway")
        await slack.submit(await slack.modal(), reason="It knows the lamps.")
        await slack.until(lambda: len(slack.workspace.messages) == 2)
        (run,) = scene.registry.runs()
        champion = scene.registry.champion()
    assert (message.channel, message.thread_ts, message.only_for) == ("C1", "", "")
    assert champion
    assert champion.id == run.model
    assert "answers from the next message on" in slack.workspace.messages[1].shown


async def test_a_run_started_where_she_cannot_write_is_told_of_in_the_direct_message(
    slack: Slack, tmp_path: Path
) -> None:
    async with office(slack, tmp_path) as scene:
        record(scene.registry, keep(tmp_path, conversations()))
        await started(slack, "C_CLOSED")
        await slack.until(lambda: [one for one in slack.workspace.messages if "Promote" in one.commands], 30)
    assert {message.channel for message in slack.workspace.messages} == {"D_U1"}


@pytest.mark.parametrize(("method", "channel"), [("conversations.open", "C_CLOSED"), ("chat.postMessage", "C1")])
async def test_whoever_can_be_told_of_a_run_nowhere_is_told_alone_how_to_look(
    slack: Slack, tmp_path: Path, method: str, channel: str
) -> None:
    slack.refuse(method, "channel_not_found", times=9)
    async with office(slack, tmp_path) as scene:
        record(scene.registry, keep(tmp_path, conversations()))
        pressed = await agreed(slack, channel)
        told = await shown(slack, pressed, 2)
        (run,) = scene.registry.runs()
    assert UNSEEN.format(run=run.id) in told
    assert not slack.workspace.messages


async def test_a_run_of_a_direct_message_that_is_closed_is_not_followed_there_again(
    slack: Slack, tmp_path: Path
) -> None:
    slack.refuse("chat.postMessage", "channel_not_found", times=9)
    async with office(slack, tmp_path) as scene:
        record(scene.registry, keep(tmp_path, conversations()))
        assert "`train status` tells it" in await shown(slack, await agreed(slack, "D_U1"), 2)
    assert not slack.calls("conversations.open")
    assert len(slack.calls("chat.postMessage")) == 1


async def test_a_run_is_told_of_though_its_start_is_not_shown_yet(slack: Slack, tmp_path: Path) -> None:
    released = asyncio.Event()

    async def held(_: web.Request) -> web.Response:
        await released.wait()
        return web.Response(text="ok")

    slow = web.Application()
    slow.router.add_post("/response", held)
    async with company(tmp_path) as scene, serve(slow, patience=1) as url, desk_of(slack, scene) as (desk, run):
        act = Act("1", ADMIN, "", Conversation("slack", TEAM, "C1"), url=f"{url}/response")
        giving = asyncio.create_task(desk.give(act, Wanted("say it", {}, {})))
        await slack.until(lambda: [one for one in slack.workspace.messages if run in one.shown])
        assert [left.run for left in await scene.admin.following.unfinished("slack")] == [run]
        assert not giving.done()
        released.set()
        await giving


@asynccontextmanager
async def desk_of(slack: Slack, scene: Scene) -> AsyncGenerator[tuple[Desk, str]]:
    """Open a desk with a command, `say it`, that answers with a run, and yield the run's id too."""
    slack.workspace.people[ADMIN] = {"is_admin": True}
    dataset = keep(scene.office.home, conversations())
    record(scene.registry, dataset)
    run = scene.registry.start_run(Plan(dataset.id, "embedded", "embedded"), "slack:U1", 1.0).id
    admin = Admin(scene.office, [replying(Reply("Started.", run=run))])
    following = Work()
    async with open_api(BOT_TOKEN, slack.base_url) as api:
        me, files = await who_am_i(api), Files(api, frozenset({slack.address}), 1_000)
        try:
            yield Desk(api, me, admin, callers=Callers(api, me), files=files, following=following), run
        finally:
            await following.finish(0)


async def test_the_next_process_goes_on_in_the_message_that_an_earlier_one_left(slack: Slack, tmp_path: Path) -> None:
    async with company(tmp_path) as scene:
        record(scene.registry, keep(tmp_path, conversations()))
        somebody = Caller("slack", TEAM, ADMIN, "Ann", manages=True)
        reply = await scene.give("train start", somebody, dataset="lamps")
        run = (await scene.press(reply, "Start it", somebody)).run
        await scene.store.progress.begin(run, "slack", TEAM, "C1")
    metadata = {"event_type": "run", "event_payload": {"run": run}}
    left = Message("C1", slack.workspace.next_ts(), BOT_USER, "", "At step 1", metadata=metadata)
    slack.workspace.add(left)
    async with office(slack, tmp_path) as scene:
        scene.crew.start()
        await slack.until(lambda: "Promote" in left.commands, 30)
        await eventually(lambda: _all_told(scene))
    assert slack.workspace.messages == [left]


def broken_off(done: asyncio.Event) -> Command:
    """Return `train agree` in a process that ends once it is done, before anybody follows the run."""

    async def work(call: Call, office: Office, proposal: str) -> Reply:
        await agree.work(call, office, proposal)
        done.set()
        raise asyncio.CancelledError

    return replace(agree, work=work)


async def test_a_run_that_a_crash_kept_from_being_told_of_is_told_of_in_its_channel_by_the_next_process(
    slack: Slack, tmp_path: Path
) -> None:
    done = asyncio.Event()
    async with office(slack, tmp_path, more=(broken_off(done),)) as scene:
        record(scene.registry, keep(tmp_path, conversations()))
        await agreed(slack, "C1")
        await done.wait()
        (run,) = scene.registry.runs()
    assert not slack.workspace.messages
    async with office(slack, tmp_path) as scene:
        scene.crew.start()
        await slack.until(lambda: [one for one in slack.workspace.messages if "Promote" in one.commands], 30)
        await eventually(lambda: _all_told(scene))
    (message,) = slack.workspace.messages
    assert (message.channel, message.thread_ts, message.only_for) == ("C1", "", "")
    assert run.id in message.shown


async def test_at_the_end_a_run_is_left_for_the_next_process_to_show(slack: Slack, tmp_path: Path) -> None:
    async with company(tmp_path) as scene:
        dataset = keep(tmp_path, conversations())
        record(scene.registry, dataset)
        run = scene.registry.start_run(Plan(dataset.id, "embedded", "embedded"), "slack:U1", 1.0)
        await scene.store.progress.begin(run.id, "slack", TEAM, "C1")
        async with at_work(slack, scene.assistant, admin=scene.admin):
            await slack.until(lambda: slack.workspace.messages)
        assert not [task for task in asyncio.all_tasks() if "follow" in task.get_name()]
        assert [left.run for left in await scene.admin.following.unfinished("slack")] == [run.id]


async def _all_told(scene: Scene) -> bool:
    return not await scene.admin.following.unfinished("slack")


async def test_people_of_the_company_are_told_while_she_serves_and_not_after(slack: Slack, tmp_path: Path) -> None:
    async with office(slack, tmp_path) as scene:
        posts = scene.office.posts
        ts = await posts["slack"]("C2", Notice("Somebody <!here>", (Button("List", "data list"),)))
        with pytest.raises(ShowError) as refused:
            await posts["slack"]("C_NONE", Notice("Somebody"))
        assert refused.value.lasting
        assert "no datasets" in await give(slack, "data list")
    assert not posts
    message = slack.workspace.find("C2", ts)
    assert (message.shown, list(message.commands)) == ("Somebody !here>", ["List"])
