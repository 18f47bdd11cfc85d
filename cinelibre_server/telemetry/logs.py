"""One JSON object a line on standard error, or text for people."""

import contextlib
import io
import logging
import sys
from typing import Literal, TextIO, cast

import structlog
from structlog.dev import plain_traceback
from structlog.tracebacks import ExceptionDictTransformer


def configure_logs(level: Literal["debug", "info", "warning", "error"], log_format: Literal["json", "text"]) -> None:
    """Sets structlog up for the process; the standard library's warnings and errors go through it too."""
    # structlog would show the local variables of every frame: passwords, tokens, what people search for.
    tracebacks = structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False))
    renderers: list[structlog.typing.Processor] = (
        [tracebacks, structlog.processors.JSONRenderer()]
        if log_format == "json"
        else [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain_traceback)]
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *renderers,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.WriteLoggerFactory(cast(TextIO, _StandardError())),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(handlers=[_Forward()], level=logging.WARNING, force=True)


class _StandardError(io.TextIOBase):
    """Where the lines go. A terminal that was closed or a full disk must not turn a call's answer into an error."""

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError, ValueError):
            return sys.stderr.write(text)
        return 0

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.flush()


class _Forward(logging.Handler):
    """Libraries log through the standard library: their records join ours."""

    def emit(self, record: logging.LogRecord) -> None:
        structlog.get_logger(record.name).log(record.levelno, record.getMessage(), exc_info=record.exc_info)
