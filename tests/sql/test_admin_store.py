"""Changes of the catalogue: with their audit entry or not at all, safe from imports, and embedded when they must be."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import numpy as np
import pytest
from cinelibre.v1 import admin_pb2

from cinelibre_server.embedding.runtime import Embedder
from cinelibre_server.ingest.embed import embed_item, embed_missing
from cinelibre_server.ingest.starter import load_starter
from cinelibre_server.interceptors.call import AuthenticatedUser, set_current_user
from cinelibre_server.progress import silent
from cinelibre_server.search.engine import SearchEngine
from cinelibre_server.search.indexing import passage_text
from cinelibre_server.search.native_spelling import NativeSpelling
from cinelibre_server.services.admin import AdminService
from cinelibre_server.services.messages import ItemMessages
from cinelibre_server.services.paging import PageTokens
from cinelibre_server.store.admin import AdminStore, FieldValue
from cinelibre_server.store.database import Pool
from cinelibre_server.store.embeddings import list_unembedded
from cinelibre_server.store.items import ItemKind, ItemStore
from cinelibre_server.store.recommend import RecommendStore
from cinelibre_server.store.search import SearchStore
from cinelibre_server.store.users import UserStore
from tests.sql.builders import DIMENSIONS, Vector
from tests.sql.starter_files import BOOK, FILM, external_ids, write_starter

MOVIE_ID, BOOK_ID = 1, 2
NOBODY = 2**31 - 1
NEW_VALUES: dict[ItemKind, dict[str, FieldValue]] = {
    "movie": {
        "title": "New",
        "original_title": "नया",
        "year": 1999,
        "language": "ta",
        "genres": ("New",),
        "keywords": ("new",),
        "synopsis": "New.",
        "directors": ("New",),
        "cast": ("New", "Newer"),
        "runtime_minutes": 99,
        "imdb_id": "tt99999999",
    },
    "book": {
        "title": "New",
        "original_title": "नया",
        "year": 1999,
        "language": "ta",
        "genres": ("New",),
        "keywords": ("new",),
        "synopsis": "New.",
        "authors": ("New",),
        "page_count": 99,
        "isbn13": "9789999999999",
    },
}
FIELDS = [(kind, name) for kind, values in NEW_VALUES.items() for name in values]


@pytest.fixture
async def admin_id(pool: Pool, tmp_path: Path) -> int:
    """The id of an admin of a catalogue with one film and one book."""
    await load_starter(pool, write_starter(tmp_path, [FILM], [BOOK]))
    admin = await UserStore(pool).create("admin@example.com", "hash", "")
    assert admin is not None
    return admin.user_id


async def read(pool: Pool, item_id: int) -> dict[str, Any]:
    row = await pool.fetchrow(
        'select title, original_title, year, language, genres, keywords, synopsis, directors, cast_names as "cast",'
        " runtime_minutes, imdb_id, authors, page_count, isbn13 from item_details where item_id = $1",
        item_id,
    )
    assert row is not None
    return {name: tuple(value) if isinstance(value, list) else value for name, value in row.items()}


async def text(pool: Pool, kind: ItemKind, item_id: int) -> str:
    """What an embedding of the item is made from."""
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute(f"update {kind}s set embedded_text_hash = null")
        (passage,) = await list_unembedded(connection, kind, after=item_id - 1, limit=1)
        await transaction.rollback()
        return passage_text(passage)


@pytest.mark.parametrize(("kind", "name"), FIELDS)
async def test_an_item_waits_for_an_embedding_when_its_text_changes(
    pool: Pool, admin_id: int, kind: ItemKind, name: str
) -> None:
    item_id = MOVIE_ID if kind == "movie" else BOOK_ID
    await pool.execute(f"update {kind}s set embedded_text_hash = 'made'")
    values, text_before = await read(pool, item_id), await text(pool, kind, item_id)
    assert await AdminStore(pool).update(admin_id, kind, item_id, {name: NEW_VALUES[kind][name]})
    changed = await read(pool, item_id)
    assert {field for field in values if values[field] != changed[field]} >= {name}
    assert changed[name] == NEW_VALUES[kind][name]
    made_from = await pool.fetchval(f"select embedded_text_hash from {kind}s where {kind}_id = $1", item_id)
    assert (made_from is None) == (await text(pool, kind, item_id) != text_before)


async def test_a_change_without_its_entry_is_not_made(pool: Pool, admin_id: int) -> None:
    store, before = AdminStore(pool), await read(pool, MOVIE_ID)
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await store.update(NOBODY, "movie", MOVIE_ID, {"title": "New"})
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await store.set_hidden(NOBODY, MOVIE_ID, hidden=True)
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await store.create(NOBODY, "movie", NEW_VALUES["movie"])
    assert await read(pool, MOVIE_ID) == before
    assert await pool.fetchval("select count(*) from items where hidden_at is null") == 2
    with pytest.raises(asyncpg.CheckViolationError):
        await store.update(admin_id, "movie", MOVIE_ID, {"year": 3001})
    assert await store.list_entries(None, 10, None) == []


async def test_later_imports_leave_what_an_admin_set(pool: Pool, admin_id: int, tmp_path: Path) -> None:
    store = AdminStore(pool)
    edits: dict[str, FieldValue] = {"title": "Mended", "synopsis": "", "runtime_minutes": None, "cast": ("Anna",)}
    await store.update(admin_id, "movie", MOVIE_ID, edits)
    await store.set_hidden(admin_id, MOVIE_ID, hidden=True)
    newer = {**FILM, "title": "Newer", "synopsis": "Newer.", "cast": ["Newer"], "year": 2017, "genres": ["Newer"]}
    for _ in range(2):
        await load_starter(pool, write_starter(tmp_path, [newer], [BOOK]))
        film = await read(pool, MOVIE_ID)
        assert {name: film[name] for name in edits} == edits
        assert (film["year"], film["genres"], film["original_title"]) == (2017, ("Newer",), FILM["original_title"])
    assert await pool.fetchval("select hidden_at is not null from items where item_id = $1", MOVIE_ID)


async def test_shared_ids_follow_the_change(pool: Pool, admin_id: int, tmp_path: Path) -> None:
    store = AdminStore(pool)
    await store.update(admin_id, "movie", MOVIE_ID, {"imdb_id": "tt99999999"})
    assert await external_ids(pool, MOVIE_ID) == {("starter", FILM["key"]), ("imdb", "tt99999999")}
    await store.update(admin_id, "movie", MOVIE_ID, {"imdb_id": None})
    assert await external_ids(pool, MOVIE_ID) == {("starter", FILM["key"])}
    made = await store.create(admin_id, "book", {**NEW_VALUES["book"], "year": None})
    assert await external_ids(pool, made) == {("isbn13", "9789999999999")}
    # A source that knows the book by its ISBN means the one that was made, and fills its gap.
    known = {**BOOK, "key": "known-1960", "isbn13": "9789999999999", "openlibrary_id": None, "year": 1960}
    await load_starter(pool, write_starter(tmp_path, [FILM], [BOOK, known]))
    book = await read(pool, made)
    assert (book["title"], book["year"]) == ("New", 1960)
    assert await pool.fetchval("select count(*) from items") == 3


async def test_one_item_is_embedded_as_all_are(pool: Pool, admin_id: int, embedder: Embedder) -> None:
    vectors = "select embedding::text, embedded_text_hash from movies where movie_id = $1"
    await AdminStore(pool).update(admin_id, "movie", MOVIE_ID, NEW_VALUES["movie"])
    await embed_item(pool, embedder, "movie", MOVIE_ID)
    alone = await pool.fetchrow(vectors, MOVIE_ID)
    assert alone is not None
    assert None not in alone
    assert await pool.fetchval("select embedded_text_hash is null from books where book_id = $1", BOOK_ID)
    await pool.execute("update movies set embedded_text_hash = null")
    await embed_missing(pool, embedder, silent)
    again = await pool.fetchrow(vectors, MOVIE_ID)
    assert again is not None
    assert again["embedded_text_hash"] == alone["embedded_text_hash"]
    # Batches differ in the last bits.
    assert json.loads(again["embedding"]) == pytest.approx(json.loads(alone["embedding"]), abs=1e-3)


async def test_a_change_stands_when_it_cannot_be_embedded(pool: Pool, admin_id: int) -> None:
    async def fail(_kind: ItemKind, _item_id: int) -> None:
        raise RuntimeError("the model is gone")

    async def embed_nothing(_text: str) -> Vector:
        return np.zeros(DIMENSIONS, np.float32)

    service = AdminService(
        AdminStore(pool),
        ItemStore(pool),
        RecommendStore(pool),
        SearchEngine(SearchStore(pool, "a model"), embed_nothing, {}, NativeSpelling(None)),
        ItemMessages(),
        PageTokens([b"key"]),
        fail,
    )
    set_current_user(AuthenticatedUser(admin_id, uuid4(), is_admin=True))
    request = admin_pb2.UpdateMovieRequest(movie_id=MOVIE_ID, movie=admin_pb2.MovieEntry(title="Mended"))
    request.update_mask.paths.append("title")
    answer = await service.UpdateMovie(request, None)  # type: ignore[arg-type]
    assert answer.movie.title == "Mended"
    assert await pool.fetchval("select embedded_text_hash is null from movies where movie_id = $1", MOVIE_ID)
