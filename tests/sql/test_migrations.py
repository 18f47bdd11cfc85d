"""Migrations: the same schema from every start, safe side by side, and clear about what is wrong."""

import asyncio
import secrets
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from cinelibre_server.errors import StartupError
from cinelibre_server.resources import resource_path
from cinelibre_server.store import migrate as migrate_module
from cinelibre_server.store.database import connect
from cinelibre_server.store.migrate import check_schema, migrate

# Everything that a schema is made of, one line a fact; object ids and attribute numbers of dropped columns don't count.
SCHEMA_FACTS = """
    with ours as (select oid, nspname from pg_namespace where nspname in ('public', 'cinelibre'))
    select 'column', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull::text,
        a.attidentity::text, a.attgenerated::text, coalesce(pg_get_expr(d.adbin, d.adrelid), ''), c.relkind::text,
        c.relpersistence::text
    from pg_attribute a
    join pg_class c on c.oid = a.attrelid and c.relkind in ('r', 'v', 'm', 'p')
    join ours on ours.oid = c.relnamespace
    left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where a.attnum > 0 and not a.attisdropped
    union all
    select 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(k.oid), convalidated::text,
        '', '', '', '', ''
    from pg_constraint k join ours on ours.oid = k.connamespace
    union all
    select 'index', tablename, indexname, indexdef, '', '', '', '', '', '' from pg_indexes
    where schemaname in ('public', 'cinelibre')
    union all
    select 'trigger', tgrelid::regclass::text, tgname, pg_get_triggerdef(t.oid), tgenabled::text, '', '', '', '', ''
    from pg_trigger t join pg_class c on c.oid = t.tgrelid join ours on ours.oid = c.relnamespace where not tgisinternal
    union all
    select 'function', nspname, p.oid::regprocedure::text, pg_get_functiondef(p.oid), '', '', '', '', '', ''
    from pg_proc p join ours on ours.oid = p.pronamespace
    where not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e') and p.prokind = 'f'
    union all
    select 'view', nspname, relname, pg_get_viewdef(c.oid), '', '', '', '', '', ''
    from pg_class c join ours on ours.oid = c.relnamespace where relkind = 'v'
    union all
    select 'enum', typname, enumlabel, enumsortorder::text, '', '', '', '', '', ''
    from pg_enum e join pg_type t on t.oid = e.enumtypid join ours on ours.oid = t.typnamespace
    union all
    select 'option', relname, coalesce(array_to_string(reloptions, ' '), ''), '', '', '', '', '', '', ''
    from pg_class c join ours on ours.oid = c.relnamespace where relkind = 'r'
    union all
    select 'extension', extname, extversion, '', '', '', '', '', '', '' from pg_extension
    union all
    select 'migration', version::text, name, checksum, '', '', '', '', '', '' from schema_migrations
    order by 1, 2, 3, 4
"""

Facts = list[tuple[str, ...]]


async def schema_facts(url: str) -> Facts:
    connection = await connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(SCHEMA_FACTS)]
    finally:
        await connection.close()


async def execute(url: str, sql: str) -> None:
    connection = await connect(url)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


async def checked(url: str) -> None:
    connection = await connect(url)
    try:
        await check_schema(connection)
    finally:
        await connection.close()


@pytest.fixture
async def empty_url(cluster_url: str) -> AsyncIterator[str]:
    """A database with the extensions, which only an administrator can make, and nothing else."""
    name = f"empty_{secrets.token_hex(8)}"
    scheme, rest = cluster_url.split("@/", 1)
    await execute(cluster_url, f"create database {name}")
    yield f"{scheme}@/{name}?{rest.split('?', 1)[1]}"
    await execute(cluster_url, f"drop database {name} with (force)")


