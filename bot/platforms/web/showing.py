"""Replies and reports as parts of a page."""

import hashlib
from collections.abc import Iterable
from html import escape

from bot.admin.replies import Attachment, Report
from bot.platforms.web.forms import Place, picture, presses
from bot.platforms.web.markdown import as_html
from bot.platforms.web.shelf import Shown

PICTURE = ".png"


def reply_of(shown: Shown, key: str, place: Place) -> str:
    """Return a reply with its pictures, files and buttons; `key` is where its files are found."""
    reply = shown.reply
    pictures = [part for part in reply.attachments if part.name.endswith(PICTURE)]
    files = [(at, part) for at, part in enumerate(reply.attachments) if not part.name.endswith(PICTURE)]
    return (
        f'<div class="reply">{as_html(reply.text)}</div>{_pictures(pictures)}'
        f"{_files(files, key)}{presses(reply.buttons, place)}"
    )


def progress_of(report: Report | None, place: Place) -> str:
    """Return where a run stands; the part of a page that changes."""
    if report is None:
        return '<div data-live="none"><div class="reply"><p>Nothing is told of it yet: one moment.</p></div></div>'
    drawn = report.picture.content if report.picture else b""
    version = hashlib.sha256(f"{report.text}{report.is_last}".encode() + drawn).hexdigest()[:16]
    over = ' data-over="yes"' if report.is_last else ""
    return (
        f'<div data-live="{version}"{over} aria-live="polite"><div class="reply">{as_html(report.text)}</div>'
        f"{_pictures([report.picture] if report.picture else [])}{presses(report.buttons, place)}</div>"
    )


def _pictures(pictures: Iterable[Attachment]) -> str:
    shown = "".join(picture(part) for part in pictures)
    return f'<div class="pictures">{shown}</div>' if shown else ""


def _files(files: Iterable[tuple[int, Attachment]], key: str) -> str:
    links = "".join(
        f'<li><a href="/admin/replies/{key}/{at}" download>{escape(part.name)}</a> ({len(part.content):,} bytes)</li>'
        for at, part in files
    )
    return f"<h2>Files</h2><ul>{links}</ul>" if links else ""
