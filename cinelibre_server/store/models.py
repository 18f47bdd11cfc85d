"""Where trained models are kept: filled beside the serving one, which they replace in one transaction."""

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg
import numpy as np
from numpy.typing import NDArray
from pgvector.asyncpg import register_vector

from cinelibre_server.store.database import Connection, connect
from cinelibre_server.store.migrate import check_schema
from cinelibre_server.store.queries import load_queries

_SQL = load_queries("training")

# Tables of the schema `model` in the order in which everybody locks them: settings first.
TABLES = ("settings", "blend", "items", "neighbors", "profiles")

_LOCK_SECONDS = 2.0
_LOCK_TRIES = 150


@dataclass(frozen=True, slots=True)
class ServingModel:
    """`measures` is what the validation of the last full training found, measure to value.

    That training had `full_rating_count` ratings; this model, updated since or not, `rating_count`.
    """

    model_id: int
    started_at: datetime
    finished_at: datetime
    rating_count: int
    full_rating_count: int
    measures: Mapping[str, float]


async def connect_for_training(url: str) -> "asyncpg.Connection[asyncpg.Record]":
    """A connection of one's own that knows vectors.

    Raises:
        StartupError: no connection, or no schema.
    """
    connection = await connect(url)
    try:
        await check_schema(connection)
        await register_vector(connection)
    except BaseException:
        await connection.close()
        raise
    return connection


async def lock_training(connection: Connection) -> bool:
    """Takes the database's training lock until the session ends; False if another training has it."""
    return bool(await connection.fetchval(_SQL["lock_training"]))


async def get_serving_model(connection: Connection) -> ServingModel | None:
    """The model that serves, or None before the first training."""
    row = await connection.fetchrow(_SQL["get_serving_model"])
    if row is None:
        return None
    return ServingModel(
        row["model_id"],
        row["started_at"],
        row["finished_at"],
        row["rating_count"],
        row["full_rating_count"],
        json.loads(row["measures"]),
    )


async def list_items(connection: Connection) -> NDArray[np.int32]:
    """The ids of the items that the serving model has learned of."""
    return np.array([row["item_id"] for row in await connection.fetch(_SQL["model_item_ids"])], np.int32)


async def count_changed_ratings(connection: Connection) -> int:
    """Ratings made or changed since the serving model's training began; all of them without a model."""
    return int(await connection.fetchval(_SQL["count_changed_ratings"]))


async def changed_xids(connection: Connection) -> Mapping[int, int]:
    """For each user with ratings the transaction that last changed them."""
    return {row["user_id"]: row["changed_xid"] for row in await connection.fetch(_SQL["list_changed_xids"])}


async def start_model(connection: Connection, rating_count: int, user_count: int, item_count: int) -> int:
    """Records that a training begins; returns the model's id."""
    return int(await connection.fetchval(_SQL["start_model"], rating_count, user_count, item_count))


async def reject_model(connection: Connection, model_id: int, measures: Mapping[str, float]) -> None:
    """Records that the model is not to serve."""
    await connection.execute(_SQL["reject_model"], model_id, json.dumps(measures))
    await connection.execute(_SQL["prune_models"])


async def create_next_tables(connection: Connection) -> None:
    """Makes empty tables for a new model, without indexes; what a broken-off training left goes."""
    await connection.execute("drop schema if exists model_next cascade; create schema model_next")
    for table in TABLES:
        kind = "unlogged table" if table == "profiles" else "table"
        await connection.execute(
            f"create {kind} model_next.{table} (like model.{table} including defaults including constraints"
            " including storage)"
        )


async def copy_rows(
    connection: Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]
) -> None:
    """Appends rows to one of the new model's tables."""
    await connection.copy_records_to_table(table, schema_name="model_next", columns=columns, records=rows)


async def index_next_tables(connection: Connection) -> None:
    """Builds the new tables' keys and indexes, the same as those of the serving ones, and their statistics."""
    # A vector index is built many times as fast at once as row after row, if it fits in memory.
    await connection.execute("set maintenance_work_mem = '256MB'")
    definitions = await connection.fetch(
        "select indexdef from pg_indexes where schemaname = 'model' order by tablename, indexname"
    )
    for row in definitions:
        await connection.execute(row["indexdef"].replace(" ON model.", " ON model_next.", 1))
    keys = await connection.fetch(
        "select k.conrelid::regclass::text as of_table, conname, pg_get_constraintdef(k.oid) as definition"
        " from pg_constraint k where k.connamespace = 'model'::regnamespace and k.contype = 'f'"
    )
    for row in keys:
        table = row["of_table"].replace("model.", "model_next.", 1)
        await connection.execute(f"alter table {table} add constraint {row['conname']} {row['definition']}")
    await connection.execute("analyze " + ", ".join(f"model_next.{table}" for table in TABLES))


async def serve_next_tables(connection: Connection, model_id: int, measures: Mapping[str, float]) -> None:
    """Puts the new tables in the place of the serving ones, in one transaction; calls that run end first.

    Raises:
        asyncpg.LockNotAvailableError: something has held the serving tables for five minutes.
    """
    for tries_left in reversed(range(_LOCK_TRIES)):
        try:
            async with connection.transaction():
                # A short wait, again and again: while it lasts, new calls wait behind it.
                await connection.execute(f"set local lock_timeout = '{int(_LOCK_SECONDS * 1000)}ms'")
                await connection.execute(
                    "lock table " + ", ".join(f"model.{table}" for table in TABLES) + " in access exclusive mode"
                )
                await connection.execute("drop schema model cascade")
                await connection.execute("alter schema model_next rename to model")
                await connection.execute(_SQL["retire_serving_model"])
                await connection.execute(_SQL["serve_model"], model_id, json.dumps(measures))
                await connection.execute(_SQL["prune_models"])
            return
        except asyncpg.LockNotAvailableError:
            if not tries_left:
                raise
            await asyncio.sleep(_LOCK_SECONDS / 4)
