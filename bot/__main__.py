"""The `sarah` command."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from functools import partial
from importlib import import_module
from typing import Annotated, Any, NoReturn
from urllib.error import URLError
from urllib.request import urlopen

import typer
import typer.main
from rich.console import Console
from rich.text import Text
from typer.core import TyperGroup

from bot.conversation import StartupError
from bot.logs import configure_logs
from bot.settings import LogLevel, Settings, read_settings

# What the shell is told when the configuration is refused.
REFUSED = 2
# Seconds that a healthy process takes at most to say so.
PATIENCE = 5
TITLES = {
    "web": "Web page",
    "discord": "Discord",
    "slack": "Slack",
    "model": "Model",
    "health": "Health",
    "home": "Kept in",
    "engine": "Engine",
}

# Where each group of commands is; what they need takes half a second to import.
GROUPS = {
    "data": "training.cli.data",
    "train": "training.cli.train",
    "worker": "training.cli.worker",
    "model": "training.cli.model",
    "topic": "training.cli.topic",
    "eval": "bot.evaluating",
}


class Sarah(TyperGroup):
    """The bot's commands, and groups of them, which are imported when somebody asks for them."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401 - as the library has it
        """Return the names of all commands."""
        return [*super().list_commands(ctx), *GROUPS]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401 - as the library has it
        """Return a command by its name, or None."""
        if cmd_name not in GROUPS:
            return super().get_command(ctx, cmd_name)
        command = typer.main.get_command(import_module(GROUPS[cmd_name]).app)
        command.name = cmd_name
        return command


cli = typer.Typer(
    cls=Sarah,
    help="A customer-support assistant for chat workspaces.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@cli.command()
def run() -> None:
    """Serve the web page, and every platform whose tokens are in .env."""
    settings = read_settings()
    _log(settings, settings.sarah_log_level)
    # Here, so that help and a wrong setting are told at once.
    from bot.app import serve as run_platforms  # noqa: PLC0415

    _finish(run_platforms(settings, _teller()))


@cli.command()
def serve() -> None:
    """Serve the models that were tuned here, and keep them in line with what is promoted."""
    settings = read_settings()
    _log(settings, settings.sarah_log_level)
    from bot.engines.serving import serve_models  # noqa: PLC0415

    _finish(serve_models(settings, _teller()))


def _teller() -> Callable[[str, str], None]:
    """Return what prints a part's name, and one phrase about it."""
    out = Console(highlight=False, soft_wrap=True)

    def tell(part: str, phrase: str) -> None:
        out.print(Text.assemble((f"{TITLES[part]:<9} ", "bold"), phrase))

    return tell


@cli.command()
def chat(
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a line: question, answer, model, on_topic, latency_ms.")
    ] = False,
    conversation: Annotated[
        str, typer.Option(help="Which conversation to go on with; piped questions begin a new one unless told.")
    ] = "",
) -> None:
    """Talk here; piped questions are answered one a line."""
    settings = read_settings()
    # Where somebody talks, only what went wrong may come between.
    _log(settings, "error" if settings.sarah_log_level == "error" else "warning")
    from bot.app import talk  # noqa: PLC0415

    _finish(talk(settings, conversation, as_json=as_json, say=partial(typer.echo, err=True)))


@cli.command()
def health() -> None:
    """Ask the running process whether every platform is up; exit code 0 when it says so."""
    settings = read_settings()
    url = f"http://{_reachable(settings.sarah_http_host)}:{settings.sarah_http_port}/readyz"
    try:
        with urlopen(url, timeout=PATIENCE) as answer:
            typer.echo(answer.read().decode())
    except (URLError, OSError) as error:
        typer.echo(f"{url} does not say that all is well: {error}", err=True)
        raise typer.Exit(1) from None


def _reachable(host: str) -> str:
    """Return an address at which a process that listens on `host` is found from here."""
    everywhere = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - to be replaced
    return everywhere.get(host, f"[{host}]" if ":" in host else host)


def _log(settings: Settings, level: LogLevel) -> None:
    configure_logs(level, settings.sarah_log_format, settings.secrets())


def _finish(work: Coroutine[None, None, None]) -> None:
    """Run to the end, or until somebody stops it: in order, by Ctrl-C or SIGTERM."""

    async def until_stopped() -> None:
        task = asyncio.ensure_future(work)
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        await task

    try:
        asyncio.run(until_stopped())
    except (asyncio.CancelledError, KeyboardInterrupt):
        typer.echo("Stopped.", err=True)
    except BrokenPipeError:
        # Whoever read has gone: nothing more can be said, not even by the interpreter as it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def main() -> NoReturn:
    """Run the command; a configuration that is refused is one sentence and exit code 2."""
    try:
        cli()
    except StartupError as refusal:
        typer.echo(f"sarah: {refusal}", err=True)
    sys.exit(REFUSED)


if __name__ == "__main__":
    main()
