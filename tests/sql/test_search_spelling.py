"""What is found in spite of a typo, and by the names of people in a query."""

import random

import pytest

from cinelibre_server.search.romanization import name_key, sound_key
from cinelibre_server.store.database import Pool
from tests.sql.builders import add_items
from tests.sql.searching import asked, axis, find, find_ids, index, indexed
from tests.sql.test_search_items import score

LETTERS = "abcdefghijklmnopqrstuvwxyz"
TITLES = (
    "Maya", "Roja", "Sholay", "Jawab", "Khandaan", "Atanker Choya", "Krishnan Unni", "Beautiful Billo", "Sipaayi",
    "Zindagi Na Milegi Dobara", "Pather Panchali", "Chennai Express", "Nayakan", "Thuppakki", "Manichitrathazhu",
)  # fmt: skip


def typos(text: str) -> list[str]:
    """The text with one letter left out, put in, replaced, or swapped with the next, at a place each."""
    draw = random.Random(text)
    places = draw.sample(range(1, len(text) - 1), min(3, len(text) - 2))
    return [
        typed
        for place in places
        for typed in (
            text[:place] + text[place + 1 :],
            text[:place] + draw.choice(LETTERS) + text[place:],
            text[:place] + draw.choice(LETTERS) + text[place + 1 :],
            text[:place] + text[place + 1] + text[place] + text[place + 2 :],
        )
    ]


async def test_a_title_with_one_typo_is_the_first(pool: Pool) -> None:
    items = await add_items(pool, len(TITLES))
    await index(pool, [indexed(item, title=title) for item, title in zip(items, TITLES, strict=True)])
    by_title = dict(zip(TITLES, items, strict=True))
    missed = [
        (title, typed)
        for title in TITLES
        for typed in typos(title)
        if (await find_ids(pool, asked(typed)))[:1] != [by_title[title]]
    ]
    assert missed == []


@pytest.mark.parametrize(
    ("query", "title"),
    [
        # As Indian scripts write English.
        ("జెంటిల్మేన్", "Gentleman"), ("एक्शन जैकसन", "Action Jackson"), ("रेस", "Race"), ("मिस्टर इंडिया", "Mr. India"),
        # Tamil has one letter for b and p, d and t.
        ("சேதுபதி", "Sethupathi"), ("தீணா", "Dheena"), ("அஞ்சாதே", "Anjathe"),
        # With other spaces.
        ("தூங்கா வனம்", "Thoongaavanam"), ("மௌனராகம்", "Mouna Ragam"), ("kabhi alvidana kehna", "Kabhi Alvida Naa Kehna"),
    ],
)  # fmt: skip
async def test_a_title_is_found_as_another_script_writes_it(pool: Pool, query: str, title: str) -> None:
    titles = (
        *TITLES,
        "Gentle Rain",
        "Jackson Durai",
        "Rascal",
        "India Gate",
        "Soorya Vanam",
        "Anjaane",
        "Ragam",
        title,
    )
    items = await add_items(pool, len(titles))
    await index(pool, [indexed(item, title=name) for item, name in zip(items, titles, strict=True)])
    (best, *_) = await find(pool, asked(query))
    assert (best.item_id, best.name) == (items[-1], title)
    assert best.name_similarity > 0.75


@pytest.mark.parametrize(
    ("one", "other", "similarity"),
    [
        ("sholay", "sholay", 1), ("sholay", "sholy", 1 - 0.5 / 6), ("sholay", "shloay", 1 - 0.5 / 6),
        ("sholay", "sholat", 1 - 0.5 / 6), ("sholay", "shloat", 1 - 2.5 / 6), ("roja", "maya", 1 - 2.5 / 4),
        ("ab", "ba", 1 - 0.5 / 2), ("aab", "baa", 1 - 1.5 / 3), ("", "abc", 1 - 2.5 / 3), ("शोले", "शोल", 1 - 0.5 / 4),
    ],
)  # fmt: skip
async def test_the_first_edit_counts_half(pool: Pool, one: str, other: str, similarity: float) -> None:
    given = "select edit_similarity(public.levenshtein($1, $2), $1, $2)"
    assert await pool.fetchval(given, one, other) == pytest.approx(similarity)
    assert await pool.fetchval(given, other, one) == pytest.approx(similarity)


async def test_a_word_that_nobody_wrote_stands_for_those_that_are_nearly_it(pool: Pool) -> None:
    detective, other = await add_items(pool, 2)
    await index(
        pool, [indexed(detective, synopsis="A detective hunts a forger."), indexed(other, synopsis="A bride waits.")]
    )
    ids = "select array_agg(item_id) from get_term_scores($1, array[1])"
    right, wrong = [
        await pool.fetchval("select sum(score) from get_term_scores($1, array[1])", [term])
        for term in ("porger", "porgr")
    ]
    assert wrong == pytest.approx(right / 2)
    assert await pool.fetchval(ids, ["porgr"]) == [detective]
    assert await pool.fetchval(ids, ["pogr"]) is None
    assert await find_ids(pool, asked("brde")) == [other]


async def test_another_number_is_no_typo(pool: Pool) -> None:
    (item_id,) = await add_items(pool, 1)
    await index(pool, [indexed(item_id, synopsis="In 1974 a train is late.")])
    assert await find_ids(pool, asked("of 1974")) == [item_id]
    assert await find_ids(pool, asked("of 1975")) == []


