"""AdminService: what admins add and change is there, found and written down, and bad input is refused by field."""

import asyncio
from typing import Any

import grpc
import pytest
from cinelibre.v1 import (
    admin_pb2,
    admin_pb2_grpc,
    auth_pb2,
    auth_pb2_grpc,
    catalog_pb2,
    catalog_pb2_grpc,
    search_pb2,
    search_pb2_grpc,
)
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.json_format import MessageToDict
from grpc.aio import AioRpcError, Channel

from cinelibre_server.store.database import Pool
from cinelibre_server.store.users import UserStore
from tests.grpc.admin_calls import ADMIN_EMAIL, AdminStub, audit, sign_up_admin
from tests.grpc.auth_calls import error_info
from tests.grpc.list_calls import Metadata, pages, refused, sign_up

MOVIE_ID = 1
BOOK_ID = 2635
UNKNOWN_ID = 2**31 - 1
STORY = "A lighthouse keeper in Kerala teaches an octopus to play the veena."
QUERY = "octopus plays the veena in a lighthouse"


@pytest.fixture
def admin_stub(starter_channel: Channel) -> AdminStub:
    return admin_pb2_grpc.AdminServiceStub(starter_channel)


@pytest.fixture
async def admin(starter_channel: Channel, starter_pool: Pool) -> Metadata:
    return await sign_up_admin(starter_channel, starter_pool)


def movie_update(movie_id: int = MOVIE_ID, /, *paths: str, **fields: Any) -> admin_pb2.UpdateMovieRequest:
    """An update of the fields given, or of the paths named."""
    mask = FieldMask(paths=paths or list(fields))
    return admin_pb2.UpdateMovieRequest(movie_id=movie_id, movie=admin_pb2.MovieEntry(**fields), update_mask=mask)


async def get_movie(channel: Channel, movie_id: int = MOVIE_ID) -> catalog_pb2.Movie:
    stub = catalog_pb2_grpc.CatalogServiceStub(channel)
    return (await stub.GetMovie(catalog_pb2.GetMovieRequest(movie_id=movie_id))).movie


async def search(channel: Channel, query: str = QUERY) -> list[int]:
    stub = search_pb2_grpc.SearchServiceStub(channel)
    return [hit.item.item_id for hit in (await stub.SemanticSearch(search_pb2.SemanticSearchRequest(q=query))).hits]


async def test_a_new_film_is_found_at_once(starter_channel: Channel, admin_stub: AdminStub, admin: Metadata) -> None:
    before = await search(starter_channel)
    entry = admin_pb2.MovieEntry(
        title="The Octopus of Kovalam",
        original_title="കോവളത്തെ നീരാളി",
        year=2024,
        language="ml",
        genres=["Drama", "Comedy"],
        directors=["Asha Nair"],
        cast=["Ravi Menon", "Leela"],
        keywords=["octopus", "veena"],
        synopsis=STORY,
        runtime_minutes=112,
        imdb_id="tt99999999",
    )
    made = (await admin_stub.CreateMovie(admin_pb2.CreateMovieRequest(movie=entry), metadata=admin)).movie
    assert MessageToDict(made, preserving_proto_field_name=True) == {
        **MessageToDict(entry, preserving_proto_field_name=True),
        "movie_id": made.movie_id,
        "ratings": {},
    }
    assert await get_movie(starter_channel, made.movie_id) == made
    assert made.movie_id not in before
    assert (await search(starter_channel))[0] == made.movie_id
    (written,) = await audit(starter_channel, admin)
    assert (written.action, written.item_id) == (admin_pb2.AUDIT_ACTION_CREATE, made.movie_id)
    assert (written.email, written.title, written.item_type) == (ADMIN_EMAIL, made.title, catalog_pb2.ITEM_TYPE_MOVIE)
    assert not written.before
    assert dict(written.after)["year"] == 2024
    assert list(written.after["cast"]) == ["Ravi Menon", "Leela"]  # type: ignore[arg-type]


