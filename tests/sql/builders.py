"""Small databases for the SQL tests: users, films, books and ratings without ceremony."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from cinelibre_server.store.database import Connection, Pool

DIMENSIONS = 384
_FREEDOM = 16

Database: TypeAlias = "Pool | Connection"
Vector: TypeAlias = NDArray[np.float32]


async def add_users(database: Database, count: int) -> list[int]:
    """New users; their ids in ascending order."""
    rows = await database.fetch(
        "insert into users (source, external_id)"
        " select 'test', gen_random_uuid()::text from generate_series(1, $1::integer) returning user_id",
        count,
    )
    return sorted(row["user_id"] for row in rows)


async def add_user(database: Database) -> int:
    """A new user's id."""
    return (await add_users(database, 1))[0]


async def add_items(
    database: Database,
    count: int,
    *,
    item_type: str = "movie",
    language: str | None = "hi",
    genres: Sequence[str] = ("Drama",),
    year: int | None = 2000,
    embeddings: Sequence[Vector | None] | None = None,
) -> list[int]:
    """New films or books, with embeddings if given; their ids in ascending order."""
    rows = await database.fetch(
        "insert into items (item_type, title, original_title, language, genres, year)"
        " select $1::item_type, 'Item ' || n, 'Item ' || n, $2, $3, $4 from generate_series(1, $5::integer) n"
        " returning item_id",
        item_type,
        language,
        genres,
        year,
        count,
    )
    ids = sorted(row["item_id"] for row in rows)
    table, key = ("movies", "movie_id") if item_type == "movie" else ("books", "book_id")
    await database.executemany(
        f"insert into {table} ({key}, embedding) values ($1, $2)",
        list(zip(ids, embeddings or [None] * count, strict=True)),
    )
    return ids


async def rate(database: Database, user_id: int, item_id: int, half_stars: int) -> None:
    """Stores or changes one rating."""
    await rate_all(database, [(user_id, item_id, half_stars)])


async def rate_all(database: Database, ratings: Iterable[tuple[int, int, int]]) -> None:
    """Stores or changes (user, item, half stars) in one statement."""
    users, items, half_stars = zip(*ratings, strict=True)
    await database.execute(
        "insert into ratings (user_id, item_id, half_stars)"
        " select * from unnest($1::integer[], $2::integer[], $3::smallint[])"
        " on conflict (user_id, item_id) do update set half_stars = excluded.half_stars, updated_at = now()",
        users,
        items,
        half_stars,
    )


async def rate_by_taste(database: Database, users: Sequence[int], items: Sequence[int], seed: int) -> None:
    """25 ratings of each user, who loves every other item and not the rest; the first items are seen most."""
    source = np.random.default_rng(seed)
    share = 1 / np.arange(3, len(items) + 3)
    ratings = []
    for place, user in enumerate(users):
        seen = source.choice(len(items), size=25, replace=False, p=share / share.sum())
        ratings += [
            (user, items[item], int(np.clip(source.normal(8.5 if item % 2 == place % 2 else 4, 1), 1, 10)))
            for item in seen.tolist()
        ]
    await rate_all(database, ratings)


def random_vectors(count: int, seed: int) -> list[Vector]:
    """Directions as text embeddings have them: around a common centre, with few degrees of freedom; L2-normalised."""
    directions = np.random.default_rng(0).normal(size=(_FREEDOM + 1, DIMENSIONS))
    weights = np.random.default_rng(seed).normal(size=(count, _FREEDOM))
    vectors = weights @ directions[1:] + 5 * directions[0]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return list(vectors.astype(np.float32))


async def load_movielens_100k(pool: Pool, folder: Path) -> NDArray[np.float64]:
    """Copies ratings, users and films (no embeddings) straight into the tables, ids as in the files.

    Returns:
        Stars by [user, item], NaN where unrated.
    """
    stars = np.full((944, 1683), np.nan)
    records = []
    for line in (folder / "u.data").read_text().splitlines():
        user_id, item_id, rating, _time = map(int, line.split())
        stars[user_id, item_id] = rating
        records.append((user_id, item_id, 2 * rating))
    await pool.execute(
        "insert into items (item_type, title, original_title, year, language)"
        " select 'movie', 'Film ' || n, 'Film ' || n, 1995, 'en' from generate_series(1, 1682) n"
    )
    await pool.execute("insert into movies (movie_id) select item_id from items")
    await pool.execute("insert into users (source, external_id) select 'test', n::text from generate_series(1, 943) n")
    await pool.copy_records_to_table("ratings", columns=["user_id", "item_id", "half_stars"], records=records)
    await pool.execute("analyze")
    return stars
