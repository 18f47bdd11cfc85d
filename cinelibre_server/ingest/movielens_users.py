"""The users of a MovieLens data set: who is known, and who is new."""

from typing import Self

import numpy as np

from cinelibre_server.ingest import movielens_rows as rows
from cinelibre_server.ingest.movielens_files import MovieLensFiles
from cinelibre_server.ingest.movielens_ratings import FileRatings
from cinelibre_server.ingest.movielens_rows import RowReader
from cinelibre_server.store import rating_load
from cinelibre_server.store.database import Connection
from cinelibre_server.store.rating_batch import RatingBatch


class Users:
    """The users of the source: `ids` by the file's id, those `seen` in it, and how many were `added`."""

    def __init__(self, connection: Connection, source: str, ids: dict[int, int]) -> None:
        self._connection = connection
        self._source = source
        self.ids = ids
        self.seen: set[int] = set()
        self.added = 0

    @classmethod
    async def of(cls, connection: Connection, source: str) -> Self:
        known = await rating_load.users_of_source(connection, source)
        return cls(connection, source, {int(external_id): user_id for external_id, user_id in known.items()})

    @property
    def id_range(self) -> tuple[int, int] | None:
        """The least and the greatest of our ids of the users in the file."""
        ids = [self.ids[user_ref] for user_ref in self.seen]
        return (min(ids), max(ids)) if ids else None

    async def add(self, user_refs: set[int]) -> None:
        """Makes sure that all these have an id."""
        self.seen |= user_refs
        if missing := sorted(user_refs - self.ids.keys()):
            added = await rating_load.add_users(self._connection, self._source, [str(ref) for ref in missing])
            self.ids.update((int(external_id), user_id) for external_id, user_id in added.items())
            self.added += len(added)

    async def identify(self, ratings: FileRatings) -> RatingBatch:
        """The ratings with our user ids; users that are new get theirs, ascending as in the file."""
        refs, places = np.unique(ratings.user_refs, return_inverse=True)
        await self.add(set(refs.tolist()))
        ids = np.array([self.ids[ref] for ref in refs.tolist()], dtype=np.int64)
        return RatingBatch(ratings.lines, ids[places], ratings.item_ids, ratings.half_stars, ratings.rated_at)


def listed_users(files: MovieLensFiles, reader: RowReader) -> set[int]:
    """The users that a file of their own lists, in the file's ids, with or without ratings."""
    users: set[int] = set()
    if (layout := rows.USERS.get(files.format)) and files.has(layout.file):
        for line, fields in reader.texts(layout):
            user_ref = rows.parse_id(fields[0])
            if user_ref is None:
                reader.reject(layout, line, rows.NOT_A_NUMBER)
            else:
                users.add(user_ref)
    return users
