"""What upstream sources say: written with the checkpoint that tells how far the sync is, so that both agree always."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import asyncpg

from cinelibre_server.store.catalog_load import BookEntry, LoadCounts, MovieEntry, load_items
from cinelibre_server.store.database import Connection
from cinelibre_server.store.item_union import unite_items
from cinelibre_server.store.queries import load_queries

_QUERIES = load_queries("sync")

Json: TypeAlias = dict[str, Any]
"""What a checkpoint holds: anything that JSON can say."""


@dataclass(frozen=True, slots=True)
class Alias:
    """Another title of an item; `language` is an ISO 639-1 code."""

    text: str
    language: str


@dataclass(frozen=True, slots=True)
class Found:
    """An item as the source describes it now."""

    entry: MovieEntry | BookEntry
    aliases: tuple[Alias, ...] = ()

    @property
    def external_id(self) -> str:
        """The source's own id of it."""
        return self.entry.external_id


@dataclass(frozen=True, slots=True)
class Gone:
    """The source has nothing, or nothing any more, under this id."""

    external_id: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An item that is none for our catalogue, and why."""

    external_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Failed:
    """An item that could not be read, and why; the next run tries again."""

    external_id: str
    reason: str


Outcome: TypeAlias = Found | Gone | LeftOut | Failed


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far the sync of a source is.

    `run` counts the runs, from 1. `cursor` is where the run under way goes on, None when it is finished;
    `bookmark` is what the last finished run left for the next, None before the first.
    """

    run: int
    cursor: Json | None
    bookmark: Json | None


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of outcomes: the items, how many ids vanished, and what the database would not take."""

    items: LoadCounts
    vanished: int
    refused: tuple[Failed, ...]


async def lock_source(connection: Connection, source: str) -> bool:
    """Takes the source's sync lock until the session ends; False if another sync has it."""
    return bool(await connection.fetchval(_QUERIES["lock_source"], source))


async def get_checkpoint(connection: Connection, source: str) -> Checkpoint | None:
    """How far the sync is, or None before the first run."""
    row = await connection.fetchrow(_QUERIES["get_checkpoint"], source)
    if row is None:
        return None
    cursor, bookmark = (None if row[name] is None else json.loads(row[name]) for name in ("cursor", "bookmark"))
    return Checkpoint(row["run"], cursor, bookmark)


async def save_checkpoint(connection: Connection, source: str, checkpoint: Checkpoint) -> None:
    """Records how far the sync is."""
    cursor, bookmark = (
        None if value is None else json.dumps(value) for value in (checkpoint.cursor, checkpoint.bookmark)
    )
    await connection.execute(_QUERIES["save_checkpoint"], source, checkpoint.run, cursor, bookmark)


async def list_due(connection: Connection, source: str, after: str, limit: int) -> list[str]:
    """Ids, ascending, that could not be read the last time."""
    return [row[0] for row in await connection.fetch(_QUERIES["list_due"], source, after, limit)]


async def list_unlisted(connection: Connection, source: str, run: int, after: str, limit: int) -> list[str]:
    """Known ids, ascending, that the run did not come across."""
    return [row[0] for row in await connection.fetch(_QUERIES["list_unlisted"], source, run, after, limit)]


async def list_unseen(connection: Connection, source: str, run: int, external_ids: Sequence[str]) -> list[str]:
    """Those of the ids that the run did not come across yet."""
    return [row[0] for row in await connection.fetch(_QUERIES["list_unseen"], source, run, external_ids)]


async def list_books_to_describe(
    connection: Connection, source: str, *, after: str, limit: int, again: bool
) -> list[str]:
    """ISBNs, ascending, of books that `source` was not asked about yet; with `again` of all books."""
    rows = await connection.fetch(_QUERIES["list_books_to_describe"], after, limit, source, again)
    return [row[0] for row in rows]


async def mark_listed(connection: Connection, source: str, run: int, external_ids: Sequence[str]) -> None:
    """The run came across these ids."""
    if external_ids:
        await connection.execute(_QUERIES["mark_listed"], source, run, external_ids)


