"""Loads the films of a MovieLens data set into the catalogue."""

from collections.abc import Container, Iterator
from dataclasses import replace

from cinelibre_server.ingest import movielens_rows as rows
from cinelibre_server.ingest.movielens_files import MovieLensFiles
from cinelibre_server.ingest.movielens_rows import Layout, RowReader
from cinelibre_server.ingest.movielens_titles import map_genres, parse_title
from cinelibre_server.store import rating_load
from cinelibre_server.store.catalog_load import LoadCounts, MovieEntry, load_items
from cinelibre_server.store.database import Connection

_KEYWORDS = 8

# The 19 flags of u.item.
_100K_GENRES = (
    *("unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama"),
    *(
        "Fantasy",
        "Film-Noir",
        "Horror",
        "Musical",
        "Mystery",
        "Romance",
        "Sci-Fi",
        "Thriller",
        "War",
        "Western",
    ),
)


async def load_films(
    connection: Connection, files: MovieLensFiles, reader: RowReader
) -> tuple[LoadCounts, dict[int, int]]:
    """Loads the films; returns what became of them, and the item id of each id in the file.

    What the catalogue already says of a film stays, and only its gaps are filled.
    """
    films = _films(files, reader)
    imdb_ids: dict[int, str] = {}
    keywords: dict[int, tuple[str, ...]] = {}
    if files.format == "movielens" and files.has(rows.LINKS_CSV.file):
        imdb_ids = dict(_links(reader, films))
    if (tags := rows.TAGS.get(files.format)) and files.has(tags.file):
        keywords = await rating_load.top_tags(connection, _tags(reader, tags, films), _KEYWORDS)
    entries = (
        replace(film, imdb_id=imdb_ids.get(movie_ref), keywords=keywords.get(movie_ref, ()))
        for movie_ref, film in films.items()
    )
    counts = await load_items(connection, files.format, entries, overwrite=False)
    items = await rating_load.items_of_source(connection, files.format)
    return counts, {movie_ref: items[film.external_id] for movie_ref, film in films.items()}


def _films(files: MovieLensFiles, reader: RowReader) -> dict[int, MovieEntry]:
    """The films by their id in the file, in its order; without what other files say of them."""
    is_100k = files.format == "movielens-100k"
    layout = rows.MOVIES[files.format]
    films: dict[int, MovieEntry] = {}
    for line, fields in reader.texts(layout):
        movie_ref, title = rows.parse_id(fields[0]), parse_title(fields[1])
        if movie_ref is None:
            reader.reject(layout, line, rows.NOT_A_NUMBER)
        elif not title.title:
            reader.reject(layout, line, rows.NO_TITLE)
        elif movie_ref in films:
            reader.reject(layout, line, rows.REPEATED_MOVIE)
        else:
            flags = [name for name, flag in zip(_100K_GENRES, fields[5:], strict=False) if flag == "1"]
            films[movie_ref] = MovieEntry(
                external_id=str(movie_ref),
                title=title.title,
                original_title=title.original,
                year=title.year,
                genres=map_genres(flags if is_100k else fields[2].split("|")),
            )
    return films


def _links(reader: RowReader, films: Container[int]) -> Iterator[tuple[int, str]]:
    for line, fields in reader.texts(rows.LINKS_CSV):
        movie_ref, imdb_id = rows.parse_id(fields[0]), rows.parse_imdb_id(fields[1])
        if movie_ref is None:
            reader.reject(rows.LINKS_CSV, line, rows.NOT_A_NUMBER)
        elif movie_ref not in films:
            reader.reject(rows.LINKS_CSV, line, rows.UNKNOWN_MOVIE)
        elif imdb_id:
            yield movie_ref, imdb_id
        elif fields[1].strip():
            reader.reject(rows.LINKS_CSV, line, rows.BAD_IMDB_ID)


def _tags(reader: RowReader, layout: Layout, films: Container[int]) -> Iterator[tuple[int, str]]:
    for line, fields in reader.texts(layout):
        movie_ref, tag = rows.parse_id(fields[1]), rows.clean_tag(fields[2])
        if movie_ref is None:
            reader.reject(layout, line, rows.NOT_A_NUMBER)
        elif movie_ref not in films:
            reader.reject(layout, line, rows.UNKNOWN_MOVIE)
        elif not tag:
            reader.reject(layout, line, rows.BAD_TAG)
        else:
            yield movie_ref, tag
