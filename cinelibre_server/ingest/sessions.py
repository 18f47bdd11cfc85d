"""The connections of an import."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import asyncpg

from cinelibre_server.errors import StartupError
from cinelibre_server.store import rating_load
from cinelibre_server.store.database import Connection, connect
from cinelibre_server.store.migrate import check_schema

# PostgreSQL works on one core a session.
_SESSIONS = 2

# The last is raised when the connection was lost between two statements.
_LOST_DATABASE = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    OSError,
    asyncpg.InterfaceError,
)


@asynccontextmanager
async def import_sessions(url: str, source: str) -> AsyncIterator[list[Connection]]:
    """Some connections outside any pool; no other import of the source runs meanwhile.

    Raises:
        StartupError: no database, one without our schema, another import of `source`, or the database went away.
    """
    try:
        async with AsyncExitStack() as stack:
            sessions: list[Connection] = []
            for _ in range(_SESSIONS):
                connection = await connect(url)
                stack.push_async_callback(connection.close)
                sessions.append(connection)
            await check_schema(sessions[0])
            if not await rating_load.lock_import(sessions[0], source):
                raise StartupError(f"another import of {source} is running: wait for it to end")
            yield sessions
    except _LOST_DATABASE as error:
        raise StartupError(f"the database went away during the import ({error}): import again") from None
