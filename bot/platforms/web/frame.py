"""What stands around the chat: who answers, that it is an AI, and the way to start over."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from html import escape

from bot.persona import Persona
from bot.platforms.web.looks import CHAT, FRAME

# They would present the page, where somebody links to it, as somebody else's.
PREVIEW = re.compile(r'<meta\s+(?:property="og:|name="twitter:)[^>]*>')
BODY = re.compile(r"<body[^>]*>")


@dataclass(frozen=True, slots=True)
class Frame:
    """The parts of the page that are there before, and without, any script."""

    style: str
    above: str
    below: str


# What a customer may want beside answers: the command's name, and its button's label.
WAYS = (("human", "Talk to a person"), ("privacy", "Privacy"), ("export-me", "Export"), ("forget-me", "Forget me"))
TABS = (("Chat", "/"), ("Admin", "/admin"))


def frame_of(persona: Persona, *, has_admin: bool = False, ways: Collection[str] = ()) -> Frame:
    """Frame the chat of a company's assistant; `ways` are the customer's commands that there are."""
    name, company = escape(persona.name), escape(persona.company)
    return Frame(
        style=f"<style>{FRAME}{CHAT}</style>",
        above=f"""
    <header class="frame">
      <span class="mark" aria-hidden="true">{name[:1]}</span>
      <div><h1>{name}</h1><p>{company} · AI assistant</p></div>
      {tabs("Chat") if has_admin else ""}
      <form method="post" action="start-over"><button type="submit">Start over</button></form>
    </header>""",
        below=f"""
    <footer class="frame">{_ways(ways)}<p>{escape(persona.disclosure)}</p></footer>
    """,
    )


def tabs(current: str) -> str:
    """Return the way from the chat to the admin's pages and back."""
    links = (f'<a href="{path}"{" aria-current=page" if label == current else ""}>{label}</a>' for label, path in TABS)
    return f'<nav class="tabs" aria-label="Pages">{"".join(links)}</nav>'


def _ways(there: Collection[str]) -> str:
    buttons = "".join(
        f'<button type="submit" formaction="do/{name}">{label}</button>' for name, label in WAYS if name in there
    )
    return f'<form class="ways" method="post">{buttons}</form>' if buttons else ""


def framed(page: str, frame: Frame, nonce: str) -> str:
    """Set the chat's page into its frame, and vouch for the scripts that it came with."""
    page = PREVIEW.sub("", page).replace("<script", f'<script nonce="{nonce}"')
    page = page.replace("</head>", f"{frame.style}</head>", 1).replace("</body>", f"{frame.below}</body>", 1)
    return BODY.sub(lambda body: body[0] + frame.above, page, count=1)
