"""All ratings as arrays, for training: 17 bytes a rating, streamed out of the database in binary form."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cinelibre_server.store.database import Connection
from cinelibre_server.store.queries import load_queries

_SQL = load_queries("training")

# COPY's binary format: a signature, flags and an empty extension; then a field count a row and a length a field.
_HEADER_BYTES = 19
_ROW = np.dtype(
    [
        ("fields", ">i2"),
        ("user_length", ">i4"),
        ("user_id", ">i4"),
        ("item_length", ">i4"),
        ("item_id", ">i4"),
        ("stars_length", ">i4"),
        ("half_stars", ">i2"),
        ("time_length", ">i4"),
        ("rated_at", ">i8"),
    ]
)


@dataclass(frozen=True, slots=True)
class RatingMatrix:
    """n ratings of U users and I items, sorted by user, a user's by time (then item).

    user_ids: int32[U] and item_ids: int32[I], ascending. user_index, item_index: int32[n], places in these.
    stars: float32[n], 0.5 to 5. rated_at: int64[n], seconds since 1970.
    """

    user_ids: NDArray[np.int32]
    item_ids: NDArray[np.int32]
    user_index: NDArray[np.int32]
    item_index: NDArray[np.int32]
    stars: NDArray[np.float32]
    rated_at: NDArray[np.int64]

    @property
    def user_starts(self) -> NDArray[np.int64]:
        """int64[U + 1]: the ratings of user u are those from user_starts[u] to user_starts[u + 1]."""
        return np.searchsorted(self.user_index, np.arange(len(self.user_ids) + 1)).astype(np.int64)

    def select(self, chosen: NDArray[np.bool_]) -> "RatingMatrix":
        """The ratings with a true in `chosen` (bool[n]); users and items keep their places."""
        return RatingMatrix(
            self.user_ids,
            self.item_ids,
            self.user_index[chosen],
            self.item_index[chosen],
            self.stars[chosen],
            self.rated_at[chosen],
        )

    def among(self, item_ids: NDArray[np.int32]) -> "RatingMatrix":
        """The same ratings, with places in `item_ids` (int32, ascending, with all of the matrix's own)."""
        places = np.searchsorted(item_ids, self.item_ids).astype(np.int32)
        return RatingMatrix(
            self.user_ids, item_ids, self.user_index, places[self.item_index], self.stars, self.rated_at
        )


async def read_rating_matrix(connection: Connection) -> RatingMatrix:
    """Every rating there is."""
    return await copy_ratings(connection, _SQL["all_ratings"])


async def copy_ratings(connection: Connection, query: str, *arguments: object) -> RatingMatrix:
    """The ratings that a query of the shape of `all_ratings` finds."""
    blocks: list[tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int16], NDArray[np.int64]]] = []
    rest = b""
    header_seen = False

    async def take(data: bytes) -> None:
        nonlocal rest, header_seen
        data = rest + data
        if not header_seen:
            data, header_seen = data[_HEADER_BYTES:], True
        rows = np.frombuffer(data, _ROW, len(data) // _ROW.itemsize)
        rest = data[rows.nbytes :]
        blocks.append(
            (
                rows["user_id"].astype(np.int32),
                rows["item_id"].astype(np.int32),
                rows["half_stars"].astype(np.int16),
                rows["rated_at"].astype(np.int64),
            )
        )

    await connection.copy_from_query(query, *arguments, output=take, format="binary")
    if not any(len(block[0]) for block in blocks):
        blocks = [tuple(np.zeros(0, kind) for kind in (np.int32, np.int32, np.int16, np.int64))]  # type: ignore[list-item]
    users, items, half_stars, times = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    blocks.clear()
    return rating_matrix(users, items, half_stars.astype(np.float32) / np.float32(2), times)


def rating_matrix(
    user_ids: NDArray[np.int32], item_ids: NDArray[np.int32], stars: NDArray[np.float32], rated_at: NDArray[np.int64]
) -> RatingMatrix:
    """Ratings in any order (arrays of one length) as a matrix."""
    order = np.lexsort((item_ids, rated_at, user_ids))
    known_users, user_index = np.unique(user_ids[order], return_inverse=True)
    known_items, item_index = np.unique(item_ids[order], return_inverse=True)
    return RatingMatrix(
        known_users,
        known_items,
        user_index.astype(np.int32),
        item_index.astype(np.int32),
        stars[order],
        rated_at[order],
    )
