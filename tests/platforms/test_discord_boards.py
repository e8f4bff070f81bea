"""The message in Discord that tells how a run goes on, and notices to people of the company."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import discord
import pytest
from simcord.actors import MemberActor
from structlog.testing import capture_logs
from structlog.typing import EventDict

from bot.admin.board import UNSEEN, Board, Notice, ShowError
from bot.admin.replies import Attachment, Button, Report
from bot.platforms.discord.boards import Boards
from bot.platforms.discord.work import Work
from tests.admin_kit import HOME
from tests.platforms.discord_scene import RARELY, Scene, buttons, open_patient_scene, press, shown

RUN = "run-1a2b3c4d"
FIRST = Attachment("loss.png", b"\x89PNG first")
SECOND = Attachment("loss.png", b"\x89PNG second")
CANCEL = Button("Cancel", "train cancel", {"run": RUN}, "danger")


@pytest.fixture(name="logs")
def _logs() -> Iterator[list[EventDict]]:
    with capture_logs() as logs:
        yield logs


def report(text: str = "running", picture: Attachment | None = None) -> Report:
    """Return a report about our run."""
    return Report(f"**{RUN}**: {text}", picture, (CANCEL,))


def board_of(scene: Scene) -> Board:
    """Return the board of the scene's channel."""
    return Boards(scene.client).board(HOME, str(scene.channel.id))


def pictures(scene: Scene) -> list[bytes | None]:
    """Return the pictures that stand in the channel."""
    files = [each for message in scene.written() for each in message.attachments]
    return [scene.env.backend.cdn.get(each.url) for each in files]


async def refused(scene: Scene, method: str, status: int, code: int = 0) -> ShowError:
    """Return how a board says that Discord refuses."""
    board = board_of(scene)
    message_id = await board.post(report(), RUN)
    scene.env.inject_error(method, "/channels/*/messages*", status=status, code=code, times=None)
    with pytest.raises(ShowError) as error:
        await (board.edit(message_id, report("on")) if method == "PATCH" else board.post(report(), RUN))
    return error.value


async def test_a_report_is_an_ordinary_message_with_its_picture_and_buttons(tmp_path: Path) -> None:
    async with open_patient_scene(tmp_path) as scene:
        message_id = await board_of(scene).post(report("running", FIRST), RUN)
        [message] = scene.written()
        assert (str(message.id), message.content) == (message_id, f"**{RUN}**: running")
        assert buttons(message) == {"Cancel": f"do:train cancel?run={RUN}"}
        assert pictures(scene) == [FIRST.content]


async def test_a_new_picture_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    async with open_patient_scene(tmp_path) as scene:
        board = board_of(scene)
        message_id = await board.post(report("running", FIRST), RUN)
        assert await board.edit(message_id, report("on", SECOND))
        assert scene.said() == [f"**{RUN}**: on"]
        assert pictures(scene) == [SECOND.content]


async def test_a_change_without_a_picture_leaves_the_one_that_stands(tmp_path: Path) -> None:
    async with open_patient_scene(tmp_path) as scene:
        board = board_of(scene)
        message_id = await board.post(report("running", FIRST), RUN)
        assert await board.edit(message_id, Report(f"**{RUN}**: over", is_last=True))
        assert pictures(scene) == [FIRST.content]
        assert buttons(scene.written()[0]) == {}


async def test_a_long_report_stands_whole_in_one_message(tmp_path: Path) -> None:
    async with open_patient_scene(tmp_path) as scene:
        board, text = board_of(scene), "\n".join(f"line {number} of the scorecard" for number in range(120))
        message_id = await board.post(report(), RUN)
        await board.edit(message_id, report(text))
        [message] = scene.written()
        assert message.content == ""
        assert "".join(embed.description or "" for embed in message.embeds) == report(text).text
        await board.edit(message_id, report("short again"))
        assert [(each.content, each.embeds) for each in scene.written()] == [(f"**{RUN}**: short again", [])]


async def test_a_message_that_is_gone_is_told_and_replaced_by_another(tmp_path: Path) -> None:
    async with open_patient_scene(tmp_path) as scene:
        board = board_of(scene)
        message_id = await board.post(report(), RUN)
        scene.env.backend.delete_message(scene.channel.id, int(message_id))
        assert not await board.edit(message_id, report())
        await board.post(report("on"), RUN)
        nonces = [body["nonce"] for body in scene.requests("POST", "/messages")]
        assert len(set(nonces)) == 2
        assert scene.said() == [f"**{RUN}**: on"]


