"""Semantic search over the real server and model: finds stories by description, in English and in Indian languages."""

from typing import Any, TypeAlias

import grpc
import pytest
from cinelibre.v1 import catalog_pb2, search_pb2, search_pb2_grpc
from grpc.aio import Channel

from tests.grpc.list_calls import pages, refused, sign_up

SearchStub: TypeAlias = "search_pb2_grpc.SearchServiceAsyncStub"

# Descriptions in other words than the synopsis; the film or book is among the first five of 2,953.
DESCRIPTIONS = (
    ("Sholay", "two crooks hired to catch a bandit who terrorises a village"),
    ("Dangal", "a father trains his daughters to become wrestlers"),
    ("Lagaan: Once Upon a Time in India", "villagers play cricket against the British to get out of paying tax"),
    ("Taare Zameen Par", "a boy with dyslexia and the teacher who understands him"),
    ("Drishyam", "a cable operator hides a crime to protect his family from the police"),
    ("The Lunchbox", "a lunch delivered to the wrong man and letters between strangers"),
    ("Eega", "a murdered man comes back as a fly to take revenge"),
    ("The Little Prince", "a pilot meets a boy from a tiny planet in the desert"),
    ("Frankenstein", "a scientist creates a living being from dead bodies"),
    # Hindi, Tamil, Telugu, Malayalam, Kannada, Bengali, Marathi, Gujarati, Assamese.
    ("Dangal", "एक पिता अपनी बेटियों को पहलवान बनाता है"),
    ("Taare Zameen Par", "एक बच्चा जिसे पढ़ने लिखने में मुश्किल होती है और उसका कला शिक्षक"),
    ("Enthiran", "உணர்வுகள் பெறும் ரோபோவை உருவாக்கும் விஞ்ஞானி"),
    ("Eega", "హత్యకు గురైన యువకుడు ఈగగా పుట్టి పగ తీర్చుకుంటాడు"),
    ("Drishyam", "കുടുംബത്തെ രക്ഷിക്കാൻ പോലീസിനെ കബളിപ്പിക്കുന്ന കേബിൾ ഓപ്പറേറ്റർ"),
    ("Lucia", "ನಿದ್ರೆ ಬಾರದ ವ್ಯಕ್ತಿ ಮಾತ್ರೆ ತಿಂದು ಕನಸಿನಲ್ಲಿ ಸಿನಿಮಾ ನಟನಾಗುತ್ತಾನೆ"),
    ("Pather Panchali", "গ্রামের গরিব ভাই বোন অপু আর দুর্গা ট্রেন দেখতে যায়"),
    ("Mahanagar", "সংসারের জন্য গৃহবধূ ঘরে ঘরে সেলাই মেশিন বিক্রির চাকরি নেয়"),
    ("Court", "वृद्ध लोकशाहीर गायकावरील न्यायालयातील खटला"),
    ("Chhello Show", "સિનેમા પ્રત્યે પ્રેમ ધરાવતો નવ વર્ષનો છોકરો પ્રોજેક્શન રૂમમાં જાય છે"),
    ("Village Rockstars", "অসমৰ গাঁৱৰ ছোৱালী এজনী গীটাৰ কিনিবলৈ পইচা সাঁচে"),
)


@pytest.fixture
def stub(starter_channel: Channel) -> SearchStub:
    return search_pb2_grpc.SearchServiceStub(starter_channel)


async def search(stub: SearchStub, q: str, limit: int = 100, **filters: Any) -> list[search_pb2.SearchHit]:
    answer = await stub.SemanticSearch(search_pb2.SemanticSearchRequest(q=q, limit=limit, **filters))
    scores = [hit.score for hit in answer.hits]
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score < 1 for score in scores)
    assert all(hit.reason for hit in answer.hits)
    assert len({hit.item.item_id for hit in answer.hits}) == len(answer.hits)
    return list(answer.hits)


def detail(hit: search_pb2.SearchHit) -> Any:
    return hit.item.movie if hit.item.HasField("movie") else hit.item.book


async def test_descriptions_in_many_languages(stub: SearchStub) -> None:
    places = {}
    for title, description in DESCRIPTIONS:
        hits = await search(stub, description, limit=5)
        places[description] = title in [detail(hit).title for hit in hits]
    assert [description for description, found in places.items() if not found] == []


@pytest.mark.parametrize(
    ("q", "title"), [("Charulata", "Charulata"), ("चारुलता", "Charulata"), ("शोले", "Sholay"), ("নায়ক", "Nayak")]
)
async def test_titles_are_found_too(stub: SearchStub, q: str, title: str) -> None:
    assert title in [detail(hit).title for hit in await search(stub, q, limit=5)]


