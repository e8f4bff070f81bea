"""The web page, for customers who come with a browser."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

import gradio as gr
from fastapi import FastAPI, Request
from gradio.routes import App
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route

from bot.admin.admin import Admin
from bot.conversation import Answers
from bot.listening import address, listen
from bot.persona import Persona
from bot.platforms.web.desk import Desk
from bot.platforms.web.door import Door, cookie, new_token, read_token
from bot.platforms.web.frame import WAYS, frame_of
from bot.platforms.web.looks import ICON, THEME
from bot.platforms.web.offices import Offices, largest_posts
from bot.platforms.web.page import LOOK_EVERY, Page, build
from bot.platforms.web.server import serving


class WebPlatform:
    """Shows the assistant on a web page; satisfies `bot.conversation.Platform`."""

    name = "web"

    def __init__(  # noqa: PLR0913 - built once, in sight
        self,
        assistant: Answers,
        persona: Persona,
        host: str,
        port: int,
        *,
        admin: Admin,
        keys: Mapping[str, str],
        public: str = "",
        look_every: float = LOOK_EVERY,
    ) -> None:
        """`keys` are the passphrases of admins by their names; without any there is no Admin tab.

        `public` is the address by which others know the page, where it is not the one that it listens at.
        """
        self._assistant = assistant
        self._desk = Desk(assistant)
        self._persona = persona
        self._host = host
        self._port = port
        self._admin = admin
        self._keys = keys
        self._public = public.rstrip("/")
        self._look_every = look_every

    async def run(self, ready: Callable[[str], None]) -> None:
        """Serve the page until cancelled; port 0 takes any free one."""
        with listen(self._host, self._port, "the web page", "SARAH_WEB") as listener:
            blocks = build(Page(self._desk, self._persona, self._look_every), self._persona)
            offices = Offices(
                admin=self._admin,
                assistant=self._assistant,
                desk=self._desk,
                persona=self._persona,
                keys=self._keys,
                address=self._public or address(listener),
            )
            routes = _routes(blocks, self._desk, offices.routes)
            try:
                await self._desk.resume()
                async with offices.staffed(), serving(self._door(routes), listener) as server:
                    ready(address(listener))
                    # Shielded, so that a cancelled run can let the server end in order.
                    await asyncio.shield(server)
            finally:
                await self._desk.stop()
                _close(blocks, routes)

    def _door(self, routes: FastAPI) -> Door:
        ways = [name for name, _ in WAYS if self._admin.command(name)]
        frame = frame_of(self._persona, has_admin=bool(self._keys), ways=ways)
        return Door(routes, frame, largest_posts(self._admin))


def _routes(blocks: gr.Blocks, desk: Desk, others: Sequence[Route]) -> FastAPI:
    app = FastAPI(openapi_url=None, routes=[*others])

    @app.post("/start-over")
    async def start_over(request: Request) -> Response:
        token = read_token(request.cookies)
        if token is not None:
            await desk.forget(token)
        afresh = RedirectResponse("./", 303)
        afresh.headers["set-cookie"] = cookie(new_token(), request.url.scheme)
        return afresh

    @app.get("/favicon.ico")
    async def favicon() -> Response:
        return Response(ICON, media_type="image/svg+xml")

    return gr.mount_gradio_app(  # pyright: ignore[reportUnknownMemberType] - its callbacks are untyped
        app, blocks, "/", footer_links=[], run_history=False, show_error=False, theme=THEME
    )


def _close(blocks: gr.Blocks, routes: FastAPI) -> None:
    """End what Gradio keeps running: its queue, and the streams that show pages that the server lives."""
    blocks.close(verbose=False)
    for route in routes.routes:
        if isinstance(route, Mount) and isinstance(route.app, App):
            route.app.stop_event.set()
