"""Listings and single entries: orders, filters, pages and their tokens."""

from typing import Any, TypeAlias

import grpc
import pytest
from cinelibre.v1 import catalog_pb2, catalog_pb2_grpc
from grpc.aio import Channel

from cinelibre_server.store.database import Pool
from tests.grpc.list_calls import pages, refused, sign_up
from tests.sql.builders import add_items, add_user, rate

CatalogStub: TypeAlias = "catalog_pb2_grpc.CatalogServiceAsyncStub"

ORDERS = (
    catalog_pb2.CATALOG_ORDER_UNSPECIFIED,
    catalog_pb2.CATALOG_ORDER_ADDED,
    catalog_pb2.CATALOG_ORDER_TITLE,
    catalog_pb2.CATALOG_ORDER_NEWEST,
)


@pytest.fixture
def stub(grpc_channel: Channel) -> CatalogStub:
    return catalog_pb2_grpc.CatalogServiceStub(grpc_channel)


async def list_titles(stub: CatalogStub, **request: Any) -> list[str]:
    answer = await stub.ListMovies(catalog_pb2.ListMoviesRequest(page_size=100, **request))
    assert not answer.next_page_token
    return [movie.title for movie in answer.movies]


async def add_titles(pool: Pool, *titles: str) -> list[int]:
    ids = await add_items(pool, len(titles))
    await pool.executemany(
        "update items set title = $2, original_title = $2 where item_id = $1", list(zip(ids, titles, strict=True))
    )
    return ids


def sort_key(order: int, movie: catalog_pb2.Movie) -> tuple[object, ...]:
    if order == catalog_pb2.CATALOG_ORDER_TITLE:
        return movie.title.lower(), movie.movie_id
    if order == catalog_pb2.CATALOG_ORDER_NEWEST:
        return -movie.year, movie.movie_id
    return (movie.movie_id,)


@pytest.mark.parametrize("order", ORDERS)
async def test_pages_of_every_order_are_whole_and_sorted(stub: CatalogStub, pool: Pool, order: Any) -> None:
    # Many equal titles and years, and years that are not known.
    for year in (None, 1950, 2000, 2000, None):
        await add_items(pool, 7, year=year)
    await add_titles(pool, "zebra", "Zebra", "Ähnlich", "शोले", "apple")
    everything = (await stub.ListMovies(catalog_pb2.ListMoviesRequest(order=order, page_size=100))).movies
    assert len(everything) == 40
    assert list(everything) == sorted(everything, key=lambda movie: sort_key(order, movie))
    for size in (1, 6, 40):
        request = catalog_pb2.ListMoviesRequest(order=order)
        found = [page async for page in pages(stub.ListMovies, request, size)]
        assert [movie for page in found for movie in page.movies] == list(everything)
        assert all(len(page.movies) == size for page in found[:-1])


async def test_starter_catalogue(starter_channel: Channel) -> None:
    stub: CatalogStub = catalog_pb2_grpc.CatalogServiceStub(starter_channel)
    movies = [
        movie async for page in pages(stub.ListMovies, catalog_pb2.ListMoviesRequest(), 33) for movie in page.movies
    ]
    books = [book async for page in pages(stub.ListBooks, catalog_pb2.ListBooksRequest(), 33) for book in page.books]
    assert len(movies) == len({movie.movie_id for movie in movies}) >= 150
    assert len(books) == len({book.book_id for book in books}) >= 50
    assert not {movie.movie_id for movie in movies} & {book.book_id for book in books}
    assert len({movie.language for movie in movies}) >= 8

    [sholay] = (await stub.ListMovies(catalog_pb2.ListMoviesRequest(title_contains="शोले"))).movies
    assert (sholay.title, sholay.year, sholay.language) == ("Sholay", 1975, "hi")
    assert (list(sholay.directors), sholay.imdb_id) == (["Ramesh Sippy"], "tt0073707")
    assert sholay.synopsis
    assert (sholay.ratings.rating_count, sholay.ratings.HasField("mean_stars")) == (0, False)
    assert (await stub.GetMovie(catalog_pb2.GetMovieRequest(movie_id=sholay.movie_id))).movie == sholay
    assert (await stub.GetBook(catalog_pb2.GetBookRequest(book_id=books[0].book_id))).book == books[0]


