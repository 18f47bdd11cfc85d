"""Accounts of people who can log in. Imported users have no email and are found by `exists` alone."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias

from asyncpg import Record

from cinelibre_server.store.database import Pool
from cinelibre_server.store.queries import load_queries
from cinelibre_server.store.sessions import revoke_sessions_of_user

_QUERIES = load_queries("users")


Role: TypeAlias = Literal["user", "admin"]


@dataclass(frozen=True, slots=True)
class User:
    """An account."""

    user_id: int
    email: str
    name: str
    created_at: datetime
    role: Role


@dataclass(frozen=True, slots=True)
class Credentials:
    """An account with the bcrypt hash of its password."""

    user: User
    password_hash: str = field(repr=False)


class UserStore:
    """All accounts. Emails are compared without regard to case."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def create(self, email: str, password_hash: str, name: str) -> User | None:
        """The new account; None if the email is in use."""
        row = await self._pool.fetchrow(_QUERIES["create_user"], email, password_hash, name)
        return None if row is None else user_from_row(row)

    async def get(self, user_id: int) -> User | None:
        """The account with this id, or None."""
        row = await self._pool.fetchrow(_QUERIES["get_user"], user_id)
        return None if row is None else user_from_row(row)

    async def exists(self, user_id: int) -> bool:
        """Whether there is a user with this id, an imported one included."""
        return bool(await self._pool.fetchval(_QUERIES["user_exists"], user_id))

    async def get_credentials(self, user_id: int) -> Credentials | None:
        """The account with this id and its password hash, or None."""
        row = await self._pool.fetchrow(_QUERIES["get_credentials"], user_id)
        return None if row is None else Credentials(user_from_row(row), row["password_hash"])

    async def find_credentials(self, email: str) -> Credentials | None:
        """The account with this email and its password hash, or None."""
        row = await self._pool.fetchrow(_QUERIES["find_credentials"], email)
        return None if row is None else Credentials(user_from_row(row), row["password_hash"])

    async def change_password(self, user_id: int, current_hash: str, new_hash: str) -> bool:
        """Sets the new hash and ends all sessions; False, and nothing done, if it is another now."""
        # A login that was ahead of the update holds it up; the statement after it then sees that session too.
        async with self._pool.acquire() as connection, connection.transaction(isolation="read_committed"):
            changed = await connection.fetchval(_QUERIES["change_password_hash"], user_id, current_hash, new_hash)
            if changed is None:
                return False
            await revoke_sessions_of_user(connection, user_id)
            return True

    async def rename(self, user_id: int, name: str) -> User | None:
        """The account with its new name; None if it is gone."""
        row = await self._pool.fetchrow(_QUERIES["rename_user"], user_id, name)
        return None if row is None else user_from_row(row)

    async def set_role(self, email: str, role: Role) -> User | None:
        """The account with its new role, which counts from the next call on; None if no account has the email."""
        row = await self._pool.fetchrow(_QUERIES["set_role"], email, role)
        return None if row is None else user_from_row(row)

    async def list_all(self, *, admins_only: bool) -> list[User]:
        """Accounts by id."""
        return [user_from_row(row) for row in await self._pool.fetch(_QUERIES["list_users"], admins_only)]

    async def delete(self, user_id: int) -> bool:
        """Deletes the account and all that belongs to it; False if it was gone before."""
        return await self._pool.fetchval(_QUERIES["delete_user"], user_id) is not None


def user_from_row(row: Record) -> User:
    """The account in a row of user_id, email, name, created_at and role."""
    return User(row["user_id"], row["email"], row["name"], row["created_at"], row["role"])
