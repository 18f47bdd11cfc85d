"""`cinelibre users`: who may change the catalogue."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
import uvloop
from rich.console import Console
from rich.table import Table

from cinelibre_server.commands.database import DatabaseUrl, DataDir, open_database
from cinelibre_server.errors import StartupError

if TYPE_CHECKING:
    from cinelibre_server.store.users import Role, User, UserStore

users_app = typer.Typer(help="List accounts and make admins of them.", no_args_is_help=True)

_STATEMENT_SECONDS = 60.0

Email = Annotated[str, typer.Argument(help="The account's email address.", show_default=False)]


@users_app.command("promote")
def promote(email: Email, data_dir: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """Make an account an admin, who may change the catalogue; it counts from its next call on."""
    uvloop.run(_set_role(email, "admin", data_dir, database_url))


@users_app.command("demote")
def demote(email: Email, data_dir: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """Make an admin a user again; it counts from its next call on."""
    uvloop.run(_set_role(email, "user", data_dir, database_url))


@users_app.command("list")
def list_users(
    admins: Annotated[bool, typer.Option("--admins", help="Admins only.")] = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """List the accounts of people; imported users are not among them."""
    table = Table("user", "email", "name", "role", "since")
    for user in uvloop.run(_list_users(admins, data_dir, database_url)):
        table.add_row(str(user.user_id), user.email, user.name, user.role, f"{user.created_at:%Y-%m-%d}")
    Console().print(table)


async def _set_role(email: str, role: "Role", data_dir: Path | None, database_url: str | None) -> None:
    async with _users(data_dir, database_url) as users:
        user = await users.set_role(email, role)
    if user is None:
        raise StartupError(
            f"no account has the email {email}: sign up with it first, or look at `cinelibre users list`"
        )
    what = "an admin" if role == "admin" else "a user"
    Console().print(f"{user.email} is {what}.", markup=False, highlight=False)


async def _list_users(admins: bool, data_dir: Path | None, database_url: str | None) -> "list[User]":
    async with _users(data_dir, database_url) as users:
        return await users.list_all(admins_only=admins)


@asynccontextmanager
async def _users(data_dir: Path | None, database_url: str | None) -> "AsyncIterator[UserStore]":
    from cinelibre_server.store.database import open_pool
    from cinelibre_server.store.migrate import check_schema
    from cinelibre_server.store.users import UserStore

    async with (
        open_database(data_dir, database_url) as url,
        await open_pool(url, size=1, statement_timeout_seconds=_STATEMENT_SECONDS) as pool,
    ):
        async with pool.acquire() as connection:
            await check_schema(connection)
        yield UserStore(pool)
