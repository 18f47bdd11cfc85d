"""Whatever is typed into search is answered or clearly refused; and what a hit says of itself is true."""

from typing import Any, TypeAlias

import grpc
import pytest
from cinelibre.v1 import catalog_pb2, search_pb2, search_pb2_grpc
from grpc.aio import AioRpcError, Channel

from cinelibre_server.search.romanization import name_key
from tests.grpc.auth_calls import violated_fields
from tests.grpc.list_calls import pages

SearchStub: TypeAlias = "search_pb2_grpc.SearchServiceAsyncStub"

STORY = "A young woman leaves her village by train and in the city she meets a painter who has lost his sight. "
ODD = (
    # Scripts together, from right to left, joiners, emoji.
    "Sholay शोले ஷோலே షోలే", "दृश्यम Drishyam ദൃശ്യം",
    "کوئی پرانی محبت کی کہانی", "\u202eyalohS\u202c", "پیار میں धोखा and revenge",
    "😀", "🚂 train 👨\u200d👩\u200d👧", "\u200d", "\u200b\u200c\u200d\ufeff",
    "शो\u200dले", "അവന്\u200dറെ വീട്", "e\u0301\u0301\u0301\u0301" * 100,
    "ﷺ", "\U0010ffff", "\ufffe", "\u0007", "羅生門の話", "Ω≈ç√∫", "ａｃｔｉｏｎ", "𝒶𝒸𝓉𝒾ℴ𝓃",
    # Nothing but stop words, marks or numbers.
    "the", "the of and a by with", "?!…", ".", "-", "---", "()",
    "“”", "।", "0", "1975", "1/2", "-1", "9" * 200, "1e309", "NaN",
    # Operators of full-text search, patterns, SQL, shells, templates.
    "&", "|", "!", "<->", ":*", "'", '"', "\\", "%", "_", "sholay & !dangal",
    "sholay | ", "a <-> b:*", "sho:*A", "(((", ")", "'sholay'",
    '"two crooks', "\\'", "%%%", "100% love", "_ _", "'; drop table items; --",
    "' or '1'='1", "$1", "$$x$$", "%s %(q)s {0}", "{{7*7}}",
    "${jndi:ldap://x}", "<script>alert(1)</script>", "../../etc/passwd",
    "a\nb\tc\r\nd", "null", "true", "undefined", "E'\\x00'",
    # What wishes are read from, in ways that nobody means.
    "films like", "like", "films like films like Sholay", "films like !!!",
    "films like 😀", "0s", "90s", "'00s 1990s 90s", "1999-1900",
    "before 1800", "after 2099", "2000 to", "Tamil Tamil Tamil", "film book film", "languages:hi genres:drama",
    # As long as may be.
    (STORY * 100)[:10_000], "a" * 10_000, "ക" * 10_000, "😀" * 10_000,
    "1990s " * 1_666, " ".join(f"w{n}" for n in range(1_600)),
    "\u200d" * 10_000, "।" * 10_000, "films like " + "x" * 9_000, "' " * 5_000, "- " * 5_000,
)  # fmt: skip
TYPOS = (
    ("Dangl", "Dangal"), ("Drishym", "Drishyam"),
    ("Manichitrathazu", "Manichitrathazhu"), ("Kumbalangi Nites", "Kumbalangi Nights"),
    ("Frankenstien", "Frankenstein"), ("Wuthering Hights", "Wuthering Heights"),
    ("The Lunchbux", "The Lunchbox"),
)  # fmt: skip


@pytest.fixture
def stub(starter_channel: Channel) -> SearchStub:
    return search_pb2_grpc.SearchServiceStub(starter_channel)


async def ask(stub: SearchStub, q: str, limit: int = 10, **fields: Any) -> search_pb2.SemanticSearchResponse:
    """An answer that is true in itself."""
    answer = await stub.SemanticSearch(search_pb2.SemanticSearchRequest(q=q, limit=limit, **fields))
    scores = [hit.score for hit in answer.hits]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    assert len({hit.item.item_id for hit in answer.hits}) == len(answer.hits) <= limit
    for hit in answer.hits:
        assert hit.reason
        assert hit.snippet in detail(hit).synopsis
        assert bool(hit.snippet) == (hit.matched_field == search_pb2.MATCHED_FIELD_SYNOPSIS)
        end = 0
        for highlight in hit.highlights:
            assert end <= highlight.start < highlight.end <= len(hit.snippet)
            end = highlight.end
    return answer


def detail(hit: search_pb2.SearchHit) -> Any:
    return hit.item.movie if hit.item.HasField("movie") else hit.item.book