async def test_a_new_book_needs_a_title_only(starter_channel: Channel, admin_stub: AdminStub, admin: Metadata) -> None:
    request = admin_pb2.CreateBookRequest(book=admin_pb2.BookEntry(title="The Octopus Tuner"))
    book = (await admin_stub.CreateBook(request, metadata=admin)).book
    assert book == catalog_pb2.Book(
        book_id=book.book_id,
        title="The Octopus Tuner",
        original_title="The Octopus Tuner",
        ratings=catalog_pb2.RatingSummary(),
    )
    assert book.book_id in await search(starter_channel, "octopus tuner")
    (written,) = await audit(starter_channel, admin, book.book_id)
    assert dict(written.after) == {"title": book.title, "original_title": book.title}


async def test_an_update_changes_what_the_mask_names(
    starter_channel: Channel, admin_stub: AdminStub, admin: Metadata
) -> None:
    before = await get_movie(starter_channel)
    assert MOVIE_ID not in (await search(starter_channel))[:1]
    request = movie_update(
        MOVIE_ID, "synopsis", "year", "imdb_id", synopsis=STORY, year=0, title="Not in the mask", cast=["Nobody"]
    )
    after = (await admin_stub.UpdateMovie(request, metadata=admin)).movie
    expected = catalog_pb2.Movie()
    expected.CopyFrom(before)
    expected.synopsis, expected.year, expected.imdb_id = STORY, 0, ""
    assert after == expected
    assert await get_movie(starter_channel) == expected
    assert (await search(starter_channel))[0] == MOVIE_ID
    (written,) = await audit(starter_channel, admin, MOVIE_ID)
    assert written.action == admin_pb2.AUDIT_ACTION_UPDATE
    assert dict(written.before) == {"synopsis": before.synopsis, "year": before.year, "imdb_id": before.imdb_id}
    assert dict(written.after) == {"synopsis": STORY, "year": None, "imdb_id": None}
    # The same again changes nothing, so nothing is written down.
    await admin_stub.UpdateMovie(request, metadata=admin)
    assert await audit(starter_channel, admin, MOVIE_ID) == [written]


async def test_a_book_is_updated(starter_channel: Channel, admin_stub: AdminStub, admin: Metadata) -> None:
    request = admin_pb2.UpdateBookRequest(
        book_id=BOOK_ID,
        book=admin_pb2.BookEntry(authors=["Octopus Kumar"], page_count=321),
        update_mask=FieldMask(paths=["authors", "page_count"]),
    )
    book = (await admin_stub.UpdateBook(request, metadata=admin)).book
    assert (list(book.authors), book.page_count) == (["Octopus Kumar"], 321)
    stub = catalog_pb2_grpc.CatalogServiceStub(starter_channel)
    assert (await stub.GetBook(catalog_pb2.GetBookRequest(book_id=BOOK_ID))).book == book
    assert BOOK_ID in (await search(starter_channel, "Octopus Kumar"))[:3]


async def test_a_title_takes_the_original_title_along_where_there_is_no_other(
    admin_stub: AdminStub, admin: Metadata
) -> None:
    entry = admin_pb2.MovieEntry(title="First")
    movie = (await admin_stub.CreateMovie(admin_pb2.CreateMovieRequest(movie=entry), metadata=admin)).movie

    async def titles(**fields: Any) -> tuple[str, str]:
        update = movie_update(movie.movie_id, **fields)
        changed = (await admin_stub.UpdateMovie(update, metadata=admin)).movie
        return changed.title, changed.original_title

    assert await titles(title="Second") == ("Second", "Second")
    assert await titles(original_title="दूसरा") == ("Second", "दूसरा")
    assert await titles(title="Third") == ("Third", "दूसरा")
    assert await titles(original_title="") == ("Third", "Third")


@pytest.mark.parametrize("path", ["colour", "movie_id", "movie.title", "originalTitle", "ratings", "*"])
async def test_a_mask_with_an_unknown_field(admin_stub: AdminStub, admin: Metadata, path: str) -> None:
    with pytest.raises(AioRpcError, match=rf"update_mask: {path.replace('*', '[*]')} can't be changed") as caught:
        await admin_stub.UpdateMovie(movie_update(MOVIE_ID, "year", path, year=1999), metadata=admin)
    assert error_info(caught.value).metadata["allowed"].startswith("title, original_title, year")


