"""All items or all ratings, as text that COPY makes."""

from collections.abc import Callable, Coroutine
from typing import Any, Literal, TypeAlias

from cinelibre_server.store.database import Connection
from cinelibre_server.store.queries import load_queries

ExportName: TypeAlias = Literal["items", "ratings"]
ExportFormat: TypeAlias = Literal["csv", "jsonl"]

_QUERIES = load_queries("exports")
# Neither character can be in JSON, so that nothing in it is quoted.
_JSON_LINES: dict[str, Any] = {"format": "csv", "delimiter": "\x02", "quote": "\x01"}


async def copy_out(
    connection: Connection, name: ExportName, form: ExportFormat, write: Callable[[bytes], Coroutine[Any, Any, None]]
) -> int:
    """Gives the rows to `write` in pieces of any size: CSV with a header, or JSON lines. Returns how many rows."""
    options: dict[str, Any] = {"format": "csv", "header": True} if form == "csv" else _JSON_LINES
    status = await connection.copy_from_query(_QUERIES[f"{name}_{form}"], output=write, **options)
    return int(status.split()[-1])
