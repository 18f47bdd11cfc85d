"""Titles while they are typed, over the real server: beginnings, words, scripts, typos, and what is no title."""

from typing import Any, TypeAlias

import grpc
import pytest
from cinelibre.v1 import catalog_pb2, search_pb2, search_pb2_grpc
from grpc.aio import Channel

from cinelibre_server.search.romanization import name_key
from tests.grpc.list_calls import ids_by_title, rate, refused, sign_up

SearchStub: TypeAlias = "search_pb2_grpc.SearchServiceAsyncStub"

# What was typed, and a title that has to be among the first three.
TYPED = (
    ("sho", "Sholay"), ("Shol", "Sholay"), ("sholey", "Sholay"), ("SHOLAY", "Sholay"), ("शो", "Sholay"),
    ("शोले", "Sholay"),
    ("dilwale", "Dilwale Dulhania Le Jayenge"), ("dulha", "Dilwale Dulhania Le Jayenge"),
    ("दुल्ह", "Dilwale Dulhania Le Jayenge"), ("baahu", "Baahubali: The Beginning"), ("బాహు", "Baahubali: The Beginning"),
    ("ponniyin sel", "Ponniyin Selvan"), ("பொன்னி", "Ponniyin Selvan"), ("മണിച്ചി", "Manichitrathazhu"),
    ("ದೃ", "Drishyam"), ("drish", "Drishyam"), ("হীরক", "Hirak Rajar Deshe"), ("ਮੜ੍ਹੀ", "Marhi Da Deeva"),
    ("છેલ્લો", "Chhello Show"), ("ମାଟିର", "Matira Manisha"), ("امراؤ", "Umrao Jaan"),
    ("baskervil", "The Hound of the Baskervilles"),
    ("3 id", "3 Idiots"), ("12", "12th Fail"), ("manichitratazhu", "Manichitrathazhu"), ("lunchbocks", "The Lunchbox"),
    ("godfathr", "The Godfather"), ("pride & prej", "Pride and Prejudice"), ("les miserables", "Les Misérables"),
)  # fmt: skip


@pytest.fixture
def stub(starter_channel: Channel) -> SearchStub:
    return search_pb2_grpc.SearchServiceStub(starter_channel)


async def suggest(stub: SearchStub, q: str, **options: Any) -> list[search_pb2.Suggestion]:
    answer = await stub.Suggest(search_pb2.SuggestRequest(q=q, **options))
    suggestions = list(answer.suggestions)
    assert len({suggestion.item_id for suggestion in suggestions}) == len(suggestions)
    assert all(suggestion.item_id and suggestion.text and suggestion.title for suggestion in suggestions)
    return suggestions


async def test_titles_are_completed_in_every_script(stub: SearchStub) -> None:
    shown = {q: [suggestion.title for suggestion in await suggest(stub, q, limit=3)] for q, _title in TYPED}
    assert {q: shown[q] for q, title in TYPED if title not in shown[q]} == {}


async def test_a_suggestion_tells_the_item_and_the_name_that_fits(stub: SearchStub, starter_channel: Channel) -> None:
    ids = await ids_by_title(starter_channel)
    (latin, *_rest), (devanagari, *_others) = await suggest(stub, "sholay"), await suggest(stub, "शोले")
    for suggestion in (latin, devanagari):
        assert suggestion.item_id == ids["Sholay"]
        assert suggestion.item_type == catalog_pb2.ITEM_TYPE_MOVIE
        assert (suggestion.title, suggestion.year) == ("Sholay", 1975)
        assert suggestion.text in ("Sholay", "शोले")


async def test_beginnings_come_before_words_inside(stub: SearchStub) -> None:
    shown = await suggest(stub, "the", limit=20)
    begins = [name_key(suggestion.text).startswith("te") for suggestion in shown]
    assert begins[0]
    assert begins == sorted(begins, reverse=True)


async def test_what_is_rated_more_comes_first(stub: SearchStub, starter_channel: Channel) -> None:
    before = [suggestion.title for suggestion in await suggest(stub, "dev")]
    assert len(before) == 8
    second = next(suggestion for suggestion in await suggest(stub, "dev ") if suggestion.title != before[0])
    await rate(starter_channel, await sign_up(starter_channel), second.item_id, 5)
    # Another limit: a list of a moment ago may be shown again.
    assert (await suggest(stub, "dev", limit=5))[0].item_id == second.item_id


async def test_item_type_and_limit(stub: SearchStub) -> None:
    both = await suggest(stub, "the", limit=20)
    assert len(both) == 20
    assert len(await suggest(stub, "the")) == 8
    assert len(await suggest(stub, "the", limit=1)) == 1
    assert {suggestion.item_type for suggestion in both} == {catalog_pb2.ITEM_TYPE_MOVIE, catalog_pb2.ITEM_TYPE_BOOK}
    for item_type in (catalog_pb2.ITEM_TYPE_MOVIE, catalog_pb2.ITEM_TYPE_BOOK):
        shown = await suggest(stub, "pather pan", item_type=item_type)
        assert [(suggestion.item_type, suggestion.title) for suggestion in shown][:1] == [
            (item_type, "Pather Panchali")
        ]
        assert {suggestion.item_type for suggestion in shown} == {item_type}


async def test_odd_input_suggests_nothing_or_something(stub: SearchStub) -> None:
    for q in ("!", "😀", "\u200d", "%", "_", "\\", "...", "؟", "&|!<->:*"):
        assert await suggest(stub, q) == []
    for q in (
        "xqzwv",
        "x" * 200,
        "ക" * 200,
        "👨\u200d👩\u200d👧" * 20,
        "' or 1=1 --",
        "%%a%%",
        "a_b\\",
        "\ud7ff",
        "羅生門",
    ):
        assert len(await suggest(stub, q)) <= 8
    # Wildcards of the database are no letters.
    for q in ("sho%", "sho_", "%sho", "\\sho", "sho:*"):
        assert await suggest(stub, q, limit=20) == await suggest(stub, "sho", limit=20)


async def test_bad_input_names_its_field(stub: SearchStub) -> None:
    fields: dict[str, Any]
    for fields, field in (
        ({"q": ""}, "q"),
        ({"q": "  \n"}, "q"),
        ({"q": "\u3000"}, "q"),
        ({"q": "a" * 201}, "q"),
        ({"q": "a\0b"}, "q"),
        ({"q": "a", "limit": -1}, "limit"),
        ({"q": "a", "limit": 21}, "limit"),
        ({"q": "a", "item_type": 9}, "item_type"),
    ):
        async with refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD", field):
            await stub.Suggest(search_pb2.SuggestRequest(**fields))
