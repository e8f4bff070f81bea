"""Who is answered in Discord, and in which conversation."""

import asyncio
from pathlib import Path

import discord
import pytest
from simcord.enums import MessageType

from tests.kit import PERSONA
from tests.platforms.discord_scene import open_scene


async def test_a_mention_is_answered_with_a_reply(tmp_path: Path) -> None:
    async with open_scene(tmp_path, "Hold the button.") as scene:
        asked = await scene.alice.send(scene.channel, f"{scene.me} how do I reset my lamp?")
        answer = scene.written()[0]
        assert answer.content == "Hold the button."
        assert answer.reference is not None
        assert answer.reference.message_id == asked.id
        assert scene.model.asked == ["how do I reset my lamp?"]


async def test_a_message_that_is_not_for_her_is_left_alone(tmp_path: Path) -> None:
    async with open_scene(tmp_path) as scene:
        await scene.alice.send(scene.channel, "does anyone have a spare lamp?")
        assert scene.said() == []
        assert scene.requests("POST", "/typing") == []


async def test_a_direct_message_is_answered_without_a_mention(tmp_path: Path) -> None:
    async with open_scene(tmp_path, "Hello to you.") as scene:
        await scene.alice.send_dm("hello")
        assert scene.said(scene.alice.user.dm_channel) == ["Hello to you."]


async def test_a_reply_to_her_is_for_her(tmp_path: Path) -> None:
    async with open_scene(tmp_path, "Hold the button.", "Ten seconds.") as scene:
        await scene.alice.send(scene.channel, f"{scene.me} how do I reset my lamp?")
        await scene.alice.send(scene.channel, "for how long?", reply_to=scene.written()[0])
        assert scene.said() == ["Hold the button.", "Ten seconds."]


async def test_a_reply_to_her_that_does_not_ping_is_for_her(tmp_path: Path) -> None:
    async with open_scene(tmp_path, "Hold the button.", "Ten seconds.") as scene:
        await scene.alice.send(scene.channel, f"{scene.me} how do I reset my lamp?")
        await scene.reply_quietly(scene.channel, "for how long?", scene.written()[0])
        assert scene.said() == ["Hold the button.", "Ten seconds."]


async def test_a_mention_of_her_own_role_is_for_her(tmp_path: Path) -> None:
    async with open_scene(tmp_path, "I am here.") as scene:
        role = scene.own_role()
        await scene.alice.send(scene.channel, f"{role.mention} are you there?")
        assert scene.said() == ["I am here."]
        assert scene.model.asked == ["are you there?"]


async def test_other_mentions_reach_her_as_plain_names(tmp_path: Path) -> None:
    async with open_scene(tmp_path) as scene:
        bob = scene.someone("bob")
        role = scene.guild.create_role("Installers")
        asked = f"Hey {scene.me} can {bob.mention} or {role.mention} in {scene.channel.mention} help <:lamp:123>?"
        await scene.alice.send(scene.channel, asked)
        assert scene.model.asked == ["Hey can bob or Installers in #support help :lamp:?"]


async def test_a_follow_up_in_the_same_channel_sees_what_was_said(tmp_path: Path) -> None:
    async with open_scene(tmp_path, "Hold the button.", "Ten seconds.") as scene:
        await scene.alice.send(scene.channel, f"{scene.me} how do I reset my lamp?")
        await scene.alice.send(scene.channel, f"{scene.me} for how long?")
        assert [turn.answer for turn in scene.model.prompts[1].history] == ["Hold the button."]


async def test_no_conversation_sees_another(tmp_path: Path) -> None:
    async with open_scene(tmp_path) as scene:
        elsewhere, thread = scene.guild.create_text_channel("billing"), scene.thread()
        others = scene.env.create_guild("Others")
        foreign, eve = others.create_text_channel("support"), others.add_member(scene.env.create_user("eve"))
        for channel in (scene.channel, elsewhere, thread):
            await scene.alice.send(channel, f"{scene.me} what did I say?")
        await eve.send(foreign, f"{scene.me} what did I say?")
        await scene.alice.send_dm("what did I say?")
        assert [prompt.history for prompt in scene.model.prompts] == [()] * 5


