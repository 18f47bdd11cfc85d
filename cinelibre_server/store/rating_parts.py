"""Ratings in parts, for training beyond one machine: ranges of users, and a sample of them."""

from collections.abc import Mapping, Sequence

from cinelibre_server.store.database import Connection
from cinelibre_server.store.queries import load_queries
from cinelibre_server.store.rating_matrix import RatingMatrix, copy_ratings

_SQL = load_queries("training")


async def count_rated(connection: Connection) -> tuple[int, int]:
    """How many ratings there are, and of how many users."""
    row = await connection.fetchrow(_SQL["count_rated"])
    assert row is not None
    return int(row["rating_count"]), int(row["user_count"])


async def split_users(connection: Connection, ratings_a_part: int) -> list[tuple[int, int]]:
    """Ranges of user ids, first excluded and last included, with about so many ratings each; a user is in one."""
    lasts = [row["last_user"] for row in await connection.fetch(_SQL["split_users"], ratings_a_part)]
    return list(zip([0, *lasts], lasts, strict=False))


async def sample_users(connection: Connection, most_ratings: int, seed: int) -> Mapping[int, int]:
    """Random users with at most so many ratings together; for each the transaction that last changed them."""
    rows = await connection.fetch(_SQL["sample_users"], most_ratings, seed)
    return {row["user_id"]: row["changed_xid"] for row in rows}


async def read_ratings_of_users(connection: Connection, user_ids: Sequence[int]) -> RatingMatrix:
    """The ratings of these users."""
    return await copy_ratings(connection, _SQL["ratings_of_users"], user_ids)


async def read_ratings_of_range(connection: Connection, after_user: int, last_user: int) -> RatingMatrix:
    """The ratings of the users with ids above `after_user` and up to `last_user`."""
    return await copy_ratings(connection, _SQL["ratings_of_range"], after_user, last_user)