async def test_people_in_a_query_lift_what_they_made(pool: Pool) -> None:
    both, one, none = await add_items(pool, 3)
    cast = ["Satyajit Ray", "Soumitra Chatterjee"]
    await index(
        pool,
        [
            indexed(both, [axis(9), axis(0, 0.25)], title="Qqq", people=cast),
            indexed(one, [axis(9), axis(1, 0.25)], title="Xxx", people=cast[:1]),
            indexed(none, [axis(9), axis(0, 0.25)], title="Www", people=["Ray Satyajit"]),
        ],
    )
    question = asked("Satyajit Ray with Soumitra Chaterji and a boy in a train on the hills", axis(0))
    hits = {hit.item_id: hit for hit in await find(pool, question)}
    rows = await pool.fetch(
        "select item_id, score from get_term_scores($1, $2)", list(question.terms), list(question.terms.values())
    )
    terms = {row["item_id"]: row["score"] for row in rows}
    assert hits[both].score == pytest.approx(score(0.25, terms[both], people=2))
    assert hits[one].score == pytest.approx(score(0, terms[one], people=1))
    assert hits[none].score == pytest.approx(score(0.25, terms[none]))
    assert hits[both].matched == hits[one].matched == "credits"
    assert sorted(hits[both].named_people) == sorted(map(name_key, cast))
    assert list(hits[none].named_people) == []


async def test_what_a_person_made_is_found_far_from_the_query(pool: Pool) -> None:
    many = await add_items(pool, 300)
    (made,) = await add_items(pool, 1)
    await index(
        pool,
        [
            *(indexed(item, [axis(9), axis(0, 0.5)]) for item in many),
            indexed(made, [axis(9), axis(1)], people=["Premchand"]),
        ],
    )
    question = asked("Premchand", axis(0))
    assert question.people == ("prencand",)
    hits = await find(pool, question)
    assert made in [hit.item_id for hit in hits]
    assert [hit.item_id for hit in hits if hit.named_people] == [made]


async def test_names_sound_alike_in_the_database_as_in_queries(pool: Pool) -> None:
    names = [
        "Rajinikanth",
        "A. R. Rahman",
        "Aishwarya Rai",
        "Mammootty",
        "மம்மூட்டி",
        "Śrīdevī",
        "Nagarjuna 2",
        "aeiou",
        "hhh",
    ]
    keys = [name_key(name) for name in names]
    assert [await pool.fetchval("select sound_of_key($1)", key) for key in keys] == [sound_key(key) for key in keys]


async def test_who_is_meant_by_a_name(pool: Pool) -> None:
    people = (
        "Mani Ratnam",
        "Rajinikanth",
        "S. S. Rajamouli",
        "Shah Rukh Khan",
        "Rajkumar",
        "Rajkummar Rao",
        "Anil Kapoor",
    )
    items = await add_items(pool, len(people))
    await index(pool, [indexed(item, people=[name]) for item, name in zip(items, people, strict=True)])

    async def meant(name: str) -> list[str]:
        rows = await pool.fetch("select key from match_people($1) order by key", [name_key(name)])
        return [person for person in people if name_key(person) in {row["key"] for row in rows}]

    expected = {
        "Mani Ratnam": ["Mani Ratnam"], "Maniratnam": ["Mani Ratnam"], "Mani Ratnm": ["Mani Ratnam"],
        "Rajnikant": ["Rajinikanth"], "ரஜினிகாந்த்": ["Rajinikanth"], "Rajamouli": ["S. S. Rajamouli"],
        "SS Rajamouli": ["S. S. Rajamouli"], "एस एस राजामौली": ["S. S. Rajamouli"], "Shahrukh Khan": ["Shah Rukh Khan"],
        "Rajkumar": ["Rajkumar"], "Rao": ["Rajkummar Rao"], "Sunil Kapoor": [], "Kapoor": ["Anil Kapoor"], "Zzz": [],
    }  # fmt: skip
    assert {name: await meant(name) for name in expected} == expected


async def test_whom_a_query_names(pool: Pool) -> None:
    people = ("Rajkumar", "Rajkummar Rao", "Aamir Khan", "Aamir Khan", "Aamir Khan", "Salman Khan")
    items = await add_items(pool, len(people))
    await index(pool, [indexed(item, people=[name]) for item, name in zip(items, people, strict=True)])

    async def named(*runs: str, is_short: bool = True) -> dict[str, float]:
        rows = await pool.fetch(
            "select key, weight from get_named_people($1, $2)", [name_key(run) for run in runs], is_short
        )
        return {row["key"]: row["weight"] for row in rows}

    rao, khan = name_key("Rajkummar Rao"), name_key("Aamir Khan")
    # Of runs within each other the longest counts.
    assert await named("Rajkummar", "Rao", "Rajkummar Rao") == {rao: 1}
    assert await named("Rajkumar") == {"rajkumar": 1}
    assert await named("film", "rajkumar", "film rajkumar") == {"rajkumar": 0.5}
    # Part of a name, of somebody with three items at least; only where little else is said.
    assert await named("lagaan", "aamir", "lagaan aamir") == {khan: 0.5}
    assert await named("lagaan", "salman", "lagaan salman") == {}
    assert await named("lagaan", "aamir", "lagaan aamir", is_short=False) == {}
    assert await named("Amir Khaan", is_short=False) == {khan: 1}
    assert await named("Rajkumer Rao") == {rao: 1}
    assert await named("Rajkumer Rao", is_short=False) == {}
