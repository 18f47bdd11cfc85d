"""Importing MovieLens: the real 100K set where it is at hand, and small sets with every kind of row."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cinelibre_server.errors import StartupError
from cinelibre_server.ingest import movielens_rows as rows
from cinelibre_server.ingest.movielens import import_movielens
from cinelibre_server.ingest.starter import load_starter
from cinelibre_server.store.catalog_load import LoadCounts
from cinelibre_server.store.database import Pool, connect
from cinelibre_server.store.rating_load import RatingCounts, lock_import

MOVIES = """movieId,title,genres
1,Dangal (2016),Drama|IMAX
2,"Hate (Haine, La) (1995)",Crime|Sci-Fi
3,Sholay (1975),Action|Adventure
"""
RATINGS = """userId,movieId,rating,timestamp
10,1,4.5,1000000000
10,2,0.5,1000000001
20,1,5.0,1000000002
"""

# Every row version has its own xmin and place, so a row that was written again shows.
_ROW_VERSIONS = """
select 'rating', user_id, item_id, xmin::text, ctid::text from ratings
union all select 'user', user_id, 0, xmin::text, ctid::text from users
union all select 'item', item_id, 0, xmin::text, ctid::text from items
union all select 'movie', movie_id, 0, xmin::text, ctid::text from movies
union all select 'external id', item_id, 0, xmin::text, ctid::text from item_external_ids
union all select 'item total', item_id, 0, xmin::text, ctid::text from item_rating_totals
union all select 'user total', user_id, 0, xmin::text, ctid::text from user_rating_totals
order by 1, 2, 3, 4, 5
"""


def _write(folder: Path, **files: str) -> Path:
    for name, text in {"movies": MOVIES, "ratings": RATINGS, **files}.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


async def stored_ratings(pool: Pool) -> list[tuple[str, str, int]]:
    """(The file's user id, its movie id, half stars) of all ratings."""
    found = await pool.fetch(
        "select users.external_id, known.external_id, ratings.half_stars from ratings"
        " join users using (user_id) join item_external_ids as known using (item_id)"
        " where known.source = users.source order by users.external_id, known.external_id"
    )
    return [(row[0], row[1], row[2]) for row in found]


async def test_films_users_and_ratings_arrive(database_url: str, pool: Pool, tmp_path: Path) -> None:
    report = await import_movielens(database_url, _write(tmp_path))
    assert report.source == "movielens"
    assert report.items == LoadCounts(added=3, changed=0, unchanged=0)
    assert (report.users_added, report.users_unchanged, report.user_ids) == (2, 0, (1, 2))
    assert report.ratings == RatingCounts(added=3)
    assert report.bad_rows == ()
    assert await stored_ratings(pool) == [("10", "1", 9), ("10", "2", 1), ("20", "1", 10)]
    film = await pool.fetchrow(
        "select items.item_type, title, original_title, year, language, genres, keywords, embedding,"
        " embedded_text_hash"
        " from items join movies on movie_id = item_id where title = 'Hate'"
    )
    assert film is not None
    assert tuple(film) == (
        "movie", "Hate", "La Haine", 1995, None, ["Crime", "Science Fiction"], [], None, None
    )  # fmt: skip
    times = await pool.fetchrow("select created_at, updated_at from ratings where half_stars = 9")
    assert times is not None
    assert set(times) == {datetime(2001, 9, 9, 1, 46, 40, tzinfo=UTC)}


async def test_nobody_can_log_in_as_an_imported_user(database_url: str, pool: Pool, tmp_path: Path) -> None:
    await import_movielens(database_url, _write(tmp_path))
    found = await pool.fetch("select email, password_hash, source, external_id from users order by user_id")
    assert [tuple(row) for row in found] == [(None, None, "movielens", "10"), (None, None, "movielens", "20")]


async def test_importing_again_writes_no_row(database_url: str, pool: Pool, tmp_path: Path) -> None:
    folder = _write(
        tmp_path,
        links="movieId,imdbId,tmdbId\n1,5074352,360814\n",
        tags="userId,movieId,tag,timestamp\n10,1,Wrestling,1\n",
        ratings=RATINGS + "10,1,1.0,999999999\n",
    )
    await import_movielens(database_url, folder)
    before = await pool.fetch(_ROW_VERSIONS)
    report = await import_movielens(database_url, folder)
    assert await pool.fetch(_ROW_VERSIONS) == before
    assert report.items == LoadCounts(added=0, changed=0, unchanged=3)
    assert (report.users_added, report.users_unchanged) == (0, 2)
    assert report.ratings == RatingCounts(unchanged=3, duplicates=1)


async def test_the_latest_rating_of_a_pair_wins_in_a_file_and_across_files(
    database_url: str, pool: Pool, tmp_path: Path
) -> None:
    header = RATINGS.splitlines()[0] + "\n"
    twice = "10,1,2.0,500\n10,1,3.0,700\n10,1,1.0,600\n10,2,1.0,500\n10,2,1.5,500\n"
    report = await import_movielens(database_url, _write(tmp_path, ratings=header + twice))
    assert report.ratings == RatingCounts(added=2, duplicates=3)
    assert await stored_ratings(pool) == [("10", "1", 6), ("10", "2", 3)]

    later = "10,1,5.0,800\n10,2,5.0,400\n"
    report = await import_movielens(database_url, _write(tmp_path, ratings=header + later))
    assert report.ratings == RatingCounts(changed=1, unchanged=1)
    assert await stored_ratings(pool) == [("10", "1", 10), ("10", "2", 3)]
    times = await pool.fetchrow(
        "select extract(epoch from created_at)::int, extract(epoch from updated_at)::int from ratings"
        " where half_stars = 10"
    )
    assert times is not None
    assert tuple(times) == (700, 800)


async def test_bad_rows_are_counted_with_their_lines_and_the_rest_is_imported(
    database_url: str, pool: Pool, tmp_path: Path
) -> None:
    folder = _write(
        tmp_path,
        movies=MOVIES + "x,Deewaar (1975),Drama\n4,(1975),Drama\n3,Sholay again (1975),Drama\n5,Two fields\n",
        ratings=RATINGS + "20,9,4.0,1\n20,2,7.0,1\n20,2\nyou,2,4.0,1\n20,3,4.0,1\n",
        links="movieId,imdbId,tmdbId\n1,none,\n2,,\n77,0000001,\n",
        tags="userId,movieId,tag,timestamp\n10,88,far,1\n10,1, ,1\n",
    )
    report = await import_movielens(database_url, folder)
    assert {bad.reason: bad.places for bad in report.bad_rows} == {
        rows.UNKNOWN_MOVIE: ("links.csv:4", "tags.csv:2", "ratings.csv:5"),
        rows.NOT_A_NUMBER: ("movies.csv:5", "ratings.csv:8"),
        rows.WRONG_FIELDS: ("movies.csv:8", "ratings.csv:7"),
        rows.NO_TITLE: ("movies.csv:6",),
        rows.REPEATED_MOVIE: ("movies.csv:7",),
        rows.BAD_STARS: ("ratings.csv:6",),
        rows.BAD_IMDB_ID: ("links.csv:2",),
        rows.BAD_TAG: ("tags.csv:3",),
    }
    assert report.bad_row_count == 12
    assert f"skipped: 3 rows, {rows.UNKNOWN_MOVIE}: links.csv:4, tags.csv:2, ratings.csv:5" in report.lines()
    assert len(await stored_ratings(pool)) == report.ratings.added == 4


async def test_a_film_of_the_catalogue_is_found_by_its_imdb_id(database_url: str, pool: Pool, tmp_path: Path) -> None:
    await load_starter(pool)
    known = await pool.fetchrow(
        "select movie_id, imdb_id, title, synopsis, genres from movies join items on item_id = movie_id"
        " where imdb_id is not null and synopsis <> '' order by movie_id limit 1"
    )
    assert known is not None
    count = await pool.fetchval("select count(*) from items")
    links = f"movieId,imdbId,tmdbId\n2,{known['imdb_id'].removeprefix('tt')},\n"
    report = await import_movielens(database_url, _write(tmp_path, links=links))
    assert report.items == LoadCounts(added=2, changed=0, unchanged=1)
    assert await pool.fetchval("select count(*) from items") == count + 2
    assert await pool.fetchval(
        "select item_id from item_external_ids where source = 'movielens' and external_id = '2'"
    ) == known["movie_id"]  # fmt: skip
    after = await pool.fetchrow("select title, synopsis, genres from items where item_id = $1", known["movie_id"])
    assert after is not None
    assert tuple(after) == (known["title"], known["synopsis"], known["genres"])


async def test_a_later_starter_catalogue_describes_an_imported_film(
    database_url: str, pool: Pool, tmp_path: Path
) -> None:
    links = "movieId,imdbId,tmdbId\n1,5074352,\n"
    await import_movielens(database_url, _write(tmp_path, links=links))
    film = (
        '{"key": "dangal-2016", "title": "Dangal", "original_title": "दंगल", "year": 2016, "language": "hi",'
        ' "genres": ["Drama", "Sport"], "directors": ["Nitesh Tiwari"], "cast": [], "keywords": [],'
        ' "synopsis": "A wrestler.", "runtime_minutes": 161, "imdb_id": "tt5074352"}\n'
    )
    (tmp_path / "movies.jsonl").write_text(film, encoding="utf-8")
    (tmp_path / "books.jsonl").touch()
    assert await load_starter(pool, tmp_path) == LoadCounts(added=0, changed=1, unchanged=0)
    before = await pool.fetch(_ROW_VERSIONS)
    await import_movielens(database_url, _write(tmp_path, links=links))
    assert await load_starter(pool, tmp_path) == LoadCounts(added=0, changed=0, unchanged=1)
    assert await pool.fetch(_ROW_VERSIONS) == before
    assert await pool.fetchval("select original_title from items where title = 'Dangal'") == "दंगल"


async def test_two_films_of_a_file_that_are_one_of_ours_share_it(database_url: str, pool: Pool, tmp_path: Path) -> None:
    links = "movieId,imdbId,tmdbId\n1,5074352,\n"
    await import_movielens(database_url, _write(tmp_path, links=links))
    links += "3,5074352,\n"
    ratings = RATINGS + "10,3,2.0,1000000005\n"
    twin = tmp_path / "twin"
    twin.mkdir()
    report = await import_movielens(database_url, _write(twin, links=links, ratings=ratings))
    assert report.items.unchanged == 3
    # Known by its own id already, film 3 stays itself, and the IMDb id stays where it is.
    assert report.ratings == RatingCounts(added=1, unchanged=3)
    assert await pool.fetchval("select count(*) from movies where imdb_id is not null") == 1


async def test_the_most_given_tags_are_the_keywords(database_url: str, pool: Pool, tmp_path: Path) -> None:
    given = ["Wrestling", "wrestling ", "family", "Family", "WRESTLING", *"abcdefghij"]
    tags = "userId,movieId,tag,timestamp\n" + "".join(f"10,1,{tag},1\n" for tag in given)
    await import_movielens(database_url, _write(tmp_path, tags=tags))
    keywords = await pool.fetchval("select keywords from items where title = 'Dangal'")
    assert keywords == ["wrestling", "family", "a", "b", "c", "d", "e", "f"]


async def test_an_interrupted_import_is_completed_by_the_next(database_url: str, pool: Pool, tmp_path: Path) -> None:
    folder = _write(tmp_path)
    await import_movielens(database_url, folder)
    await pool.execute("delete from ratings where half_stars = 1")
    await pool.execute("delete from users where external_id = '20'")
    report = await import_movielens(database_url, folder)
    assert (report.users_added, report.ratings) == (1, RatingCounts(added=2, unchanged=1))
    assert len(await stored_ratings(pool)) == 3


async def test_two_imports_of_a_source_do_not_mix(database_url: str, tmp_path: Path) -> None:
    other = await connect(database_url)
    assert await lock_import(other, "movielens")
    with pytest.raises(StartupError, match="another import of movielens is running"):
        await import_movielens(database_url, _write(tmp_path))
    await other.close()


async def test_a_database_that_goes_away_is_one_clear_line(database_url: str, pool: Pool, tmp_path: Path) -> None:
    await import_movielens(database_url, _write(tmp_path))
    ratings = RATINGS + "".join(f"{user},1,4.0,1\n" for user in range(100, 60_000))
    running = asyncio.create_task(import_movielens(database_url, _write(tmp_path, ratings=ratings)))
    end_sessions = (
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where datname = current_database() and query like '%staged_ratings%' and application_name <> 'cinelibre'"
    )
    while not running.done() and not await pool.fetch(end_sessions):
        continue
    with pytest.raises(StartupError, match="went away during the import"):
        await running


async def test_a_database_without_schema_is_refused(cluster_url: str, tmp_path: Path) -> None:
    with pytest.raises(StartupError, match="cinelibre migrate"):
        await import_movielens(cluster_url, _write(tmp_path))


async def test_movielens_100k(database_url: str, pool: Pool, shared_data: Path) -> None:
    folder = shared_data / "ml-100k"
    report = await import_movielens(database_url, folder)
    assert report.items.added == 1682
    assert (report.users_added, report.user_ids) == (943, (1, 943))
    assert report.ratings == RatingCounts(added=100_000)
    assert report.bad_rows == ()
    # The 18 titles that are in the file twice are separate films.
    assert await pool.fetchval("select count(*) from (select distinct title, year from items) as titles") == 1664
    half_stars: dict[str, int] = {}
    for line in (folder / "u.data").read_text().splitlines():
        _user, movie, stars, _time = line.split("\t")
        half_stars[movie] = half_stars.get(movie, 0) + 2 * int(stars)
    totals = await pool.fetch(
        "select external_id, half_stars_sum from item_rating_totals join item_external_ids using (item_id)"
    )
    assert {row["external_id"]: row["half_stars_sum"] for row in totals} == half_stars
    assert await pool.fetchval("select sum(rating_count) from user_rating_totals") == 100_000
    again = await import_movielens(database_url, folder)
    assert again.ratings == RatingCounts(unchanged=100_000)
    assert again.items.unchanged == 1682
