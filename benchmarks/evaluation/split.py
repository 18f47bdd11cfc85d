"""A training and a test part of MovieLens 100K, the first of them imported as a user imports it."""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cinelibre_server.embedding.runtime import Embedder
from cinelibre_server.ingest.embed import embed_missing
from cinelibre_server.ingest.movielens import import_movielens
from cinelibre_server.progress import Progress
from cinelibre_server.store import rating_load
from cinelibre_server.store.database import Pool

NAME = "u1"
FILES = (f"{NAME}.base", f"{NAME}.test", "u.item", "u.user")

_SOURCE = "movielens-100k"
_LISTED = "select external_id, item_id from item_external_ids where source = $1"


@dataclass(frozen=True, slots=True)
class Rating:
    """The ids are those of the database."""

    user_id: int
    item_id: int
    stars: float


@dataclass(frozen=True, slots=True)
class Split:
    """What the recommender knows, and what it should find out."""

    training: tuple[Rating, ...]
    test: tuple[Rating, ...]


async def import_split(url: str, pool: Pool, movielens: Path, embedder: Embedder, progress: Progress) -> Split:
    """Imports and embeds the films and imports the training ratings."""
    with tempfile.TemporaryDirectory(prefix="cinelibre-split-") as name:
        folder = Path(name)
        for part, target in (("u.item", "u.item"), ("u.user", "u.user"), (f"{NAME}.base", "u.data")):
            shutil.copyfile(movielens / part, folder / target)
        await import_movielens(url, folder, progress)
    await embed_missing(pool, embedder, progress)
    async with pool.acquire() as connection:
        users = await rating_load.users_of_source(connection, _SOURCE)
        items = {row["external_id"]: row["item_id"] for row in await connection.fetch(_LISTED, _SOURCE)}

    def read(file: str) -> tuple[Rating, ...]:
        rows = (line.split("\t") for line in (movielens / file).read_text().splitlines())
        return tuple(Rating(users[user], items[item], float(stars)) for user, item, stars, _ in rows if item in items)

    return Split(read(f"{NAME}.base"), read(f"{NAME}.test"))
