"""How an answer appears in Discord while it is being written, and what happens when Discord objects."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import discord
import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict

from bot.models import ModelError
from tests.kit import PERSONA, damage
from tests.platforms.discord_scene import EDIT_EVERY, PatientModel, Scene, open_scene

LONG = (
    "\n\n".join(f"Step {number}: {'turn the lamp off and on ' * 12}" for number in range(12))
    .replace(" \n", "\n")
    .strip()
)


@pytest.fixture(name="logs")
def _logs() -> Iterator[list[EventDict]]:
    with capture_logs() as logs:
        yield logs


async def ask(scene: Scene, question: str = "how do I reset my lamp?") -> None:
    """Ask in the channel."""
    await scene.alice.send(scene.channel, f"{scene.me} {question}")


async def test_the_first_words_are_shown_before_the_last_are_known(tmp_path: Path) -> None:
    gate = asyncio.Event()
    async with open_scene(tmp_path, ["Hold the ", gate, "button."]) as scene:
        await ask(scene)
        assert scene.said() == ["Hold the"]
        gate.set()
        await scene.env.settle()
        assert scene.said() == ["Hold the button."]


async def test_edits_come_once_in_a_while_however_fast_the_model_is(tmp_path: Path) -> None:
    gates = [asyncio.Event(), asyncio.Event()]
    words = [f"word{number} " for number in range(50)]
    async with open_scene(tmp_path, [*words[:25], gates[0], *words[25:], gates[1], "end."]) as scene:
        await ask(scene)
        assert scene.said() == ["word0"]
        await scene.env.advance_time(EDIT_EVERY)
        assert scene.said() == ["".join(words[:25]).strip()]
        gates[0].set()
        await scene.env.settle()
        await scene.env.advance_time(EDIT_EVERY)
        assert scene.said() == ["".join(words).strip()]
        assert len(scene.requests("PATCH")) == 2
        gates[1].set()
        await scene.env.settle()
        assert scene.said() == ["".join(words) + "end."]
        assert len(scene.requests("PATCH")) == 3


async def test_a_silent_model_causes_no_edits(tmp_path: Path) -> None:
    gate = asyncio.Event()
    async with open_scene(tmp_path, ["Hold the ", gate, "button."]) as scene:
        await ask(scene)
        await scene.env.advance_time(5 * EDIT_EVERY)
        assert scene.requests("PATCH") == []
        gate.set()


async def taken_over(scene: Scene, gate: asyncio.Event) -> None:
    """Let a person have the channel once a second question waits there, and the first answer end."""
    async with asyncio.timeout(60):
        while len(await scene.assistant.unfinished("discord")) < 2:
            pass
    await scene.office.store.handoffs.begin(scene.conversation(), "1", 1.0, "")
    gate.set()


async def test_an_ask_that_waited_while_a_person_took_over_is_told_why_no_answer_comes(tmp_path: Path) -> None:
    gate = asyncio.Event()
    async with open_scene(tmp_path, [gate, "Hold the button."]) as scene:
        first = await scene.alice.slash(scene.channel, "ask", question="how do I reset my lamp?")
        taking = asyncio.create_task(taken_over(scene, gate))
        second = await scene.someone("bob").slash(scene.channel, "ask", question="and mine?")
        await taking
        assert first.response
        assert first.response.content == "Hold the button."
        assert second.response
        assert (second.response.content, second.followups) == (PERSONA.sentences.with_person, [])
        assert scene.model.asked == ["how do I reset my lamp?"]


async def test_a_message_that_waited_while_a_person_took_over_is_not_answered_and_she_stops_typing(
    tmp_path: Path,
) -> None:
    gate = asyncio.Event()
    async with open_scene(tmp_path, [gate, "Hold the button."]) as scene:
        await ask(scene)
        taking = asyncio.create_task(taken_over(scene, gate))
        await ask(scene, "and the other lamp?")
        await taking
        assert scene.said() == ["Hold the button."]
        typed = len(scene.requests("POST", "/typing"))
        await scene.env.advance_time(30)
        assert len(scene.requests("POST", "/typing")) == typed


async def test_where_the_reason_cannot_be_told_that_costs_one_line(tmp_path: Path, logs: list[EventDict]) -> None:
    gate = asyncio.Event()
    async with open_scene(tmp_path, [gate, "Hold the button."]) as scene:
        await ask(scene)
        taking = asyncio.create_task(taken_over(scene, gate))
        scene.env.inject_error("POST", "/webhooks/*/*", status=404, code=10015)
        await scene.alice.slash(scene.channel, "ask", question="and mine?")
        await taking
        lost = [line for line in logs if line["event"] == "discord.send_failed"]
        assert [(line["turn"], line["code"]) for line in lost] == [(2, 10015)]


async def test_no_edit_follows_the_last(tmp_path: Path) -> None:
    async with open_scene(tmp_path, ["Hold the ", "button."]) as scene:
        await ask(scene)
        edits = len(scene.requests("PATCH"))
        await scene.env.advance_time(5 * EDIT_EVERY)
        assert len(scene.requests("PATCH")) == edits


async def test_she_is_typing_until_her_first_words_are_out(tmp_path: Path) -> None:
    gates = [asyncio.Event(), asyncio.Event()]
    async with open_scene(tmp_path, [gates[0], "Hold the ", gates[1], "button."]) as scene:
        await ask(scene)
        assert len(scene.requests("POST", "/typing")) == 1
        await scene.env.advance_time(11)
        assert len(scene.requests("POST", "/typing")) == 3
        gates[0].set()
        await scene.env.settle()
        await scene.env.advance_time(30)
        assert len(scene.requests("POST", "/typing")) == 3
        gates[1].set()


async def test_a_long_answer_becomes_several_whole_messages(tmp_path: Path) -> None:
    async with open_scene(tmp_path, LONG) as scene:
        await ask(scene)
        assert len(scene.said()) > 1
        assert "\n\n".join(scene.said()) == LONG
        assert all(
            message.reference and message.reference.message_id == scene.written()[0].id
            for message in scene.written()[1:]
        )


async def test_a_long_answer_to_ask_becomes_several_whole_messages(tmp_path: Path) -> None:
    async with open_scene(tmp_path, LONG) as scene:
        result = await scene.alice.slash(scene.channel, "ask", question="how do I reset my lamp?")
        assert result.response
        assert "\n\n".join([result.response.content, *(each.content for each in result.followups)]) == LONG


async def test_what_a_broken_model_said_is_replaced_by_the_next_ones_answer(tmp_path: Path) -> None:
    gate = asyncio.Event()
    spare = PatientModel("Hold the button.")
    async with open_scene(tmp_path, [LONG + " ", gate, ModelError("gone")], spare=spare) as scene:
        await ask(scene)
        shown = [message.id for message in scene.written()]
        assert len(shown) > 1
        gate.set()
        await scene.env.settle()
        assert scene.said() == ["Hold the button."]
        assert scene.written()[0].id == shown[0]


async def test_nothing_of_a_broken_answer_is_left_in_the_one_that_follows(tmp_path: Path) -> None:
    gates = [asyncio.Event(), asyncio.Event()]
    spare = PatientModel(["Hold ", gates[1], "the button."])
    async with open_scene(tmp_path, ["Press the ", gates[0], ModelError("gone")], spare=spare) as scene:
        await ask(scene)
        gates[0].set()
        await scene.env.settle()
        assert scene.said() == ["Press the"]
        await scene.env.advance_time(EDIT_EVERY)
        assert scene.said() == ["Hold"]
        gates[1].set()


async def test_a_surplus_message_that_someone_deleted_first_does_no_harm(tmp_path: Path, logs: list[EventDict]) -> None:
    gate = asyncio.Event()
    async with open_scene(tmp_path, [LONG + " ", gate, ModelError("gone")], spare=PatientModel("Hold.")) as scene:
        await ask(scene)
        scene.env.backend.delete_message(scene.channel.id, scene.written()[1].id)
        gate.set()
        await scene.env.settle()
        assert scene.said() == ["Hold."]
        assert not [line for line in logs if line["event"] == "discord.send_failed"]


async def test_nothing_that_was_replaced_takes_a_turn_out_of_the_history(tmp_path: Path) -> None:
    async with open_scene(tmp_path, [LONG + " ", ModelError("gone")], spare=PatientModel("Hold the button.")) as scene:
        await ask(scene)
        assert await scene.history() == [("how do I reset my lamp?", "Hold the button.")]


async def test_nobody_is_pinged_whatever_the_model_says(tmp_path: Path) -> None:
    async with open_scene(tmp_path, LONG, "Hello everyone.") as scene:
        await ask(scene)
        await scene.alice.slash(scene.channel, "ask", question="hello?")
        sent = [*scene.requests("POST", "/messages"), *scene.requests("PATCH")]
        sent += [body for body in scene.requests("POST") if "content" in body]
        assert len(sent) > 4
        for body in sent:
            assert body["allowed_mentions"] == {"parse": []} | (
                {"replied_user": False} if "message_reference" in body else {}
            )


async def test_links_gain_no_preview(tmp_path: Path) -> None:
    async with open_scene(tmp_path, "See https://lumen.example/reset", "See https://lumen.example/reset") as scene:
        await ask(scene)
        await scene.alice.slash(scene.channel, "ask", question="how do I reset my lamp?")
        assert [message.flags.suppress_embeds for message in scene.written()] == [True, True]


async def test_a_repeated_post_carries_the_same_nonce(tmp_path: Path) -> None:
    async with open_scene(tmp_path, LONG) as scene:
        asked = await scene.alice.send(scene.channel, f"{scene.me} how do I reset my lamp?")
        sent = scene.requests("POST", "/messages")
        assert [body["nonce"] for body in sent] == [f"{asked.id}-{part}" for part in range(len(sent))]
        assert all(body["enforce_nonce"] for body in sent)


async def test_a_message_that_replaces_a_deleted_one_has_a_nonce_of_its_own(tmp_path: Path) -> None:
    async with open_scene(tmp_path, [LONG + " ", ModelError("gone")], spare=PatientModel(["Again: ", LONG])) as scene:
        await ask(scene)
        nonces = [body["nonce"] for body in scene.requests("POST", "/messages")]
        assert len(nonces) == len(set(nonces))
        assert "\n\n".join(scene.said()) == "Again: " + LONG


async def test_the_store_knows_the_reply_while_it_is_being_written(tmp_path: Path) -> None:
    gate = asyncio.Event()
    async with open_scene(tmp_path, ["Hold the ", gate, "button."]) as scene:
        await ask(scene)
        unfinished = await scene.assistant.unfinished("discord")
        assert [each.reply_id for each in unfinished] == [str(scene.written()[0].id)]
        gate.set()


@pytest.mark.parametrize(
    ("status", "attempts", "later"), [(403, 1, []), (404, 1, []), (429, 2, ["Yes."]), (500, 2, ["Yes."])]
)
async def test_an_answer_that_cannot_be_posted_is_kept_or_given_after_the_next_start_and_told_in_one_line(
    tmp_path: Path, logs: list[EventDict], status: int, attempts: int, later: list[str]
) -> None:
    async with open_scene(tmp_path, ["Hold the ", "button."]) as scene:
        scene.env.inject_error("POST", "/channels/*/messages", status=status, code=1, times=None)
        await ask(scene)
        assert scene.said() == []
        assert bool(await scene.history()) is not bool(later)
        failed = [line for line in logs if line["event"] == "discord.send_failed"]
        assert [(line["turn"], line["status"]) for line in failed] == [(1, status)]
        assert len(scene.requests("POST", "/messages")) == attempts
        scene.env.backend.faults.clear()
        await scene.env.restart_bot(scene.anew())
        assert scene.said() == later


async def test_a_passing_failure_still_ends_in_the_whole_answer(tmp_path: Path) -> None:
    async with open_scene(tmp_path, ["Hold the ", "button."]) as scene:
        scene.env.inject_error("POST", "/channels/*/messages", status=503)
        await ask(scene)
        assert scene.said() == ["Hold the button."]


async def test_a_reply_that_is_deleted_while_it_is_written_stays_deleted(tmp_path: Path, logs: list[EventDict]) -> None:
    gate = asyncio.Event()
    async with open_scene(tmp_path, ["Hold the ", gate, "button."]) as scene:
        await ask(scene)
        scene.env.backend.delete_message(scene.channel.id, scene.written()[0].id)
        gate.set()
        await scene.env.settle()
        assert scene.said() == []
        assert [line["status"] for line in logs if line["event"] == "discord.send_failed"] == [404]


async def test_a_channel_where_she_may_not_speak_causes_no_error(tmp_path: Path, logs: list[EventDict]) -> None:
    async with open_scene(tmp_path, "Hold the button.") as scene:
        silence = discord.PermissionOverwrite(send_messages=False)
        mute = scene.guild.create_text_channel(
            "rules", overwrites={scene.client.user: silence} if scene.client.user else {}
        )
        await scene.alice.send(mute, f"{scene.me} hello?")
        assert [line["status"] for line in logs if line["event"] == "discord.send_failed"] == [403]


async def test_a_failing_typing_indicator_does_not_stop_the_answer(tmp_path: Path) -> None:
    async with open_scene(tmp_path, "Hold the button.") as scene:
        scene.env.inject_error("POST", "/channels/*/typing", status=500, times=None)
        await ask(scene)
        assert scene.said() == ["Hold the button."]


async def test_an_ask_that_came_too_late_is_let_go(tmp_path: Path, logs: list[EventDict]) -> None:
    async with open_scene(tmp_path, "Hold the button.") as scene:
        scene.env.inject_error("POST", "/interactions/*/callback", status=404, code=10062)
        await scene.alice.slash(scene.channel, "ask", question="how do I reset my lamp?")
        assert scene.model.asked == []
        assert [line["status"] for line in logs if line["event"] == "discord.response_failed"] == [404]


async def test_without_a_database_a_customer_gets_an_apology_and_the_log_its_id(
    tmp_path: Path, logs: list[EventDict]
) -> None:
    async with open_scene(tmp_path) as scene:
        await damage(tmp_path)
        await ask(scene, "my secret")
        assert scene.said() == [f"{PERSONA.sentences.failed} {PERSONA.handoff} (#r1)"]
        assert [line["reference"] for line in logs if line["log_level"] == "error"] == ["r1"]
        assert "secret" not in str(logs)


async def test_a_broken_database_is_logged_without_what_a_customer_wrote(tmp_path: Path, logs: list[EventDict]) -> None:
    async with open_scene(tmp_path) as scene:
        asked = await scene.alice.send(scene.channel, f"{scene.me} how do I reset my lamp?")
        await damage(tmp_path)
        await scene.alice.edit(asked, "my secret")
        failed = [line for line in logs if line["event"] == "discord.event_failed"]
        assert [(line["handler"], line["error"]) for line in failed] == [("on_raw_message_edit", "StoreError")]
        assert "secret" not in str(logs)
        assert len(scene.env.errors) == 1


async def test_the_log_never_holds_what_was_said(tmp_path: Path, logs: list[EventDict]) -> None:
    async with open_scene(tmp_path, ["Hold the ", "button."]) as scene:
        scene.env.inject_error("POST", "/channels/*/messages", status=500, message="Hold it", times=None)
        await ask(scene, "my secret")
        assert "secret" not in str(logs)
        assert "Hold" not in str(logs)
