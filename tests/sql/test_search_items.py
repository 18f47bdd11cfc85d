"""What search finds and in which order: passages, words, names, wishes, filters and pages."""

import itertools
import math
from collections import Counter
from typing import Any

import numpy as np
import pytest

from cinelibre_server.search.romanization import name_key, sound_key
from cinelibre_server.search.terms import count_terms
from cinelibre_server.store.database import Pool
from cinelibre_server.store.items import ItemFilter
from cinelibre_server.store.search import SearchFilter
from tests.sql.builders import add_items, add_users, random_vectors, rate_all
from tests.sql.searching import PASSAGE, asked, axis, find, find_ids, index, indexed

CATALOGUE = (
    ("Drishyam", "ദൃശ്യം"), ("Drishti", "दृष्टि"), ("Dilwale Dulhania Le Jayenge", "दिलवाले दुल्हनिया ले जाएंगे"),
    ("Dil", "दिल"), ("Dilwale", "दिलवाले"), ("Sholay", "शोले"), ("Shaan", "शान"), ("Devdas", "দেবদাস"),
    ("Dev", "देव"), ("Baahubali: The Beginning", "బాహుబలి"), ("Zindagi Na Milegi Dobara", "ज़िन्दगी ना मिलेगी दोबारा"),
    ("Enthiran", "எந்திரன்"), ("Nayak", "নায়ক"), ("Nayakan", "நாயகன்"), ("1983", "1983"), ("Pather Panchali", "পথের পাঁচালী"),
)  # fmt: skip
# What somebody types, and the title that is meant.
SPELLINGS = (
    ("Drishyam", "Drishyam"), ("drishyum", "Drishyam"), ("Drshyam", "Drishyam"), ("த்ரிஷ்யம்", "Drishyam"),
    ("दृश्यम", "Drishyam"), ("ദൃശ്യം", "Drishyam"), ("dilwale dulhania", "Dilwale Dulhania Le Jayenge"),
    ("le jayenge", "Dilwale Dulhania Le Jayenge"), ("Dilvale Dulhaniya Le Jaayenge", "Dilwale Dulhania Le Jayenge"),
    ("दुल्हनिया", "Dilwale Dulhania Le Jayenge"), ("Dilwale", "Dilwale"), ("sholey", "Sholay"), ("ਸ਼ੋਲੇ", "Sholay"),
    ("দেবদাস", "Devdas"), ("devadas", "Devdas"), ("bahubali", "Baahubali: The Beginning"),
    ("ബാഹുബലി", "Baahubali: The Beginning"), ("zindagi", "Zindagi Na Milegi Dobara"),
    ("zindgi na milegi", "Zindagi Na Milegi Dobara"), ("endhiran", "Enthiran"), ("ইন্থিরন", "Enthiran"),
    ("Nayakan", "Nayakan"), ("Nayak", "Nayak"), ("1983", "1983"), ("pathar panchali", "Pather Panchali"),
    ("Drishyam film", "Drishyam"),
)  # fmt: skip


def score(dense: float = 0, lexical: float = 0, alike: float = 0, people: int = 0, fulfilled: int = 0) -> float:
    """The formula of search_items; `alike` is a similarity of names."""
    x = dense / 0.015 + 0.13 * lexical + 10 * max(0, alike - 0.4) + 30 * max(0, alike - 0.8) + 6 * people + fulfilled
    return 1 / (1 + math.exp(-x / 20))


async def test_the_best_passage_counts_and_is_returned(pool: Pool) -> None:
    one, two, credits_only, nothing = await add_items(pool, 4)
    await index(
        pool,
        [
            indexed(one, [axis(9), axis(1, 0.25), axis(0, 0.5), axis(0, 0.25)], whole=axis(0, 0.25)),
            indexed(two, [axis(0, 0.125), axis(0, 0.25), axis(0, 0.375)]),
            indexed(credits_only, [axis(0, 0.25)]),
        ],
    )
    hits = await find(pool, asked(embedding=axis(0)))
    assert [(hit.item_id, hit.matched, hit.first_character, hit.character_count) for hit in hits] == [
        (one, "synopsis", PASSAGE, 90),
        (two, "synopsis", PASSAGE, 90),
        (credits_only, "credits", 0, 0),
    ]
    assert [hit.score for hit in hits] == pytest.approx(
        # Credits count for the whole text where there is nothing else.
        [score(0.5 + 0.4 * 0.25), score(0.375 + 0.75 * 0.125), score(1.75 * 0.25)]
    )
    assert nothing not in [hit.item_id for hit in hits]


