"""The chat on the page: what is in it, and which of the desk's services each part asks for."""

# Gradio makes its events at run time.
# pyright: reportUnknownMemberType=false

from collections.abc import AsyncIterator
from html import escape
from typing import TYPE_CHECKING, cast

import gradio as gr

from bot.persona import Persona
from bot.platforms.web.desk import Desk
from bot.platforms.web.door import new_token, read_token
from bot.platforms.web.shown import Message, messages

if TYPE_CHECKING:
    from bot.platforms.web.view import View

# Pages that may be open at the same time: what an open page waits for costs no thread.
PAGES = 2000
# Seconds after which the server looks whether an unchanged page is still open.
LOOK_EVERY = 10.0


class Page:
    """Says in Gradio's terms what the desk answers."""

    def __init__(self, desk: Desk, persona: Persona, look_every: float) -> None:
        self._desk = desk
        self._persona = persona
        self._look_every = look_every
        self._views: dict[str, View] = {}

    async def open(self, request: gr.Request) -> AsyncIterator[object]:
        """Show a browser its conversation, or a greeting, for as long as its page is open."""
        page = str(request.session_hash)
        async with self._desk.view(_cookie(request) or new_token()) as view:
            self._views[page] = view
            try:
                # Only now, so that no greeting flashes up before a conversation that goes on.
                yield _greeting(self._persona, messages(view.exchanges))
                async for _ in view.changes(self._look_every):
                    yield messages(view.exchanges)
            finally:
                self._views.pop(page, None)

    async def send(self, text: str, request: gr.Request) -> object:
        """Send what is in the box, and empty it."""
        if not text:
            # The second half of a double click: what is written meanwhile stays.
            return cast("object", gr.skip())
        self._desk.send(await self._token(request), text)
        return ""

    async def suggest(self, chosen: gr.SelectData, request: gr.Request) -> None:
        """Send the suggestion that was chosen."""
        text = dict(enumerate(self._persona.suggestions)).get(cast("int", chosen.index))
        if text:
            self._desk.send(await self._token(request), text)

    async def rate(self, verdict: gr.LikeData, request: gr.Request) -> None:
        """Keep a thumb, up or down."""
        view = self._views.get(str(request.session_hash))
        if view and isinstance(verdict.liked, bool) and isinstance(verdict.index, int):
            # A view is shown as messages, two for each exchange.
            await self._desk.rate(view, verdict.index // 2, liked=verdict.liked)

    async def _token(self, request: gr.Request) -> str:
        view = self._views.get(str(request.session_hash))
        # A browser that keeps no cookie has a conversation for as long as its page is open.
        token = _cookie(request) or (view.token if view else new_token())
        if view and view.token != token:
            # She started over in another tab of the same browser.
            await self._desk.show(view, token)
        return token


def _cookie(request: gr.Request) -> str | None:
    return read_token(cast("dict[str, str]", request.cookies))


def build(page: Page, persona: Persona) -> gr.Blocks:
    """Lay the chat out."""
    with gr.Blocks(title=f"{persona.name} · {persona.company}", analytics_enabled=False, fill_height=True) as blocks:
        chat = _chat(persona)
        box = _box(persona)
        # The one stream to an open page. Everything else only sends: Gradio's browser side
        # loses what comes by a stream that begins in the moment in which another ends.
        blocks.load(page.open, None, chat, api_visibility="private", show_progress="hidden")
        box.submit(page.send, box, box, queue=False, api_visibility="private", show_progress="hidden")
        chat.example_select(page.suggest, queue=False, api_visibility="private", show_progress="hidden")
        chat.like(page.rate, queue=False, api_visibility="private", show_progress="hidden")
    blocks.max_threads = PAGES
    return blocks.queue(default_concurrency_limit=None, api_open=False)


def _chat(persona: Persona) -> gr.Chatbot:
    return gr.Chatbot(
        elem_id="chat",
        label=persona.name,
        show_label=False,
        container=False,
        buttons=[],
        height="auto",
        scale=1,
        allow_tags=False,
        latex_delimiters=[],
        group_consecutive_messages=False,
    )


def _greeting(persona: Persona, shown: list[Message]) -> gr.Chatbot:
    return gr.Chatbot(
        value=shown,  # pyright: ignore[reportArgumentType] - the shape is MessageDict's, which the list could not say
        placeholder=f"<p class='greeting'>{escape(persona.greeting)}</p>",
        examples=[{"text": suggestion} for suggestion in persona.suggestions],
    )


def _box(persona: Persona) -> gr.Textbox:
    return gr.Textbox(
        elem_id="box",
        label=f"Your message to {persona.name}",
        show_label=False,
        container=False,
        placeholder=f"Write to {persona.name}",
        submit_btn="Send",
        autofocus=True,
        max_lines=6,
    )
