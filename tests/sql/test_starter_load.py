"""The starter catalogue in the database, and the embeddings of films and books."""

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from numpy.typing import NDArray

from cinelibre_server.embedding.model import ModelIdentity
from cinelibre_server.embedding.runtime import Embedder
from cinelibre_server.errors import StartupError
from cinelibre_server.ingest.embed import (
    check_embedding_model,
    embed_missing,
    reembed,
)
from cinelibre_server.ingest.starter import load_starter
from cinelibre_server.search.indexing import passage_text
from cinelibre_server.store.catalog_load import LoadCounts
from cinelibre_server.store.database import Pool
from cinelibre_server.store.embeddings import Passage
from tests.sql.starter_files import BOOK, FILM, SECOND_FILM, external_ids, write_starter

_ROW_VERSIONS = """
select item_id, xmin::text, ctid::text from items
union all select movie_id, xmin::text, ctid::text from movies
union all select book_id, xmin::text, ctid::text from books
union all select item_id, xmin::text, ctid::text from item_external_ids
order by 1, 2, 3
"""


async def test_the_shipped_catalogue_gets_ids_in_the_order_of_its_files(pool: Pool) -> None:
    counts = await load_starter(pool)
    assert counts.added >= 200
    found = await pool.fetch(
        "select item_id, item_type from items join item_external_ids using (item_id)"
        " where source = 'starter' order by item_id"
    )
    assert [row["item_id"] for row in found] == list(range(1, counts.added + 1))
    types = [row["item_type"] for row in found]
    assert types == sorted(types, key=["movie", "book"].index)


async def test_loading_again_writes_no_row(pool: Pool) -> None:
    first = await load_starter(pool)
    before = await pool.fetch(_ROW_VERSIONS)
    assert await load_starter(pool) == LoadCounts(added=0, changed=0, unchanged=first.added)
    assert await pool.fetch(_ROW_VERSIONS) == before


async def test_every_field_arrives(pool: Pool, tmp_path: Path) -> None:
    await load_starter(pool, write_starter(tmp_path, [FILM], [BOOK]))
    film = await pool.fetchrow(
        "select title, original_title, year, language, genres, keywords, synopsis, directors,"
        ' cast_names as "cast", runtime_minutes, imdb_id from items join movies on movie_id = item_id'
    )
    assert film is not None
    assert dict(film) == {name: value for name, value in FILM.items() if name != "key"}
    book = await pool.fetchrow(
        "select title, original_title, year, language, genres, keywords, synopsis, authors, page_count, isbn13"
        " from items join books on book_id = item_id"
    )
    assert book is not None
    assert dict(book) == {name: BOOK[name] for name in book.keys()}  # noqa: SIM118 (a Record is no mapping)
    assert await external_ids(pool, 1) == {("starter", "dangal-2016"), ("imdb", "tt5074352")}
    assert await external_ids(pool, 2) == {
        ("starter", "the-guide-1958"),
        ("isbn13", "9780143039648"),
        ("openlibrary", "OL15834W"),
    }


async def test_a_changed_entry_is_updated_and_waits_for_a_new_embedding(pool: Pool, tmp_path: Path) -> None:
    await load_starter(pool, write_starter(tmp_path, [FILM, SECOND_FILM], [BOOK]))
    await pool.execute("update movies set embedded_text_hash = 'made'")
    await pool.execute("update books set embedded_text_hash = 'made'")
    changed = {**FILM, "synopsis": "Another text."}
    counts = await load_starter(pool, write_starter(tmp_path, [changed, SECOND_FILM], [BOOK]))
    assert counts == LoadCounts(added=0, changed=1, unchanged=2)
    assert await pool.fetchval("select synopsis from items where item_id = 1") == "Another text."
    assert await pool.fetchval("select array_agg(movie_id) from movies where embedded_text_hash is null") == [1]
    assert await pool.fetchval("select count(*) from books where embedded_text_hash is null") == 0