async def test_a_post_that_is_tried_again_is_the_same_to_discord(tmp_path: Path) -> None:
    async with open_patient_scene(tmp_path) as scene:
        board = board_of(scene)
        await board.post(report(), RUN)
        await board.post(report(), RUN)
        await board.post(report(), "run-2")
        sent = scene.requests("POST", "/messages")
        assert sent[0]["nonce"] == sent[1]["nonce"] != sent[2]["nonce"]
        assert all(body["enforce_nonce"] for body in sent)


async def test_a_thread_that_fell_asleep_gets_a_new_message(tmp_path: Path) -> None:
    async with open_patient_scene(tmp_path) as scene:
        board = board_of(scene)
        message_id = await board.post(report(), RUN)
        scene.env.inject_error("PATCH", "/channels/*/messages/*", status=400, code=50083)
        assert not await board.edit(message_id, report())


@pytest.mark.parametrize("method", ["POST", "PATCH"])
@pytest.mark.parametrize(
    ("status", "code", "lasting"),
    [(403, 50001, True), (404, 10003, True), (400, 50035, True), (429, 0, False), (500, 0, False)],
)
async def test_trouble_is_told_apart_by_whether_it_lasts(
    tmp_path: Path,
    method: str,
    status: int,
    code: int,
    lasting: bool,  # noqa: FBT001 - a column of the table
) -> None:
    async with open_patient_scene(tmp_path) as scene:
        error = await refused(scene, method, status, code)
        assert error.lasting is lasting
        assert str(status) in str(error)
        assert RUN not in str(error)


async def test_a_channel_that_is_none_is_told_in_a_sentence(tmp_path: Path) -> None:
    async with open_patient_scene(tmp_path) as scene:
        with pytest.raises(ShowError, match="'#support' is no channel of Discord") as error:
            await Boards(scene.client).notify("#support", Notice("Hello."))
        assert error.value.lasting


async def test_where_she_may_attach_nothing_the_words_are_shown_with_a_hint(tmp_path: Path) -> None:
    async with open_patient_scene(tmp_path) as scene:
        board = board_of(scene)
        message_id = await board.post(report(), RUN)
        for method in ("POST", "PATCH"):
            scene.env.inject_error(method, "/channels/*/messages*", status=403, code=50013)
        await board.post(report("running", FIRST), RUN)
        assert await board.edit(message_id, report("word " * 600, FIRST))
        changed, posted = scene.said()
        assert posted.startswith(f"**{RUN}**: running\n")
        assert "Attach Files" in posted
        assert changed.startswith(f"**{RUN}**: word")
        assert pictures(scene) == []


async def test_a_message_that_a_crash_left_is_found_by_its_first_line(tmp_path: Path) -> None:
    async with open_patient_scene(tmp_path) as scene:
        board = board_of(scene)
        message_id = await board.post(report("word " * 600), RUN)
        me = scene.env.backend.bot_user.id
        scene.env.backend.create_message(scene.channel.id, me, f"Somebody asked\nabout {RUN}.")
        await scene.alice.send(scene.channel, f"{RUN} is mine")
        assert await board.find(RUN) == message_id
        assert await board.find("run-2") == ""


async def test_where_the_history_may_not_be_read_nothing_is_found(tmp_path: Path) -> None:
    async with open_patient_scene(tmp_path) as scene:
        scene.env.inject_error("GET", "/channels/*/messages", status=403, code=50001)
        assert await board_of(scene).find(RUN) == ""
        scene.env.inject_error("GET", "/channels/*/messages", status=404, code=10003)
        with pytest.raises(ShowError):
            await board_of(scene).find(RUN)


async def test_a_notice_is_posted_whole_with_its_buttons_under_the_last_message(tmp_path: Path) -> None:
    async with open_patient_scene(tmp_path) as scene:
        notice = Notice("word " * 600, (CANCEL,))
        message_id = await Boards(scene.client).notify(str(scene.channel.id), notice)
        *first, last = scene.written()
        assert [buttons(message) for message in first] == [{}]
        assert (str(last.id), list(buttons(last))) == (message_id, ["Cancel"])


async def started(scene: Scene) -> str:
    """Let an admin start a run in the channel, and return its id."""
    return await started_by(scene.boss(), scene)


