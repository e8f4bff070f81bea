"""What a restart finds and finishes in Discord, and when commands are sent there."""

import asyncio
import gc
from collections.abc import Iterator
from pathlib import Path

import discord
import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict

from bot.conversation import Conversation, Question
from bot.platforms.discord.commands import sync_when_changed
from tests.admin_kit import HOME
from tests.platforms.discord_scene import Scene, open_scene

LONG = "\n\n".join(f"Step {number}: {'turn the lamp off and on ' * 12}".strip() for number in range(12))


@pytest.fixture(name="logs")
def _logs() -> Iterator[list[EventDict]]:
    with capture_logs() as logs:
        yield logs


@pytest.fixture(name="litter")
def _litter() -> Iterator[None]:
    """Leave lying around what nobody needs any more, so that nothing is put right by chance."""
    gc.disable()
    yield
    gc.enable()


def never() -> asyncio.Event:
    """Return what a model waits for in vain."""
    return asyncio.Event()


async def restart(scene: Scene) -> None:
    """Kill the process and start the next."""
    await scene.env.restart_bot(scene.anew())


async def test_a_question_that_was_being_thought_about_is_answered_after_a_restart(tmp_path: Path) -> None:
    async with open_scene(tmp_path, [never()], "Hold the button.") as scene:
        asked = await scene.alice.send(scene.channel, f"{scene.me} how do I reset my lamp?")
        await restart(scene)
        answer = scene.written()[0]
        assert scene.said() == ["Hold the button."]
        assert answer.reference is not None
        assert answer.reference.message_id == asked.id
        assert await scene.history() == [("how do I reset my lamp?", "Hold the button.")]


async def test_a_reply_that_was_being_written_is_finished_in_its_place(tmp_path: Path) -> None:
    async with open_scene(tmp_path, ["Hold the ", never()], "Press the switch.") as scene:
        await scene.alice.send(scene.channel, f"{scene.me} how do I reset my lamp?")
        begun = scene.written()[0].id
        await restart(scene)
        assert [(message.id, message.content) for message in scene.written()] == [(begun, "Press the switch.")]


async def test_all_messages_of_a_reply_that_was_being_written_are_replaced(tmp_path: Path) -> None:
    async with open_scene(tmp_path, [LONG + " ", never()], "Press the switch.") as scene:
        await scene.alice.send(scene.channel, f"{scene.me} how do I reset my lamp?")
        assert len(scene.said()) > 1
        await restart(scene)
        assert scene.said() == ["Press the switch."]


async def test_other_answers_after_an_unfinished_one_stay_as_they_are(tmp_path: Path) -> None:
    async with open_scene(tmp_path, "Yes.", ["Hold the ", never()], "Press the switch.") as scene:
        thread = scene.thread()
        await scene.alice.send(scene.channel, f"{scene.me} is it a lamp?")
        await scene.alice.send(scene.channel, f"{scene.me} how do I reset my lamp?")
        own = scene.env.backend.bot_user.id
        scene.env.backend.create_message(scene.channel.id, own, "A notice.")
        await restart(scene)
        assert scene.said() == ["Yes.", "Press the switch.", "A notice."]
        assert scene.said(thread) == []


async def test_an_unfinished_ask_is_answered_by_a_message_in_the_channel(tmp_path: Path) -> None:
    async with open_scene(tmp_path, [never()], "Hold the button.") as scene:
        await scene.alice.slash(scene.channel, "ask", question="how do I reset my lamp?")
        await restart(scene)
        assert scene.said()[-1] == "Hold the button."
        (sent,) = scene.requests("POST", "/messages")
        assert isinstance(sent["message_reference"], dict)
        assert sent["message_reference"]["fail_if_not_exists"] is False


async def test_all_messages_of_an_unfinished_ask_are_replaced(tmp_path: Path) -> None:
    async with open_scene(tmp_path, [LONG + " ", never()], "Press the switch.") as scene:
        await scene.alice.slash(scene.channel, "ask", question="how do I reset my lamp?")
        assert len(scene.said()) > 1
        await restart(scene)
        assert scene.said() == ["Press the switch."]


