"""The formats that MovieLens has been published in, each with all that is in its folder or zip."""

import zipfile
from pathlib import Path

import pytest

from cinelibre_server.ingest import movielens_rows as rows
from cinelibre_server.ingest.movielens import import_movielens
from cinelibre_server.store.database import Pool
from cinelibre_server.store.rating_load import RatingCounts
from tests.sql.test_import_movielens import MOVIES, RATINGS, stored_ratings


async def test_a_zip_in_the_100k_format(database_url: str, pool: Pool, tmp_path: Path) -> None:
    flags = "0|" * 4 + "1|" + "0|" * 13 + "1"
    item = f"7|Mépris, Le (1963)|01-Jan-1963||http://example.org|{flags}\n"
    path = tmp_path / "ml-100k.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ml-100k/u.item", item.encode("latin-1"))
        archive.writestr("ml-100k/u.data", "3\t7\t4\t881250949\n3\t8\t4\t881250949\n")
        archive.writestr("ml-100k/u.user", "3|24|M|writer|85711\n4|30|F|other|94043\nx|1|M|none|0\n")
    report = await import_movielens(database_url, path)
    assert report.source == "movielens-100k"
    assert report.users_added == 2
    assert {bad.reason: bad.places for bad in report.bad_rows} == {
        rows.UNKNOWN_MOVIE: ("u.data:2",),
        rows.NOT_A_NUMBER: ("u.user:3",),
    }
    assert await stored_ratings(pool) == [("3", "7", 8)]
    film = await pool.fetchrow("select title, year, genres from items")
    assert film is not None
    assert tuple(film) == ("Le Mépris", 1963, ["Family", "Western"])


async def test_the_10m_format_with_tags(database_url: str, pool: Pool, tmp_path: Path) -> None:
    (tmp_path / "movies.dat").write_text("7::Dangal (2016)::Drama|IMAX\n8::Matrix, The (1999)::Sci-Fi\n")
    (tmp_path / "ratings.dat").write_text("3::7::4.5::881250949\n5::8::1::881250949\n5::9::1::881250949\n")
    (tmp_path / "tags.dat").write_text("3::7::wrestling::1\n3::9::none::1\n")
    report = await import_movielens(database_url, tmp_path)
    assert report.source == "movielens-10m"
    assert {bad.reason: bad.places for bad in report.bad_rows} == {rows.UNKNOWN_MOVIE: ("tags.dat:2", "ratings.dat:3")}
    assert await stored_ratings(pool) == [("3", "7", 9), ("5", "8", 2)]
    films = await pool.fetch("select title, year, genres, keywords from items order by item_id")
    assert [tuple(film) for film in films] == [
        ("Dangal", 2016, ["Drama"], ["wrestling"]),
        ("The Matrix", 1999, ["Science Fiction"], []),
    ]


@pytest.mark.parametrize(
    ("name", "others"),
    [
        ("ml-20m", ["genome-scores.csv", "genome-tags.csv", "README.txt"]),
        ("ml-25m", ["genome-scores.csv", "genome-tags.csv", "README.txt"]),
        ("ml-32m", ["checksums.txt", "README.txt"]),
    ],
)
async def test_the_zips_of_csv_with_all_that_is_in_them(
    database_url: str, pool: Pool, tmp_path: Path, name: str, others: list[str]
) -> None:
    path = tmp_path / f"{name}.zip"
    contents = {
        "movies.csv": MOVIES,
        "ratings.csv": RATINGS,
        "links.csv": "movieId,imdbId,tmdbId\n1,5074352,360814\n2,,\n",
        "tags.csv": 'userId,movieId,tag,timestamp\n10,1,"wrestling, and more",1\n',
        **dict.fromkeys(others, "nothing to import\n"),
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file, text in contents.items():
            archive.writestr(f"{name}/{file}", text.replace("\n", "\r\n"))
    report = await import_movielens(database_url, path)
    assert (report.source, report.items.added, report.ratings) == ("movielens", 3, RatingCounts(added=3))
    assert report.bad_rows == ()
    film = await pool.fetchrow(
        "select imdb_id, keywords from items join movies on movie_id = item_id where year = 2016"
    )
    assert film is not None
    assert tuple(film) == ("tt5074352", ["wrestling, and more"])


async def test_the_1m_format_with_users(database_url: str, pool: Pool, tmp_path: Path) -> None:
    (tmp_path / "movies.dat").write_bytes("7::Mépris, Le (1963)::Drama\n".encode("latin-1"))
    (tmp_path / "ratings.dat").write_text("3::7::4::881250949\n")
    (tmp_path / "users.dat").write_text("3::F::1::10::48067\n4::M::56::16::70072\nx::M::1::1::1\n")
    report = await import_movielens(database_url, tmp_path)
    assert (report.source, report.users_added) == ("movielens-1m", 2)
    assert {bad.reason: bad.places for bad in report.bad_rows} == {rows.NOT_A_NUMBER: ("users.dat:3",)}
    assert await stored_ratings(pool) == [("3", "7", 8)]
    assert await pool.fetchval("select title from items") == "Le Mépris"
