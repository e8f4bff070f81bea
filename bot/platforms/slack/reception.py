"""Everything besides answering: greeting, thanks for feedback, farewells."""

import structlog

from bot.conversation import Answers
from bot.persona import Persona
from bot.platforms.slack.api import Api, RefusedError
from bot.platforms.slack.blocks import home, prompts, verdict, written
from bot.platforms.slack.text import escaped
from bot.platforms.slack.wire import Json, string, table, tables

THANKS = "Thank you, that helps."
GONE = "That answer is not kept any more, so there is nothing to rate."


class Reception:
    """Receives customers who have not asked yet, and those who have something to say about an answer."""

    def __init__(self, api: Api, assistant: Answers, persona: Persona) -> None:
        self._api = api
        self._assistant = assistant
        self._persona = persona

    async def opened(self, event: Json) -> None:
        """Greet whoever opens the app."""
        try:
            if string(event, "tab") == "home":
                await self._api.call("views.publish", user_id=string(event, "user"), view=home(self._persona))
            elif channel := string(event, "channel"):
                await self._greet(channel)
        except RefusedError as error:
            structlog.get_logger().warning("slack.not_greeted", error=str(error))

    async def _greet(self, channel: str) -> None:
        """Offer questions, and say once in this direct message who is there."""
        await self._api.call(
            "assistant.threads.setSuggestedPrompts", channel_id=channel, prompts=prompts(self._persona)
        )
        history = await self._api.look("conversations.history", channel=channel, limit=1)
        if not tables(history, "messages"):
            text = f"{self._persona.greeting}\n\n{self._persona.disclosure}"
            await self._api.call(
                "chat.postMessage",
                channel=channel,
                text=escaped(text),
                blocks=written(text),
                unfurl_links=False,
                unfurl_media=False,
            )

    async def rated(self, click: Json) -> None:
        """Keep a customer's verdict and say thank you, to that customer alone."""
        pressed = next((verdict(string(action, "value")) for action in tables(click, "actions")), None)
        user = string(table(click, "user"), "id")
        if not (pressed and user):
            return
        kept = await self._assistant.rate(pressed[0], user, pressed[1])
        try:
            await self._api.respond(string(click, "response_url"), THANKS if kept else GONE)
        except RefusedError as error:
            structlog.get_logger().info("slack.response_not_shown", turn=pressed[0], error=str(error))

    async def removed(self, event: Json) -> None:
        """Say in the log that the workspace took the app or its token away."""
        structlog.get_logger().error(
            "slack.removed",
            event_type=string(event, "type"),
            way_out="Install the app again and set the new SLACK_BOT_TOKEN; customers get no answers until then.",
        )