async def test_a_question_whose_message_is_gone_is_answered_all_the_same(tmp_path: Path) -> None:
    async with open_scene(tmp_path, "Hold the button.") as scene:
        await scene.leave_unfinished(scene.question("1"))
        await restart(scene)
        assert scene.said() == ["Hold the button."]
        assert scene.requests("POST", "/messages")[0]["message_reference"] == {
            "type": 0,
            "message_id": 1,
            "channel_id": scene.channel.id,
            "fail_if_not_exists": False,
        }


async def test_a_reply_that_is_gone_is_written_anew(tmp_path: Path) -> None:
    async with open_scene(tmp_path, "Hold the button.") as scene:
        await scene.leave_unfinished(scene.question("1"), reply_id="2")
        await restart(scene)
        assert scene.said() == ["Hold the button."]


async def test_a_reply_is_finished_where_the_history_may_not_be_read(tmp_path: Path) -> None:
    async with open_scene(tmp_path, ["Hold the ", never()], "Press the switch.") as scene:
        await scene.alice.send(scene.channel, f"{scene.me} how do I reset my lamp?")
        scene.env.inject_error("GET", "/channels/*/messages/*", status=403, times=None)
        await restart(scene)
        assert scene.said() == ["Press the switch."]


async def test_a_channel_out_of_reach_costs_one_line_and_keeps_nobody_waiting(
    tmp_path: Path, logs: list[EventDict]
) -> None:
    async with open_scene(tmp_path, "Hold the button.") as scene:
        await scene.leave_unfinished(Question(scene.conversation(thread="42"), "1", "1", "where am I?"))
        await scene.leave_unfinished(scene.question("2"))
        await restart(scene)
        assert scene.said() == ["Hold the button."]
        await restart(scene)
        lost = [line for line in logs if line["event"] == "discord.channel_gone"]
        assert [(line["turn"], line["status"]) for line in lost] == [(1, 404)]


@pytest.mark.usefixtures("litter")
async def test_a_turn_that_breaks_at_the_start_breaks_off_none_of_the_others(
    tmp_path: Path, logs: list[EventDict]
) -> None:
    async with open_scene(tmp_path, "Hold the button.", "Press the switch.") as scene:
        await scene.leave_unfinished(Question(Conversation("discord", HOME, "no number"), "1", "1", "where am I?"))
        await scene.leave_unfinished(scene.question("2"))
        await scene.leave_unfinished(scene.question("no number"))
        await scene.leave_unfinished(scene.question("4"))
        await restart(scene)
        assert scene.said() == ["Hold the button.", "Yes."]
        lost = [line for line in logs if line["event"] == "discord.not_resumed"]
        assert [(line["turn"], line["error"]) for line in lost] == [(1, "ValueError"), (3, "ValueError")]


async def test_a_channel_that_may_not_be_looked_at_now_is_looked_at_by_the_next_process(
    tmp_path: Path, logs: list[EventDict]
) -> None:
    async with open_scene(tmp_path, "Hold the button.") as scene:
        await scene.leave_unfinished(Question(scene.conversation(thread="42"), "1", "1", "where am I?"))
        scene.env.inject_error("GET", "/channels/42", status=403, times=None)
        for _ in range(2):
            await restart(scene)
        lost = [line for line in logs if line["event"] == "discord.not_resumed"]
        assert [(line["turn"], line["status"]) for line in lost] == [(1, 403)] * 2


async def test_a_whole_answer_that_no_process_recorded_is_not_posted_a_second_time(tmp_path: Path) -> None:
    async with open_scene(tmp_path, "Hold the button.") as scene:
        shown = scene.env.backend.create_message(scene.channel.id, scene.env.backend.bot_user.id, "Press the switch.")
        await scene.leave_unfinished(scene.question("1"), reply_id=str(shown.id))
        await restart(scene)
        assert [(message.id, message.content) for message in scene.written()] == [(shown.id, "Hold the button.")]


