"""Makes one item of two that turn out to be the same film or book, with the ratings of both."""

from collections.abc import Iterable

from cinelibre_server.store.catalog_load import BookEntry, MovieEntry
from cinelibre_server.store.database import Connection
from cinelibre_server.store.queries import load_queries

_QUERIES = load_queries("item_union")

_STEPS = (
    *("move_ratings", "move_interactions", "move_aliases", "read_again", "move_external_ids"),
    "delete_item",
)


async def unite_items(connection: Connection, source: str, entries: Iterable[MovieEntry | BookEntry]) -> int:
    """Unites items that one of the source's entries names at once by its ids; returns how many were given up.

    The older item stays, as people know it. Runs in the caller's transaction.
    """
    named = [
        (position, "movie" if isinstance(entry, MovieEntry) else "book", *name)
        for position, entry in enumerate(entries)
        for name in ((source, entry.external_id), *entry.shared_ids)
    ]
    if not named:
        return 0
    columns = [list(column) for column in zip(*named, strict=True)]
    count = 0
    # One pair at a time: a union can make another one possible, or needless.
    while pair := await connection.fetchrow(_QUERIES["find_split_item"], *columns):
        for step in _STEPS:
            await connection.execute(_QUERIES[step], pair["kept"], pair["given_up"])
        count += 1
    return count
