"""A first import puts a new table in the place of ratings, and nobody notices but by the ratings in it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import asyncpg
import pytest

from cinelibre_server.errors import StartupError
from cinelibre_server.ingest.movielens import import_movielens
from cinelibre_server.store import rating_replace
from cinelibre_server.store.database import Connection, Pool, connect
from cinelibre_server.store.rating_load import RatingCounts
from tests.sql.builders import add_items, add_users, rate, rate_all
from tests.sql.test_rating_totals import totals_are_exact

_MOVIES = "movieId,title,genres\n" + "".join(f"{movie},Film {movie} (1999),Drama\n" for movie in range(1, 41))
_HEADER = "userId,movieId,rating,timestamp\n"
_SORTED = _HEADER + "".join(
    f"{user},{movie},{0.5 + (user * movie) % 10 / 2},{user + movie}\n"
    for user in range(1, 101)
    for movie in range(1, 41)
)

_MORE = "".join(f"{user},{movie},4.0,1\n" for user in range(1_000, 4_000) for movie in range(1, 41))

# All that describes a table, but for what it was numbered.
_DESCRIPTION = """
select 'column' as kind, attname::text as name, format_type(atttypid, atttypmod) || attnotnull::text || coalesce(
    (select pg_get_expr(adbin, adrelid) from pg_attrdef where adrelid = attrelid and adnum = attnum), '') as definition
