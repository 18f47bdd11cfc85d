"""A person's own ratings of other services: the formats, what matches, and what a wrong file is told."""

import io
import json
import zipfile
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import UTC, datetime
from typing import TypeAlias

import grpc
import pytest
from cinelibre.v1 import ratings_pb2, ratings_pb2_grpc, recommend_pb2, recommend_pb2_grpc
from grpc.aio import AioRpcError, Channel

from cinelibre_server.store.catalog_load import BookEntry, MovieEntry, load_items
from cinelibre_server.store.database import Pool
from tests.grpc.auth_calls import violated_fields
from tests.grpc.list_calls import Metadata, rate, refused, sign_up

RatingsStub: TypeAlias = "ratings_pb2_grpc.RatingsServiceAsyncStub"
Request: TypeAlias = ratings_pb2.ImportMyRatingsRequest

ITEMS = (
    MovieEntry(external_id="1", title="Dangal", original_title="दंगल", year=2016, imdb_id="tt5074352"),
    MovieEntry(external_id="2", title="Devdas", original_title="Devdas", year=1955, imdb_id="tt0047990"),
    MovieEntry(external_id="3", title="Devdas", original_title="Devdas", year=2002, imdb_id="tt0238936"),
    MovieEntry(external_id="4", title="Don", original_title="Don", year=1978),
    MovieEntry(external_id="5", title="Don", original_title="Don", year=1978),
    MovieEntry(external_id="6", title="Amélie", original_title="Le Fabuleux Destin", year=2001,
               external_ids=(("tmdb", "194"),)),
    BookEntry(external_id="7", title="The Guide", original_title="The Guide", year=1958, authors=("R. K. Narayan",),
              isbn13="9780143039648"),
    BookEntry(external_id="8", title="Dune", original_title="Dune", year=1965, authors=("Frank Herbert",)),
)  # fmt: skip
LETTERBOXD = """Date,Name,Year,Letterboxd URI,Rating
2020-01-02,Dangal,2016,https://boxd.it/a,4.5
2020-01-03,Devdas,2003,https://boxd.it/b,3
2020-01-04,Devdas,1990,https://boxd.it/c,3
2020-01-05,Don,1978,https://boxd.it/d,2
2020-01-06,AMELIE!,2001,https://boxd.it/e,5
2020-01-07,Unrated,2001,https://boxd.it/f,
2020-01-08,"Never, heard",2001,https://boxd.it/g,1
2020-01-09,Dangal,2016,https://boxd.it/a,0.5
2020-01-10,Bad stars,2016,https://boxd.it/h,7
"""
IMDB = """Const,Your Rating,Date Rated,Title,Original Title,URL,Title Type,IMDb Rating,Runtime (mins),Year,Genres
tt5074352,9,2020-02-01,Dangal,Dangal,https://imdb.com,Movie,8.3,161,2016,Drama
tt0944947,8,2020-02-02,Game of Thrones,Game of Thrones,https://imdb.com,TV Series,9.2,60,2011,Drama
tt9999999,7,2020-02-03,Devdas,Devdas,https://imdb.com,Movie,7,160,2002,Drama
"""
OLD_IMDB = """"position","const","created","modified","description","Title","Title type","Directors","You rated","Year"
"1","tt0238936","Sat Jan  5 00:00:00 2013","","","Devdas","Feature Film","Bhansali","10","2002"
"""
GOODREADS = '''Book Id,Title,Author,Author l-f,Additional Authors,ISBN,ISBN13,My Rating,Year Published,\
Original Publication Year,Date Read,Date Added
1,Not that title,Nobody,x,,"=""0143039644""","=""9780143039648""",4,2006,1958,2020/03/01,2020/01/01
2,"Dune (Dune Chronicles, #1)",Frank  Herbert,x,,"=""""","=""""",5,2005,,,2020/03/02
3,Dune,Brian Herbert,x,,"=""""","=""""",5,2005,,,2020/03/02
4,To read,Nobody,x,,"=""""","=""""",0,2005,,,2020/03/02
5,Half,Nobody,x,,"=""""","=""""",3.5,2005,,,2020/03/02
'''
TRAKT = json.dumps(
    [
        {"rated_at": "2020-04-01T10:20:30.000Z", "rating": 7, "type": "movie",
         "movie": {"title": "Another name", "year": 2001, "ids": {"trakt": 1, "imdb": None, "tmdb": 194}}},
        {"rated_at": "2020-04-01T10:20:30.000Z", "rating": 7, "type": "show", "show": {"title": "A show"}},
        {"rating": 11, "movie": {"title": "Dangal"}},
        "nothing",
    ]
)  # fmt: skip


@pytest.fixture
async def items(pool: Pool) -> dict[str, int]:
    """The item ids of ITEMS by external id."""
    async with pool.acquire() as connection:
        await load_items(connection, "test", ITEMS, overwrite=True)
    rows = await pool.fetch("select external_id, item_id from item_external_ids where source = 'test'")
    return {row["external_id"]: row["item_id"] for row in rows}