async def started_by(olga: MemberActor, scene: Scene) -> str:
    """Let somebody start a run in the channel, and return its id."""
    dataset = await scene.keep_dataset()
    told = await olga.slash(scene.channel, "train start", dataset=dataset)
    agreed = await press(olga, told.response, "Start it")
    [run] = scene.office.registry.runs()
    assert run.id in shown(agreed)
    return run.id


async def test_a_run_whose_start_could_not_be_shown_is_told_of_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_patient_scene(tmp_path) as scene:
        olga, backend = scene.boss(), scene.env.backend
        dataset = await scene.keep_dataset()
        told = await olga.slash(scene.channel, "train start", dataset=dataset)
        assert told.response
        change = backend.edit_message

        def broken_off(channel: int, message: int, changes: dict[str, Any]) -> object:
            # The end of the process, as far as this reply can tell.
            monkeypatch.setattr(backend, "edit_message", change)
            raise RuntimeError(channel, message, changes)

        monkeypatch.setattr(backend, "edit_message", broken_off)
        with suppress(RuntimeError):
            await press(olga, told.response, "Start it")
        await scene.env.settle()
        [run] = scene.office.registry.runs()
        assert [left.run for left in await scene.office.store.progress.unfinished("discord")] == [run.id]
        scene.env.errors.clear()


async def test_a_run_started_where_she_may_not_write_is_told_of_in_the_direct_message(tmp_path: Path) -> None:
    async with open_patient_scene(tmp_path) as scene:
        scene.env.inject_error("POST", f"/channels/{scene.channel.id}/messages", status=403, code=50013, times=None)
        olga = scene.boss()
        run = await started_by(olga, scene)
        [begun] = scene.written(olga.user.dm_channel)
        assert begun.content.startswith(f"**{run}**")
        # They are commands of a home, which no direct message is.
        assert buttons(begun) == {}
        [left] = await scene.office.store.progress.unfinished("discord")
        assert (left.run, left.workspace, left.channel) == (run, "", str(begun.channel.id))
        await ended(scene)
        await compared(scene)
        await scene.env.advance_time(2 * RARELY)
        [over] = scene.written(olga.user.dm_channel)
        assert (over.id, buttons(over)) == (begun.id, {})
        assert await scene.office.store.progress.unfinished("discord") == []


async def test_whoever_can_be_told_of_a_run_nowhere_is_told_how_to_look(tmp_path: Path) -> None:
    async with open_patient_scene(tmp_path) as scene:
        scene.env.inject_error("POST", "/channels/*/messages", status=403, code=50007, times=None)
        olga = scene.boss()
        dataset = await scene.keep_dataset()
        told = await olga.slash(scene.channel, "train start", dataset=dataset)
        agreed = await press(olga, told.response, "Start it")
        [run] = scene.office.registry.runs()
        assert UNSEEN.format(run=run.id) in shown(agreed)


async def ended(scene: Scene) -> None:
    """Wait until nobody works on a run any more."""
    for thread in threading.enumerate():
        if thread.name == "crew":
            await asyncio.to_thread(thread.join, 60)
    assert scene.office.registry.unfinished() == []


async def compared(scene: Scene) -> None:
    """Have the scorecards ready that the last report shows: they take longer than a simulated start may."""
    rehearsal = scene.office.office.rehearsal
    await rehearsal.compared([rehearsal.current(), *(model.id for model in scene.office.registry.models())])


async def test_a_run_is_told_in_one_message_from_its_start_to_its_end(tmp_path: Path) -> None:
    async with open_patient_scene(tmp_path) as scene:
        run = await started(scene)
        [begun] = scene.written()
        assert begun.content.startswith(f"**{run}**")
        await ended(scene)
        await compared(scene)
        await scene.env.advance_time(2 * RARELY)
        [over] = scene.written()
        assert over.id == begun.id
        assert {"Promote", "Compare"} <= set(buttons(over))
        assert len(over.attachments) == 1
        assert await scene.office.store.progress.unfinished("discord") == []


async def test_a_channel_that_is_told_of_a_run_gets_no_second_message(tmp_path: Path) -> None:
    async with open_patient_scene(tmp_path) as scene:
        scene.office.crew.stop()
        olga, other = scene.boss(), scene.guild.create_text_channel("other")
        run = await started_by(olga, scene)
        for channel in (scene.channel, other):
            told = await olga.slash(channel, "train status", run=run)
            for _ in range(2):
                await press(olga, told.response, "Follow it here")
            [message] = scene.written(channel)
            assert message.content.startswith(f"**{run}**")
        scene.office.registry.want_cancel(run, "web:Sam", 1.0)
        assert await scene.office.admin.following.unfinished("discord")
        await scene.env.advance_time(2 * RARELY)
        for channel in (scene.channel, other):
            assert len(scene.written(channel)) == 1


