"""The thumbs under an answer."""

from pathlib import Path

import discord

from bot.platforms.discord.feedback import GONE, THANKS
from tests.kit import PERSONA
from tests.platforms.discord_scene import Scene, open_scene


def buttons(message: discord.Message) -> list[str]:
    """Return the ids of the buttons under a message."""
    return [
        str(button.custom_id)
        for row in message.components
        if isinstance(row, discord.ActionRow)
        for button in row.children
        if isinstance(button, discord.Button)
    ]


async def answered(scene: Scene) -> discord.Message:
    """Let a question be answered and return the last message of the answer."""
    await scene.alice.send(scene.channel, f"{scene.me} how do I reset my lamp?")
    return scene.written()[-1]


async def test_the_last_message_of_an_answer_can_be_rated(tmp_path: Path) -> None:
    async with open_scene(tmp_path, "Hold the button. " * 200) as scene:
        assert buttons(await answered(scene)) == ["rate:1:up", "rate:1:down"]
        assert [buttons(message) for message in scene.written()[:-1]] == [[]]


async def test_a_sentence_of_our_own_cannot_be_rated(tmp_path: Path) -> None:
    async with open_scene(tmp_path) as scene:
        await scene.alice.send(scene.channel, scene.me)
        assert scene.said()[0].startswith(PERSONA.sentences.empty)
        assert buttons(scene.written()[0]) == []


async def test_a_rating_is_kept_and_thanked_for_in_private(tmp_path: Path) -> None:
    async with open_scene(tmp_path) as scene:
        answer = await answered(scene)
        result = await scene.alice.click(answer, custom_id="rate:1:down")
        assert result.response
        assert result.response.content == THANKS
        assert result.ephemeral
        assert await scene.ratings() == [("1", str(scene.alice.id), "down")]


async def test_the_newest_rating_of_each_customer_counts(tmp_path: Path) -> None:
    async with open_scene(tmp_path) as scene:
        answer, bob = await answered(scene), scene.someone("bob")
        await scene.alice.click(answer, custom_id="rate:1:down")
        await scene.alice.click(answer, custom_id="rate:1:up")
        await bob.click(answer, custom_id="rate:1:down")
        assert await scene.ratings() == [("1", str(scene.alice.id), "up"), ("1", str(bob.id), "down")]


async def test_the_buttons_work_after_a_restart(tmp_path: Path) -> None:
    async with open_scene(tmp_path) as scene:
        answer = await answered(scene)
        await scene.env.restart_bot(scene.anew())
        result = await scene.alice.click(answer, custom_id="rate:1:up")
        assert result.response
        assert result.response.content == THANKS


async def test_a_rating_of_a_forgotten_answer_is_declined_kindly(tmp_path: Path) -> None:
    async with open_scene(tmp_path) as scene:
        answer = await answered(scene)
        await scene.assistant.reset(scene.conversation())
        result = await scene.alice.click(answer, custom_id="rate:1:up")
        assert result.response
        assert result.response.content == GONE
        assert result.ephemeral


async def test_an_answer_to_ask_can_be_rated(tmp_path: Path) -> None:
    async with open_scene(tmp_path) as scene:
        await scene.alice.slash(scene.channel, "ask", question="how do I reset my lamp?")
        await scene.alice.click(scene.written()[0], custom_id="rate:1:up")
        assert await scene.ratings() == [("1", str(scene.alice.id), "up")]