async def test_what_is_not_there(admin_stub: AdminStub, admin: Metadata) -> None:
    for item_id in (BOOK_ID, UNKNOWN_ID):
        async with refused(grpc.StatusCode.NOT_FOUND, "ITEM_NOT_FOUND"):
            await admin_stub.UpdateMovie(movie_update(item_id, year=1999), metadata=admin)
    book = admin_pb2.UpdateBookRequest(
        book_id=MOVIE_ID, book=admin_pb2.BookEntry(year=1999), update_mask=FieldMask(paths=["year"])
    )
    async with refused(grpc.StatusCode.NOT_FOUND, "ITEM_NOT_FOUND"):
        await admin_stub.UpdateBook(book, metadata=admin)
    async with refused(grpc.StatusCode.NOT_FOUND, "ITEM_NOT_FOUND"):
        await admin_stub.HideItem(admin_pb2.HideItemRequest(item_id=UNKNOWN_ID), metadata=admin)
    async with refused(grpc.StatusCode.NOT_FOUND, "ITEM_NOT_FOUND"):
        await admin_stub.UnhideItem(admin_pb2.UnhideItemRequest(item_id=UNKNOWN_ID), metadata=admin)


async def test_a_taken_id_is_refused_with_its_field(
    starter_channel: Channel, admin_stub: AdminStub, admin: Metadata
) -> None:
    taken = (await get_movie(starter_channel, 2)).imdb_id
    async with refused(grpc.StatusCode.ALREADY_EXISTS, "CONFLICT", "movie.imdb_id"):
        await admin_stub.UpdateMovie(movie_update(MOVIE_ID, title="New", imdb_id=taken), metadata=admin)
    assert (await get_movie(starter_channel)).title != "New"
    entry = admin_pb2.MovieEntry(title="Twice", imdb_id=taken)
    async with refused(grpc.StatusCode.ALREADY_EXISTS, "CONFLICT", "movie.imdb_id"):
        await admin_stub.CreateMovie(admin_pb2.CreateMovieRequest(movie=entry), metadata=admin)
    isbn = (await _first_book(starter_channel)).isbn13
    book = admin_pb2.BookEntry(title="Twice", isbn13=isbn)
    async with refused(grpc.StatusCode.ALREADY_EXISTS, "CONFLICT", "book.isbn13"):
        await admin_stub.CreateBook(admin_pb2.CreateBookRequest(book=book), metadata=admin)
    assert await audit(starter_channel, admin) == []


async def _first_book(channel: Channel) -> catalog_pb2.Book:
    """The first with an ISBN."""
    stub = catalog_pb2_grpc.CatalogServiceStub(channel)
    books = (await stub.ListBooks(catalog_pb2.ListBooksRequest(page_size=100))).books
    return next(book for book in books if book.isbn13)


async def test_updates_at_once_come_one_after_the_other(
    starter_channel: Channel, admin_stub: AdminStub, admin: Metadata
) -> None:
    first = (await get_movie(starter_channel)).year
    years = range(1951, 1959)
    await asyncio.gather(
        *(admin_stub.UpdateMovie(movie_update(MOVIE_ID, year=year), metadata=admin) for year in years),
        admin_stub.UpdateMovie(movie_update(MOVIE_ID, synopsis=STORY), metadata=admin),
    )
    movie = await get_movie(starter_channel)
    assert movie.synopsis == STORY
    entries = reversed(await audit(starter_channel, admin, MOVIE_ID))
    changes = [(MessageToDict(entry.before), MessageToDict(entry.after)) for entry in entries]
    chain = [(before["year"], after["year"]) for before, after in changes if "year" in after]
    assert sorted(after for _, after in chain) == list(years)
    assert [before for before, _ in chain] == [first, *(after for _, after in chain[:-1])]
    assert movie.year == chain[-1][1]
    # Whichever came last: the vector is that of the text as it is.
    assert (await search(starter_channel))[0] == MOVIE_ID


