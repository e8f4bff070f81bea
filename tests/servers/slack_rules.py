"""What the local Slack server accepts in a message: the limits of the real one, and its error codes."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import cast

from tests.servers.slack_workspace import Json, RefusedError

LONGEST_TEXT = 40_000
LONGEST_MARKDOWN = 12_000
# Undocumented; the real server was seen to refuse between 13,100 and 13,300.
LONGEST_BLOCKS = 13_000
MOST_BLOCKS = 50
_FILE = re.compile(r"F[A-Z0-9]{8,}")
IN_MESSAGES = {"markdown", "section", "context", "divider", "header", "actions", "context_actions", "image"}
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
    kind = str(block.get("type"))
    return kind in allowed and (kind not in _RULES or _RULES[kind](block))


def _is_markdown(block: Json) -> bool:
    return 0 < units(str(block.get("text", ""))) <= LONGEST_MARKDOWN


def _is_image(block: Json) -> bool:
    file = cast("Json", block.get("slack_file") or {})
    return bool(_FILE.fullmatch(str(file.get("id", "")))) and 0 < len(str(block.get("alt_text", ""))) <= 2000


def _elements(block: Json) -> Sequence[Json]:
    return cast("Sequence[Json]", block.get("elements", ()))


def _text(value: object) -> str:
    if not isinstance(value, Mapping):
        return ""
    element = cast("Json", value)
    return str(element.get("text", "")) if element.get("type") in {"plain_text", "mrkdwn"} else ""


def _is_row(block: Json) -> bool:
    elements = _elements(block)
    names = {element.get("action_id") for element in elements}
    return 0 < len(elements) <= 25 and len(names) == len(elements) and all(_is_button(one) for one in elements)


def _is_button(element: Json) -> bool:
    return (
        element.get("type") == "button"
        and 0 < len(_text(element.get("text"))) <= 75
        and 0 < len(str(element.get("action_id", ""))) <= 255
        and len(str(element.get("value", ""))) <= 2000
        and element.get("style", "primary") in {"primary", "danger"}
    )


def _is_feedback(element: Json) -> bool:
    sides = [element.get("positive_button"), element.get("negative_button")]
    whole = all(isinstance(side, Mapping) and _text(cast("Json", side).get("text")) for side in sides)
    return element.get("type") == "feedback_buttons" and bool(element.get("action_id")) and whole


_RULES: Mapping[str, Callable[[Json], bool]] = {
    "markdown": _is_markdown,
    "actions": _is_row,
    "image": _is_image,
    "context_actions": lambda block: 0 < len(_elements(block)) <= 5 and all(map(_is_feedback, _elements(block))),
    "section": lambda block: 0 < len(_text(block.get("text"))) <= 3000,
    "header": lambda block: 0 < len(_text(block.get("text"))) <= 150,
    "context": lambda block: all(map(_text, _elements(block))),
}


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
