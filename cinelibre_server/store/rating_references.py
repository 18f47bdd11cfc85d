"""The names that exported ratings have for users and items, and our ids of these."""

from cinelibre_server.store.database import Connection
from cinelibre_server.store.queries import load_queries

_QUERIES = load_queries("rating_references")


async def item_references(connection: Connection) -> dict[str, int]:
    """The item id of each `source:id`."""
    return {row["reference"]: row["item_id"] for row in await connection.fetch(_QUERIES["list_items"])}


async def user_references(connection: Connection) -> dict[str, int]:
    """The user id of each `source:id` and `account:email` in lower case."""
    return {row["reference"]: row["user_id"] for row in await connection.fetch(_QUERIES["list_users"])}
