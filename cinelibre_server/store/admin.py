"""What admins change in the catalogue: each change and its audit entry are one transaction."""

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

import asyncpg

from cinelibre_server.store.database import Connection, Pool
from cinelibre_server.store.embeddings import EMBEDDED_FIELDS
from cinelibre_server.store.items import ItemKind
from cinelibre_server.store.queries import load_queries

_SQL = load_queries("admin")

FieldValue: TypeAlias = str | int | tuple[str, ...] | None
AuditAction: TypeAlias = Literal["create", "update", "hide", "unhide"]

# In the order of the queries.
_ITEM_FIELDS = ("title", "original_title", "year", "language", "genres", "keywords", "synopsis")
_OWN_FIELDS: dict[ItemKind, tuple[str, ...]] = {
    "movie": ("directors", "cast", "runtime_minutes", "imdb_id"),
    "book": ("authors", "page_count", "isbn13"),
}
# The id that all catalogues share: what item_external_ids calls its source, and its field.
_SHARED_IDS: dict[ItemKind, tuple[str, str]] = {"movie": ("imdb", "imdb_id"), "book": ("isbn13", "isbn13")}


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """A change. `user_id` and `email` are None when the account is gone, `item_type` and `title` when the item is;
    `before` and `after` hold the fields that changed, None for what is unknown."""

    audit_entry_id: int
    created_at: datetime
    user_id: int | None
    email: str | None
    action: AuditAction
    item_id: int
    item_type: ItemKind | None
    title: str | None
    before: Mapping[str, Any]
    after: Mapping[str, Any]


class IdTakenError(Exception):
    """Another item has the id that `field` shall get."""

    def __init__(self, field: str, value: FieldValue) -> None:
        super().__init__(f"{field} {value} is taken")
        self.field = field
        self.value = value


class AdminStore:
    """Changes items, by the names that the contract gives their fields, and lists the changes.

    An empty `original_title` means that it is the title. Every method that changes takes the id of the admin who
    does it.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def create(self, admin_id: int, kind: ItemKind, values: Mapping[str, FieldValue]) -> int:
        """The id of a new item with these values, one for each field of its kind; it waits for an embedding.

        Raises:
            IdTakenError: another film has the IMDb id, or another book the ISBN.
        """
        values = {**values, "original_title": values["original_title"] or values["title"]}
        async with self._pool.acquire() as connection, connection.transaction(isolation="read_committed"):
            with _taken_id(kind, values):
                item_id: int = await connection.fetchval(
                    _SQL[f"insert_{kind}"], *_in_order(values, _ITEM_FIELDS), *_in_order(values, _OWN_FIELDS[kind])
                )
            await _replace_external_id(connection, kind, item_id, values)
            given = {name: value for name, value in values.items() if value}
            await _audit(connection, admin_id, "create", item_id, {}, given)
        return item_id

    async def update(self, admin_id: int, kind: ItemKind, item_id: int, changes: Mapping[str, FieldValue]) -> bool:
        """Gives fields new values; False if there is no such item. It waits for an embedding if its text changed.

        Changes of one item come one after the other; one that changes nothing leaves no entry.

        Raises:
            IdTakenError: another film has the IMDb id, or another book the ISBN.
        """
        async with self._pool.acquire() as connection, connection.transaction(isolation="read_committed"):
            if await connection.fetchval(_SQL[f"lock_{kind}"], item_id) is None:
                return False
            row = await connection.fetchrow(_SQL[f"read_{kind}"], item_id)
            assert row is not None
            current: dict[str, FieldValue] = {
                name: tuple(value) if isinstance(value, list) else value for name, value in row.items()
            }
            changed = _differences(current, changes)
            if changed:
                await _write(connection, kind, item_id, current | changed, changed.keys())
                before = {name: current[name] for name in changed}
                await _audit(connection, admin_id, "update", item_id, before, changed)
        return True

    async def set_hidden(self, admin_id: int, item_id: int, *, hidden: bool) -> bool:
        """Hides an item or shows it again, if it isn't so already; False if there is no such item."""
        async with self._pool.acquire() as connection, connection.transaction(isolation="read_committed"):
            was_hidden = await connection.fetchval(_SQL["lock_item"], item_id)
            if was_hidden is None:
                return False
            if was_hidden != hidden:
                await connection.execute(_SQL["set_hidden"], item_id, hidden)
                if not hidden:
                    await connection.execute(_SQL["forget_kept_lists"])
                action: AuditAction = "hide" if hidden else "unhide"
                await _audit(connection, admin_id, action, item_id, {"hidden": was_hidden}, {"hidden": hidden})
        return True

    async def list_entries(self, item_id: int | None, limit: int, before_id: int | None) -> list[AuditEntry]:
        """Changes of one item or, with None, of all, the latest first, after the entry of the page before."""
        rows = await self._pool.fetch(_SQL["list_audit_entries"], item_id, before_id, limit)
        return [
            AuditEntry(**{**row, "before": json.loads(row["before"]), "after": json.loads(row["after"])})
            for row in rows
        ]


def _differences(current: Mapping[str, FieldValue], changes: Mapping[str, FieldValue]) -> dict[str, FieldValue]:
    """The fields that change, with their new values."""
    title = changes.get("title", current["title"])
    original_title = changes.get("original_title", current["original_title"])
    # Who renames an item that has no other title renames both.
    if not original_title or ("original_title" not in changes and original_title == current["title"]):
        original_title = title
    wanted = {**changes, "original_title": original_title}
    return {name: value for name, value in wanted.items() if value != current[name]}


async def _write(
    connection: Connection,
    kind: ItemKind,
    item_id: int,
    values: Mapping[str, FieldValue],
    changed: Collection[str],
) -> None:
    await connection.execute(_SQL["update_item"], item_id, *_in_order(values, _ITEM_FIELDS))
    with _taken_id(kind, values):
        await connection.execute(
            _SQL[f"update_{kind}"],
            item_id,
            *_in_order(values, _OWN_FIELDS[kind]),
            not EMBEDDED_FIELDS.isdisjoint(changed),
        )
    await _replace_external_id(connection, kind, item_id, values)


async def _replace_external_id(
    connection: Connection, kind: ItemKind, item_id: int, values: Mapping[str, FieldValue]
) -> None:
    source, field = _SHARED_IDS[kind]
    await connection.execute(_SQL["replace_external_id"], item_id, source, values[field])


async def _audit(
    connection: Connection,
    admin_id: int,
    action: AuditAction,
    item_id: int,
    before: Mapping[str, FieldValue],
    after: Mapping[str, FieldValue],
) -> None:
    await connection.execute(
        _SQL["insert_audit_entry"], admin_id, action, item_id, json.dumps(before), json.dumps(after)
    )


@contextmanager
def _taken_id(kind: ItemKind, values: Mapping[str, FieldValue]) -> Iterator[None]:
    """The only unique value of an item is the id that catalogues share."""
    try:
        yield
    except asyncpg.UniqueViolationError:
        field = _SHARED_IDS[kind][1]
        raise IdTakenError(field, values[field]) from None


def _in_order(values: Mapping[str, FieldValue], names: tuple[str, ...]) -> list[FieldValue]:
    return [values[name] for name in names]