async def test_a_thread_that_she_is_in_needs_no_mention(tmp_path: Path) -> None:
    async with open_scene(tmp_path, "Hold the button.", "Ten seconds.") as scene:
        thread = scene.thread()
        await scene.alice.send(thread, "does anyone know this?")
        await scene.alice.send(thread, f"{scene.me} how do I reset my lamp?")
        await scene.alice.send(thread, "for how long?")
        assert scene.said(thread) == ["Hold the button.", "Ten seconds."]
        assert await scene.history(thread=str(thread.id)) == [
            ("how do I reset my lamp?", "Hold the button."),
            ("for how long?", "Ten seconds."),
        ]


async def test_a_thread_is_followed_after_a_restart(tmp_path: Path) -> None:
    async with open_scene(tmp_path, "Hold the button.", "Ten seconds.") as scene:
        thread = scene.thread()
        await scene.alice.send(thread, f"{scene.me} how do I reset my lamp?")
        await scene.env.restart_bot(scene.anew())
        await scene.alice.send(thread, "for how long?")
        assert scene.said(thread) == ["Hold the button.", "Ten seconds."]


async def test_a_thread_that_discord_did_not_announce_is_looked_up(tmp_path: Path) -> None:
    async with open_scene(tmp_path, "Hold the button.", "Ten seconds.") as scene:
        thread = scene.thread()
        await scene.alice.send(thread, f"{scene.me} how do I reset my lamp?")
        scene.let_slip(thread)
        await scene.alice.send(thread, "for how long?")
        assert scene.said(thread) == ["Hold the button.", "Ten seconds."]


@pytest.mark.parametrize("aside", ["{bob} look at this", "@everyone look at this", "{role} look at this"])
async def test_an_aside_to_other_people_in_her_thread_is_left_alone(tmp_path: Path, aside: str) -> None:
    async with open_scene(tmp_path, "Hold the button.") as scene:
        bob, thread, role = scene.someone("bob"), scene.thread(), scene.guild.create_role("Installers")
        scene.guild.add_member(
            scene.alice.user, roles=[scene.guild.create_role("All", permissions=discord.Permissions.all())]
        )
        await scene.alice.send(thread, f"{scene.me} how do I reset my lamp?")
        await scene.alice.send(thread, aside.format(bob=bob.mention, role=role.mention))
        assert scene.said(thread) == ["Hold the button."]


async def test_a_reply_to_someone_else_in_her_thread_is_left_alone(tmp_path: Path) -> None:
    async with open_scene(tmp_path, "Hold the button.", "No.") as scene:
        bob, thread = scene.someone("bob"), scene.thread()
        await scene.alice.send(thread, f"{scene.me} how do I reset my lamp?")
        hint = await bob.send(thread, f"{scene.me} is there no other way?")
        await scene.reply_quietly(thread, "I like that one", hint)
        assert scene.said(thread) == ["Hold the button.", "No."]


async def test_bots_webhooks_and_service_messages_are_left_alone(tmp_path: Path) -> None:
    async with open_scene(tmp_path, "Hold the button.") as scene:
        thread = scene.thread()
        asked = await scene.alice.send(thread, f"{scene.me} how do I reset my lamp?")
        robot = scene.guild.add_member(scene.env.create_user("robot", bot=True))
        await robot.send(thread, f"{scene.me} hello")
        await scene.guild.create_webhook(scene.channel).send(f"{scene.me} hello")
        service = scene.guild.create_system_message
        service(thread, MessageType.PINS_ADD, author=scene.alice, referenced_message=asked)
        await scene.env.settle()
        assert scene.model.asked == ["how do I reset my lamp?"]