def titles(answer: search_pb2.SemanticSearchResponse) -> list[str]:
    return [detail(hit).title for hit in answer.hits]


async def test_whatever_is_typed_is_answered_or_refused(stub: SearchStub) -> None:
    refused = {}
    for q in ODD:
        try:
            # A vector is compared for all, so that there is always something to show.
            assert (await ask(stub, q)).hits, q[:40]
        except AioRpcError as error:
            refused[q[:40]] = (error.code(), list(violated_fields(error)))
    assert refused == {}


async def test_what_is_no_text_is_refused_by_name(stub: SearchStub) -> None:
    refusals = []
    for q in ("", " ", "\t\n", "\u00a0", "\u2003\u3000", "\x1c", "a\0", "a" * 10_001, "\U0001f600" * 10_001):
        with pytest.raises(AioRpcError) as raised:
            await ask(stub, q)
        refusals.append((raised.value.code(), list(violated_fields(raised.value))))
    assert refusals == [(grpc.StatusCode.INVALID_ARGUMENT, ["q"])] * 9


async def test_operators_do_not_change_what_is_meant(stub: SearchStub) -> None:
    for q in (
        "sholay",
        '"sholay"',
        "sholay:*",
        "'sholay",
        "(sholay",
        "sholay%",
        "\u200bsholay\u200d",
    ):
        assert titles(await ask(stub, q, limit=3))[0] == "Sholay", q


async def test_a_typo_is_asked_back(stub: SearchStub) -> None:
    asked_back = {typed: (await ask(stub, typed)).did_you_mean for typed, _title in TYPOS}
    assert asked_back == dict(TYPOS)
    for right in ("Sholay", "शोले", "sholey", "manichitrathazhu", STORY, "😀", "two crooks hunt a bandit"):
        assert (await ask(stub, right)).did_you_mean == ""
    request = search_pb2.SemanticSearchRequest(q="Dangl")
    asked = [page.did_you_mean async for page in pages(stub.SemanticSearch, request, 50)]
    assert len(asked) > 1
    assert asked[0] == "Dangal"
    assert set(asked[1:]) == {""}


async def test_films_like_one_are_others(stub: SearchStub) -> None:
    for q in ("films like Sholay", "movies similar to sholey", "something like शोले"):
        answer = await ask(stub, q)
        assert len(answer.hits) == 10
        assert "Sholay" not in titles(answer)
        assert {hit.matched_field for hit in answer.hits} == {search_pb2.MATCHED_FIELD_SIMILAR_ITEM}
        assert answer.did_you_mean == ""
    for books in (
        await ask(stub, "films like Sholay", item_type=catalog_pb2.ITEM_TYPE_BOOK),
        await ask(stub, "books like Sholay"),
    ):
        assert len(books.hits) == 10
        assert all(hit.item.HasField("book") for hit in books.hits)
    filtered = await ask(stub, "films like Sholay", languages=["ta"], year_from=1990)
    assert len(filtered.hits) == 10
    assert {hit.item.movie.language for hit in filtered.hits} == {"ta"}
    assert all(hit.item.movie.year >= 1990 for hit in filtered.hits)
    assert {hit.matched_field for hit in filtered.hits} == {search_pb2.MATCHED_FIELD_SIMILAR_ITEM}
    request = search_pb2.SemanticSearchRequest(q="films like Sholay")
    whole = [hit async for page in pages(stub.SemanticSearch, request, 100) for hit in page.hits]
    assert [hit async for page in pages(stub.SemanticSearch, request, 37) for hit in page.hits] == whole
    assert len({hit.item.item_id for hit in whole}) == len(whole) > 100
    unknown = await ask(stub, "films like Qzxvkjwq")
    assert search_pb2.MATCHED_FIELD_SIMILAR_ITEM not in {hit.matched_field for hit in unknown.hits}


async def test_people_are_found_by_their_names(stub: SearchStub) -> None:
    for q in ("Satyajit Ray", "films by Satyajit Ray", "सत्यजित राय"):
        hits = (await ask(stub, q)).hits
        assert len(hits) == 10
        assert all("Satyajit Ray" in [*detail(hit).directors, *detail(hit).cast] for hit in hits), q
        assert [hit.reason for hit in hits if not hit.reason.startswith("By or with Satyajit Ray.")] == [], q
    authored = await ask(stub, "books by Premchand", limit=3)
    assert all("Premchand" in hit.item.book.authors for hit in authored.hits)
    together = await ask(stub, "Mani Ratnam film with Rajinikanth", limit=1)
    assert titles(together) == ["Thalapathi"]


