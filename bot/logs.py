"""One log for everything, our own lines and those of libraries, on standard error."""

import logging
import sys
from collections.abc import Mapping, Sequence
from textwrap import indent
from typing import cast

import structlog
from structlog.processors import ExceptionRenderer, JSONRenderer
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import EventDict, Processor, WrappedLogger

from bot.settings import LogFormat, LogLevel

# Chatty at `info`, about things that Sarah logs herself or nobody acts on.
QUIET = ("discord", "slack_bolt", "slack_sdk", "httpx", "httpx2", "openai", "uvicorn", "aiohttp", "alembic", "gradio")


def configure_logs(level: LogLevel, form: LogFormat, secrets: Sequence[str]) -> None:
    """Log lines of at least this level, without these secrets."""
    shared: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_rendered(form, secrets)],
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    logging.captureWarnings(capture=True)


def _rendered(form: LogFormat, secrets: Sequence[str]) -> list[Processor]:
    """Return the steps from an event to its line; secrets go before anything is escaped, so that none is missed."""
    blot = _without(secrets)
    if form == "json":
        # Local variables hold what customers wrote.
        traceback = ExceptionRenderer(ExceptionDictTransformer(show_locals=False))
        return [traceback, blot, JSONRenderer()]
    console = structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
    )
    return [ExceptionRenderer(), blot, _on_its_line, console]


def _without(secrets: Sequence[str]) -> Processor:
    # The longest first: one may be the beginning of another.
    hidden = sorted(filter(None, secrets), key=len, reverse=True)

    def clean(value: object) -> object:
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, Mapping):
            return {clean(str(key)): clean(part) for key, part in cast("Mapping[object, object]", value).items()}
        if isinstance(value, list | tuple):
            return [clean(part) for part in cast("Sequence[object]", value)]
        text = value if isinstance(value, str) else repr(value)
        for secret in hidden:
            text = text.replace(secret, "***")
        return text

    def blot(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        del logger, method
        return {key: clean(value) for key, value in event.items()}

    return blot


def _on_its_line(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Keep a text from beginning a line of the log, and from steering the terminal that shows it."""
    del logger, method
    shown = {key: _plain(value) if isinstance(value, str) else value for key, value in event.items()}
    if traceback := event.get("exception"):
        shown["exception"] = indent("\n".join(map(_plain, str(traceback).split("\n"))), "  | ", lambda _: True)
    return shown


def _plain(text: str) -> str:
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text)
