"""What stands around the chat: who answers, that it is an AI, and the way to start over."""

import re
from dataclasses import dataclass
from html import escape

from bot.persona import Persona
from bot.platforms.web.looks import CSS

# They would present the page, where somebody links to it, as somebody else's.
PREVIEW = re.compile(r'<meta\s+(?:property="og:|name="twitter:)[^>]*>')
BODY = re.compile(r"<body[^>]*>")


@dataclass(frozen=True, slots=True)
class Frame:
    """The parts of the page that are there before, and without, any script."""

    style: str
    above: str
    below: str


def frame_of(persona: Persona) -> Frame:
    """Frame the chat of a company's assistant."""
    name, company = escape(persona.name), escape(persona.company)
    return Frame(
        style=f"<style>{CSS}</style>",
        above=f"""
    <header class="frame">
      <span class="mark" aria-hidden="true">{name[:1]}</span>
      <div><h1>{name}</h1><p>{company} · AI assistant</p></div>
      <form method="post" action="start-over"><button type="submit">Start over</button></form>
    </header>""",
        below=f"""
    <footer class="frame"><p>{escape(persona.disclosure)}</p></footer>
    """,
    )


def framed(page: str, frame: Frame, nonce: str) -> str:
    """Set the chat's page into its frame, and vouch for the scripts that it came with."""
    page = PREVIEW.sub("", page).replace("<script", f'<script nonce="{nonce}"')
    page = page.replace("</head>", f"{frame.style}</head>", 1).replace("</body>", f"{frame.below}</body>", 1)
    return BODY.sub(lambda body: body[0] + frame.above, page, count=1)