async def test_ids_of_the_other_kind_and_unknown_ids(stub: CatalogStub, pool: Pool) -> None:
    [movie], [book] = await add_items(pool, 1), await add_items(pool, 1, item_type="book")
    assert (await stub.GetMovie(catalog_pb2.GetMovieRequest(movie_id=movie))).movie.movie_id == movie
    assert (await stub.GetBook(catalog_pb2.GetBookRequest(book_id=book))).book.book_id == book
    for unknown in (book, 2**31 - 1):
        async with refused(grpc.StatusCode.NOT_FOUND, "ITEM_NOT_FOUND"):
            await stub.GetMovie(catalog_pb2.GetMovieRequest(movie_id=unknown))
    for unknown in (movie, 2**31 - 1):
        async with refused(grpc.StatusCode.NOT_FOUND, "ITEM_NOT_FOUND"):
            await stub.GetBook(catalog_pb2.GetBookRequest(book_id=unknown))


async def test_rating_summary(stub: CatalogStub, pool: Pool) -> None:
    [movie] = await add_items(pool, 1)
    for half_stars in (10, 7):
        await rate(pool, await add_user(pool), movie, half_stars)
    ratings = (await stub.GetMovie(catalog_pb2.GetMovieRequest(movie_id=movie))).movie.ratings
    assert (ratings.rating_count, ratings.mean_stars) == (2, 4.25)


async def test_title_contains_takes_every_character_as_it_is(stub: CatalogStub, pool: Pool) -> None:
    await add_titles(pool, "100% Love", "100 Love", "A_B", "AxB", "back\\slash", "ÉTÉ", "शोले")
    assert await list_titles(stub, title_contains="%") == ["100% Love"]
    assert await list_titles(stub, title_contains="0% l") == ["100% Love"]
    assert await list_titles(stub, title_contains="_") == ["A_B"]
    assert await list_titles(stub, title_contains="a_b") == ["A_B"]
    assert await list_titles(stub, title_contains="\\") == ["back\\slash"]
    assert await list_titles(stub, title_contains="LOVE") == ["100% Love", "100 Love"]
    assert await list_titles(stub, title_contains="été") == ["ÉTÉ"]
    assert await list_titles(stub, title_contains="शो") == ["शोले"]
    assert await list_titles(stub, title_contains="' or true --") == []


async def test_title_contains_looks_at_both_titles(stub: CatalogStub, pool: Pool) -> None:
    [movie] = await add_titles(pool, "Sholay")
    await pool.execute("update items set original_title = 'शोले' where item_id = $1", movie)
    assert await list_titles(stub, title_contains="hola") == ["Sholay"]
    assert await list_titles(stub, title_contains="ोल") == ["Sholay"]


async def test_filters(stub: CatalogStub, pool: Pool) -> None:
    hindi = await add_items(pool, 2, language="hi", genres=["Drama", "Family"], year=1990)
    tamil = await add_items(pool, 2, language="ta", genres=["Action"], year=2010)
    book = await add_items(pool, 1, item_type="book", language="hi", genres=["Drama"], year=1990)
    undated = await add_items(pool, 1, language=None, genres=[], year=None)

    async def found(**request: Any) -> list[int]:
        answer = await stub.ListMovies(catalog_pb2.ListMoviesRequest(**request))
        return [movie.movie_id for movie in answer.movies]

    assert await found() == hindi + tamil + undated
    assert await found(languages=["ta"]) == tamil
    assert await found(languages=["ta", "hi"]) == hindi + tamil
    assert await found(genres=["FAMILY"]) == hindi
    assert await found(genres=["family", "action"]) == hindi + tamil
    assert await found(year_from=1990, year_to=1990) == hindi
    assert await found(year_from=1991) == tamil
    assert await found(year_to=2009) == hindi
    assert await found(languages=["hi"], genres=["Action"]) == []
    assert await found(languages=["xx"]) == []
    assert await found(genres=["no such genre"]) == []
    assert [
        entry.book_id for entry in (await stub.ListBooks(catalog_pb2.ListBooksRequest(genres=["drama"]))).books
    ] == book


