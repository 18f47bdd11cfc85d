"""Writes films and ratings as a folder in the ml-latest format, which an import reads."""

import csv
from collections.abc import Sequence
from pathlib import Path

from cinelibre_server.recommend.evaluation.arrays import Ratings
from cinelibre_server.recommend.evaluation.film_file import Film

_ROWS_AT_ONCE = 100_000


def write_movielens(folder: Path, films: Sequence[Film], ratings: Ratings) -> None:
    """Makes movies.csv and ratings.csv; ids in the files are our numbers of users and items + 1."""
    with (folder / "movies.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("movieId", "title", "genres"))
        for number, film in enumerate(films, start=1):
            writer.writerow((number, film.title, "|".join(film.genres) or "(no genres listed)"))
    with (folder / "ratings.csv").open("w", encoding="utf-8") as file:
        file.write("userId,movieId,rating,timestamp\n")
        for start in range(0, len(ratings), _ROWS_AT_ONCE):
            rows = slice(start, start + _ROWS_AT_ONCE)
            columns = (ratings.users[rows] + 1, ratings.items[rows] + 1, ratings.stars[rows], ratings.times[rows])
            lines = zip(*(column.tolist() for column in columns), strict=True)
            file.writelines(f"{user},{item},{stars},{time}\n" for user, item, stars, time in lines)