async def test_a_direct_message_is_answered_after_a_restart(tmp_path: Path) -> None:
    async with open_scene(tmp_path, [never()], "Hold the button.") as scene:
        await scene.alice.send_dm("how do I reset my lamp?")
        await restart(scene)
        assert scene.said(scene.alice.user.dm_channel) == ["Hold the button."]


async def test_many_unfinished_questions_of_one_conversation_are_answered_in_order(tmp_path: Path) -> None:
    answers = [f"Answer {number}." for number in range(8)]
    async with open_scene(tmp_path, *answers) as scene:
        for number in range(8):
            await scene.leave_unfinished(scene.question(str(number + 1)))
        await restart(scene)
        assert scene.said() == answers


async def test_a_reconnection_answers_nothing_twice(tmp_path: Path) -> None:
    gate = asyncio.Event()
    async with open_scene(tmp_path, [never()], ["Hold the ", gate, "button."]) as scene:
        await scene.alice.send(scene.channel, f"{scene.me} how do I reset my lamp?")
        await restart(scene)
        scene.env.bot.dispatch("ready")
        gate.set()
        await scene.env.settle()
        assert scene.said() == ["Hold the button."]
        assert len(scene.model.asked) == 2


async def test_a_redelivery_after_a_restart_is_not_answered_again(tmp_path: Path) -> None:
    async with open_scene(tmp_path, "Hold the button.") as scene:
        asked = await scene.alice.send(scene.channel, f"{scene.me} how do I reset my lamp?")
        await restart(scene)
        scene.env.backend.announce_message_create(scene.env.backend.get_message(scene.channel.id, asked.id))
        await scene.env.settle()
        assert scene.said() == ["Hold the button."]


async def test_commands_are_sent_to_discord_once(tmp_path: Path) -> None:
    async with open_scene(tmp_path) as scene:
        await restart(scene)
        assert len(scene.requests("PUT", "/commands")) == 1


async def test_changed_commands_are_sent_again(tmp_path: Path) -> None:
    async with open_scene(tmp_path) as scene:
        scene.client.tree.remove_command("reset")
        await sync_when_changed(
            scene.client.tree, scene.client.application_id or 0, tmp_path / "discord-commands.sha256"
        )
        assert len(scene.requests("PUT", "/commands")) == 2


async def test_another_application_gets_the_commands_too(tmp_path: Path) -> None:
    async with open_scene(tmp_path) as scene:
        await sync_when_changed(scene.client.tree, 42, tmp_path / "discord-commands.sha256")
        assert len(scene.requests("PUT", "/commands")) == 2


async def test_a_failed_sync_costs_one_line_and_is_tried_again_at_the_next_start(
    tmp_path: Path, logs: list[EventDict]
) -> None:
    async with open_scene(tmp_path) as scene:
        (tmp_path / "discord-commands.sha256").unlink()
        scene.env.inject_error("PUT", "/applications/*/commands", status=500)
        await restart(scene)
        assert [line["status"] for line in logs if line["event"] == "discord.sync_failed"] == [500]
        await restart(scene)
        assert len(scene.requests("PUT", "/commands")) == 3
        assert (tmp_path / "discord-commands.sha256").is_file()


async def test_a_failing_command_is_told_kindly_and_logged(tmp_path: Path, logs: list[EventDict]) -> None:
    async with open_scene(tmp_path) as scene:

        async def broken(interaction: discord.Interaction) -> None:
            raise ZeroDivisionError(interaction.id)

        scene.client.tree.add_command(discord.app_commands.Command(name="broken", description="x", callback=broken))
        await scene.client.tree.sync()
        result = await scene.alice.slash(scene.channel, "broken")
        assert result.ephemeral
        assert result.response
        assert result.response.content == "That did not work."
        assert [line["error"] for line in logs if line["event"] == "discord.command_failed"] == ["ZeroDivisionError"]
        assert len(scene.env.errors) == 1
