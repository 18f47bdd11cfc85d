"""The server's logs, in a test that runs the server in its own process."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import structlog

from cinelibre_server.telemetry.logs import configure_logs


@contextmanager
def json_logs() -> Iterator[None]:
    """JSON lines of every level on standard error for the block, as a server writes them."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    configure_logs("debug", "json")
    try:
        yield
    finally:
        structlog.reset_defaults()
        root.handlers[:] = handlers
        root.setLevel(level)


def read_logs(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """The lines since the last call."""
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert all(isinstance(line, dict) for line in lines)
    return lines