async def test_her_own_words_never_answer_themselves(tmp_path: Path) -> None:
    async with open_scene(tmp_path, "Ask me again.") as scene:
        await scene.alice.send_dm("hello")
        assert scene.model.asked == ["hello"]


async def test_a_redelivered_message_is_answered_once(tmp_path: Path) -> None:
    async with open_scene(tmp_path, "Hold the button.") as scene:
        asked = await scene.alice.send(scene.channel, f"{scene.me} how do I reset my lamp?")
        before = len(scene.env.http_requests)
        for _ in range(2):
            scene.env.backend.announce_message_create(scene.env.backend.get_message(scene.channel.id, asked.id))
            await scene.env.settle()
        assert len(scene.env.http_requests) == before
        assert scene.said() == ["Hold the button."]


async def test_a_picture_without_words_gets_a_kind_sentence(tmp_path: Path) -> None:
    async with open_scene(tmp_path) as scene:
        await scene.alice.send(scene.channel, scene.me, attachments=[("lamp.png", b"png")])
        assert scene.said()[0].startswith(PERSONA.sentences.attachment)


async def test_a_mention_without_words_gets_another_kind_sentence(tmp_path: Path) -> None:
    async with open_scene(tmp_path) as scene:
        await scene.alice.send(scene.channel, scene.me)
        assert scene.said()[0].startswith(PERSONA.sentences.empty)


async def test_two_channels_are_answered_at_once(tmp_path: Path) -> None:
    gate = asyncio.Event()
    async with open_scene(tmp_path, ["One moment ", gate, "please."], "At once.") as scene:
        elsewhere = scene.guild.create_text_channel("billing")
        await scene.alice.send(scene.channel, f"{scene.me} a hard question")
        await scene.alice.send(elsewhere, f"{scene.me} an easy question")
        assert scene.said(elsewhere) == ["At once."]
        gate.set()
        await scene.env.settle()
        assert scene.said() == ["One moment please."]


async def test_ask_is_answered_for_all_to_see_in_the_channels_conversation(tmp_path: Path) -> None:
    async with open_scene(tmp_path, "Hold the button.", "Ten seconds.") as scene:
        result = await scene.alice.slash(scene.channel, "ask", question="how do I reset my lamp?")
        assert not result.ephemeral
        assert scene.said() == ["Hold the button."]
        await scene.alice.send(scene.channel, f"{scene.me} for how long?")
        assert [turn.question for turn in scene.model.prompts[1].history] == ["how do I reset my lamp?"]


async def test_ask_is_acknowledged_before_the_model_is_asked(tmp_path: Path) -> None:
    gate = asyncio.Event()
    async with open_scene(tmp_path, [gate, "Hold the button."]) as scene:
        result = await scene.alice.slash(scene.channel, "ask", question="how do I reset my lamp?")
        assert result.deferred
        gate.set()
        await scene.env.settle()
        assert scene.said() == ["Hold the button."]


async def test_ask_in_a_thread_belongs_to_the_thread(tmp_path: Path) -> None:
    async with open_scene(tmp_path, "Hold the button.") as scene:
        thread = scene.thread()
        await scene.alice.slash(thread, "ask", question="how do I reset my lamp?")
        assert await scene.history(thread=str(thread.id)) == [("how do I reset my lamp?", "Hold the button.")]


async def test_ask_works_in_direct_messages(tmp_path: Path) -> None:
    async with open_scene(tmp_path, "Hold the button.") as scene:
        await scene.alice.user.slash("ask", question="how do I reset my lamp?")
        assert scene.said(scene.alice.user.dm_channel) == ["Hold the button."]


async def test_the_commands_are_described_in_the_companys_words(tmp_path: Path) -> None:
    async with open_scene(tmp_path) as scene:
        commands = {command["name"]: command for command in scene.env.backend.commands[None].values()}
        ask, reset = commands["ask"], commands["reset"]
        described = [ask["description"], ask["options"][0]["description"], reset["description"]]
        assert described == [
            "Ask Juno of Lumen a question",
            "What you would like to know from Juno",
            "Let Juno forget what was said here",
        ]


