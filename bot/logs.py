"""One log for everything, our own lines and those of libraries, on standard error."""

import logging
import sys
from collections.abc import Sequence

import structlog
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
        cache_logger_on_first_use=True,
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


def _rendered(form: LogFormat, secrets: Sequence[str]) -> list[Processor]:
    if form == "json":
        render: list[Processor] = [structlog.processors.dict_tracebacks, structlog.processors.JSONRenderer()]
    else:
        plain = structlog.dev.plain_traceback
        render = [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]
    return [*render, _without(secrets)]


def _without(secrets: Sequence[str]) -> Processor:
    hidden = [secret for secret in secrets if secret]

    # After the renderer the event is a line of text, which structlog's types do not say.
    def blot(logger: WrappedLogger, method: str, event: EventDict) -> str:
        del logger, method
        line = str(event)
        for secret in hidden:
            line = line.replace(secret, "***")
        return line

    return blot
