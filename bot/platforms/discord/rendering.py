"""Commands as Discord lists them: groups, options with their kinds and ranges, and names that complete themselves."""

import inspect
from collections.abc import Callable, Coroutine, Iterable, Sequence
from itertools import groupby

import discord
from discord import app_commands
from discord.app_commands import transformers

from bot.admin.forms import Command, Field
from bot.platforms.discord.clerk import Chosen, Clerk

# Discord's limit of characters in descriptions, and in the names and values of choices.
LONGEST = 100
# What the groups hold, as Discord's list of commands says it.
_GROUPS = {
    "data": "Datasets: upload, check and keep what is learned from",
    "train": "Runs: let a model learn from a dataset",
    "model": "Models: compare them, and choose the one that answers",
    "canary": "Canary: let a model answer a share of the conversations first",
    "sarah": "The assistant: how she is, and how she behaves here",
}

# Where, and to whom, Discord shows what not everybody may do; a server may change that, and we decide at every call.
_SERVERS = app_commands.AppCommandContext(guild=True, dm_channel=False, private_channel=False)
_MANAGERS = discord.Permissions(manage_guild=True)

Callback = Callable[..., Coroutine[object, object, None]]
Completion = Callable[[discord.Interaction, str], Coroutine[object, object, list[app_commands.Choice[str]]]]
Described = app_commands.Command[app_commands.Group, ..., None] | app_commands.Group


def rendered(commands: Iterable[Command], clerk: Clerk) -> list[Described]:
    """Return commands as Discord lists them, those of a group together."""
    found: list[Described] = []
    for group, members in groupby(sorted(commands, key=lambda each: each.group), lambda each: each.group):
        if group:
            found.append(_group(group, list(members), clerk))
        else:
            found.extend(_command(command, clerk) for command in members)
    return found


def _group(name: str, commands: Sequence[Command], clerk: Clerk) -> app_commands.Group:
    # Discord shows or hides a group as a whole.
    closed = any(command.may != "anyone" for command in commands)
    group = app_commands.Group(
        name=name,
        description=_GROUPS.get(name, f"Commands about {name}"),
        allowed_contexts=_SERVERS if closed else None,
        default_permissions=_MANAGERS if closed else None,
    )
    for command in commands:
        group.add_command(_command(command, clerk))
    return group


def _command(command: Command, clerk: Clerk) -> app_commands.Command[app_commands.Group, ..., None]:
    made = app_commands.Command[app_commands.Group, ..., None](
        name=command.name, description=_short(command.about), callback=_callback(command, clerk)
    )
    if not command.group and command.may != "anyone":
        made.allowed_contexts, made.default_permissions = _SERVERS, _MANAGERS
    return made


def _callback(command: Command, clerk: Clerk) -> Callback:
    """Return a function with a parameter for each field, from which discord.py reads the options."""

    async def callback(interaction: discord.Interaction, **options: Chosen) -> None:
        given = {field.name: options.get(field.parameter) for field in command.fields}
        await clerk.chosen(interaction, command.title, given)

    interaction = inspect.Parameter("interaction", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    required = _required(command)
    parameters = [_parameter(field, is_required=field in required) for field in command.fields]
    callback.__signature__ = inspect.Signature([interaction, *parameters])  # pyright: ignore[reportFunctionMemberAccess]
    _annotate(callback, command, clerk)
    return callback


def _required(command: Command) -> list[Field]:
    """Return the fields that Discord itself insists on: none where a form asks for them with more room."""
    required = [field for field in command.fields if field.required]
    return [] if any(field.kind in {"file", "long"} for field in required) else required


def _parameter(field: Field, *, is_required: bool) -> inspect.Parameter:
    default = inspect.Parameter.empty if is_required else None
    kind = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(field.parameter, kind, default=default, annotation=_annotation(field))


def _annotation(field: Field) -> object:
    match field.kind:
        case "file":
            return discord.Attachment
        case "yes_no":
            return bool
        case "whole":
            whole = [None if bound is None else int(bound) for bound in (field.least, field.most)]
            return transformers.RangeTransformer(discord.AppCommandOptionType.integer, min=whole[0], max=whole[1])
        case "number":
            number = discord.AppCommandOptionType.number
            return transformers.RangeTransformer(number, min=field.least, max=field.most)
        case _:
            return str


def _annotate(callback: Callback, command: Command, clerk: Clerk) -> None:
    """Tell discord.py of the options what their kinds do not."""
    fields = command.fields
    app_commands.describe(**{field.parameter: _short(field.about) for field in fields})(callback)
    app_commands.rename(**{field.parameter: field.name for field in fields})(callback)
    choices = {field.parameter: [_choice(one, one) for one in field.choices] for field in fields if field.choices}
    app_commands.choices(**choices)(callback)
    completed = {field.parameter: _completion(command.title, field, clerk) for field in fields if field.names}
    app_commands.autocomplete(**completed)(callback)  # pyright: ignore[reportArgumentType] - these have no group


def _completion(title: str, field: Field, clerk: Clerk) -> Completion:
    async def completion(interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        found = await clerk.complete(interaction, title, field.name, current)
        return [_choice(each.label, each.value) for each in found if len(each.value) <= LONGEST]

    return completion


def _choice(label: str, value: str) -> app_commands.Choice[str]:
    return app_commands.Choice(name=_short(label), value=value)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
