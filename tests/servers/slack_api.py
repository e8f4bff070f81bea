"""The Web API of the local Slack server."""

import json
from collections.abc import Callable
from typing import cast

from aiohttp import web

from tests.servers import slack_rules as rules
from tests.servers.slack_files import methods_of_files
from tests.servers.slack_forms import methods_of_forms
from tests.servers.slack_workspace import (
    APP,
    APP_TOKEN,
    BOT,
    BOT_TOKEN,
    BOT_USER,
    TEAM,
    Answer,
    Call,
    Json,
    Message,
    RefusedError,
    Workspace,
    within,
)


class Api:
    """The methods that an app may call, each refusing what Slack refuses."""

    def __init__(self, workspace: Workspace, address: Callable[[], str], echo: Callable[[Json], None]) -> None:
        self._workspace = workspace
        self._address = address
        self._echo = echo
        self._methods: dict[str, tuple[str, Callable[[Json], Answer]]] = {
            "auth.test": ("", self._auth_test),
            "apps.connections.open": ("", self._connections_open),
            "chat.postMessage": ("chat:write", self._post),
            "chat.postEphemeral": ("chat:write", self._post_ephemeral),
            "chat.update": ("chat:write", self._update),
            "chat.delete": ("chat:write", self._delete),
            "chat.startStream": ("chat:write", self._start_stream),
            "chat.appendStream": ("chat:write", self._append_stream),
            "chat.stopStream": ("chat:write", self._stop_stream),
            "assistant.threads.setStatus": ("assistant:write", self._set_status),
            "assistant.threads.setSuggestedPrompts": ("assistant:write", self._set_prompts),
            "conversations.replies": ("*:history", self._replies),
            "conversations.history": ("*:history", self._history),
            "views.publish": ("", self._publish),
            **methods_of_files(workspace, address),
            **methods_of_forms(workspace),
        }

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one request as Slack does: 200 with ok and an error code, or 429, or 5xx."""
        method = request.match_info["method"]
        arguments = await _arguments(request)
        if refusal := self._workspace.refusals.get(method):
            refusal.times -= 1
            if not refusal.times:
                del self._workspace.refusals[method]
            return self._refused(method, arguments, refusal.error, refusal.status, refusal.retry_after)
        try:
            answer = self._called(method, arguments, request.headers.get("Authorization", ""))
        except RefusedError as refused:
            return self._refused(method, arguments, str(refused))
        self._record(Call(method, arguments))
        scopes = ",".join(sorted(self._workspace.scopes))
        return web.json_response({"ok": True, **answer}, headers={"x-oauth-scopes": scopes})

    def _refused(
        self, method: str, arguments: Json, error: str, status: int = 200, retry_after: int = 0
    ) -> web.Response:
        self._record(Call(method, arguments, error))
        if status >= 500:
            return web.Response(status=status, text="<html>upstream error</html>", content_type="text/html")
        headers = {"Retry-After": str(retry_after)} if status == 429 else {}
        return web.json_response({"ok": False, "error": error}, status=status, headers=headers)

    def _record(self, call: Call) -> None:
        self._workspace.calls.append(call)
        self._workspace.changed()

    def _called(self, method: str, arguments: Json, authorization: str) -> Answer:
        if method not in self._methods:
            raise RefusedError("unknown_method")
        token = APP_TOKEN if method == "apps.connections.open" else BOT_TOKEN
        if authorization != f"Bearer {token}":
            raise RefusedError("invalid_auth" if authorization else "not_authed")
        scope, answer = self._methods[method]
        if scope == "*:history":
            scope = "im:history" if str(arguments["channel"]).startswith("D") else "channels:history"
        if scope and scope not in self._workspace.scopes:
            raise RefusedError("missing_scope")
        return answer(arguments)

    def _auth_test(self, _: Json) -> Answer:
        names = {"team": "ZenNest", "url": "https://zennest.slack.test/", "user": "sarah"}
        return {**names, "team_id": TEAM, "user_id": BOT_USER, "bot_id": BOT, "app_id": APP}

    def _connections_open(self, _: Json) -> Answer:
        return {"url": f"ws{self._address().removeprefix('http')}/socket?ticket=s3cret"}

    def _own(self, arguments: Json, text: str) -> Message:
        return Message(
            text=text,
            channel=self._workspace.channel(str(arguments.get("channel", ""))),
            ts=self._workspace.next_ts(),
            user=BOT_USER,
            thread_ts=str(arguments.get("thread_ts") or ""),
        )

    def _content_of(self, arguments: Json) -> tuple[str, list[Json]]:
        text, blocks = rules.content_of(arguments)
        for block in blocks:
            shown = self._workspace.files.get(str(within(block, "slack_file", "id"))) if "slack_file" in block else None
            if "slack_file" in block and not (shown and shown.is_complete):
                raise RefusedError("invalid_blocks")
        return text, blocks

    def _post(self, arguments: Json) -> Answer:
        text, blocks = self._content_of(arguments)
        message = self._own(arguments, text)
        message.blocks, message.metadata = blocks, cast("Json | None", arguments.get("metadata"))
        self._workspace.add(message)
        self._echo({"type": "message", **_event(message), "text": text})
        return {"channel": message.channel, "ts": message.ts}

    def _post_ephemeral(self, arguments: Json) -> Answer:
        text, blocks = self._content_of(arguments)
        message = self._own(arguments, text)
        message.blocks, message.only_for = blocks, str(arguments["user"])
        self._workspace.add(message)
        return {"message_ts": message.ts}

    def _changeable(self, arguments: Json) -> Message:
        message = self._workspace.find(
            self._workspace.channel(str(arguments.get("channel", ""))), str(arguments.get("ts", ""))
        )
        if message.user != BOT_USER:
            raise RefusedError("cant_update_message")
        if message.stream == "open":
            raise RefusedError("streaming_state_conflict")
        return message

    def _update(self, arguments: Json) -> Answer:
        message = self._changeable(arguments)
        before = message.text
        message.text, message.blocks = self._content_of(arguments)
        message.metadata = cast("Json | None", arguments.get("metadata")) or message.metadata
        self._workspace.changed()
        changed = {"message": {**_event(message), "text": message.text}, "previous_message": {"text": before}}
        hidden = {"channel": message.channel, "ts": self._workspace.next_ts(), "hidden": True}
        self._echo({"type": "message", "subtype": "message_changed", **hidden, **changed})
        return {"channel": message.channel, "ts": message.ts}

    def _delete(self, arguments: Json) -> Answer:
        self._workspace.messages.remove(self._changeable(arguments))
        self._workspace.changed()
        return {"channel": arguments["channel"], "ts": arguments["ts"]}

    def _start_stream(self, arguments: Json) -> Answer:
        if not arguments.get("thread_ts"):
            raise RefusedError("invalid_thread_ts")
        message = self._own(arguments, rules.markdown_of(arguments))
        message.stream = "open"
        if not message.channel.startswith("D"):
            for recipient in ("recipient_user_id", "recipient_team_id"):
                if not arguments.get(recipient):
                    raise RefusedError(f"missing_{recipient}")
        self._workspace.add(message)
        return {"channel": message.channel, "ts": message.ts}

    def _streaming(self, arguments: Json) -> Message:
        message = self._workspace.find(str(arguments["channel"]), str(arguments["ts"]))
        limit = self._workspace.expire_after
        if limit is not None and message.appends >= limit and message.stream == "open":
            message.stream = "expired"
        if message.stream != "open":
            raise RefusedError("message_not_in_streaming_state")
        return message

    def _append_stream(self, arguments: Json) -> Answer:
        message = self._streaming(arguments)
        if not (more := rules.markdown_of(arguments)):
            raise RefusedError("no_text")
        message.text += more
        message.appends += 1
        self._workspace.changed()
        return {"channel": message.channel, "ts": message.ts}

    def _stop_stream(self, arguments: Json) -> Answer:
        message = self._streaming(arguments)
        more, blocks = rules.markdown_of(arguments), rules.blocks_of(arguments)
        message.text, message.stream, message.blocks = message.text + more, "stopped", blocks
        message.metadata = cast("Json | None", arguments.get("metadata"))
        self._workspace.changed()
        return {"channel": message.channel, "ts": message.ts}

    def _set_status(self, arguments: Json) -> Answer:
        self._workspace.channel(str(arguments["channel_id"]))
        self._workspace.statuses.append(arguments)
        return {}

    def _set_prompts(self, arguments: Json) -> Answer:
        if not 0 < len(cast("list[Json]", arguments["prompts"])) <= 4:
            raise RefusedError("invalid_arguments")
        self._workspace.prompts.append(arguments)
        self._workspace.changed()
        return {}

    def _replies(self, arguments: Json) -> Answer:
        channel, ts = self._workspace.channel(str(arguments["channel"])), str(arguments["ts"])
        thread = self._workspace.thread(channel, ts)
        if not thread:
            thread = [message for message in self._workspace.messages if (message.channel, message.ts) == (channel, ts)]
        if not thread:
            raise RefusedError("thread_not_found")
        return self._listed(thread, arguments)

    def _history(self, arguments: Json) -> Answer:
        channel = self._workspace.channel(str(arguments["channel"]))
        top = [m for m in self._workspace.messages if m.channel == channel and m.root == m.ts and not m.only_for]
        return self._listed(top[::-1], arguments)

    def _listed(self, messages: list[Message], arguments: Json) -> Answer:
        oldest, limit = str(arguments.get("oldest") or "0"), int(str(arguments.get("limit") or 100))
        # The head of a thread is always part of the answer.
        kept = [m for at, m in enumerate(messages) if float(m.ts) > float(oldest) or not at][:limit]
        with_metadata = str(arguments.get("include_all_metadata")) in {"1", "true", "True"}
        listed = [
            {**_event(m), "text": m.text} | ({"metadata": m.metadata} if with_metadata and m.metadata else {})
            for m in kept
        ]
        return {"messages": listed, "has_more": False}

    def _publish(self, arguments: Json) -> Answer:
        view = cast("Json", arguments["view"])
        rules.blocks_of(view, rules.IN_VIEWS)
        self._workspace.homes[str(arguments["user_id"])] = view
        self._workspace.changed()
        return {}


def _event(message: Message) -> Answer:
    """Describe a message as events and listings do."""
    described: Answer = {"ts": message.ts, "user": message.user, "channel": message.channel}
    if message.user == BOT_USER:
        described["bot_id"] = BOT
    if message.thread_ts:
        described["thread_ts"] = message.thread_ts
    return described


async def _arguments(request: web.Request) -> Json:
    if request.content_type == "application/json":
        return cast("Json", json.loads(await request.text() or "{}"))
    return {**request.query, **{key: str(value) for key, value in (await request.post()).items()}}