from pg_attribute where attrelid = 'ratings'::regclass and attnum > 0
union all
select 'constraint ' || contype::text, conname, pg_get_constraintdef(oid) || convalidated::text
from pg_constraint where conrelid = 'ratings'::regclass
union all
select 'index', indexrelid::regclass::text, pg_get_indexdef(indexrelid) || indisprimary::text || indisvalid::text
from pg_index where indrelid = 'ratings'::regclass
union all
select 'trigger', tgname, pg_get_triggerdef(oid) || tgenabled::text
from pg_trigger where tgrelid = 'ratings'::regclass and not tgisinternal
union all
select 'table', relname, coalesce(reloptions::text, '') || relpersistence::text || relowner::regrole::text
from pg_class where oid = 'ratings'::regclass
order by kind, name
"""
_TABLES = "select count(*) from pg_class where relname in ('imported_ratings', 'unsorted_ratings')"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """100 users who rated 40 films each."""
    (tmp_path / "movies.csv").write_text(_MOVIES)
    (tmp_path / "ratings.csv").write_text(_SORTED)
    return tmp_path


async def _ratings_table(pool: Pool) -> int:
    return int(await pool.fetchval("select 'ratings'::regclass::oid"))


async def test_the_new_table_is_like_the_old_one(database_url: str, pool: Pool, folder: Path) -> None:
    before, old = await pool.fetch(_DESCRIPTION), await _ratings_table(pool)
    report = await import_movielens(database_url, folder)
    assert report.ratings == RatingCounts(added=4_000)
    assert await _ratings_table(pool) != old
    assert await pool.fetch(_DESCRIPTION) == before
    assert len(before) >= 5 + 4 + 4 + 3 + 1
    assert await pool.fetchval(_TABLES) == 0
    assert await totals_are_exact(pool)


async def test_the_new_table_keeps_its_promises(database_url: str, pool: Pool, folder: Path) -> None:
    await import_movielens(database_url, folder)
    user = await pool.fetchval("select min(user_id) from ratings")
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await rate(pool, user, 1_000_000, 5)
    with pytest.raises(asyncpg.CheckViolationError):
        await pool.execute("update ratings set half_stars = 11 where user_id = $1", user)
    with pytest.raises(asyncpg.UniqueViolationError):
        await pool.execute(
            "insert into ratings (user_id, item_id, half_stars) select user_id, item_id, 1 from ratings limit 1"
        )
    await pool.execute("delete from users where user_id = $1", user)
    await pool.execute("update ratings set half_stars = 1 where half_stars = 2")
    assert await pool.fetchval("select count(*) from ratings") == 3_960
    assert await totals_are_exact(pool)


async def test_a_file_in_any_order_comes_to_the_same(database_url: str, pool: Pool, folder: Path) -> None:
    lines = _SORTED.splitlines(keepends=True)[1:]
    # Every line again with an older time and other stars, and some with the same time before them.
    older = [line.rsplit(",", 2)[0] + ",5.0,0\n" for line in lines]
    same = [",".join([*line.split(",")[:2], "0.5", line.split(",")[3]]) for line in lines[::7]]
    (folder / "ratings.csv").write_text(_HEADER + "".join([*same, *reversed(lines), *older]))
    report = await import_movielens(database_url, folder)
    assert report.ratings == RatingCounts(added=4_000, duplicates=len(older) + len(same))
    found = await pool.fetch(
        "select users.external_id, known.external_id, ratings.half_stars, extract(epoch from updated_at)::int"
        " from ratings join users using (user_id) join item_external_ids as known using (item_id)"
    )
    expected = (line.split(",") for line in lines)
    assert {tuple(row) for row in found} == {(u, m, int(float(stars) * 2), int(time)) for u, m, stars, time in expected}
    assert await pool.fetchval(_TABLES) == 0
    assert await totals_are_exact(pool)
    again = await import_movielens(database_url, folder)
    assert again.ratings == RatingCounts(unchanged=4_000, duplicates=len(older) + len(same))


async def test_ratings_given_before_and_during_the_import_stay(database_url: str, pool: Pool, folder: Path) -> None:
    (folder / "ratings.csv").write_text(_SORTED + _MORE)
    users, items = await add_users(pool, 4), await add_items(pool, 10)
    await rate_all(pool, [(user, item, 3) for user in users for item in items])
    running = asyncio.create_task(import_movielens(database_url, folder))
    kept = {(user, item): 3 for user in users for item in items}

    async def go_on_rating(user: int) -> int:
        count = 0
        while not running.done():
            item = items[count % len(items)]
            if count % 7 == 6:
                await pool.execute("delete from ratings where user_id = $1 and item_id = $2", user, item)
                kept.pop((user, item), None)
            else:
                await rate(pool, user, item, 1 + count % 10)
                kept[user, item] = 1 + count % 10
            count += 1
        return count

    counts = await asyncio.gather(*(go_on_rating(user) for user in users))
    report = await running
    assert min(counts) > 20
    assert report.ratings == RatingCounts(added=124_000)
    found = await pool.fetch("select user_id, item_id, half_stars from ratings where user_id = any ($1)", users)
    assert {(row[0], row[1]): row[2] for row in found} == kept
    assert await totals_are_exact(pool)


async def test_a_later_rating_of_an_imported_user_counts(
    database_url: str, pool: Pool, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def rate_meanwhile(_connections: Sequence[Connection]) -> None:
        pairs = await pool.fetch("select user_id, item_id from imported_ratings order by user_id, item_id limit 2")
        for (user, item), time in zip(pairs, ("2020-01-01", "1960-01-01"), strict=True):
            await pool.execute(
                "insert into ratings (user_id, item_id, half_stars, created_at, updated_at)"
                " values ($1, $2, 10, '1950-01-01', $3::text::timestamptz)",
                *(user, item, time),
            )

    _before_replacing(monkeypatch, rate_meanwhile)
    await import_movielens(database_url, folder)
    rows = await pool.fetch(
        "select half_stars, extract(year from created_at)::int, extract(year from updated_at)::int"
        " from ratings order by user_id, item_id limit 3"
    )
    assert [tuple(row) for row in rows] == [(10, 1950, 2020), (3, 1950, 1970), (4, 1970, 1970)]
    assert await pool.fetchval("select count(*) from ratings") == 4_000
    assert await totals_are_exact(pool)


def _before_replacing(monkeypatch: pytest.MonkeyPatch, do: Callable[[Sequence[Connection]], object]) -> None:
    replace = rating_replace.replace_ratings

    async def replace_later(connections: Sequence[Connection], source: str) -> int:
        await do(connections)  # type: ignore[misc]
        return await replace(connections, source)

    monkeypatch.setattr(rating_replace, "replace_ratings", replace_later)


async def test_what_is_deleted_during_the_import_is_gone(
    database_url: str, pool: Pool, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def delete(_connections: Sequence[Connection]) -> None:
        await pool.execute("delete from items where item_id in (select min(item_id) from items)")
        await pool.execute("delete from users where user_id in (select max(user_id) from users)")

    _before_replacing(monkeypatch, delete)
    report = await import_movielens(database_url, folder)
    assert report.ratings.added == await pool.fetchval("select count(*) from ratings") == 99 * 39
    assert await totals_are_exact(pool)


async def test_what_is_deleted_while_ratings_are_read_ends_the_import(
    database_url: str, pool: Pool, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill = rating_replace.fill

    async def delete_and_fill(connection: Connection, *rest: object) -> int:
        await pool.execute("delete from items where item_id in (select min(item_id) from items)")
        return await fill(connection, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(rating_replace, "fill", delete_and_fill)
    with pytest.raises(StartupError, match="deleted during the import: import again"):
        await import_movielens(database_url, folder)
    assert await pool.fetchval(_TABLES) == 0
    assert await pool.fetchval("select count(*) from ratings") == 0
    monkeypatch.undo()
    assert (await import_movielens(database_url, folder)).ratings.added == 4_000
    assert await totals_are_exact(pool)


async def _has_view(pool: Pool) -> None:
    await pool.execute("create view best_ratings as select * from ratings where half_stars = 10")


async def _is_granted(pool: Pool) -> None:
    await pool.execute("grant select on ratings to public")


async def _has_many(pool: Pool) -> None:
    items = await add_items(pool, 150)
    await rate_all(pool, [(user, item, 3) for user in await add_users(pool, 140) for item in items])


@pytest.mark.parametrize("prepare", [_has_view, _is_granted, _has_many])
async def test_a_table_that_must_stay_is_merged_into(
    database_url: str, pool: Pool, folder: Path, prepare: Callable[[Pool], object]
) -> None:
    await prepare(pool)  # type: ignore[misc]
    table, before = await _ratings_table(pool), await pool.fetchval("select count(*) from ratings")
    report = await import_movielens(database_url, folder)
    assert report.ratings == RatingCounts(added=4_000)
    assert await _ratings_table(pool) == table
    assert await pool.fetchval("select count(*) from ratings") == before + 4_000
    assert await totals_are_exact(pool)


@pytest.fixture
async def other_session(database_url: str) -> AsyncIterator[Connection]:
    """A connection outside the pool."""
    connection = await connect(database_url)
    yield connection
    await connection.close()


async def test_a_long_transaction_is_not_waited_for_without_end(
    database_url: str, pool: Pool, folder: Path, other_session: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rating_replace, "_ATTEMPTS", 1)
    async with other_session.transaction():
        await other_session.fetch("select * from ratings")
        with pytest.raises(StartupError, match=r"a long transaction \(a backup\?\) uses the ratings"):
            await import_movielens(database_url, folder)
    assert await pool.fetchval(_TABLES) == 0
    assert await totals_are_exact(pool)


async def test_a_short_transaction_is_waited_for(
    database_url: str, pool: Pool, folder: Path, other_session: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rating_replace, "_PAUSE_SECONDS", 0.1)
    async with other_session.transaction():
        await other_session.fetch("select * from ratings")
        running = asyncio.create_task(import_movielens(database_url, folder))
        # Longer than a lock is waited for at one time.
        await asyncio.sleep(5)
        assert not running.done()
    assert (await running).ratings.added == 4_000
    assert await totals_are_exact(pool)


@pytest.mark.parametrize(
    "statement", ["copy %imported_ratings%", "create %index%imported_ratings%", "%imported_item_totals%"]
)
async def test_a_lost_connection_leaves_the_old_table(
    database_url: str, pool: Pool, folder: Path, statement: str
) -> None:
    (folder / "ratings.csv").write_text(_SORTED + _MORE)
    users, items = await add_users(pool, 2), await add_items(pool, 2)
    await rate_all(pool, [(users[0], items[0], 7)])
    running = asyncio.create_task(import_movielens(database_url, folder))
    end_session = (
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()"
        " and state = 'active' and query ilike $1 and pid <> pg_backend_pid()"
    )
    while not running.done() and not await pool.fetch(end_session, statement):
        continue
    with pytest.raises(StartupError, match="went away during the import"):
        await running
    assert await pool.fetchval("select count(*) from ratings") == 1
    await rate(pool, users[1], items[1], 4)
    assert (await import_movielens(database_url, folder)).ratings.added == 124_000
    assert await pool.fetchval("select count(*) from ratings") == 124_000 + 2
    assert await pool.fetchval(_TABLES) == 0
    assert await totals_are_exact(pool)


async def test_another_import_merges_after_the_table_is_replaced(
    database_url: str, pool: Pool, folder: Path, other_session: Connection
) -> None:
    assert await rating_replace.begin_replacing(other_session, "another")
    running = asyncio.create_task(import_movielens(database_url, folder))
    await asyncio.sleep(0.5)
    assert not running.done()
    assert await pool.fetchval("select count(*) from ratings") == 0
    await other_session.close()
    assert (await running).ratings.added == 4_000
    assert await totals_are_exact(pool)