async def test_credits_that_fit_better_than_the_story_are_told(pool: Pool) -> None:
    (item,) = await add_items(pool, 1)
    await index(pool, [indexed(item, [axis(0, 0.5), axis(0, 0.25)])])
    (hit,) = await find(pool, asked(embedding=axis(0)))
    assert hit.matched == "credits"
    assert hit.score == pytest.approx(score(0.25 + 0.75 * 0.5))


async def test_the_readings_add_up(pool: Pool) -> None:
    both, name_only, story_only = await add_items(pool, 3)
    await index(
        pool,
        [
            indexed(both, [axis(9), axis(0, 0.25)], title="Charulata"),
            indexed(name_only, [axis(9), axis(8)], title="Charulata"),
            indexed(story_only, [axis(9), axis(0, 0.25)]),
        ],
    )
    hits = {hit.item_id: hit for hit in await find(pool, asked("charulata", axis(0)))}
    (lexical,) = {row["score"] for row in await pool.fetch(
        "select score from get_term_scores($1, '{1}')", list(count_terms("charulata"))
    )}  # fmt: skip
    assert hits[both].score == pytest.approx(score(0.25, lexical, 1))
    assert hits[name_only].score == pytest.approx(score(0, lexical, 1))
    assert hits[story_only].score == pytest.approx(score(0.25))
    assert list(hits) == [both, story_only, name_only]
    assert [hits[item].matched for item in hits] == ["name", "synopsis", "name"]
    assert (hits[both].name, hits[both].name_similarity) == ("Charulata", 1)
    assert (hits[story_only].name, hits[story_only].name_similarity) == (None, 0)


async def test_words_are_scored_as_bm25(pool: Pool) -> None:
    random = np.random.default_rng(3)
    words = [f"{head}{tail}" for head in ("ban", "vil", "mon", "kar", "lot") for tail in ("dok", "lagu", "tur", "pir")]
    items = await add_items(pool, 40)
    texts = [" ".join(random.choice(words, random.integers(3, 60))) for _item in items]
    titles = [" ".join(random.choice(words, 2)) for _item in items]
    await index(
        pool,
        [
            indexed(item, title=title, synopsis=text)
            for item, title, text in zip(items, titles, texts, strict=True)
        ],
    )  # fmt: skip
    tf: list[Counter[str]] = []
    for title, text in zip(titles, texts, strict=True):
        counted: Counter[str] = Counter()
        for weight, field in ((3, title), (1, text)):
            for word in field.split():
                counted[next(iter(count_terms(word)))] += weight
        tf.append(counted)
    query = count_terms(" ".join([words[0], words[0], words[7], words[13], "unheardof"]))
    expected = {}
    for item, counted in zip(items, tf, strict=True):
        total = 0.0
        for term, count in query.items():
            having = sum(term in other for other in tf)
            if term in counted:
                idf = math.log(1 + (len(items) - having + 0.5) / (having + 0.5))
                damping = 1.2 * (1 - 0.5 + 0.5 * counted.total() / 80)
                total += count * idf * counted[term] * 2.2 / (counted[term] + damping)
        if total:
            expected[item] = total
    rows = await pool.fetch("select * from get_term_scores($1, $2)", list(query), list(query.values()))
    assert len(expected) > 20
    assert {row["item_id"]: row["score"] for row in rows} == pytest.approx(expected, rel=1e-5)


async def test_names_in_other_spellings_parts_and_scripts(pool: Pool) -> None:
    items = await add_items(pool, len(CATALOGUE))
    titles = {item: names[0] for item, names in zip(items, CATALOGUE, strict=True)}
    await index(
        pool, [indexed(item, title=title, original_title=dict(CATALOGUE)[title]) for item, title in titles.items()]
    )
    first = {}
    for query, _title in SPELLINGS:
        hits = await find(pool, asked(query))
        first[query] = titles[hits[0].item_id]
        assert hits[0].matched == "name"
        assert hits[0].name in (first[query], dict(CATALOGUE)[first[query]])
        assert 0.55 <= hits[0].name_similarity <= 1
        assert len({hit.item_id for hit in hits}) == len(hits)
    assert first == dict(SPELLINGS)


