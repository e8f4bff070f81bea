"""Replies as HTML: Markdown only, no HTML of anybody's, no pictures, and links that lead to pages."""

import re
from collections.abc import MutableMapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict

SCHEMES = frozenset({"", "http", "https"})
ADDRESS = re.compile(r"^https?://[^\s<>]+$", re.MULTILINE)


class _Markdown(MarkdownIt):
    """Markdown that strangers may have written parts of."""

    def validateLink(self, url: str) -> bool:  # noqa: N802 - as the library has it
        """Whether an address may be linked to."""
        try:
            return urlsplit(url).scheme.lower() in SCHEMES
        except ValueError:
            return False


def _markdown() -> MarkdownIt:
    # As chats show it: a line's end is one.
    markdown = _Markdown("commonmark", {"html": False, "breaks": True})
    markdown.enable(["table", "strikethrough"]).disable("image")
    markdown.add_render_rule("link_open", _link)
    markdown.add_render_rule("th_open", _cell)
    markdown.add_render_rule("td_open", _cell)
    return markdown


def _link(
    self: RendererHTML,
    tokens: Sequence[Token],
    at: int,
    options: OptionsDict,
    env: MutableMapping[str, Any],  # noqa: ARG001 - as the library has it
) -> str:
    tokens[at].attrSet("rel", "noopener noreferrer nofollow")
    return self.renderToken(tokens, at, options, {})


def _cell(
    self: RendererHTML,
    tokens: Sequence[Token],
    at: int,
    options: OptionsDict,
    env: MutableMapping[str, Any],  # noqa: ARG001 - as the library has it
) -> str:
    """Say by a class how a cell is aligned: the page's policy lets no style stand in a tag."""
    side = str(tokens[at].attrs.pop("style", "")).removeprefix("text-align:")
    if side:
        tokens[at].attrSet("class", side)
    return self.renderToken(tokens, at, options, {})


_MARKDOWN = _markdown()


def as_html(text: str) -> str:
    """Return a reply's Markdown as HTML that is safe whatever stands in it."""
    return _MARKDOWN.render(text).replace("<table>", '<div class="wide"><table>').replace("</table>", "</table></div>")


def linked(text: str) -> str:
    """Return a text of ours as Markdown in which every address that has a line of its own is a link."""
    return ADDRESS.sub(r"<\g<0>>", text)