async def test_what_the_starter_does_not_know_stays(pool: Pool, tmp_path: Path) -> None:
    await load_starter(pool, write_starter(tmp_path, [FILM]))
    poorer = {**FILM, "runtime_minutes": None, "keywords": [], "synopsis": "", "imdb_id": None}
    assert (await load_starter(pool, write_starter(tmp_path, [poorer]))).unchanged == 1
    assert await pool.fetchval("select runtime_minutes from movies") == 161


async def test_new_entries_come_after_and_removed_ones_stay(pool: Pool, tmp_path: Path) -> None:
    await load_starter(pool, write_starter(tmp_path, [FILM], [BOOK]))
    counts = await load_starter(pool, write_starter(tmp_path, [SECOND_FILM], [BOOK]))
    assert counts == LoadCounts(added=1, changed=0, unchanged=1)
    titles = await pool.fetch("select title from items order by item_id")
    assert [row["title"] for row in titles] == ["Dangal", "The Guide", "Sholay"]


async def test_a_corrected_imdb_id_leaves_no_pointer_behind(pool: Pool, tmp_path: Path) -> None:
    await load_starter(pool, write_starter(tmp_path, [FILM]))
    await load_starter(pool, write_starter(tmp_path, [{**FILM, "imdb_id": "tt0000001"}]))
    assert await external_ids(pool, 1) == {("starter", "dangal-2016"), ("imdb", "tt0000001")}


async def test_an_imdb_id_in_use_is_left_to_its_film(pool: Pool, tmp_path: Path) -> None:
    await load_starter(pool, write_starter(tmp_path, [FILM, SECOND_FILM]))
    claimed = {**SECOND_FILM, "imdb_id": FILM["imdb_id"]}
    assert (await load_starter(pool, write_starter(tmp_path, [FILM, claimed]))).changed == 0
    assert await pool.fetchval("select movie_id from movies where imdb_id is not null") == 1


async def test_an_id_twice_is_an_error_and_loads_nothing(pool: Pool, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="starter has two entries with the same id"):
        await load_starter(pool, write_starter(tmp_path, [FILM], [{**BOOK, "key": FILM["key"]}]))
    assert await pool.fetchval("select count(*) from items") == 0


def test_the_text_of_a_passage_has_all_that_describes_the_item() -> None:
    passage = Passage(1, "Dangal", "दंगल", 2016, ("A", "B"), ("Drama",), ("x", "y"), "They wrestle.")
    assert passage_text(passage) == "Dangal. दंगल. 2016. A, B. Drama. x, y. They wrestle."
    bare = Passage(2, "Sholay", "Sholay", None, (), (), (), "")
    assert passage_text(bare) == "Sholay"


async def test_missing_embeddings_are_made_and_only_these(pool: Pool, embedder: Embedder, tmp_path: Path) -> None:
    await load_starter(pool, write_starter(tmp_path, [FILM, SECOND_FILM], [BOOK]))
    assert await embed_missing(pool, embedder) == 3
    stored = await pool.fetchval("select embedding from movies where movie_id = 1")
    text = "Dangal. दंगल. 2016. Nitesh Tiwari, Aamir Khan, Fatima Sana Shaikh. Drama, Sport. wrestling. " + str(
        FILM["synopsis"]
    )
    (expected,) = await embedder.embed_passages([text])
    np.testing.assert_allclose(stored.to_numpy(), expected, atol=0.05)
    assert await pool.fetchval("select count(*) from books where embedding is not null") == 1
    assert await embed_missing(pool, embedder) == 0
    await load_starter(pool, write_starter(tmp_path, [{**FILM, "title": "Dangal!"}, SECOND_FILM], [BOOK]))
    assert await embed_missing(pool, embedder) == 1


