"""The page on which admins talk to any model, or to two of them side by side."""

from collections.abc import Mapping
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from bot.admin.calls import Call, UploadError
from bot.admin.choosing import TryingError
from bot.admin.filling import as_text
from bot.admin.trying import Trying
from bot.conversation import Conversation
from bot.platforms.web.boards import CHANNEL
from bot.platforms.web.entrance import Entrance, Handler, same
from bot.platforms.web.markdown import as_html
from bot.platforms.web.plain import Pages
from bot.platforms.web.receiving import ACT, SECRET, posted
from bot.platforms.web.sessions import Session
from bot.platforms.web.trials_shown import TALK, Filled, form, newest, older

ROOT = "/admin/try"
TITLE = "Try models"
HERE = Conversation("web", "", CHANNEL)
# Seconds after which an open page asks again where nothing has changed.
PATIENCE = 10.0
MESSAGE = "message"


class Trials:
    """Serves the page, and what of it changes; an answer goes on whether or not anybody looks."""

    def __init__(self, *, trying: Trying, entrance: Entrance, pages: Pages) -> None:
        self._trying = trying
        self._entrance = entrance
        self._pages = pages

    def routes(self) -> list[Route]:
        """Return the page, what changes of it, and where its form is sent, each for those alone who are signed in."""
        reads: dict[str, Handler] = {ROOT: self._page, f"{ROOT}/newest": self._newest}
        writes: dict[str, Handler] = {ROOT: self._send, f"{ROOT}/anew": self._anew}
        return [
            *(Route(path, self._entrance.guarded(page)) for path, page in reads.items()),
            *(Route(path, self._entrance.guarded(doing), methods=["POST"]) for path, doing in writes.items()),
        ]

    async def _page(self, _: Request, session: Session) -> Response:
        return await self._shown(session, session.bench.filled)

    async def _newest(self, request: Request, session: Session) -> Response:
        """Return the newest round as soon as it is another than the page has seen."""
        seen = request.query_params.get("seen", "")
        if seen.isdecimal():
            await session.bench.bell.after(int(seen), PATIENCE)
        if self._entrance.session(request) is None:
            # It ended while this waited.
            return RedirectResponse("/admin/sign-in", HTTPStatus.SEE_OTHER)
        return HTMLResponse(f"<main>{newest(session.bench)}</main>", headers={"cache-control": "no-store"})

    async def _send(self, request: Request, session: Session) -> Response:
        """Put a message to the models, or say why not and leave everything in the form."""
        given: Mapping[str, str] = {}
        try:
            async with posted(request) as came:
                given = as_text(came.given)
                if not self._is_from_here(request, session, came.ours):
                    return self._entrance.strange(session)
                call = Call(session.caller, "model try", HERE, given, message_id=came.ours.get(ACT, ""))
            wanted = await self._trying.wanted(call)
            session.bench.begin(
                wanted, call.message_id, self._trying.answer, lambda: self._entrance.session(request) is not None
            )
        except (TryingError, UploadError) as why:
            return await self._shown(session, given, str(why), HTTPStatus.BAD_REQUEST)
        session.bench.filled = {name: value for name, value in given.items() if name != MESSAGE}
        return RedirectResponse(f"{ROOT}#newest", HTTPStatus.SEE_OTHER)

    async def _anew(self, request: Request, session: Session) -> Response:
        """Forget what was said, and keep the form as it is filled in."""
        try:
            async with posted(request) as came:
                if not self._is_from_here(request, session, came.ours):
                    return self._entrance.strange(session)
                session.bench.filled = {name: value for name, value in as_text(came.given).items() if name != MESSAGE}
        except UploadError as why:
            return await self._shown(session, session.bench.filled, str(why), HTTPStatus.BAD_REQUEST)
        await session.bench.clear()
        return RedirectResponse(ROOT, HTTPStatus.SEE_OTHER)

    def _is_from_here(self, request: Request, session: Session, ours: Mapping[str, str]) -> bool:
        # Asked again: the session may have ended while the form arrived.
        return self._entrance.session(request) is not None and same(ours.get(SECRET, ""), session.secret)

    async def _shown(
        self, session: Session, values: Mapping[str, str], wrong: str = "", status: int = HTTPStatus.OK
    ) -> Response:
        offered, bench = await self._trying.offered(session.caller), session.bench
        troubles = "".join(
            f'<div class="wrong" role="alert">{as_html(text)}</div>' for text in (offered.trouble, wrong) if text
        )
        body = form(Filled(offered, values, session.secret), f"{older(bench)}{newest(bench)}", troubles)
        return self._pages.show(TITLE, body, session=session, status=status, is_live=bench.is_busy, script=TALK)
