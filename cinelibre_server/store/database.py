"""The connection pool, and the checks that a database must pass before the server answers."""

from typing import Any, TypeAlias

import asyncpg
from pgvector.asyncpg import register_vector

from cinelibre_server.errors import StartupError

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"

SEARCH_PATH = "public, cinelibre"


class _StatelessConnection(asyncpg.Connection):
    """A pooled connection that is given back as it is: no statement of ours leaves state in the session.

    The reset that asyncpg would send instead is a second round trip after every query.
    """

    def get_reset_query(self) -> str:
        return ""


_CONNECT_SECONDS = 10.0


async def connect(url: str, **options: Any) -> "asyncpg.Connection[asyncpg.Record]":
    """One connection outside any pool, for migrations and imports; no vector type is registered on it.

    Raises:
        StartupError: the database can't be reached or refuses us.
    """
    try:
        return await asyncpg.connect(
            url, timeout=_CONNECT_SECONDS, server_settings={"search_path": SEARCH_PATH}, **options
        )
    except (TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        raise StartupError(_unreachable(error)) from None


async def open_pool(url: str, *, size: int, statement_timeout_seconds: float) -> Pool:
    """A pool of at most `size` connections whose statements end after the timeout.

    Raises:
        StartupError: the database can't be reached, refuses us, or has no schema yet.
    """
    try:
        return await asyncpg.create_pool(
            url,
            min_size=min(2, size),
            max_size=size,
            init=register_vector,
            connection_class=_StatelessConnection,
            timeout=_CONNECT_SECONDS,
            server_settings={
                "search_path": SEARCH_PATH,
                "application_name": "cinelibre",
                "statement_timeout": str(int(statement_timeout_seconds * 1000)),
            },
        )
    except (TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise StartupError(_unreachable(error)) from None
    except ValueError as error:
        if "vector" in str(error):
            raise StartupError("the database has no CineLibre schema yet: run `cinelibre migrate`") from None
        raise StartupError(_unreachable(error)) from None


def _unreachable(error: BaseException) -> str:
    # The driver's text may hold the address but never the password; one line is enough.
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    return f"the database can't be reached ({text}): check CINELIBRE_DATABASE_URL and that PostgreSQL runs"
