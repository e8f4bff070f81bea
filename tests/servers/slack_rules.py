"""What the local Slack server accepts in a message: the limits of the real one, and its error codes."""

import json
from collections.abc import Mapping, Sequence
from typing import cast

from tests.servers.slack_workspace import Json, RefusedError

LONGEST_TEXT = 40_000
LONGEST_MARKDOWN = 12_000
# Undocumented; the real server was seen to refuse between 13,100 and 13,300.
LONGEST_BLOCKS = 13_000
MOST_BLOCKS = 50
IN_MESSAGES = {"markdown", "section", "context", "divider", "header", "actions", "context_actions"}
IN_VIEWS = IN_MESSAGES - {"markdown", "context_actions"}


def units(text: str) -> int:
    """Return the length as JavaScript counts it."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def blocks_of(arguments: Json, allowed: set[str] = IN_MESSAGES) -> list[Json]:
    """Return the blocks, or refuse what the real server refuses."""
    given = arguments.get("blocks")
    blocks = cast("list[Json]", json.loads(given) if isinstance(given, str) else given or [])
    if len(blocks) > MOST_BLOCKS or not all(_valid(block, allowed) for block in blocks):
        raise RefusedError("invalid_blocks")
    if units(json.dumps(blocks, ensure_ascii=False)) > LONGEST_BLOCKS:
        raise RefusedError("msg_blocks_too_long")
    return blocks


def _valid(block: Json, allowed: set[str]) -> bool:
    kind = block.get("type")
    if kind not in allowed:
        return False
    if kind == "markdown":
        return 0 < units(str(block.get("text", ""))) <= LONGEST_MARKDOWN
    if kind == "context_actions":
        elements = cast("Sequence[Json]", block.get("elements", ()))
        return 0 < len(elements) <= 5 and all(_is_feedback(element) for element in elements)
    if kind in {"section", "header"}:
        limit = 3000 if kind == "section" else 150
        return 0 < len(_text(block.get("text"))) <= limit
    if kind == "context":
        return all(_text(element) for element in cast("Sequence[object]", block.get("elements", ())))
    return True


def _text(value: object) -> str:
    if not isinstance(value, Mapping):
        return ""
    element = cast("Json", value)
    return str(element.get("text", "")) if element.get("type") in {"plain_text", "mrkdwn"} else ""


def _is_feedback(element: Json) -> bool:
    sides = [element.get("positive_button"), element.get("negative_button")]
    whole = all(isinstance(side, Mapping) and _text(cast("Json", side).get("text")) for side in sides)
    return element.get("type") == "feedback_buttons" and bool(element.get("action_id")) and whole


def markdown_of(arguments: Json) -> str:
    """Return the markdown text, from either of the two places that streams know."""
    text = str(arguments.get("markdown_text") or "")
    for chunk in cast("Sequence[Json]", arguments.get("chunks") or ()):
        text += str(chunk.get("text", ""))
    if units(text) > LONGEST_MARKDOWN:
        raise RefusedError("msg_too_long")
    return text


def content_of(arguments: Json) -> tuple[str, list[Json]]:
    """Return the text and the blocks of an ordinary message."""
    text, markdown = str(arguments.get("text") or ""), markdown_of(arguments)
    blocks = blocks_of(arguments)
    if markdown and (text or blocks):
        raise RefusedError("markdown_text_conflict")
    if units(text) > LONGEST_TEXT:
        raise RefusedError("msg_too_long")
    if not (text or markdown or blocks):
        raise RefusedError("no_text")
    return markdown or text, blocks
