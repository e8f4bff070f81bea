"""A local Slack: the Web API, Socket Mode, signed HTTP delivery, and people who use them."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from typing import cast

import aiohttp
from aiohttp import web

from tests.servers import slack_rules as rules
from tests.servers.loopback import serve
from tests.servers.slack_api import Api
from tests.servers.slack_delivery import Post, Socket, Transport, UndeliveredError
from tests.servers.slack_files import kept, routes_of_files, told
from tests.servers.slack_forms import filled
from tests.servers.slack_workspace import (
    APP,
    BOT_USER,
    TEAM,
    Call,
    Json,
    Message,
    Modal,
    Refusal,
    RefusedError,
    Workspace,
    commands_in,
)


class Slack:
    """One workspace on a free port of the loopback, and everything a test does in it."""

    def __init__(self) -> None:
        self.workspace = Workspace()
        self.socket = Socket(self.workspace)
        self.address = ""
        self._transport: Transport = self.socket
        self._delivered: dict[str, list[Json]] = {}
        self._echoes: set[asyncio.Task[None]] = set()
        self._api = Api(self.workspace, lambda: self.address, self._echo)

    @property
    def base_url(self) -> str:
        """The address that takes the place of https://slack.com/api/."""
        return f"{self.address}/api/"

    def application(self) -> web.Application:
        """Return the server."""
        server = web.Application()
        server.router.add_route("*", "/api/{method}", self._api.handle)
        server.router.add_get("/socket", self.socket.handle)
        server.router.add_post("/response/{id}", self._respond)
        server.add_routes(routes_of_files(self.workspace))
        return server

    def post_to(self, url: str) -> Post:
        """Deliver over HTTP from now on."""
        post = Post(url)
        self._transport = post
        return post

    # What people do.

    async def say(self, user: str, channel: str, text: str, *, thread_ts: str = "", **more: object) -> str:
        """Send a message; return its ts."""
        message = self.workspace.add(Message(channel, self.workspace.next_ts(), user, thread_ts, text))
        await self._tell(message, "message", **more)
        return message.ts

    async def mention(self, user: str, channel: str, text: str, *, thread_ts: str = "") -> str:
        """Send a message that mentions her, which arrives as two events; return its ts."""
        text = f"<@{BOT_USER}> {text}"
        message = self.workspace.add(Message(channel, self.workspace.next_ts(), user, thread_ts, text))
        await asyncio.gather(self._tell(message, "message"), self._tell(message, "app_mention"))
        return message.ts

    async def direct_message(self, user: str, text: str, *, thread_ts: str = "", **more: object) -> str:
        """Write to her directly; return the ts."""
        return await self.say(user, f"D_{user}", text, thread_ts=thread_ts, **more)

    async def edit(self, channel: str, ts: str, text: str) -> None:
        """Change a message of a person."""
        message = self.workspace.find(channel, ts)
        before, message.text = message.text, text
        now = {**self._described(message), "type": "message", "edited": {"user": message.user}}
        await self._change(
            channel, "message_changed", message=now, previous_message={**self._described(message), "text": before}
        )

    async def unfurl(self, channel: str, ts: str) -> None:
        """Let Slack add a preview to a message, which changes it without changing its text."""
        message = self._described(self.workspace.find(channel, ts))
        await self._change(channel, "message_changed", message={**message, "attachments": []}, previous_message=message)

    async def delete(self, channel: str, ts: str) -> None:
        """Delete a message; the head of a thread leaves a tombstone."""
        message = self.workspace.find(channel, ts)
        described = self._described(message)
        if len(self.workspace.thread(channel, ts)) > 1:
            message.text = "This message was deleted."
            stone = {**described, "text": message.text, "subtype": "tombstone", "user": "USLACKBOT", "hidden": True}
            await self._change(channel, "message_changed", message=stone, previous_message=described)
            return
        self.workspace.messages.remove(message)
        await self._change(channel, "message_deleted", deleted_ts=ts, previous_message=described)

    async def redeliver(self, ts: str) -> None:
        """Deliver every event of a message again, as Slack does when an acknowledgement is lost."""
        for event in self._delivered[ts]:
            await self._transport.deliver("events_api", event, attempt=1)

    async def click(self, user: str, channel: str, ts: str, value: str) -> str:
        """Press a feedback button; return the id of the response_url that came with it."""
        message = next(m for m in self.workspace.messages if (m.channel, m.ts) == (channel, ts))
        assert value in message.buttons
        container = {"type": "message", "message_ts": ts, "channel_id": channel, "thread_ts": message.root}
        response = self.workspace.unique("R")
        action = {"type": "feedback_buttons", "action_id": "feedback", "block_id": "b", "value": value}
        await self._transport.deliver(
            "interactive",
            {
                **self._person(user),
                "type": "block_actions",
                "container": container,
                "channel": {"id": channel},
                "message": self._described(message),
                "actions": [action],
                "response_url": f"{self.address}/response/{response}",
            },
        )
        return response

    async def press(self, user: str, message: Message, label: str) -> str:
        """Press a button with a command; return the id of the response_url that came with it."""
        container: dict[str, object] = {"message_ts": message.ts, "is_ephemeral": bool(message.only_for)}
        if message.thread_ts:
            container["thread_ts"] = message.thread_ts
        described = {} if message.only_for else {"message": self._described(message)}
        return await self._pressed(user, message.channel, message.commands[label], container, described)

    async def press_response(self, user: str, channel: str, response: str, label: str) -> str:
        """Press a button under what only one person sees, as the newest answer to an act has it."""
        shown = self.workspace.responses[response][-1]
        button = commands_in(cast("list[Json]", shown["blocks"]))[label]
        container = {"message_ts": self.workspace.next_ts(), "is_ephemeral": True}
        return await self._pressed(user, channel, button, container, {})

    async def _pressed(self, user: str, channel: str, button: Json, container: Json, more: Json) -> str:
        response = self.workspace.unique("R")
        await self._transport.deliver(
            "interactive",
            {
                **self._person(user),
                "type": "block_actions",
                "container": {"type": "message", "channel_id": channel, **container},
                "channel": {"id": channel},
                "actions": [{**button, "block_id": "b"}],
                "trigger_id": self.workspace.trigger(user),
                "response_url": f"{self.address}/response/{response}",
                **more,
            },
        )
        return response

    async def modal(self, count: int = 1) -> Modal:
        """Wait until so many forms were opened, and return the newest."""
        await self.until(lambda: len(self.workspace.modals) >= count)
        return self.workspace.modals[-1]

    async def submit(self, modal: Modal, **fields: str) -> object:
        """Send a form off with these fields filled in, files by their ids; return what came back at once."""
        view = {**modal.view, "id": modal.id, "state": {"values": filled(self.workspace, modal.view, fields)}}
        person = self._person(modal.user)
        return await self._transport.deliver("interactive", {**person, "type": "view_submission", "view": view})

    async def share(self, user: str, text: str, *names: str, content: bytes = b"{}") -> str:
        """Send files in a direct message; return its ts."""
        files = [told(kept(self.workspace, user, name, content), self.address) for name in names]
        return await self.direct_message(user, text, subtype="file_share", files=files)

    async def command(
        self, user: str, channel: str, text: str, *, trigger: str = "", name: str = "/sarah"
    ) -> tuple[str, object]:
        """Type a command; return the id of the response_url and what came back at once."""
        response = self.workspace.unique("R")
        payload = {
            "command": name,
            "text": text,
            "team_id": TEAM,
            "user_id": user,
            "channel_id": channel,
            "api_app_id": APP,
            "trigger_id": self.workspace.trigger(user, trigger),
            "response_url": f"{self.address}/response/{response}",
        }
        return response, await self._transport.deliver("slash_commands", payload)

    async def open_home(self, user: str, tab: str) -> None:
        """Open the app's home, or its messages."""
        event = {"type": "app_home_opened", "user": user, "channel": f"D_{user}", "tab": tab}
        await self._transport.deliver("events_api", self._callback(event))

    async def announce(self, kind: str) -> None:
        """Deliver an event that concerns the app itself."""
        await self._transport.deliver("events_api", self._callback({"type": kind, "tokens": {"bot": [BOT_USER]}}))

    # What a test sees.

    async def until(self, condition: Callable[[], object], limit: float = 30.0) -> None:
        """Wait until a condition holds."""
        await self.workspace.until(condition, limit)

    def screen(self, channel: str, root: str) -> list[str]:
        """Return what everybody reads in a thread, below its first message."""
        return [message.shown for message in self.workspace.thread(channel, root)[1:]]

    def replies(self, channel: str, root: str) -> list[Message]:
        """Return her messages in a thread."""
        return [message for message in self.workspace.thread(channel, root) if message.user == BOT_USER]

    async def settled(self, channel: str, root: str, count: int = 1) -> list[Message]:
        """Wait until she has finished as many messages in a thread, and return them."""

        def finished() -> bool:
            replies = self.replies(channel, root)
            return len(replies) >= count and all(message.metadata and message.stream != "open" for message in replies)

        await self.until(finished)
        return self.replies(channel, root)

    def calls(self, method: str) -> list[Call]:
        """Return the requests to a method, in order."""
        return [call for call in self.workspace.calls if call.method == method]

    def refuse(self, method: str, error: str, *, status: int = 200, times: int = 1, retry_after: int = 0) -> None:
        """Refuse the next calls of a method."""
        self.workspace.refusals[method] = Refusal(error, status, times, retry_after)

    # The server's side.

    async def _tell(self, message: Message, kind: str, **more: object) -> None:
        channel_type = "im" if message.channel.startswith("D") else "channel"
        kinds = {"app_mention": "app_mention", "message": f"message.{channel_type.replace('channel', 'channels')}"}
        if kinds[kind] not in self.workspace.events:
            return
        event = {**self._described(message), "type": kind, "event_ts": message.ts, **more}
        if kind == "message":
            event["channel_type"] = channel_type
        callback = self._callback(event)
        self._delivered.setdefault(message.ts, []).append(callback)
        await self._transport.deliver("events_api", callback)

    async def _change(self, channel: str, subtype: str, **more: object) -> None:
        event = {"type": "message", "subtype": subtype, "hidden": True, "channel": channel, **more}
        event |= {"ts": self.workspace.next_ts(), "channel_type": "im" if channel.startswith("D") else "channel"}
        await self._transport.deliver("events_api", self._callback(event))

    def _echo(self, event: Json) -> None:
        """Tell the app of what it did itself, as Slack does."""
        task = asyncio.get_running_loop().create_task(self._tell_of(event))
        self._echoes.add(task)
        task.add_done_callback(self._echoes.discard)

    async def _tell_of(self, event: Json) -> None:
        with suppress(UndeliveredError, aiohttp.ClientError):
            await self._transport.deliver("events_api", self._callback(event))

    def _callback(self, event: Json) -> Json:
        authorization = {"team_id": TEAM, "user_id": BOT_USER, "is_bot": True}
        ids = {"team_id": TEAM, "api_app_id": APP, "event_id": self.workspace.unique("Ev")}
        return {"type": "event_callback", **ids, "authorizations": [authorization], "event": event}

    def _described(self, message: Message) -> dict[str, object]:
        described: dict[str, object] = {"user": message.user, "ts": message.ts, "text": message.text, "team": TEAM}
        described["channel"] = message.channel
        if message.user == BOT_USER:
            described["bot_id"] = "B0BOT"
        if message.thread_ts:
            described["thread_ts"] = message.thread_ts
        return described

    def _person(self, user: str) -> dict[str, object]:
        return {"user": {"id": user, "team_id": TEAM}, "team": {"id": TEAM}, "api_app_id": APP}

    async def _respond(self, request: web.Request) -> web.Response:
        used = self.workspace.responses.setdefault(request.match_info["id"], [])
        if len(used) >= self.workspace.responses_left:
            return web.Response(status=404, text="used_url")
        body = cast("Json", json.loads(await request.text()))
        try:
            rules.content_of(body)
        except RefusedError as refused:
            return web.Response(status=400, text=str(refused))
        used.append(body)
        self.workspace.changed()
        return web.Response(text="ok")

    async def close(self) -> None:
        """Stop telling."""
        for task in self._echoes:
            task.cancel()
        await asyncio.gather(*self._echoes, return_exceptions=True)


@asynccontextmanager
async def open_slack() -> AsyncGenerator[Slack]:
    """Serve a workspace on a free port of the loopback."""
    slack = Slack()
    async with serve(slack.application(), patience=1) as slack.address:
        try:
            yield slack
        finally:
            await slack.close()
            await slack.socket.drop()