# As they are typed, and the name that is meant.
NAMES = (
    ("A. R. Murugadoss", "A. R. Murugadoss"), ("Rajkummar Rao", "Rajkummar Rao"), ("fahad fazil", "Fahadh Faasil"),
    ("Mohan lal", "Mohanlal"), ("Rajnikant", "Rajinikanth"), ("Mani Ratnm", "Mani Ratnam"),
    ("SS Rajamouli", "S. S. Rajamouli"), ("directed by Rajamouli", "S. S. Rajamouli"), ("RK Narayan", "R. K. Narayan"),
    ("Shahrukh Khan", "Shah Rukh Khan"),
)  # fmt: skip


async def test_people_are_found_as_their_names_are_typed(stub: SearchStub) -> None:
    missed = {}
    for q, name in NAMES:
        answer = await ask(stub, q, limit=3)
        credits = [
            [*detail(hit).directors, *detail(hit).cast] if hit.item.HasField("movie") else [*detail(hit).authors]
            for hit in answer.hits
        ]
        if not all(name_key(name) in map(name_key, people) for people in credits) or answer.did_you_mean:
            missed[q] = (titles(answer), answer.did_you_mean)
    assert missed == {}


async def test_the_filter_takes_people_in_any_spelling_and_script(stub: SearchStub) -> None:
    for spellings in (
        ("Rajinikanth", "ரஜினிகாந்த்", "Rajnikant"),
        ("Mammootty", "மம்மூட்டி"),
        ("Mohanlal", "मोहनलाल", "Mohan Lal"),
        ("Shah Rukh Khan", "शाहरुख ख़ान", "ഷാരൂഖ് ഖാൻ", "Shahrukh Khan"),
        ("S. S. Rajamouli", "SS Rajamouli", "Rajamouli", "एस एस राजामौली", "ఎస్. ఎస్. రాజమౌళి"),
        ("Mani Ratnam", "மணிரத்னம்", "Maniratnam"),
    ):
        found = [
            {hit.item.item_id for hit in (await ask(stub, "story", limit=100, people=[name])).hits}
            for name in spellings
        ]
        assert found[0]
        assert found == found[:1] * len(found), spellings
    assert not (await ask(stub, "story", people=["Xyz Kapoor"])).hits


async def test_what_is_right_is_not_asked_back(stub: SearchStub) -> None:
    for right in ("Asin", "Mani Ratnam", "Nutan", "Crime", "drama", "dog", "fly", "x", "films like", "Tamil thrillers"):
        assert (await ask(stub, right)).did_you_mean == "", right
    assert (await ask(stub, "three idiots")).did_you_mean == "3 Idiots"


async def test_who_asks_for_a_kind_gets_it_first(stub: SearchStub) -> None:
    for q, language, first, last in (
        ("Hindi films 1975", "hi", 1975, 1975),
        ("Tamil thrillers from the 90s", "ta", 1990, 1999),
        ("Punjabi comedy 2015 to 2018", "pa", 2015, 2018),
    ):
        found = [detail(hit) for hit in (await ask(stub, q, limit=8)).hits]
        assert [item.title for item in found if item.language != language or not first <= item.year <= last] == []


async def test_films_like_one_in_a_language(stub: SearchStub) -> None:
    answer = await ask(stub, "Tamil films like Drishyam")
    assert {hit.matched_field for hit in answer.hits} == {search_pb2.MATCHED_FIELD_SIMILAR_ITEM}
    assert {detail(hit).language for hit in answer.hits} == {"ta"}


async def test_highlights_are_the_words_of_the_query(stub: SearchStub) -> None:
    answer = await ask(stub, "two crooks hired to catch a bandit who terrorises a village")
    sholay = next(hit for hit in answer.hits if detail(hit).title == "Sholay")
    marked = [sholay.snippet[highlight.start : highlight.end].lower() for highlight in sholay.highlights]
    assert marked
    assert {word[:4] for word in marked} <= {"two", "croo", "hire", "catc", "band", "terr", "vill"}


async def test_wishes_lift_and_are_told(stub: SearchStub) -> None:
    for q, language in (("Tamil thrillers", "ta"), ("Bengali thrillers", "bn"), ("Malayalam thrillers", "ml")):
        plain, wished = await ask(stub, "thrillers"), await ask(stub, q)
        having = [sum(detail(hit).language == language for hit in answer.hits) for answer in (plain, wished)]
        assert having[1] > having[0], q
        for hit in wished.hits:
            assert ("its language" in hit.reason) == (detail(hit).language == language)
            assert ("its genre" in hit.reason) == ("Thriller" in detail(hit).genres)