@pytest.fixture
def stub(grpc_channel: Channel) -> RatingsStub:
    return ratings_pb2_grpc.RatingsServiceStub(grpc_channel)


@pytest.fixture
async def me(grpc_channel: Channel) -> Metadata:
    return await sign_up(grpc_channel)


async def upload(
    stub: RatingsStub, me: Metadata, content: bytes, *, preview: bool = False, size: int = 1000
) -> ratings_pb2.ImportReport:
    """ImportMyRatings with the content in chunks."""
    chunks = [content[at : at + size] for at in range(0, len(content), size)]
    parts = [Request(options=ratings_pb2.ImportOptions(preview=preview)), *(Request(chunk=chunk) for chunk in chunks)]
    return (await stub.ImportMyRatings(stream_of(parts), metadata=me)).report


async def stream_of(parts: Iterable[Request]) -> AsyncIterator[Request]:
    for part in parts:
        yield part


async def send(stub: RatingsStub, me: Metadata, text: str, **more: int) -> ratings_pb2.ImportReport:
    """ImportRatingsFile."""
    request = ratings_pb2.ImportRatingsFileRequest(text=text, format=more.get("format"))  # type: ignore[arg-type]
    return (await stub.ImportRatingsFile(request, metadata=me)).report


async def stars(stub: RatingsStub, me: Metadata) -> dict[int, float]:
    answer = await stub.ListMyRatings(ratings_pb2.ListMyRatingsRequest(page_size=100), metadata=me)
    return {entry.rating.item_id: entry.rating.stars for entry in answer.ratings}


def problems(report: ratings_pb2.ImportReport) -> Sequence[tuple[int, str, str]]:
    """Line, title and problem of each row that became no rating."""
    return [
        (row.line, row.title, ratings_pb2.ImportProblem.Name(row.problem).removeprefix("IMPORT_PROBLEM_"))
        for row in report.unmatched
    ]


async def test_letterboxd_by_title_and_year(stub: RatingsStub, me: Metadata, items: dict[str, int]) -> None:
    shown = await upload(stub, me, LETTERBOXD.encode(), preview=True, size=7)
    assert await stars(stub, me) == {}
    report = await upload(stub, me, LETTERBOXD.encode())
    assert shown.preview
    shown.preview = False
    assert shown == report
    assert report.format == ratings_pb2.RATINGS_FORMAT_LETTERBOXD
    assert (report.new_count, report.repeated_count, report.unrated_count, report.unmatched_count) == (3, 1, 1, 4)
    assert await stars(stub, me) == {items["1"]: 0.5, items["3"]: 3.0, items["6"]: 5.0}
    assert problems(report) == [
        (4, "Devdas", "NOT_FOUND"),
        (5, "Don", "AMBIGUOUS"),
        (8, "Never, heard", "NOT_FOUND"),
        (10, "Bad stars", "UNREADABLE"),
    ]
    assert report.unmatched[0].detail == "no such film in the catalogue, only of 1955, 2002"
    [devdas, amelie, dangal] = report.matches
    assert (devdas.line, devdas.item_id, devdas.item_title, devdas.stars) == (3, items["3"], "Devdas", 3.0)
    assert devdas.rate_time.ToDatetime(UTC) == datetime(2020, 1, 3, tzinfo=UTC)
    assert devdas.outcome == ratings_pb2.IMPORT_OUTCOME_NEW
    assert [each.line for each in (amelie, dangal)] == [6, 9]
    again = await upload(stub, me, LETTERBOXD.encode())
    assert (again.new_count, again.changed_count, again.kept_count) == (0, 0, 3)


async def test_the_whole_zip_of_letterboxd(stub: RatingsStub, me: Metadata, items: dict[str, int]) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as files:
        files.writestr("deleted/ratings.csv", "nothing")
        files.writestr("profile.csv", "Date Joined\n")
        files.writestr("ratings.csv", "\ufeff" + LETTERBOXD.replace("\n", "\r\n"))
    report = await upload(stub, me, packed.getvalue())
    assert report.new_count == 3
    assert len(await stars(stub, me)) == 3
    assert items


async def test_imdb_by_id_and_never_by_the_title_of_another_film(
    stub: RatingsStub, me: Metadata, items: dict[str, int]
) -> None:
    report = await send(stub, me, IMDB)
    assert await stars(stub, me) == {items["1"]: 4.5}
    assert problems(report) == [(3, "Game of Thrones", "NOT_SUPPORTED"), (4, "Devdas", "NOT_FOUND")]
    await send(stub, me, OLD_IMDB)
    assert await stars(stub, me) == {items["1"]: 4.5, items["3"]: 5.0}


async def test_goodreads_by_isbn_or_title_and_author(stub: RatingsStub, me: Metadata, items: dict[str, int]) -> None:
    report = await send(stub, me, GOODREADS)
    assert await stars(stub, me) == {items["7"]: 4.0, items["8"]: 5.0}
    assert report.unrated_count == 1
    assert problems(report) == [(4, "Dune", "NOT_FOUND"), (6, "Half", "UNREADABLE")]
    assert report.unmatched[0].detail == "no such book in the catalogue, only by Frank Herbert"


