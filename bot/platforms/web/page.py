"""The page itself: what is on it, and which of the desk's services each part asks for."""

from collections.abc import AsyncIterator
from html import escape

import gradio as gr

from bot.persona import Persona
from bot.platforms.web.desk import Desk, View
from bot.platforms.web.door import new_token, read_token
from bot.platforms.web.shown import Message, messages

Shown = tuple[View, list[Message]]


class Page:
    """Says in Gradio's terms what the desk answers."""

    def __init__(self, desk: Desk, persona: Persona) -> None:
        self._desk = desk
        self._persona = persona

    async def open(self, request: gr.Request) -> AsyncIterator[Shown]:
        """Show a browser its conversation."""
        view = await self._view(None, request)
        yield view, messages(view.exchanges)
        async for _ in self._desk.grow(view):
            yield view, messages(view.exchanges)

    async def send(self, text: str, view: View | None, request: gr.Request) -> AsyncIterator[tuple[object, ...]]:
        """Send what is in the box, and empty it."""
        view = await self._view(view, request)
        box: object = ""
        async for _ in self._desk.send(view, text):
            yield box, view, messages(view.exchanges)
            # Emptied once: what the customer types while the answer grows stays hers.
            box = gr.skip()

    async def suggest(self, view: View | None, chosen: gr.SelectData, request: gr.Request) -> AsyncIterator[Shown]:
        """Send the suggestion that was chosen."""
        view = await self._view(view, request)
        async for _ in self._desk.send(view, self._persona.suggestions[chosen.index]):
            yield view, messages(view.exchanges)

    async def rate(self, view: View | None, verdict: gr.LikeData) -> None:
        """Keep a thumb, up or down."""
        if view is not None and isinstance(verdict.liked, bool) and isinstance(verdict.index, int):
            await self._desk.rate(view, verdict.index // 2, liked=verdict.liked)

    async def _view(self, view: View | None, request: gr.Request) -> View:
        # A browser that keeps no cookie has a conversation for as long as its page is open.
        token = read_token(request.cookies) or (view.token if view else new_token())
        return view if view and view.token == token else await self._desk.view(token)


def build(page: Page, persona: Persona) -> gr.Blocks:
    """Lay the page out."""
    with gr.Blocks(title=f"{persona.name} · {persona.company}", analytics_enabled=False, fill_height=True) as blocks:
        view = gr.State(None)
        chat = _chat(persona)
        box = _box(persona)
        quiet = {"api_visibility": "private", "show_progress": "hidden"}
        blocks.load(page.open, None, [view, chat], **quiet)
        box.submit(page.send, [box, view], [box, view, chat], trigger_mode="once", **quiet)
        chat.example_select(page.suggest, [view], [view, chat], trigger_mode="once", **quiet)
        chat.like(page.rate, [view], None, **quiet)
    blocks.queue(default_concurrency_limit=None, api_open=False)
    return blocks


def _chat(persona: Persona) -> gr.Chatbot:
    return gr.Chatbot(
        elem_id="chat",
        label=persona.name,
        show_label=False,
        container=False,
        placeholder=f"<p class='greeting'>{escape(persona.greeting)}</p>",
        examples=[{"text": suggestion} for suggestion in persona.suggestions],
        buttons=[],
        height="auto",
        scale=1,
        allow_tags=False,
        latex_delimiters=[],
        group_consecutive_messages=False,
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