async def test_filters_keep_the_order_of_what_passes_them(stub: SearchStub) -> None:
    q = "a love that the families forbid"
    everything = [
        hit
        async for page in pages(stub.SemanticSearch, search_pb2.SemanticSearchRequest(q=q), 100)
        for hit in page.hits
    ]
    assert len(everything) >= 100
    places = {hit.item.item_id: place for place, hit in enumerate(everything)}

    async def assert_filtered(passes: Any, **filters: Any) -> None:
        found = await search(stub, q, **filters)
        assert found
        assert all(passes(hit) for hit in found)
        both = [places[hit.item.item_id] for hit in found if hit.item.item_id in places]
        assert both == sorted(both)
        # What passes is found by going on behind what does not.
        assert len(found) >= min(100, sum(map(passes, everything)))

    await assert_filtered(lambda hit: hit.item.HasField("book"), item_type=catalog_pb2.ITEM_TYPE_BOOK)
    await assert_filtered(lambda hit: hit.item.HasField("movie"), item_type=catalog_pb2.ITEM_TYPE_MOVIE)
    await assert_filtered(lambda hit: detail(hit).language in ("ta", "ml"), languages=["ta", "ml"])
    await assert_filtered(lambda hit: "Drama" in detail(hit).genres, genres=["DRAMA"])
    await assert_filtered(lambda hit: 1950 <= detail(hit).year <= 1960, year_from=1950, year_to=1960)
    await assert_filtered(
        lambda hit: hit.item.HasField("movie") and detail(hit).language == "hi" and detail(hit).year >= 2010,
        item_type=catalog_pb2.ITEM_TYPE_MOVIE,
        languages=["hi"],
        year_from=2010,
    )
    assert await search(stub, q, languages=["xx"]) == []


async def test_pages_are_whole(stub: SearchStub) -> None:
    request = search_pb2.SemanticSearchRequest(q="ট্রেন")
    whole = [hit async for page in pages(stub.SemanticSearch, request, 100) for hit in page.hits]
    found = [page async for page in pages(stub.SemanticSearch, request, 19)]
    assert [hit for page in found for hit in page.hits] == whole
    assert all(len(page.hits) == 19 for page in found[:-1])
    assert len({hit.item.item_id for hit in whole}) == len(whole) >= 100


async def test_calls_in_use_today(stub: SearchStub) -> None:
    assert len(await search(stub, "action", limit=5)) == 5
    assert len((await stub.SemanticSearch(search_pb2.SemanticSearchRequest(q="action"))).hits) == 20
    again = [await search(stub, "action", limit=5) for _ in range(2)]
    assert again[0] == again[1]


@pytest.mark.parametrize("q", ["क" * 10_000, "a", "😀", "' or 1=1 --", "  spaces  around  ", "\n", "\t."])
async def test_odd_queries_are_answered_or_refused_by_the_rule(stub: SearchStub, q: str) -> None:
    if q.strip():
        assert len(await search(stub, q, limit=3)) == 3
    else:
        async with refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD", "q"):
            await search(stub, q)


async def test_bad_requests_name_their_field(stub: SearchStub) -> None:
    fields: dict[str, Any]
    for fields, field in (
        ({"q": ""}, "q"),
        ({"q": "   "}, "q"),
        ({"q": "\u00a0\u3000"}, "q"),
        ({"q": "a" * 10_001}, "q"),
        ({"q": "a\0b"}, "q"),
        ({"q": "a", "limit": -1}, "limit"),
        ({"q": "a", "limit": 101}, "limit"),
        ({"q": "a", "languages": ["hindi"]}, "languages[0]"),
        ({"q": "a", "year_from": 3001}, "year_from"),
        ({"q": "a", "year_from": 2001, "year_to": 2000}, "year_to"),
        ({"q": "a", "people": [""]}, "people[0]"),
        ({"q": "a", "people": ["!"]}, "people"),
        ({"q": "a", "min_stars": 5.5}, "min_stars"),
    ):
        async with refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD", field):
            await stub.SemanticSearch(search_pb2.SemanticSearchRequest(**fields))


async def test_page_tokens_belong_to_their_query(stub: SearchStub, starter_channel: Channel) -> None:
    token = (await stub.SemanticSearch(search_pb2.SemanticSearchRequest(q="a train", limit=2))).next_page_token
    request = search_pb2.SemanticSearchRequest(q="a train", limit=3, page_token=token)
    assert len((await stub.SemanticSearch(request)).hits) == 3
    async with refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_PAGE_TOKEN", "page_token"):
        await stub.SemanticSearch(request, metadata=await sign_up(starter_channel))
    for changed in (
        search_pb2.SemanticSearchRequest(q="a plane", page_token=token),
        search_pb2.SemanticSearchRequest(q="a train", languages=["hi"], page_token=token),
        search_pb2.SemanticSearchRequest(q="a train", page_token=token + "AAAA"),
    ):
        async with refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_PAGE_TOKEN", "page_token"):
            await stub.SemanticSearch(changed)
