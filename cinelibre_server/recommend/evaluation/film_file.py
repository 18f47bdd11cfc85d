"""Reads the films of a MovieLens folder: ids, titles and genres."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cinelibre_server.errors import StartupError
from cinelibre_server.recommend.evaluation.arrays import IntArray

_UNKNOWN = ("unknown", "(no genres listed)", "")


@dataclass(frozen=True, slots=True)
class Film:
    """A film of the file; `title` with its year, `genres` as MovieLens names them."""

    film_id: int
    title: str
    genres: tuple[str, ...] = ()


def read_films(folder: Path, rated: IntArray) -> tuple[Film, ...]:
    """All films of the folder and all that are `rated`, by id; those that no file names are called by their id.

    Raises:
        StartupError: a file of films can't be read.
    """
    try:
        films = {film.film_id: film for film in _read(folder)}
    except OSError as error:
        raise StartupError(f"{error.filename} can't be read ({error.strerror}): check its permissions") from None
    for film_id in rated.tolist():
        films.setdefault(film_id, Film(film_id, f"Film {film_id}"))
    return tuple(films[film_id] for film_id in sorted(films))


def _read(folder: Path) -> Iterator[Film]:
    if (folder / "u.item").is_file():
        genres = _genre_names(folder / "u.genre")
        for line in (folder / "u.item").read_text(encoding="latin-1").splitlines():
            fields = line.split("|")
            flags = [name for name, flag in zip(genres, fields[5:], strict=False) if flag.strip() == "1"]
            yield from _film(fields[0], fields[1:2], flags)
    elif (folder / "movies.dat").is_file():
        for line in _text(folder / "movies.dat").splitlines():
            fields = line.split("::")
            yield from _film(fields[0], fields[1:2], fields[2].split("|") if len(fields) > 2 else [])
    else:
        for name in ("movies.csv", "titles.csv"):
            if (folder / name).is_file():
                for row in csv.reader(_text(folder / name).splitlines()):
                    yield from _film(row[0] if row else "", row[1:2], row[2].split("|") if len(row) > 2 else [])
                return


def _film(film_id: str, title: list[str], genres: list[str]) -> Iterator[Film]:
    """The film, or nothing for a header and lines that are none."""
    if film_id.strip().isdigit():
        name = " ".join("".join(title).split()) or f"Film {film_id.strip()}"
        yield Film(int(film_id), name, tuple(genre for genre in genres if genre not in _UNKNOWN))


def _text(file: Path) -> str:
    """UTF-8 as in ml-latest, else Latin-1 as in ml-1m."""
    content = file.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _genre_names(file: Path) -> list[str]:
    if not file.is_file():
        return []
    return [line.split("|")[0] for line in file.read_text(encoding="latin-1").splitlines() if "|" in line]