async def test_a_channel_that_is_open_to_her_by_now_can_be_told_of_a_run_after_all(tmp_path: Path) -> None:
    async with open_patient_scene(tmp_path) as scene:
        scene.office.crew.stop()
        # The report, and the same without what may be forbidden.
        scene.env.inject_error("POST", f"/channels/{scene.channel.id}/messages", status=403, code=50013, times=2)
        olga = scene.boss()
        run = await started_by(olga, scene)
        assert len(scene.written(olga.user.dm_channel)) == 1
        assert scene.written() == []
        told = await olga.slash(scene.channel, "train status", run=run)
        await press(olga, told.response, "Follow it here")
        assert len(scene.written()) == 1
        assert len(scene.written(olga.user.dm_channel)) == 1


async def test_a_run_goes_on_in_its_message_after_a_restart(tmp_path: Path) -> None:
    async with open_patient_scene(tmp_path) as scene:
        run = await started(scene)
        [begun] = scene.written()
        await scene.client.finish(0)
        await ended(scene)
        await compared(scene)
        await scene.env.restart_bot(scene.anew())
        await scene.env.advance_time(2 * RARELY)
        [over] = scene.written()
        assert over.id == begun.id
        assert run in over.content + "".join(embed.description or "" for embed in over.embeds)
        assert {"Promote", "Compare"} <= set(buttons(over))


async def test_people_are_told_only_while_she_serves(tmp_path: Path) -> None:
    async with open_patient_scene(tmp_path) as scene:
        assert list(scene.office.office.posts) == ["discord"]
        await scene.client.finish(0)
        assert list(scene.office.office.posts) == []


async def test_what_goes_on_for_ever_is_broken_off_at_the_end_and_what_ends_may_end() -> None:
    work, gate, told = Work(), asyncio.Event(), list[str]()

    async def forever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            told.append("broken off")

    async def a_while() -> None:
        await gate.wait()
        told.append("ended")

    work.keep_doing("forever", forever())
    doing = asyncio.create_task(work.do(a_while()))
    await asyncio.sleep(0)
    finishing = asyncio.create_task(work.finish(30))
    await asyncio.sleep(0)
    gate.set()
    await finishing
    await doing
    assert told == ["ended", "broken off"]


async def test_what_goes_on_under_a_name_goes_on_and_a_second_one_is_not_begun() -> None:
    work, gate, told = Work(), asyncio.Event(), list[str]()

    async def going_on(name: str) -> None:
        try:
            await gate.wait()
        finally:
            told.append(name)

    work.keep_doing("a run", going_on("first"))
    await asyncio.sleep(0)
    work.keep_doing("a run", going_on("second"))
    work.keep_doing("another run", going_on("third"))
    await asyncio.sleep(0)
    assert told == []
    gate.set()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert told == ["first", "third"]
    work.keep_doing("a run", going_on("fourth"))
    await asyncio.sleep(0)
    assert told == ["first", "third", "fourth"]
    await work.finish(0)


async def test_what_is_done_goes_on_when_the_one_who_waits_for_it_is_broken_off(logs: list[EventDict]) -> None:
    work, gate, told = Work(), asyncio.Event(), list[str]()

    async def a_while() -> None:
        await gate.wait()
        told.append("done")
        raise discord.DiscordException(RUN)

    waiting = asyncio.create_task(work.do(a_while()))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert told == []
    gate.set()
    await work.finish(30)
    assert told == ["done"]
    assert [(line["event"], line["error"]) for line in logs] == [("discord.task_failed", "DiscordException")]


async def test_what_breaks_in_the_background_is_logged_without_a_word_of_it(logs: list[EventDict]) -> None:
    work, broke = Work(), asyncio.Event()

    async def breaking() -> None:
        await asyncio.sleep(0)
        broke.set()
        raise discord.DiscordException(RUN)

    work.keep_doing("a run", breaking())
    await broke.wait()
    await work.finish(0)
    assert [(line["task"], line["error"]) for line in logs] == [("a run", "DiscordException")]
