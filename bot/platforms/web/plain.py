"""Plain pages, written by the server and whole without any script."""

import secrets
from html import escape
from http import HTTPStatus

from starlette.responses import HTMLResponse

from bot.persona import Persona
from bot.platforms.web.forms import hidden
from bot.platforms.web.frame import tabs
from bot.platforms.web.looks import FRAME
from bot.platforms.web.plain_looks import PLAIN
from bot.platforms.web.receiving import SECRET
from bot.platforms.web.sessions import Session

# Nothing but the page itself, what it links to, and where its forms go.
POLICY = (
    "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)

# Seconds between two looks where there is no script.
RELOAD = 5
# Puts what has changed in its place, without taking away where the reader is; where the page is no longer there for
# this reader, as after a restart, it is loaded again and shows what stands there now: the sign-in, or why not.
REFRESH = r"""
const look = async () => {
  try {
    const answer = await fetch(location.href);
    if (answer.status >= 500) throw answer.status;
    const [main] = /<main[^]*<\/main>/.exec(await answer.text()) ?? [""];
    const fresh = new DOMParser().parseFromString(main, "text/html");
    const [now, then] = [document, fresh].map((page) => page.querySelector("[data-live]"));
    if (answer.redirected || !then) return location.reload();
    if (now.dataset.live !== then.dataset.live) now.replaceWith(then);
    if (then.dataset.over) return;
  } catch { /* The server is away: it is asked again. */ }
  setTimeout(look, 2000);
};
setTimeout(look, 2000);
"""


class Pages:
    """Pages in the company's look."""

    def __init__(self, persona: Persona, *, has_admin: bool) -> None:
        self._name = escape(persona.name)
        self._company = escape(persona.company)
        self._has_admin = has_admin

    def show(  # noqa: PLR0913 - what differs between pages, by name
        self,
        title: str,
        body: str,
        *,
        session: Session | None = None,
        tab: str = "Admin",
        status: int = HTTPStatus.OK,
        is_live: bool = False,
        again: bool = False,
        script: str = "",
    ) -> HTMLResponse:
        """Return a page; a live one looks for changes, by its own `script` where it has one.

        One that is shown `again` is asked for once more at once.
        """
        nonce = secrets.token_urlsafe(16)
        head = '<meta http-equiv="refresh" content="0">' if again else ""
        if is_live:
            head = f'<noscript><meta http-equiv="refresh" content="{RELOAD}"></noscript>'
            script = script or REFRESH
        script = f'<script nonce="{nonce}">{script}</script>' if script else ""
        page = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)} · {self._name}</title><link rel="icon" href="/favicon.ico">{head}
<style nonce="{nonce}">{FRAME}{PLAIN}</style></head>
<body>
  <header class="frame">
    <span class="mark" aria-hidden="true">{self._name[:1]}</span>
    <div><p class="who">{self._name}</p><p>{self._company}{f" · {escape(session.name)}" if session else ""}</p></div>
    {tabs(tab) if self._has_admin else ""}{_leaving(session)}
  </header>
  <main class="frame"><h1>{escape(title)}</h1>{body}</main>{script}
</body></html>"""
        return HTMLResponse(page, status, _headers(nonce))


def _leaving(session: Session | None) -> str:
    if session is None:
        return ""
    secret = hidden({SECRET: session.secret})
    return f'<form method="post" action="/admin/sign-out">{secret}<button type="submit">Sign out</button></form>'


def _headers(nonce: str) -> dict[str, str]:
    return {
        "cache-control": "no-store",
        "content-security-policy": POLICY.format(nonce=nonce),
        "referrer-policy": "same-origin",
        "x-content-type-options": "nosniff",
    }
