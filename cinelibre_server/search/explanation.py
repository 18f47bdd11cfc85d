"""Why an item was found: a sentence for people, the passage that fits, and the words of the query in it."""

import re
from functools import lru_cache

from cinelibre_server.search.reading import Reading
from cinelibre_server.search.romanization import name_key
from cinelibre_server.search.terms import count_terms
from cinelibre_server.store.items import ItemDetails
from cinelibre_server.store.search import FoundItem

NEARLY_A_NAME = 0.55
"""From this similarity on, a query is taken for a name that is spelled in another way."""

# A word with the vowel signs of Indic scripts, which are no letters, but without the danda, their full stop.
_WORD = re.compile(r"(?:[^\W_]|[\u0900-\u0963\u0966-\u0dff\u200c\u200d])+")


def reason(reading: Reading, hit: FoundItem, item: ItemDetails) -> str:
    """What of the item fits, and which wishes it fulfils."""
    if hit.matched == "name" and hit.name is not None:
        said = f"Its title, {hit.name}, is like your words."
    elif hit.matched == "synopsis":
        said = "This part of its story is close to what you describe."
    elif hit.named_people:
        named = [person for person in item.people if name_key(person) in hit.named_people]
        said = f"By or with {', '.join(named)}."
    else:
        said = "Its title, people, year or genres are close to your words."
    fulfilled = _fulfilled(reading, item)
    return f"{said} {fulfilled}" if fulfilled else said


def snippet(hit: FoundItem, item: ItemDetails) -> str:
    """The passage of the synopsis; empty where something else fits."""
    if hit.matched != "synopsis":
        return ""
    return item.synopsis[hit.first_character : hit.first_character + hit.character_count]


def highlights(reading: Reading, text: str) -> list[tuple[int, int]]:
    """Where a text has words of the query: first character and the one after the last."""
    wanted = reading.terms.keys()
    # A letter alone is what is left of a word: father's.
    return [
        found.span()
        for found in _WORD.finditer(text)
        if len(found.group()) > 1 and not wanted.isdisjoint(_terms(found.group()))
    ]


# The words of a page's snippets are some hundred, most of them met before.
@lru_cache(maxsize=8192)
def _terms(word: str) -> frozenset[str]:
    return frozenset(count_terms(word))


def _fulfilled(reading: Reading, item: ItemDetails) -> str:
    wishes = reading.wishes
    parts = []
    if wishes.languages and item.language in wishes.languages:
        parts.append("its language")
    if wishes.genres and set(wishes.genres) & {genre.lower() for genre in item.genres}:
        parts.append("its genre")
    bounded = wishes.year_from or wishes.year_to
    if item.year and bounded and (wishes.year_from or 0) <= item.year <= (wishes.year_to or item.year):
        parts.append("its year")
    if not parts:
        return ""
    return f"As you wished: {', '.join(parts)}."
