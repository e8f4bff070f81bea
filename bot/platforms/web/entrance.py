"""Signing in and out, and the guard before every page that is for admins."""

import hmac
import re
import secrets
from collections.abc import Awaitable, Callable
from html import escape
from http import HTTPStatus

import structlog
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from bot.admin.calls import UploadError
from bot.platforms.web.forms import hidden
from bot.platforms.web.plain import Pages
from bot.platforms.web.receiving import SECRET, is_own, posted
from bot.platforms.web.sessions import TOO_OFTEN, Session, Sessions, SignInError

COOKIE = "admin"
# Vouches for the sign-in form, before there is a session.
FORM_COOKIE = "sign-in"
NEXT = "_next"
INSIDE = re.compile(r"/admin(/(?!\.)[\w.-]+)*")
STRANGE = "That form did not come from this page, or from before you signed in: open it again and send it once more."

Handler = Callable[[Request, Session], Awaitable[Response]]


class Entrance:
    """Lets people in who know a passphrase."""

    def __init__(self, sessions: Sessions, pages: Pages) -> None:
        self._sessions = sessions
        self._pages = pages

    def routes(self) -> list[Route]:
        """Return where people sign in and out."""
        return [
            Route("/admin/sign-in", self._sign_in, methods=["GET", "POST"]),
            Route("/admin/sign-out", self.guarded(self._sign_out), methods=["POST"]),
        ]

    def session(self, request: Request) -> Session | None:
        """Return whose request this is, at this moment."""
        return self._sessions.find(request.cookies.get(COOKIE, ""))

    def guarded(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        """Let a page be seen by those alone who are signed in, and its forms be sent from here alone."""

        async def handled(request: Request) -> Response:
            if not self._sessions.is_open:
                return nothing()
            session = self.session(request)
            if session is None:
                return self._to_sign_in(request)
            if request.method == "POST" and not is_own(request):
                return self.strange(session)
            return await handler(request, session)

        return handled

    def strange(self, session: Session) -> Response:
        """Refuse a form that another site sent, or that is no longer good."""
        return self._pages.show(
            "Not done", f'<p class="wrong">{STRANGE}</p>', session=session, status=HTTPStatus.FORBIDDEN
        )

    def _to_sign_in(self, request: Request) -> Response:
        if request.headers.get("sec-fetch-site") == "cross-site":
            # The cookie does not come along from another site's link: the page asks for itself once more.
            return self._pages.show("One moment", "", again=True)
        wanted = request.url.path if request.method == "GET" else "/admin"
        return RedirectResponse(f"/admin/sign-in?to={wanted}", HTTPStatus.SEE_OTHER)

    async def _sign_in(self, request: Request) -> Response:
        if not self._sessions.is_open:
            return nothing()
        if request.method == "POST":
            return await self._entering(request)
        if self.session(request):
            return RedirectResponse("/admin", HTTPStatus.SEE_OTHER)
        return self._form(request, request.query_params.get("to", ""))

    async def _entering(self, request: Request) -> Response:
        try:
            async with posted(request) as form:
                ours, given = form.ours, {name: str(value) for name, value in form.given.items()}
        except UploadError:
            return self._form(request, "", STRANGE, HTTPStatus.BAD_REQUEST)
        wanted = ours.get(NEXT, "")
        if not (is_own(request) and same(ours.get(SECRET, ""), request.cookies.get(FORM_COOKIE, ""))):
            return self._form(request, wanted, STRANGE, HTTPStatus.FORBIDDEN)
        address = request.client.host if request.client else ""
        try:
            token = self._sessions.enter(given.get("name", ""), given.get("passphrase", ""), address)
        except SignInError as why:
            # Not what was typed as a name: it may be a passphrase in the wrong place.
            structlog.get_logger().warning("web.sign_in_refused", address=address)
            status = HTTPStatus.TOO_MANY_REQUESTS if str(why) == TOO_OFTEN else HTTPStatus.UNAUTHORIZED
            return self._form(request, wanted, str(why), status)
        inside = RedirectResponse(wanted if INSIDE.fullmatch(wanted) else "/admin", HTTPStatus.SEE_OTHER)
        _remember(inside, request, COOKIE, token)
        return inside

    async def _sign_out(self, request: Request, session: Session) -> Response:
        async with posted(request) as form:
            if not same(form.ours.get(SECRET, ""), session.secret):
                return self.strange(session)
        self._sessions.leave(request.cookies.get(COOKIE, ""))
        outside = RedirectResponse("/admin/sign-in", HTTPStatus.SEE_OTHER)
        outside.delete_cookie(COOKIE, path="/admin", httponly=True, samesite="strict")
        return outside

    def _form(self, request: Request, wanted: str, wrong: str = "", status: int = HTTPStatus.OK) -> Response:
        secret = secrets.token_urlsafe(32)
        page = self._pages.show("Sign in", _entry(secret, wanted, wrong), status=status)
        _remember(page, request, FORM_COOKIE, secret)
        return page


def _entry(secret: str, wanted: str, wrong: str) -> str:
    warning = f'<p class="wrong" role="alert">{escape(wrong)}</p>' if wrong else ""
    return f"""{warning}
<form class="filled" method="post" action="/admin/sign-in">{hidden({SECRET: secret, NEXT: wanted})}
  <div class="row"><label for="name">Name</label>
    <input id="name" name="name" required autofocus autocomplete="username" autocapitalize="none"></div>
  <div class="row"><label for="passphrase">Passphrase</label>
    <input id="passphrase" name="passphrase" type="password" required autocomplete="current-password"></div>
  <button class="primary" type="submit">Sign in</button>
</form>"""


def _remember(response: Response, request: Request, name: str, value: str) -> None:
    secure = request.url.scheme == "https"
    response.set_cookie(name, value, path="/admin", httponly=True, samesite="strict", secure=secure)


def same(text: str, other: str) -> bool:
    """Whether two secrets are the same, and are any."""
    return bool(other) and hmac.compare_digest(text.encode("utf-8", "replace"), other.encode("utf-8", "replace"))


def nothing() -> Response:
    """Return what is told where there is nothing."""
    return PlainTextResponse("There is nothing here.", HTTPStatus.NOT_FOUND)
