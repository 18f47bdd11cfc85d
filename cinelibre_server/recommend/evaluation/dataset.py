"""Reads a folder in any of the MovieLens formats for an evaluation.

ml-100k (u.data, u.item, perhaps u1.base to u5.test), ml-latest (ratings.csv, movies.csv) and the `::` format of ml-1m
and ml-10m, and what is near to them: columns in another order or without times, and no file of films at all.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np

from cinelibre_server.errors import StartupError
from cinelibre_server.progress import Progress, silent
from cinelibre_server.recommend.evaluation.arrays import IntArray, Ratings, Split
from cinelibre_server.recommend.evaluation.film_file import Film, read_films
from cinelibre_server.recommend.evaluation.rating_file import RatingRows, read_ratings

_RATING_FILES = ("u.data", "ratings.csv", "ratings.dat", "ratings*.csv", "ratings*.dat")
_SPLITS = range(1, 6)

Pair: TypeAlias = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Dataset:
    """`films` and all item numbers are in the order of the films' ids, `user_count` users are numbered likewise.

    Ratings are in the order of the file; `official` are its u1 to u5. `has_times` is False where the file has no
    times: then times only count up. `skipped` lines could not be read or were rated again later.
    """

    name: str
    ratings: Ratings
    user_count: int
    films: tuple[Film, ...]
    official: tuple[Split, ...]
    has_times: bool
    skipped: int

    @property
    def item_count(self) -> int:
        """All films, rated or not."""
        return len(self.films)


def read_dataset(path: Path, progress: Progress) -> Dataset:
    """The data set in the folder, or in the first folder within it that has one.

    Raises:
        StartupError: there is none, or it has no rating that can be read.
    """
    file = _find(path)
    rows = read_ratings(file, progress)
    if not len(rows.stars):
        raise StartupError(f"{file} has no rating that can be read: lines should be user, film, stars, time")
    kept = _latest_of_each_pair(rows)
    films = read_films(file.parent, np.unique(rows.items[kept]))
    film_ids = np.array([film.film_id for film in films], dtype=np.int64)
    user_ids, users = np.unique(rows.users[kept], return_inverse=True)
    items = np.searchsorted(film_ids, rows.items[kept])
    return Dataset(
        name=file.parent.resolve().name,
        ratings=Ratings(users.astype(np.int64), items.astype(np.int64), rows.stars[kept], rows.times[kept]),
        user_count=len(user_ids),
        films=films,
        official=tuple(_official_splits(file, rows, kept)),
        has_times=rows.has_times,
        skipped=rows.skipped + len(rows.stars) - len(kept),
    )


def _find(path: Path) -> Path:
    try:
        folders = (path, *sorted(folder for folder in path.iterdir() if folder.is_dir()))
    except OSError as error:
        raise StartupError(
            f"{path} can't be read ({error.strerror}): give the folder of a MovieLens data set"
        ) from None
    for folder in folders:
        for pattern in _RATING_FILES:
            if found := sorted(folder.glob(pattern)):
                return found[0]
    raise StartupError(f"{path} is no MovieLens data set: looked for u.data, ratings.csv and ratings.dat")


def _latest_of_each_pair(rows: RatingRows) -> IntArray:
    """The rows, in file order, that no later rating of the same user and film replaces."""
    order = np.lexsort((np.arange(len(rows.stars)), rows.times, rows.items, rows.users))
    users, items = rows.users[order], rows.items[order]
    last = np.append((users[1:] != users[:-1]) | (items[1:] != items[:-1]), True)
    return np.sort(order[last])


def _official_splits(file: Path, rows: RatingRows, kept: IntArray) -> Iterator[Split]:
    """u1 to u5 as rows of the kept ratings, if all ten files are there and hold those ratings."""
    parts = [(file.parent / f"u{number}.base", file.parent / f"u{number}.test") for number in _SPLITS]
    if file.name != "u.data" or not all(part.is_file() for pair in parts for part in pair):
        return
    place = {
        pair: row for row, pair in enumerate(zip(rows.users[kept].tolist(), rows.items[kept].tolist(), strict=True))
    }
    for number, (base, test) in zip(_SPLITS, parts, strict=True):
        yield Split(f"u{number}", _places(base, place), _places(test, place))


def _places(file: Path, place: dict[Pair, int]) -> IntArray:
    rows = read_ratings(file, silent)
    try:
        pairs = zip(rows.users.tolist(), rows.items.tolist(), strict=True)
        return np.array([place[pair] for pair in pairs], dtype=np.int64)
    except KeyError as error:
        user, film = error.args[0]
        raise StartupError(f"{file} has a rating by user {user} of film {film} that u.data has not") from None
