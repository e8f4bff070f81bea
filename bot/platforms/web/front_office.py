"""What a customer may want beside answers: a person, to know what is kept, a copy of it, and its end."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.admin.admin import Admin
from bot.admin.calls import Call, Caller, UploadError
from bot.admin.replies import Reply
from bot.conversation import Answers
from bot.persona import Persona
from bot.platforms.web.desk import Desk, conversation_of
from bot.platforms.web.door import read_token
from bot.platforms.web.entrance import nothing
from bot.platforms.web.forms import Filling, Place, form_of
from bot.platforms.web.frame import WAYS
from bot.platforms.web.handing import handed_out
from bot.platforms.web.links import Links
from bot.platforms.web.plain import Pages
from bot.platforms.web.receiving import ACT, PRESSED, is_own, posted
from bot.platforms.web.shelf import Shown
from bot.platforms.web.showing import PICTURE, reply_of

ROOT = "/do"
BACK = '<p class="trail"><a href="/">← Back to the chat</a></p>'
LABELS = dict(WAYS)
NO_COOKIE = "There is no conversation of yours yet: write something first, and let the browser keep the page's cookie."


class FrontOffice:
    """Does the commands that are for customers."""

    def __init__(  # noqa: PLR0913 - built once, in sight
        self,
        *,
        admin: Admin,
        assistant: Answers,
        desk: Desk,
        persona: Persona,
        pages: Pages,
        links: Links,
        address: str,
    ) -> None:
        """`address` is where people of the company find the page, or "" where they have no way in."""
        self._admin = admin
        self._assistant = assistant
        self._desk = desk
        self._persona = persona
        self._pages = pages
        self._links = links
        self._address = address

    def routes(self) -> list[Route]:
        """Return the one page."""
        return [Route("/do/{name}", self._do, methods=["POST"])]

    async def _do(self, request: Request) -> Response:
        name, token = request.path_params["name"], read_token(request.cookies)
        if name not in LABELS or self._admin.command(name) is None or not is_own(request):
            return nothing()
        if token is None:
            return self._page(name, Reply(NO_COOKIE))
        if name == "human" and not await self._assistant.knows(conversation_of(token)):
            # A cookie that nobody was given costs its sender nothing: people of the company are not called for it.
            return self._page(name, Reply(self._persona.handoff))
        try:
            async with posted(request) as form:
                caller = Caller("web", "", token, "a customer on the web page")
                call = Call(
                    caller,
                    name,
                    conversation_of(token),
                    form.given,
                    link=self._link(name, token),
                    message_id=form.ours.get(ACT, ""),
                )
                is_pressed = PRESSED in form.ours or not form.ours
                if is_pressed and await self._admin.form(call):
                    return await self._form(call)
                if name == "forget-me" and form.given:
                    # Or an answer that is being written would be kept after all.
                    await self._desk.clear(token)
                reply = await self._admin.do(call)
        except UploadError as refused:
            reply = Reply(str(refused))
        files = [part for part in reply.attachments if not part.name.endswith(PICTURE)]
        return handed_out(files[0]) if files else self._page(name, reply)

    def _link(self, name: str, token: str) -> str:
        return (
            f"{self._address}/admin/conversations/{self._links.to(token)}" if self._address and name == "human" else ""
        )

    async def _form(self, call: Call) -> Response:
        form = await self._admin.form(call)
        if form is None:
            return nothing()
        filling = Filling(form.values, form.carried)
        return self._pages.show(LABELS[call.command], BACK + form_of(form.command, Place(ROOT), filling), tab="Chat")

    def _page(self, name: str, reply: Reply) -> Response:
        body = BACK + reply_of(Shown(name, reply), "", Place(ROOT))
        return self._pages.show(LABELS[name], body, tab="Chat", status=HTTPStatus.OK)
