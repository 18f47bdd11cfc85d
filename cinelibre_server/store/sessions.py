"""Sessions and their refresh tokens, which are known here only by their SHA-256."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from uuid import UUID

from asyncpg import Record

from cinelibre_server.store.database import Connection, Pool
from cinelibre_server.store.queries import load_queries

_QUERIES = load_queries("sessions")


@dataclass(frozen=True, slots=True)
class ActiveSession:
    """A session that goes on, and when it ends at the latest."""

    session_id: UUID
    user_id: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SessionUser:
    """Whose session it is."""

    user_id: int
    is_admin: bool


class RefusedToken(Enum):
    """Why a refresh token was not exchanged."""

    INVALID = auto()
    """Unknown, or its session is expired or revoked."""
    REUSED = auto()
    """It was exchanged before; its session is now revoked."""


class SessionStore:
    """The sessions of all users."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def create(
        self, user_id: int, password_hash: str, token_hash: bytes, lifetime_seconds: int
    ) -> ActiveSession | None:
        """A new session with its first refresh token; None if the user no longer has this password hash."""
        row = await self._pool.fetchrow(
            _QUERIES["create_session"], user_id, password_hash, token_hash, float(lifetime_seconds)
        )
        return None if row is None else _active_session(row)

    async def rotate(self, token_hash: bytes, next_token_hash: bytes) -> ActiveSession | RefusedToken:
        """Exchanges a refresh token for the next one of its session, whose end stays where it is.

        Of calls that meet with one token the first wins; to all others it is a used token.
        """
        # Each statement must see what was committed while the one before it waited for the lock.
        async with self._pool.acquire() as connection, connection.transaction(isolation="read_committed"):
            row = await connection.fetchrow(_QUERIES["lock_session_of_token"], token_hash)
            if row is None:
                return RefusedToken.INVALID
            if await connection.fetchval(_QUERIES["is_token_used"], token_hash):
                await connection.fetchval(_QUERIES["revoke_session"], row["session_id"])
                return RefusedToken.REUSED
            if not row["is_active"]:
                return RefusedToken.INVALID
            await connection.execute(_QUERIES["replace_token"], token_hash, next_token_hash)
            return _active_session(row)

    async def revoke(self, session_id: UUID) -> int:
        """Ends one session; returns 1, or 0 if it had ended before."""
        ended: int = await self._pool.fetchval(_QUERIES["revoke_session"], session_id)
        return ended

    async def revoke_all(self, user_id: int) -> int:
        """Ends the user's sessions and returns how many went on until now."""
        async with self._pool.acquire() as connection:
            return await revoke_sessions_of_user(connection, user_id)

    async def delete_expired(self, user_id: int) -> None:
        """Forgets the user's expired sessions and their refresh tokens."""
        await self._pool.execute(_QUERIES["delete_expired_sessions"], user_id)

    async def active_sessions(self, session_ids: Sequence[UUID]) -> dict[UUID, SessionUser]:
        """Session id to user, for those of the given sessions that are neither revoked nor expired."""
        rows = await self._pool.fetch(_QUERIES["list_active_sessions"], session_ids)
        return {row["session_id"]: SessionUser(row["user_id"], row["is_admin"]) for row in rows}


async def revoke_sessions_of_user(connection: Connection, user_id: int) -> int:
    """Ends the user's sessions, in the connection's transaction, and returns how many went on until now."""
    ended: int = await connection.fetchval(_QUERIES["revoke_sessions_of_user"], user_id)
    return ended


def _active_session(row: Record) -> ActiveSession:
    return ActiveSession(row["session_id"], row["user_id"], row["expires_at"])
