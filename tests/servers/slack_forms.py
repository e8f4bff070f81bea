"""People and forms on the local Slack server: who somebody is, and the modals that they fill in."""

import json
from collections.abc import Mapping, Sequence
from typing import cast

from tests.servers.slack_files import told
from tests.servers.slack_rules import units
from tests.servers.slack_workspace import Answer, Json, Method, Modal, RefusedError, Workspace


def methods_of_forms(workspace: Workspace) -> dict[str, Method]:
    """Return the methods about people and forms."""

    def user(arguments: Json) -> Answer:
        return {"user": workspace.person(str(arguments["user"]))}

    def direct(arguments: Json) -> Answer:
        return {"channel": {"id": workspace.channel(f"D_{arguments['users']}")}}

    def link(arguments: Json) -> Answer:
        found = workspace.find(workspace.channel(str(arguments["channel"])), str(arguments["message_ts"]))
        return {"permalink": f"https://zennest.slack.test/archives/{found.channel}/p{found.ts.replace('.', '')}"}

    def open_view(arguments: Json) -> Answer:
        trigger = str(arguments.get("trigger_id"))
        if trigger not in workspace.triggers:
            raise RefusedError("invalid_trigger_id")
        if workspace.is_slow:
            raise RefusedError("expired_trigger_id")
        view = cast("Json", arguments["view"])
        if not _is_modal(view):
            raise RefusedError("invalid_arguments")
        # One trigger opens one form.
        modal = Modal(workspace.unique("V"), workspace.triggers.pop(trigger), view)
        workspace.modals.append(modal)
        workspace.changed()
        return {"view": {"id": modal.id}}

    return {
        "users.info": ("users:read", user),
        "conversations.open": ("im:write", direct),
        "chat.getPermalink": ("", link),
        "views.open": ("", open_view),
    }


def filled(workspace: Workspace, view: Json, fields: Mapping[str, str]) -> Json:
    """Return a form's state with these fields filled in; what is not named stays as it is."""
    values: dict[str, Json] = {}
    for block in cast("list[Json]", view["blocks"]):
        if block["type"] != "input":
            continue
        name, element = str(block["block_id"]), cast("Json", block["element"])
        state = _state(workspace, element, fields.get(name))
        assert block.get("optional") or any(value for key, value in state.items() if key != "type"), name
        values[name] = {str(element["action_id"]): state}
    assert not set(fields) - set(values), f"there is no such field: {set(fields) - set(values)}"
    return values


def _state(workspace: Workspace, element: Json, value: str | None) -> Json:
    kind = str(element["type"])
    if kind == "file_input":
        files = [told(workspace.files[value], "")] if value else []
        return {"type": kind, "files": files}
    if kind == "static_select":
        options = cast("list[Json]", element["options"])
        chosen = element.get("initial_option")
        if value:
            (chosen,) = [option for option in options if option["value"] == value]
        return {"type": kind, "selected_option": chosen}
    return {"type": kind, "value": element.get("initial_value") if value is None else value or None}


def _is_modal(view: Json) -> bool:
    blocks = cast("Sequence[Json]", view.get("blocks", ()))
    inputs = [block for block in blocks if block.get("type") == "input"]
    names = [block.get("block_id") for block in inputs]
    return (
        view.get("type") == "modal"
        and all(_plain(view.get(part), 24) for part in ("title", "submit", "close"))
        and bool(view.get("callback_id"))
        and units(str(view.get("private_metadata", ""))) <= 3000
        and 0 < len(blocks) <= 100
        and len(set(names)) == len(names)
        and all(_is_input(block) for block in inputs)
        and all(block.get("type") in {"input", "section"} for block in blocks)
        and len(json.dumps(view)) <= 250_000
    )


def _is_input(block: Json) -> bool:
    element = cast("Json", block.get("element"))
    named = _plain(block.get("label"), 2000) and _plain(block.get("hint"), 2000) and bool(element.get("action_id"))
    match element.get("type"):
        case "plain_text_input":
            return named and units(str(element.get("initial_value", ""))) <= 3000
        case "static_select":
            options = cast("Sequence[Json]", element.get("options", ()))
            fits = all(_plain(one.get("text"), 75) and 0 < units(str(one.get("value", ""))) <= 150 for one in options)
            return named and 0 < len(options) <= 100 and fits and element.get("initial_option", options[0]) in options
        case "file_input":
            return named and element.get("max_files") == 1
        case _:
            return False


def _plain(value: object, longest: int) -> bool:
    if not isinstance(value, Mapping):
        return False
    text = cast("Json", value)
    return text.get("type") == "plain_text" and 0 < units(str(text.get("text", ""))) <= longest