async def test_of_two_films_with_one_id_at_once_one_is_made(
    starter_channel: Channel, admin_stub: AdminStub, admin: Metadata
) -> None:
    entry = admin_pb2.MovieEntry(title="Twin", imdb_id="tt99999998")
    request = admin_pb2.CreateMovieRequest(movie=entry)
    made = await asyncio.gather(
        *(admin_stub.CreateMovie(request, metadata=admin) for _ in range(4)), return_exceptions=True
    )
    refusals = [answer for answer in made if isinstance(answer, AioRpcError)]
    assert [error.code() for error in refusals] == [grpc.StatusCode.ALREADY_EXISTS] * 3
    assert len(await audit(starter_channel, admin)) == 1


async def test_the_audit_is_paged_latest_first(
    starter_channel: Channel, admin_stub: AdminStub, admin: Metadata, starter_pool: Pool
) -> None:
    for year in range(1951, 1956):
        for movie_id in (1, 2):
            await admin_stub.UpdateMovie(movie_update(movie_id, year=year), metadata=admin)
    request = admin_pb2.ListAuditEntriesRequest(item_id=2)
    paged = [entry async for page in pages(admin_stub.ListAuditEntries, request, 2, admin) for entry in page.entries]
    assert [entry.after["year"] for entry in paged] == [1955, 1954, 1953, 1952, 1951]
    assert {entry.item_id for entry in paged} == {2}
    everything = await audit(starter_channel, admin)
    ids = [entry.audit_entry_id for entry in everything]
    assert len(ids) == 10
    assert ids == sorted(ids, reverse=True)
    first = await admin_stub.ListAuditEntries(admin_pb2.ListAuditEntriesRequest(item_id=2, page_size=1), metadata=admin)
    async with refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_PAGE_TOKEN", "page_token"):
        await admin_stub.ListAuditEntries(
            admin_pb2.ListAuditEntriesRequest(item_id=1, page_token=first.next_page_token), metadata=admin
        )


async def test_the_audit_outlives_the_account(
    starter_channel: Channel, admin_stub: AdminStub, admin: Metadata, starter_pool: Pool
) -> None:
    await admin_stub.UpdateMovie(movie_update(MOVIE_ID, year=1999), metadata=admin)
    await auth_pb2_grpc.AuthServiceStub(starter_channel).DeleteMe(auth_pb2.DeleteMeRequest(), metadata=admin)
    other = await sign_up_admin(starter_channel, starter_pool, "other-admin@example.com")
    (entry,) = await audit(starter_channel, other)
    assert (entry.user_id, entry.email, entry.after["year"]) == (0, "", 1999)


async def test_the_role_counts_from_the_next_call_on(
    starter_channel: Channel, admin_stub: AdminStub, starter_pool: Pool
) -> None:
    me = await sign_up(starter_channel)
    auth, users = auth_pb2_grpc.AuthServiceStub(starter_channel), UserStore(starter_pool)

    async def role() -> str:
        answer = await auth.GetMe(auth_pb2.GetMeRequest(), metadata=me)
        return auth_pb2.UserRole.Name(answer.user.role)

    assert await role() == "USER_ROLE_USER"
    async with refused(grpc.StatusCode.PERMISSION_DENIED, "ADMIN_REQUIRED"):
        await admin_stub.UpdateMovie(movie_update(MOVIE_ID, year=1999), metadata=me)
    await users.set_role("TEST@example.com", "admin")
    assert await role() == "USER_ROLE_ADMIN"
    await admin_stub.UpdateMovie(movie_update(MOVIE_ID, year=1999), metadata=me)
    await users.set_role("test@example.com", "user")
    assert await role() == "USER_ROLE_USER"
    async with refused(grpc.StatusCode.PERMISSION_DENIED, "ADMIN_REQUIRED"):
        await admin_stub.UpdateMovie(movie_update(MOVIE_ID, year=2000), metadata=me)
    assert (await get_movie(starter_channel)).year == 1999
