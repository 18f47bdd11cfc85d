"""Everything that is stored about one user, read row by row for the export."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from cinelibre_server.store.database import Pool
from cinelibre_server.store.queries import load_queries
from cinelibre_server.store.ratings import InteractionKind, StoredRating
from cinelibre_server.store.users import User, user_from_row

_QUERIES = load_queries("account_data")

# Rows a round trip: what an export holds in memory.
_ROWS = 500


@dataclass(frozen=True, slots=True)
class StoredSession:
    """A session, active or ended; `revoked_at` is None unless it was revoked."""

    session_id: UUID
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class StoredInteraction:
    """An interaction; what does not belong to its kind is None."""

    kind: InteractionKind
    item_id: int | None
    query: str | None
    position: int | None
    created_at: datetime


AccountRecord: TypeAlias = User | StoredSession | StoredRating | StoredInteraction


class AccountDataStore:
    """Reads accounts whole."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        # A slow reader keeps its connection for a long time, so most of them stay free for other calls.
        self._exports = asyncio.Semaphore(max(1, pool.get_max_size() // 4))

    async def read(self, user_id: int) -> AsyncGenerator[AccountRecord, None]:
        """The account, its sessions, ratings and interactions as of one moment; nothing if it is gone.

        Close the iterator if it is not read to its end: it holds a connection.
        """
        async with (
            self._exports,
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            account = await connection.fetchrow(_QUERIES["export_user"], user_id)
            if account is None:
                return
            yield user_from_row(account)
            async for row in connection.cursor(_QUERIES["export_sessions"], user_id, prefetch=_ROWS):
                yield StoredSession(*row)
            async for row in connection.cursor(_QUERIES["export_ratings"], user_id, prefetch=_ROWS):
                yield StoredRating(*row)
            async for row in connection.cursor(_QUERIES["export_interactions"], user_id, prefetch=_ROWS):
                yield StoredInteraction(*row)