async def test_trakt_by_tmdb_id(stub: RatingsStub, me: Metadata, items: dict[str, int]) -> None:
    report = await send(stub, me, TRAKT)
    assert await stars(stub, me) == {items["6"]: 3.5}
    assert problems(report) == [(2, "A show", "NOT_SUPPORTED"), (3, "Dangal", "UNREADABLE"), (4, "", "UNREADABLE")]


async def test_a_newer_rating_of_here_is_kept_and_an_older_one_changed(
    stub: RatingsStub, me: Metadata, grpc_channel: Channel, pool: Pool, items: dict[str, int]
) -> None:
    await rate(grpc_channel, me, items["1"], 3.0)
    await rate(grpc_channel, me, items["3"], 1.0)
    await pool.execute("update ratings set updated_at = '2019-01-01' where item_id = $1", items["3"])
    report = await send(stub, me, LETTERBOXD)
    assert (report.new_count, report.changed_count, report.kept_count) == (1, 1, 1)
    assert await stars(stub, me) == {items["1"]: 3.0, items["3"]: 3.0, items["6"]: 5.0}


async def test_the_next_recommendation_counts_them(starter_channel: Channel, starter_pool: Pool) -> None:
    me = await sign_up(starter_channel)
    rows = await starter_pool.fetch("select item_id, title, year from items where item_type = 'movie' limit 8")
    text = "Date,Name,Year,Letterboxd URI,Rating\n" + "".join(
        f'2020-01-01,"{row["title"]}",{row["year"]},x,4.5\n' for row in rows
    )
    report = await send(ratings_pb2_grpc.RatingsServiceStub(starter_channel), me, text)
    assert report.new_count >= 7
    recommend = recommend_pb2_grpc.RecommendServiceStub(starter_channel)
    answer = await recommend.ListPersonalized(recommend_pb2.ListPersonalizedRequest(limit=100), metadata=me)
    recommended = {entry.item.item_id for entry in answer.recommendations}
    assert recommended
    assert not recommended & {match.item_id for match in report.matches}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "must not be empty"),
        (b"\r\n \r\n", "must not be empty"),
        ("Date,Name\n".encode("utf-16"), "must be in UTF-8, and is in UTF-16"),
        (b"Date,Name\nCaf\xe9\n", "must be in UTF-8, and line 2 is not"),
        (b"\x89PNG\x00\x00", "must be text, CSV or JSON"),
        (b"a,b\n1,2\n", "letterboxd: CSV with the columns Date, Name, Year"),
        (b"[1", "must be JSON as Trakt gives it"),
        (b"PK\x03\x04broken", "is a zip that can't be read"),
        (b"Date,Name,Year,Letterboxd URI,Rating\n" + b"2020-01-01,x,2000,u,1\n" * 50_001, "at most 50,000 rows"),
        (b"x" * (10 * 1024 * 1024 + 1), "must be at most 10 MiB"),
        (b"x" * (20 * 1024 * 1024), "must be at most 10 MiB"),
    ],
    ids=["empty", "blank", "utf-16", "latin-1", "binary", "columns", "json", "zip", "rows", "large", "20 MiB"],
)
async def test_a_file_that_cant_be_used_is_told_why(stub: RatingsStub, me: Metadata, content: bytes, says: str) -> None:
    with pytest.raises(AioRpcError) as raised:
        await upload(stub, me, content, size=1_000_000)
    assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert says in violated_fields(raised.value)["chunk"]


async def test_parts_in_another_order(stub: RatingsStub, me: Metadata) -> None:
    options = Request(options=ratings_pb2.ImportOptions())
    for parts in ([], [Request(chunk=b"x"), options], [options, Request(chunk=b"x"), options]):
        async with refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD", "options"):
            await stub.ImportMyRatings(stream_of(parts), metadata=me)
    async with refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD", "part"):
        await stub.ImportMyRatings(stream_of([Request()]), metadata=me)


async def test_a_named_format_is_not_guessed(stub: RatingsStub, me: Metadata) -> None:
    async with refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD", "text"):
        await send(stub, me, LETTERBOXD, format=ratings_pb2.RATINGS_FORMAT_IMDB)


async def test_what_is_listed_is_bounded(stub: RatingsStub, me: Metadata) -> None:
    rows = "".join(f"2020-01-01,Film {number},2000,u,1\n" for number in range(1_500))
    report = await upload(stub, me, ("Date,Name,Year,Letterboxd URI,Rating\n" + rows).encode(), size=900_000)
    assert report.unmatched_count == 1_500
    assert len(report.unmatched) == 1_000


async def test_hidden_items_are_not_found(stub: RatingsStub, me: Metadata, pool: Pool, items: dict[str, int]) -> None:
    await pool.execute("update items set hidden_at = now()")
    for content in (LETTERBOXD, IMDB, TRAKT, GOODREADS):
        report = await upload(stub, me, content.encode())
        assert report.new_count == 0
        assert {problem for _, _, problem in problems(report)} <= {"NOT_FOUND", "NOT_SUPPORTED", "UNREADABLE"}
    assert await stars(stub, me) == {}