@pytest.mark.parametrize("request_type", [catalog_pb2.ListMoviesRequest, catalog_pb2.ListBooksRequest])
async def test_bad_filters_name_their_field(stub: CatalogStub, request_type: Any) -> None:
    call: Any = stub.ListMovies if request_type is catalog_pb2.ListMoviesRequest else stub.ListBooks
    for fields, field in (
        ({"year_from": 2001, "year_to": 2000}, "year_to"),
        ({"year_from": -1}, "year_from"),
        ({"languages": ["hi", "hin"]}, "languages[1]"),
        ({"genres": [""]}, "genres[0]"),
        ({"page_size": -1}, "page_size"),
        ({"page_size": 101}, "page_size"),
        ({"order": 99}, "order"),
        ({"title_contains": "x" * 201}, "title_contains"),
    ):
        async with refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD", field):
            await call(request_type(**fields))
    assert await call(request_type(year_from=2000, year_to=2000)) is not None


async def test_page_tokens_belong_to_their_list(stub: CatalogStub, pool: Pool, grpc_channel: Channel) -> None:
    await add_items(pool, 5)
    await add_items(pool, 5, item_type="book")
    mine = catalog_pb2.ListMoviesRequest(page_size=2, languages=["hi"])
    token = (await stub.ListMovies(mine)).next_page_token
    assert token
    # Another page size is no other list.
    larger = catalog_pb2.ListMoviesRequest(page_size=3, languages=["hi"], page_token=token)
    assert len((await stub.ListMovies(larger)).movies) == 3

    others: list[Any] = [
        catalog_pb2.ListMoviesRequest(page_token=token),
        catalog_pb2.ListMoviesRequest(languages=["ta"], page_token=token),
        catalog_pb2.ListMoviesRequest(languages=["hi"], order=catalog_pb2.CATALOG_ORDER_TITLE, page_token=token),
        catalog_pb2.ListMoviesRequest(languages=["hi"], page_token=token[:-2]),
        catalog_pb2.ListMoviesRequest(
            languages=["hi"], page_token="A" + token[1:] if token[0] != "A" else "B" + token[1:]
        ),
        catalog_pb2.ListMoviesRequest(languages=["hi"], page_token="not a token"),
        catalog_pb2.ListMoviesRequest(languages=["hi"], page_token="शोले"),
    ]
    for request in others:
        async with refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_PAGE_TOKEN", "page_token"):
            await stub.ListMovies(request)
    async with refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_PAGE_TOKEN", "page_token"):
        await stub.ListBooks(catalog_pb2.ListBooksRequest(languages=["hi"], page_token=token))
    async with refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_PAGE_TOKEN", "page_token"):
        signed_in = await sign_up(grpc_channel)
        await stub.ListMovies(catalog_pb2.ListMoviesRequest(languages=["hi"], page_token=token), metadata=signed_in)


async def test_film_added_between_pages_makes_no_other_appear_twice(stub: CatalogStub, pool: Pool) -> None:
    await add_titles(pool, "B", "D", "F", "H")
    request = catalog_pb2.ListMoviesRequest(order=catalog_pb2.CATALOG_ORDER_TITLE)
    seen: list[str] = []
    async for page in pages(stub.ListMovies, request, 2):
        seen += [movie.title for movie in page.movies]
        if len(seen) == 2:
            await add_titles(pool, "A", "E")
    assert seen == ["B", "D", "E", "F", "H"]