async def test_of_one_name_the_most_rated_item_comes_first(pool: Pool) -> None:
    items = await add_items(pool, 3)
    users = await add_users(pool, 2)
    await rate_all(pool, [(user, items[1], 8) for user in users])
    await index(pool, [indexed(item, title="Devdas") for item in items])
    rows = await pool.fetch(
        "select item_id, similarity from get_named_items(array['devdas'], array['devdas'], array[$1], array[$2], '{}')",
        name_key("Devdas"),
        sound_key(name_key("Devdas")),
    )
    assert [tuple(row) for row in rows] == [(items[1], 1), (items[0], 1), (items[2], 1)]


async def test_wishes_lift_and_leave_nothing_out(pool: Pool) -> None:
    plain, tamil = (
        await add_items(pool, 1, language="hi", genres=["Drama"], year=1950),
        await add_items(pool, 1, language="ta", genres=["Thriller"], year=1995),
    )
    (book,) = await add_items(pool, 1, item_type="book", language="ta", genres=["Drama"], year=1995)
    items = [*plain, *tamil, book]
    await index(pool, [indexed(item, [axis(9), axis(0, 0.5)]) for item in items])
    wishes: tuple[tuple[dict[str, Any], tuple[int, ...]], ...] = (
        ({}, (0, 0, 0)),
        ({"languages": ("ta", "te")}, (0, 1, 1)),
        ({"genres": ("thriller",)}, (0, 1, 0)),
        ({"item_type": "book"}, (0, 0, 1)),
        ({"year_from": 1990}, (0, 1, 1)),
        ({"year_to": 1990}, (1, 0, 0)),
        ({"year_from": 1990, "year_to": 1999, "languages": ("ta",), "genres": ("thriller",)}, (0, 3, 2)),
        ({"languages": ("xx",)}, (0, 0, 0)),
    )
    for wished, fulfilled in wishes:
        scores = {hit.item_id: hit.score for hit in await find(pool, asked("", axis(0), **wished))}
        assert [scores[item] for item in items] == pytest.approx([score(0.5, fulfilled=count) for count in fulfilled])


async def test_what_is_wished_is_looked_for_behind_the_nearest(pool: Pool) -> None:
    many = await add_items(pool, 300)
    (wished,) = await add_items(pool, 1, language="ta")
    await index(
        pool,
        [
            *(indexed(item, [axis(9), axis(0, 0.5)]) for item in many),
            indexed(wished, [axis(9), axis(0, 0.495)]),
        ],
    )  # fmt: skip
    assert wished not in await find_ids(pool, asked("", axis(0)))
    assert (await find_ids(pool, asked("", axis(0), languages=("ta",))))[0] == wished


