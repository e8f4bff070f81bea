"""`sarah data permit`, `permissions` and `withdraw`: what may be learned of a chat platform's messages."""

import time
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from training import wording
from training.cli import shell
from training.registry import PermittingPlatform, open_registry

app = shell.commands("Permissions to learn from a chat platform's messages.")
AsJson = Annotated[bool, typer.Option("--json", help="JSON, for programs.")]


@app.command()
def permit(
    platform: Annotated[PermittingPlatform, typer.Argument(help="Whose permission it is.")],
    *,
    reference: Annotated[str, typer.Option(help="Where it is written down: a contract, a letter, a ticket.")],
    granted_by: Annotated[str, typer.Option(help="Who gave it.")],
    workspace: Annotated[str, typer.Option(help="For which server or workspace; * is every one, for Discord only.")],
    until: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Its last day, if it ends.")] = None,
) -> None:
    """Record a permission to learn from a chat platform's messages."""
    settings = shell.settings()
    end = (until.replace(tzinfo=UTC) + timedelta(days=1)).timestamp() if until else None
    with open_registry(settings.place()) as registry:
        permission = registry.permit(platform, workspace, reference, granted_by, settings.author(), time.time(), end)
    shell.out().print(f"{permission.id} is recorded.")


@app.command()
def permissions(*, json: AsJson = False) -> None:
    """List the permissions to learn from a chat platform's messages."""
    with open_registry(shell.settings().place()) as registry:
        recorded = registry.permissions()
    if json:
        typer.echo(shell.as_json([asdict(permission) for permission in recorded]))
        return
    if not recorded:
        shell.out().print("There are no permissions: sarah data permit records one.")
        return
    columns = ("id", "platform", "workspace", "granted by", "written down in", "until")
    shown = shell.table("Permissions", *columns, whole=("id", "until"))
    for one in recorded:
        end = wording.minute(one.until or 0) or "no end"
        shown.add_row(*map(shell.plain, (one.id, one.platform, one.workspace, one.granted_by, one.reference, end)))
    shell.out().print(shown)


@app.command()
def withdraw(permission: Annotated[str, typer.Argument(help="The permission's id.", show_default=False)]) -> None:
    """End a permission: nothing is learned under it any more."""
    settings = shell.settings()
    with open_registry(settings.place()) as registry:
        ended = registry.withdraw(permission, settings.author(), time.time())
    shell.out().print(f"{ended.id} has ended.")