class AnotherModel:
    """Another model, whose vectors are this one's turned round."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self.identity = ModelIdentity(name="other/model", dimensions=384, fingerprint="f" * 64)
        self.texts = 0
        self.fails_after = 10**9

    async def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.texts += len(texts)
        if self.texts > self.fails_after:
            raise RuntimeError("broken off")
        return -await self._embedder.embed_passages(texts)


async def test_embeddings_of_another_model_are_refused_until_made_anew(
    pool: Pool, embedder: Embedder, tmp_path: Path
) -> None:
    await load_starter(pool, write_starter(tmp_path, [FILM], [BOOK]))
    await embed_missing(pool, embedder)
    before = await pool.fetchval("select embedding from passages where item_id = 1 and place = 0")
    other = AnotherModel(embedder)
    async with pool.acquire() as connection:
        await check_embedding_model(connection, embedder.identity)
        with pytest.raises(StartupError, match=r"not by other/model .*: run `cinelibre embed`"):
            await check_embedding_model(connection, other.identity)
    assert await reembed(pool, cast(Embedder, other)) == 2
    with pytest.raises(StartupError, match=r"were made by other/model"):
        await embed_missing(pool, embedder)
    after = await pool.fetchval("select embedding from passages where item_id = 1 and place = 0")
    np.testing.assert_allclose(after.to_numpy(), -before.to_numpy(), atol=0.01)
    assert await pool.fetchval("select count(*) from movies where embedding is not null") == 1
    assert await embed_missing(pool, cast(Embedder, other)) == 0
    assert await pool.fetchval("select count(*) from next_embeddings") == 0


async def test_embedding_anew_goes_on_where_it_was_broken_off_and_serves_the_old_ones_meanwhile(
    pool: Pool, embedder: Embedder, tmp_path: Path
) -> None:
    films = [
        {**FILM, "key": f"film-{n}-2016", "imdb_id": None, "title": f"Film {n}", "synopsis": f"It is the {n}th."}
        for n in range(70)
    ]
    await load_starter(pool, write_starter(tmp_path, films))
    await embed_missing(pool, embedder)
    passages = await pool.fetch("select * from passages order by item_id, place")
    other = AnotherModel(embedder)
    other.fails_after = 64 * 3
    with pytest.raises(RuntimeError, match="broken off"):
        await reembed(pool, cast(Embedder, other))
    assert await pool.fetch("select * from passages order by item_id, place") == passages
    async with pool.acquire() as connection:
        await check_embedding_model(connection, embedder.identity)
    assert await pool.fetchval("select count(*) from next_embeddings") == 64
    other.texts, other.fails_after = 0, 10**9
    assert await reembed(pool, cast(Embedder, other)) == 70
    assert other.texts == 6 * 3
    async with pool.acquire() as connection:
        await check_embedding_model(connection, other.identity)
    assert await pool.fetchval("select count(*) from passages") == len(passages)


async def test_what_changes_while_it_is_embedded_anew_waits_for_its_new_text(
    pool: Pool, embedder: Embedder, tmp_path: Path
) -> None:
    await load_starter(pool, write_starter(tmp_path, [FILM], [BOOK]))
    await embed_missing(pool, embedder)
    other = AnotherModel(embedder)
    other.fails_after = 0
    with pytest.raises(RuntimeError):
        await reembed(pool, cast(Embedder, other))
    await pool.execute("update items set synopsis = 'Changed by hand.' where item_id = 2")
    other.fails_after = 10**9
    assert await reembed(pool, cast(Embedder, other)) == 2
    assert await embed_missing(pool, cast(Embedder, other)) == 0


async def test_embedding_anew_keeps_what_the_model_would_make_again(
    pool: Pool, embedder: Embedder, tmp_path: Path
) -> None:
    await load_starter(pool, write_starter(tmp_path, [FILM], [BOOK]))
    await embed_missing(pool, embedder)
    await pool.execute("update items set synopsis = 'Changed by hand.' where item_id = 2")
    assert await reembed(pool, embedder) == 1
    assert await reembed(pool, embedder) == 0
    assert await embed_missing(pool, embedder) == 0


async def test_a_model_of_other_dimensions_is_refused(pool: Pool) -> None:
    async with pool.acquire() as connection:
        with pytest.raises(StartupError, match="vectors of 768 numbers, but the database holds 384"):
            await check_embedding_model(connection, ModelIdentity("big", 768, "0" * 64))