async def test_an_edited_question_changes_the_history(tmp_path: Path) -> None:
    async with open_scene(tmp_path, "Hold the button.") as scene:
        asked = await scene.alice.send(scene.channel, f"{scene.me} how do I reset my lamb?")
        await scene.alice.edit(asked, f"{scene.me} how do I reset my lamp?")
        assert await scene.history() == [("how do I reset my lamp?", "Hold the button.")]
        assert scene.said() == ["Hold the button."]


async def test_a_link_that_gains_its_preview_is_not_an_edit(tmp_path: Path) -> None:
    async with open_scene(tmp_path, "Hold the button.") as scene:
        asked = await scene.alice.send(scene.channel, f"{scene.me} is lumen.example yours?")
        await scene.assistant.edit(scene.conversation(), str(asked.id), "kept as it is")
        payload = {"edited_timestamp": None, "embeds": [{"title": "Lumen"}]}
        scene.env.backend.emit("MESSAGE_UPDATE", scene.payload(asked) | payload)
        await scene.env.settle()
        assert await scene.history() == [("kept as it is", "Hold the button.")]


async def test_an_edit_of_a_question_from_before_a_restart_counts(tmp_path: Path) -> None:
    async with open_scene(tmp_path, "Hold the button.") as scene:
        thread = scene.thread()
        asked = await scene.alice.send(thread, f"{scene.me} how do I reset my lamb?")
        await scene.env.restart_bot(scene.anew())
        await scene.alice.edit(asked, "how do I reset my lamp?")
        assert await scene.history(thread=str(thread.id)) == [("how do I reset my lamp?", "Hold the button.")]


async def test_a_deleted_question_leaves_the_history(tmp_path: Path) -> None:
    async with open_scene(tmp_path, "Hold the button.") as scene:
        asked = await scene.alice.send(scene.channel, f"{scene.me} how do I reset my lamp?")
        await scene.alice.delete(asked)
        assert await scene.history() == []


async def test_a_deleted_answer_leaves_the_history(tmp_path: Path) -> None:
    async with open_scene(tmp_path, "Hold the button.") as scene:
        await scene.alice.send_dm("how do I reset my lamp?")
        dm = scene.alice.user.dm_channel
        scene.env.backend.delete_message(dm.id, scene.written(dm)[0].id)
        await scene.env.settle()
        conversation = scene.conversation(dm).__class__("discord", "dm", str(dm.id))
        assert await scene.assistant.history(conversation, 5) == []


async def test_questions_that_a_moderator_clears_away_leave_the_history(tmp_path: Path) -> None:
    async with open_scene(tmp_path) as scene:
        asked = [await scene.alice.send(scene.channel, f"{scene.me} question {number}") for number in range(3)]
        scene.env.backend.bulk_delete_messages(scene.channel.id, [message.id for message in asked[:2]])
        await scene.env.settle()
        assert await scene.history() == [("question 2", "Yes.")]


async def test_a_moderator_resets_the_conversation_of_a_channel(tmp_path: Path) -> None:
    async with open_scene(tmp_path) as scene:
        keeper = scene.guild.create_role("Keeper", permissions=discord.Permissions(manage_messages=True))
        bob = scene.guild.add_member(scene.env.create_user("bob"), roles=[keeper])
        await scene.alice.send(scene.channel, f"{scene.me} how do I reset my lamp?")
        refused = await scene.alice.slash(scene.channel, "reset")
        assert refused.ephemeral
        assert len(await scene.history()) == 1
        done = await bob.slash(scene.channel, "reset")
        assert done.ephemeral
        assert await scene.history() == []


async def test_anyone_resets_their_own_direct_messages(tmp_path: Path) -> None:
    async with open_scene(tmp_path) as scene:
        await scene.alice.send_dm("how do I reset my lamp?")
        await scene.alice.user.slash("reset")
        await scene.alice.send_dm("what did I say?")
        assert scene.model.prompts[1].history == ()