async def save_outcomes(
    connection: Connection, source: str, run: int, outcomes: Sequence[Outcome], stronger: Mapping[str, Sequence[str]]
) -> Saved:
    """Brings the catalogue to what the source says; what it says as before is not written.

    Items that turn out to be one are united.

    `outcomes` have each id once; `stronger` names by field the sources that this one doesn't overrule. Runs in the
    caller's transaction.
    """
    known = {
        row["external_id"]: row
        for row in await connection.fetch(_QUERIES["get_records"], source, [each.external_id for each in outcomes])
    }
    found = [each for each in outcomes if isinstance(each, Found)]
    hashes = {each.external_id: _content_hash(each, stronger) for each in found}
    new = [
        each
        for each in found
        if each.external_id not in known or known[each.external_id]["content_hash"] != hashes[each.external_id]
    ]
    await unite_items(connection, source, [each.entry for each in new])
    counts, refused = await _load(connection, source, [each.entry for each in new], stronger)
    unread = {each.external_id for each in refused}
    read = [each for each in new if each.external_id not in unread]
    if read:
        await _save_aliases(connection, source, read)
        ids = [each.external_id for each in read]
        await connection.execute(_QUERIES["save_found"], source, run, ids, [hashes[ref] for ref in ids])
    written = {each.external_id for each in new}
    as_before = [each for each in outcomes if isinstance(each, Found | LeftOut) and each.external_id not in written]
    await mark_listed(connection, source, run, [each.external_id for each in as_before])
    await _save_failed(connection, source, run, [*(each for each in outcomes if isinstance(each, Failed)), *refused])
    gone = [each.external_id for each in outcomes if isinstance(each, Gone)]
    if gone:
        await connection.execute(_QUERIES["save_gone"], source, run, gone)
    vanished = [ref for ref in gone if ref in known and known[ref]["content_hash"] and not known[ref]["vanished"]]
    unchanged = len(found) - counts.added - counts.changed - len(refused)
    return Saved(LoadCounts(counts.added, counts.changed, unchanged), len(vanished), tuple(refused))


async def _save_failed(connection: Connection, source: str, run: int, failed: Sequence[Failed]) -> None:
    if failed:
        ids, reasons = [each.external_id for each in failed], [each.reason for each in failed]
        await connection.execute(_QUERIES["save_failed"], source, run, ids, reasons)


async def _load(
    connection: Connection,
    source: str,
    entries: Sequence[MovieEntry | BookEntry],
    stronger: Mapping[str, Sequence[str]],
) -> tuple[LoadCounts, list[Failed]]:
    counts = LoadCounts(0, 0, 0)
    refused: list[Failed] = []
    for part in _unrelated(entries):
        try:
            counts += await load_items(connection, source, part, overwrite=True, stronger=stronger)
        except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
            if len(part) == 1:
                refused.append(Failed(part[0].external_id, f"a value does not fit ({_fault(error)})"))
                continue
            for entry in part:
                alone, failed = await _load(connection, source, [entry], stronger)
                counts += alone
                refused += failed
    return counts, refused


def _unrelated(entries: Sequence[MovieEntry | BookEntry]) -> Iterator[list[MovieEntry | BookEntry]]:
    """The entries in parts within which no two share an id, so that the second finds the item of the first."""
    waiting = list(entries)
    while waiting:
        part: list[MovieEntry | BookEntry] = []
        later: list[MovieEntry | BookEntry] = []
        taken: set[tuple[str, str]] = set()
        for entry in waiting:
            (later if taken.intersection(entry.shared_ids) else part).append(entry)
            taken.update(entry.shared_ids)
        yield part
        waiting = later


async def _save_aliases(connection: Connection, source: str, read: Iterable[Found]) -> None:
    given = [(each.external_id, alias.text, alias.language) for each in read for alias in each.aliases]
    columns = [list(column) for column in zip(*given, strict=True)] or [[], [], []]
    ids = [each.external_id for each in read]
    await connection.execute(_QUERIES["delete_stale_aliases"], source, ids, *columns)
    await connection.execute(_QUERIES["insert_aliases"], source, *columns)


def _content_hash(found: Found, stronger: Mapping[str, Sequence[str]]) -> bytes:
    # With the precedence: where that changes, what a source said before counts anew.
    return hashlib.sha256(repr((found, sorted(stronger.items()))).encode()).digest()


def _fault(error: asyncpg.PostgresError) -> str:
    return getattr(error, "constraint_name", None) or type(error).__name__