async def test_filters_are_strict_in_every_combination(pool: Pool) -> None:
    users = await add_users(pool, 1)
    facts: dict[int, dict[str, Any]] = {}
    for item_type, language, genre, year in itertools.product(
        ("movie", "book"), ("hi", "ta"), ("Drama", "Action"), (1950, 1990, 2010)
    ):
        for item in await add_items(
            pool, 4, item_type=item_type, language=language, genres=[genre, "Other"], year=year
        ):
            half_stars = (0, 6, 8, 9)[len(facts) % 4]
            facts[item] = {
                "kind": item_type, "language": language, "genre": genre.lower(), "year": year, "half_stars": half_stars,
                "person": ("Mani Ratnam", "Satyajit Ray")[len(facts) % 2],
            }  # fmt: skip
    await rate_all(pool, [(users[0], item, fact["half_stars"]) for item, fact in facts.items() if fact["half_stars"]])
    vectors = random_vectors(len(facts), seed=5)
    await index(
        pool,
        [
            indexed(
                item, [vector, vector], title=f"Sholay {item}", people=[facts[item]["person"]], synopsis="A bandit."
            )
            for item, vector in zip(facts, vectors, strict=True)
        ],
    )
    whole = await find_ids(pool, asked("sholay bandit", vectors[0]))
    assert len(whole) == len(facts)
    options: tuple[tuple[Any, ...], ...] = (
        (None, "movie"), (None, ("ta", "te")), (None, ("action", "horror")), (None, 1960), (None, 2000),
        (None, (name_key("मणि रत्नम"), name_key("Mani Ratnam"))), (None, 4.0),
    )  # fmt: skip
    combinations = 0
    for kind, languages, genres, first, last, people, stars in itertools.product(*options):
        wanted = SearchFilter(ItemFilter(kind, languages, genres, first, last), people, stars)
        passing = {
            item for item, fact in facts.items()
            if kind in (None, fact["kind"])
            and (languages is None or fact["language"] in languages)
            and (genres is None or fact["genre"] in genres)
            and (first is None or fact["year"] >= first)
            and (last is None or fact["year"] <= last)
            and (people is None or fact["person"] == "Mani Ratnam")
            and (stars is None or fact["half_stars"] >= 2 * stars)
        }  # fmt: skip
        found = await find_ids(pool, asked("sholay bandit", vectors[0]), wanted=wanted)
        assert passing
        assert found == [item for item in whole if item in passing]
        combinations += 1
    assert combinations == 128


async def test_the_one_of_many_that_passes_is_found(pool: Pool) -> None:
    items = await add_items(pool, 200)
    (rare,) = await add_items(pool, 1, language="ta", year=1931)
    vectors = random_vectors(200, seed=6)
    await index(
        pool,
        [
            *(indexed(item, [vector, vector, vector]) for item, vector in zip(items, vectors, strict=True)),
            indexed(rare, [-vectors[0], -vectors[0]]),
        ],
    )
    for wanted in (ItemFilter(languages=("ta",)), ItemFilter(year_to=1931), ItemFilter(languages=("ta", "te"))):
        assert await find_ids(pool, asked("bandit", vectors[0]), wanted=SearchFilter(wanted)) == [rare]
    nothing = SearchFilter(ItemFilter(languages=("ta",), year_from=1932))
    assert await find_ids(pool, asked("bandit", vectors[0]), wanted=nothing) == []


@pytest.mark.parametrize("size", [1, 7, 50])
async def test_pages_joined_are_the_whole(pool: Pool, size: int) -> None:
    items = await add_items(pool, 60)
    # Every third has the vector of the one before: equal scores are ordered by id.
    vectors = random_vectors(60, seed=7)
    vectors = [vectors[place - 1] if place % 3 == 1 else vector for place, vector in enumerate(vectors)]
    await index(pool, [indexed(item, [v, v], title="Devdas") for item, v in zip(items, vectors, strict=True)])
    question = asked("devdas", vectors[0], languages=("hi",))
    whole = await find(pool, question)
    assert [hit.item_id for hit in whole] == [
        hit.item_id for hit in sorted(whole, key=lambda hit: (-hit.score, hit.item_id))
    ]
    joined = page = await find(pool, question, size)
    while page := await find(pool, question, size, after=page[-1]):
        joined = joined + page
    assert joined == whole
    assert {hit.item_id for hit in whole} == set(items)


async def test_vectors_of_another_model_are_left_out_and_words_still_find(pool: Pool) -> None:
    story, named = await add_items(pool, 2)
    await index(
        pool,
        [indexed(story, [axis(0), axis(0)]), indexed(named, [axis(0), axis(0)], title="Sholay", synopsis="A bandit.")],
    )
    assert await find_ids(pool, asked("bandit", axis(0))) == [named, story]
    for question in (asked("bandit", axis(0)), asked("sholay", axis(0)), asked("शोले", axis(0))):
        (hit,) = await find(pool, question, fingerprint="another model")
        assert hit.item_id == named
        assert hit.character_count == 0


async def test_nothing_asked_or_nothing_known_finds_nothing(pool: Pool) -> None:
    assert await find(pool, asked("sholay bandit", axis(0))) == []
    (item,) = await add_items(pool, 1)
    await index(pool, [indexed(item, [axis(0), axis(0)], title="Sholay")])
    assert await find(pool, asked()) == await find(pool, asked("rivers")) == []
