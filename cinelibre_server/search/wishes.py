"""What a query asks for beside its words: `Tamil thrillers from the 90s`, `films like Sholay`, `book by Premchand`."""

import re
from dataclasses import dataclass

from cinelibre_server.search.vocabulary import vocabulary
from cinelibre_server.store.items import ItemKind

_LIKE = re.compile(
    r"\s*(?:(?:find|show)(?: me)?\s+)?"
    r"(?:(?:(?P<type>films?|movies?|books?|novels?)|something|anything|more|others?|stories)\s+)?"
    r"(?:like|similar to|as good as)\s+(?P<title>\S.*)",
    re.IGNORECASE,
)
_DECADE = re.compile(r"\b(?:(?P<century>1[89]|20)?(?P<decade>\d)0)['’]?s\b", re.IGNORECASE)
_BOUND = re.compile(r"\b(?P<side>before|until|after|since)\s+(?P<year>1[89]\d\d|20\d\d)\b", re.IGNORECASE)
_YEARS = re.compile(r"\b(?P<first>1[89]\d\d|20\d\d)\s*(?:-|–|to|and)\s*(?P<last>1[89]\d\d|20\d\d)\b", re.IGNORECASE)
_YEAR = re.compile(r"\b(?P<year>1[89]\d\d|20[0-4]\d)\b")
_WORD = re.compile(r"[^\W_](?:[\w\u0900-\u0963\u0966-\u0dff\u200c\u200d-]*[\w\u0900-\u0963\u0966-\u0dff])?")
_FIRST_CENTURY_DECADE = 3
_MOST_WORDS = 8


@dataclass(frozen=True, slots=True)
class Wishes:
    """Soft filters: what they name is preferred, and nothing is left out for want of it.

    `languages` are ISO 639 codes, `genres` in lower case, `item_type` movie or book; years are inclusive. `like` is the
    title after "films like". `rest` are the words that are left: of a name or a story.
    """

    languages: tuple[str, ...] = ()
    genres: tuple[str, ...] = ()
    item_type: ItemKind | None = None
    year_from: int | None = None
    year_to: int | None = None
    like: str | None = None
    rest: str = ""


def read_wishes(query: str) -> Wishes:
    """The wishes in a query.

    In a told story, `thriller` or `1990` say little: of more than eight words only a language before a word for film
    or book is one, as in `a Tamil film`.
    """
    if found := _LIKE.fullmatch(query):
        title = found["title"].strip()
        item_type = vocabulary().types.get((found["type"] or "").lower())
        return Wishes(item_type=item_type, like=title, rest=title)
    if len(query.split()) > _MOST_WORDS:
        return _read_story(query)
    first, last, rest = _read_years(query)
    words = _WORD.findall(rest)
    lowered = [word.casefold() for word in words]
    known = vocabulary()
    languages, genres = (
        tuple(dict.fromkeys(table[word] for word in lowered if word in table))
        for table in (known.languages, known.genres)
    )
    item_type = next((known.types[word] for word in lowered if word in known.types), None)
    naming = known.languages.keys() | known.genres.keys() | known.types.keys()
    left = [word for word, low in zip(words, lowered, strict=True) if low not in naming]
    if all(word.casefold() in known.joining_words for word in left):
        left = []
    return Wishes(languages, genres, item_type, first, last, rest=" ".join(left))


def _read_story(query: str) -> Wishes:
    known = vocabulary()
    words = [word.casefold() for word in _WORD.findall(query)]
    for place, word in enumerate(words):
        if word in known.languages:
            # A Tamil film, a Bengali comedy film.
            kind = next((known.types[near] for near in words[place + 1 : place + 3] if near in known.types), None)
            if kind:
                return Wishes(languages=(known.languages[word],), item_type=kind, rest=query)
    return Wishes(rest=query)


def _read_years(query: str) -> tuple[int | None, int | None, str]:
    """The first and last year that a query names, and the query without them."""
    for pattern in (_DECADE, _BOUND, _YEARS, _YEAR):
        found = pattern.search(query)
        # A query that is nothing but a number is a title: `1983`, `96`.
        if found and (rest := (query[: found.start()] + " " + query[found.end() :]).strip()):
            first, last = _years(found)
            return first, last, rest
    return None, None, query


def _years(found: re.Match[str]) -> tuple[int | None, int | None]:
    parts = found.groupdict()
    if "decade" in parts:
        decade = int(parts["decade"])
        century = int(parts["century"] or (19 if decade >= _FIRST_CENTURY_DECADE else 20))
        start = century * 100 + decade * 10
        return start, start + 9
    if "side" in parts:
        year = int(parts["year"])
        return {"before": (None, year - 1), "until": (None, year), "after": (year + 1, None), "since": (year, None)}[
            parts["side"].lower()
        ]
    if "first" in parts:
        return int(parts["first"]), int(parts["last"])
    return int(parts["year"]), int(parts["year"])
