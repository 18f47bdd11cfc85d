"""Which titles are suggested for a beginning that is spelled wrong, and in which order."""

import pytest

from cinelibre_server.search.romanization import name_key, typed_starts
from cinelibre_server.store.database import Pool
from cinelibre_server.store.search import SearchStore
from tests.sql.builders import add_items, add_users, rate
from tests.sql.searching import FINGERPRINT, index, indexed

TITLES = (
    "Sholay", "Shola Aur Shabnam", "Mahabharat", "Mahabali", "Mahanadi", "The Lunchbox", "Lunch Break", "Nayakan",
    "Manichitrathazhu", "Oh Lunch",
)  # fmt: skip


@pytest.fixture
async def items(pool: Pool) -> dict[str, int]:
    """Their ids."""
    items = await add_items(pool, len(TITLES))
    await index(pool, [indexed(item, title=title) for item, title in zip(items, TITLES, strict=True)])
    return dict(zip(TITLES, items, strict=True))


async def suggested(pool: Pool, typed: str) -> list[str]:
    found = await SearchStore(pool, FINGERPRINT).suggest(typed_starts(typed), typed.lower(), name_key(typed), 8, None)
    return [title.name for title in found]


@pytest.mark.usefixtures("items")
@pytest.mark.parametrize(
    ("typed", "title"),
    [
        ("sholai", "Sholay"), ("shola", "Sholay"), ("sholla", "Sholay"),  # another letter, as typed, one more
        ("mahabrat", "Mahabharat"), ("mahabhrata", "Mahabharat"), ("mahabharta", "Mahabharat"),
        ("lunchbx", "The Lunchbox"), ("lunchobx", "The Lunchbox"),  # inside of a title
        ("nayakqn", "Nayakan"), ("manichitart", "Manichitrathazhu"),
        ("mnichitra", "Manichitrathazhu"), ("lknchbox", "The Lunchbox"),  # in the first half
    ],
)  # fmt: skip
async def test_a_beginning_with_a_slip_is_completed(pool: Pool, typed: str, title: str) -> None:
    assert title in await suggested(pool, typed)


async def test_what_begins_so_comes_first_then_fewer_slips_then_beginnings_then_the_more_rated(
    pool: Pool, items: dict[str, int]
) -> None:
    assert await suggested(pool, "luncq") == ["Lunch Break", "Oh Lunch", "The Lunchbox"]
    assert await suggested(pool, "mahaba") == ["Mahabali", "Mahabharat", "Mahanadi"]
    (user,) = await add_users(pool, 1)
    await rate(pool, user, items["Mahanadi"], 8)
    assert await suggested(pool, "mahaba") == ["Mahabali", "Mahabharat", "Mahanadi"]
    await rate(pool, user, items["The Lunchbox"], 8)
    assert await suggested(pool, "luncq") == ["Lunch Break", "The Lunchbox", "Oh Lunch"]


async def test_a_hidden_item_is_not_suggested_for_a_slip(pool: Pool, items: dict[str, int]) -> None:
    assert await suggested(pool, "nayakqn") == ["Nayakan"]
    await pool.execute("update items set hidden_at = now() where item_id = $1", items["Nayakan"])
    assert await suggested(pool, "nayakqn") == []


async def test_texts_of_any_length_are_compared(pool: Pool) -> None:
    (item,) = await add_items(pool, 1)
    title = "ab" * 400
    await index(pool, [indexed(item, title=title)])
    for letters in (5, 8, 100, 199, 200, 201, 255, 256, 400):
        assert await suggested(pool, title[:letters]) == [title]
        assert await suggested(pool, title[: letters - 1] + "t") == [title]
