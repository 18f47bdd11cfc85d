"""`cinelibre users`: who is an admin, said and changed on the command line."""

import os
import subprocess
import sys

import pytest

from cinelibre_server.store.database import Pool
from cinelibre_server.store.users import UserStore


def users(database_url: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "cinelibre_server", "users", *arguments],
        env={"PATH": os.environ["PATH"], "COLUMNS": "120", "CINELIBRE_DATABASE_URL": database_url},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
async def accounts(pool: Pool) -> UserStore:
    store = UserStore(pool)
    for name in ("anna", "bina"):
        assert await store.create(f"{name}@example.com", "hash", name.title()) is not None
    return store


async def test_promote_and_demote(database_url: str, accounts: UserStore) -> None:
    promoted = users(database_url, "promote", "Anna@Example.com")
    assert (promoted.returncode, promoted.stderr) == (0, "")
    assert promoted.stdout == "anna@example.com is an admin.\n"
    assert [user.email for user in await accounts.list_all(admins_only=True)] == ["anna@example.com"]
    listed = users(database_url, "list", "--admins").stdout
    assert "anna@example.com" in listed
    assert "bina@example.com" not in listed
    assert users(database_url, "demote", "anna@example.com").stdout == "anna@example.com is a user.\n"
    assert await accounts.list_all(admins_only=True) == []
    everybody = users(database_url, "list").stdout
    assert "anna@example.com" in everybody
    assert "bina@example.com" in everybody
    assert "admin" not in everybody


@pytest.mark.parametrize("command", ["promote", "demote"])
async def test_an_unknown_email(database_url: str, accounts: UserStore, command: str) -> None:
    said = users(database_url, command, "nobody@example.com")
    assert (said.returncode, said.stdout) == (1, "")
    assert said.stderr == (
        "cinelibre: no account has the email nobody@example.com: sign up with it first, or look at"
        " `cinelibre users list`\n"
    )


async def test_a_database_of_an_older_version(database_url: str, pool: Pool) -> None:
    await pool.execute("delete from schema_migrations where version = 8")
    said = users(database_url, "list")
    assert said.returncode == 1
    assert said.stderr == "cinelibre: the database lacks migration 0008: run `cinelibre migrate`\n"
