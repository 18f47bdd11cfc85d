"""What a query asks for beside its words: `Tamil thrillers from the 90s`, `films like Sholay`, `book by Premchand`."""

import re
import unicodedata
from collections.abc import Sequence, Set
from dataclasses import dataclass

from cinelibre_server.search.vocabulary import vocabulary
from cinelibre_server.store.items import ItemKind

_LIKE = re.compile(
    r"\s*(?:(?:find|show|give|suggest|recommend|i (?:want|need)|i['’]d like)(?: to (?:see|watch|read))?(?: me)?\s+)?"
    r"(?:some\s+)?(?:(?P<language>\w+)\s+)??"
    r"(?:(?:(?P<type>films?|movies?|books?|novels?)|something|anything|more|others?|stories)\s+)?"
    r"(?:like|similar to|as good as)\s+(?P<title>\S.*)",
    re.IGNORECASE,
)
# The same in languages that put the title first; \w has no vowel signs.
_LIKE_AFTER = re.compile(
    r"\s*(?P<title>\S.*?)\s+"
    r"(?:jais[aei]+|जैसी|जैसे|जैसा|सारखे|सारखा|মতো|মত|ਵਰਗੀਆਂ|ਵਰਗੀ|જેવી|போன்ற|மாதிரி|లాంటి|తరహా|ತರಹದ|ರೀತಿಯ|പോലുള്ള|പോലെയുള്ള|പോലത്തെ)"
    r"(?:\s+(?P<type>\S+))?\s*",
    re.IGNORECASE,
)
_DECADE = re.compile(r"\b(?:(?P<century>1[89]|20)?(?P<decade>\d)0)['’]?s\b", re.IGNORECASE)
_BOUND = re.compile(r"\b(?P<side>before|until|after|since)\s+(?P<year>1[89]\d\d|20\d\d)\b", re.IGNORECASE)
_YEARS = re.compile(r"\b(?P<first>1[89]\d\d|20\d\d)\s*(?:-|–|to|and)\s*(?P<last>1[89]\d\d|20\d\d)\b", re.IGNORECASE)
_YEAR = re.compile(r"\b(?P<year>1[89]\d\d|20[0-4]\d)\b")
_WORD = re.compile(r"[^\W_](?:[\w\u0900-\u0963\u0966-\u0dff\u200c\u200d-]*[\w\u0900-\u0963\u0966-\u0dff])?")
_FIRST_CENTURY_DECADE = 3
_DECADES_IN_WORDS = {
    f"{word}ies": f"{decade}0"
    for decade, word in enumerate(("thirt", "fort", "fift", "sixt", "sevent", "eight", "ninet"), start=3)
}
_DECADE_IN_WORDS = re.compile(rf"\b(?:{'|'.join(_DECADES_IN_WORDS)})\b", re.IGNORECASE)
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
    if found := _read_like(query):
        return found
    if len(query.split()) > _MOST_WORDS:
        return _read_story(query)
    first, last, rest = _read_years(query)
    words = _WORD.findall(rest)
    lowered = [_lower(word) for word in words]
    known = vocabulary()
    naming = known.languages.keys() | known.genres.keys() | known.types.keys()
    wished = _wished_words(lowered, naming)
    languages, genres = (
        tuple(dict.fromkeys(table[word] for word in wished if word in table))
        for table in (known.languages, known.genres)
    )
    item_type = next((known.types[word] for word in wished if word in known.types), None)
    left = [word for word, low in zip(words, lowered, strict=True) if low not in wished]
    if all(_lower(word) in known.joining_words for word in left):
        left = []
    return Wishes(languages, genres, item_type, first, last, rest=" ".join(left))


def _wished_words(words: Sequence[str], naming: Set[str]) -> Sequence[str]:
    """Those that name something; of a story's own words only what stands beside another: `family drama`, `war film`."""
    known = vocabulary()
    if all(word in naming or word in known.joining_words for word in words):
        return [word for word in words if word in naming]
    return [
        word
        for place, word in enumerate(words)
        if word in naming
        and (
            word not in known.story_words
            or any(near in naming for near in (*words[place - 1 : place], *words[place + 1 : place + 2]))
        )
    ]


def _read_like(query: str) -> Wishes | None:
    """`Tamil films like Sholay`, `शोले जैसी फिल्में`; None if the query says something else."""
    known = vocabulary()
    found = _LIKE.fullmatch(query) or _LIKE_AFTER.fullmatch(query)
    if found is None:
        return None
    parts = {name: _lower(part) for name, part in found.groupdict(default="").items() if name != "title"}
    if parts.get("language") and parts["language"] not in known.languages:
        return None
    item_type = known.types.get(parts["type"])
    if found.re is _LIKE_AFTER and parts["type"] and item_type is None:
        return None
    languages = (known.languages[parts["language"]],) if parts.get("language") else ()
    title = found["title"].strip()
    return Wishes(languages, item_type=item_type, like=title, rest=title)


def _lower(word: str) -> str:
    return unicodedata.normalize("NFC", word.casefold())


def _read_story(query: str) -> Wishes:
    known = vocabulary()
    words = [_lower(word) for word in _WORD.findall(query)]
    for place, word in enumerate(words):
        if word in known.languages:
            # A Tamil film, a Bengali comedy film.
            kind = next((known.types[near] for near in words[place + 1 : place + 3] if near in known.types), None)
            if kind:
                return Wishes(languages=(known.languages[word],), item_type=kind, rest=query)
    return Wishes(rest=query)


def _read_years(query: str) -> tuple[int | None, int | None, str]:
    """The first and last year that a query names, and the query without them."""
    told = _DECADE_IN_WORDS.sub(lambda found: f"19{_DECADES_IN_WORDS[found[0].lower()]}s", query)
    for pattern in (_DECADE, _BOUND, _YEARS, _YEAR):
        found = pattern.search(told)
        # A query that is nothing but a number is a title: `1983`, `96`.
        if found and (rest := (told[: found.start()] + " " + told[found.end() :]).strip()):
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