@pytest.fixture
def sql_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of sql/ that `migrate` reads instead of ours, as a later version of this program would."""
    shutil.copytree(resource_path("sql"), tmp_path / "sql")
    monkeypatch.setattr(migrate_module, "resource_path", lambda *parts: tmp_path.joinpath(*parts))
    return tmp_path / "sql"


async def test_replay_gives_the_schema_of_the_template(empty_url: str, database_url: str) -> None:
    files = sorted(resource_path("sql", "migrations").glob("*.sql"))
    assert await migrate(empty_url) == len(files) >= 2
    replayed = await schema_facts(empty_url)
    assert {fact[0] for fact in replayed} >= {"column", "constraint", "index", "trigger", "function", "view", "enum"}
    assert replayed == await schema_facts(database_url)
    await checked(empty_url)


async def test_second_run_changes_nothing(empty_url: str) -> None:
    await migrate(empty_url)
    once = await schema_facts(empty_url)
    connection = await connect(empty_url)
    functions = await connection.fetch("select oid, proname from pg_proc order by oid")
    assert await migrate(empty_url) == 0
    assert await schema_facts(empty_url) == once
    assert await connection.fetch("select oid, proname from pg_proc order by oid") == functions
    await connection.close()


async def test_migrations_at_the_same_time_are_applied_once(empty_url: str) -> None:
    counts = await asyncio.gather(*(migrate(empty_url) for _ in range(4)))
    files = sorted(resource_path("sql", "migrations").glob("*.sql"))
    assert sorted(counts) == [0, 0, 0, len(files)]
    await checked(empty_url)


async def test_new_migration_is_applied_on_top(database_url: str, sql_folder: Path) -> None:
    (sql_folder / "migrations" / "9999_create_shelves.sql").write_text(
        "create table shelves (shelf_id integer primary key);"
    )
    with pytest.raises(StartupError, match="lacks migration 9999: run `cinelibre migrate`"):
        await checked(database_url)
    reported: list[str] = []
    assert await migrate(database_url, reported.append) == 1
    assert reported == ["migration 9999_create_shelves"]
    await execute(database_url, "insert into shelves values (1)")
    await checked(database_url)


async def test_migration_that_fails_leaves_nothing_behind(database_url: str, sql_folder: Path) -> None:
    before = await schema_facts(database_url)
    (sql_folder / "migrations" / "9999_create_shelves.sql").write_text(
        "create table shelves (id integer); select 1 / 0;"
    )
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(database_url)
    assert await schema_facts(database_url) == before


async def test_changed_migration_is_refused(database_url: str, sql_folder: Path) -> None:
    path = min((sql_folder / "migrations").glob("*.sql"))
    path.write_text(path.read_text() + "\n-- an afterthought\n")
    with pytest.raises(StartupError, match=f"migration {path.name} was changed after it was applied: restore the file"):
        await migrate(database_url)


async def test_changed_functions_are_made_again_with_their_triggers(database_url: str, sql_folder: Path) -> None:
    before = await schema_facts(database_url)
    path = sql_folder / "functions" / "recommend" / "get_neighbors.sql"
    path.write_text(path.read_text().replace("p_min_overlap integer default 3", "p_min_overlap integer default 4"))
    (sql_folder / "functions" / "items" / "count_items.sql").write_text(
        "create function cinelibre.count_items() returns bigint language sql stable"
        " as $$ select count(*) from public.items $$;"
    )
    with pytest.raises(StartupError, match="SQL functions are of another version: run `cinelibre migrate`"):
        await checked(database_url)
    assert await migrate(database_url) == 0
    await checked(database_url)
    after = await schema_facts(database_url)
    changed = {fact[2] for fact in set(before) ^ set(after)}
    assert {name.split("(")[0].removeprefix("cinelibre.") for name in changed} == {"get_neighbors", "count_items"}

    (sql_folder / "functions" / "items" / "count_items.sql").unlink()
    path.write_text(path.read_text().replace("p_min_overlap integer default 4", "p_min_overlap integer default 3"))
    await migrate(database_url)
    assert await schema_facts(database_url) == before


async def test_new_functions_forget_what_the_old_ones_kept(database_url: str, sql_folder: Path) -> None:
    await execute(database_url, "insert into users (source, external_id) values ('test', '1')")
    await execute(
        database_url,
        "insert into user_neighborhoods (user_id, computed_xmin, neighbor_ids, correlations, common_counts)"
        " select user_id, '3', '{}', '{}', '{}' from users",
    )
    await migrate(database_url)
    connection = await connect(database_url)
    assert await connection.fetchval("select count(*) from user_neighborhoods") == 1
    path = sql_folder / "functions" / "recommend" / "get_neighbors.sql"
    path.write_text(path.read_text() + "\n")
    await migrate(database_url)
    assert await connection.fetchval("select count(*) from user_neighborhoods") == 0
    await connection.close()


async def test_functions_that_fail_leave_the_old_ones(database_url: str, sql_folder: Path) -> None:
    before = await schema_facts(database_url)
    (sql_folder / "functions" / "items" / "zzz.sql").write_text("create function broken(")
    with pytest.raises(asyncpg.PostgresSyntaxError):
        await migrate(database_url)
    assert await schema_facts(database_url) == before


async def test_ratings_count_again_after_functions_were_made_again(database_url: str, sql_folder: Path) -> None:
    path = sql_folder / "functions" / "recommend" / "get_neighbors.sql"
    path.write_text(path.read_text() + "\n")
    await migrate(database_url)
    connection = await connect(database_url)
    await connection.execute("insert into users (source, external_id) values ('test', '1')")
    await connection.execute("insert into items (item_type, title, original_title) values ('movie', 'One', 'One')")
    await connection.execute("insert into ratings (user_id, item_id, half_stars) values (1, 1, 7)")
    totals = await connection.fetchrow("select rating_count, half_stars_sum from item_rating_totals where item_id = 1")
    assert totals is not None
    assert tuple(totals) == (1, 7)
    await connection.close()


async def test_check_tells_an_empty_database(empty_url: str) -> None:
    with pytest.raises(StartupError, match="has no CineLibre schema yet: run `cinelibre migrate`"):
        await checked(empty_url)


async def test_check_tells_a_database_of_a_newer_version(database_url: str) -> None:
    await checked(database_url)
    await execute(database_url, "insert into schema_migrations (version, name, checksum) values (9999, 'later', '')")
    with pytest.raises(StartupError, match="has migration 9999 of a newer CineLibre: upgrade this one"):
        await checked(database_url)


async def test_unreachable_database_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(StartupError, match="can't be reached") as raised:
        await migrate(f"postgresql://nobody@/nothing?host={tmp_path}")
    assert "\n" not in str(raised.value)
