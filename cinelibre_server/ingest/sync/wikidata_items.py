"""What Wikidata says of films and books: the queries in SPARQL, and their rows as ours.

A query for descriptions answers rows of (item, field, value), so that properties with several values don't multiply.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from cinelibre_server.ingest.sync import values
from cinelibre_server.ingest.sync.languages import ALIAS_CODES, INDIAN_LANGUAGES, Language
from cinelibre_server.ingest.sync.source import Alias, Failed, Found, Gone, LeftOut, Outcome
from cinelibre_server.store.catalog_load import BookEntry, MovieEntry

Value = TypeVar("Value")

_ENTITY = re.compile(r"https?://www\.wikidata\.org/entity/(Q[1-9]\d{0,17})")
_WORK = re.compile(r"OL[1-9]\d{0,17}W")
_MOST_NAMES = 15
_MOST_ALIASES = 50
_CODES: Final = tuple(language.code for language in INDIAN_LANGUAGES)

# Film and literary work, and the property that tells the language of each.
KINDS: Final = {"movie": ("Q11424", "P364"), "book": ("Q7725634", "P407")}

_SHOWN_LANGUAGES = ", ".join(f'"{code}"' for code in (*sorted(ALIAS_CODES), "mul"))
_LABELS = {"director": "P57", "cast": "P161", "author": "P50", "genre": "P136"}
_VALUES = {
    "imdb": "wdt:P345",
    "tmdb": "wdt:P4947",
    "isbn": "wdt:P212|wdt:P957",
    "openlibrary": "wdt:P648",
    "date": "wdt:P577",
    "minutes": "wdt:P2047",
    "pages": "wdt:P1104",
    "title": "wdt:P1476",
    "language": "(wdt:P364|wdt:P407)/wdt:P218",
}


def list_query(kind: str, language: Language) -> str:
    """The films or books in a language, and when their items were last edited."""
    of_class, of_language = KINDS[kind]
    return (
        "SELECT DISTINCT ?item ?modified WHERE {"
        f" ?item wdt:{of_language} wd:{language.wikidata} ; wdt:P31/wdt:P279* wd:{of_class} ;"
        " schema:dateModified ?modified . }"
    )


def describe_query(refs: Sequence[str]) -> str:
    """All that we want to know of these items."""
    parts = [
        f'?item wdt:P31/wdt:P279* wd:{of_class} . BIND("kind" AS ?field) BIND("{kind}" AS ?value)'
        for kind, (of_class, _) in KINDS.items()
    ]
    parts += [
        f'?item {path} ?value . FILTER(LANG(?value) IN ({_SHOWN_LANGUAGES})) BIND("{name}" AS ?field)'
        for name, path in (("label", "rdfs:label"), ("alias", "skos:altLabel"))
    ]
    parts += [
        f'?item wdt:{path}/rdfs:label ?value . FILTER(LANG(?value) IN ("en", "mul")) BIND("{name}" AS ?field)'
        for name, path in _LABELS.items()
    ]
    parts += [f'?item {path} ?value . BIND("{name}" AS ?field)' for name, path in _VALUES.items()]
    chosen = " ".join(f"wd:{ref}" for ref in refs)
    return (
        f"SELECT DISTINCT ?item ?field ?value WHERE {{ VALUES ?item {{ {chosen} }} {{ {' } UNION { '.join(parts)} }} }}"
    )


def rows(answer: object) -> list[Mapping[str, object]]:
    """The rows of a SPARQL result."""
    return list(values.objects(values.mapping(values.mapping(answer).get("results")).get("bindings")))


def item_id(row: Mapping[str, object]) -> str | None:
    """The Q number of the row's item."""
    found = _ENTITY.fullmatch(values.text(values.mapping(row.get("item")).get("value")))
    return found[1] if found else None


@dataclass(slots=True)
class _Said:
    """What the rows say of one item: values by field, and texts by field and language."""

    values: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    texts: dict[str, set[tuple[str, str]]] = field(default_factory=lambda: defaultdict(set))

    def all(self, name: str) -> list[str]:
        """All values of a field, sorted, because rows come in any order."""
        return sorted(self.values[name])

    def text_in(self, name: str, code: str) -> str:
        """The first text of a field in a language, or ""."""
        return min((text for spoken, text in self.texts[name] if spoken == code), default="")


def read_items(refs: Sequence[str], answer: object) -> list[Outcome]:
    """What the answer to `describe_query` says of each of the items."""
    said: dict[str, _Said] = defaultdict(_Said)
    for row in rows(answer):
        ref, cell = item_id(row), values.mapping(row.get("value"))
        name, value = values.mapping(row.get("field")).get("value"), values.text(cell.get("value"))
        # A bnode stands for "unknown".
        if ref is None or not isinstance(name, str) or not value or cell.get("type") == "bnode":
            continue
        said[ref].values[name].add(value)
        if code := values.text(cell.get("xml:lang")):
            said[ref].texts[name].add((code, value))
    return [_read(ref, said[ref]) if ref in said else Gone(ref) for ref in refs]


def _read(ref: str, said: _Said) -> Outcome:
    kinds = said.all("kind")
    if not kinds:
        # Without a class there are still labels; without anything the item was deleted or merged into another.
        return LeftOut(ref, "neither a film nor a book any more")
    languages = [code for code in _CODES if code in said.values["language"]]
    language = languages[0] if len(languages) == 1 else None
    own_title = _own_title(said, languages)
    title = said.text_in("label", "en") or said.text_in("label", "mul") or own_title
    if not title:
        return Failed(ref, "it has no title")
    common: dict[str, Any] = {
        "external_id": ref,
        "title": title,
        "original_title": own_title,
        "year": min(filter(None, map(values.year, said.all("date"))), default=None),
        "language": language,
        "genres": values.names(map(_genre, said.all("genre")), _MOST_NAMES),
    }
    if "movie" in kinds:
        tmdb = _first(values.external_id, said.all("tmdb"))
        entry: MovieEntry | BookEntry = MovieEntry(
            **common,
            directors=values.names(said.all("director"), _MOST_NAMES),
            cast=values.names(said.all("cast"), _MOST_NAMES),
            runtime_minutes=_first(_whole, said.all("minutes")),
            imdb_id=_first(values.imdb_id, said.all("imdb")),
            external_ids=(("tmdb", tmdb),) if tmdb else (),
        )
    else:
        isbns = tuple(dict.fromkeys(filter(None, map(values.isbn13, said.all("isbn")))))
        entry = BookEntry(
            **common,
            authors=values.names(said.all("author"), _MOST_NAMES),
            page_count=_first(_whole, said.all("pages")),
            isbn13=isbns[0] if isbns else None,
            openlibrary_id=next((work for work in said.all("openlibrary") if _WORK.fullmatch(work)), None),
            external_ids=tuple(("isbn13", isbn) for isbn in isbns[1:]),
        )
    return Found(entry, _aliases(said, {title, own_title}))


def _own_title(said: _Said, languages: Iterable[str]) -> str:
    """The title in a language of the work itself, in its own script; "" if there is none."""
    for name in ("title", "label"):
        for code in languages:
            if text := said.text_in(name, code):
                return text
    return ""


def _aliases(said: _Said, titles: set[str]) -> tuple[Alias, ...]:
    given = {
        Alias(text, code)
        for name in ("label", "alias", "title")
        for code, text in said.texts[name]
        if code in ALIAS_CODES and text not in titles
    }
    return tuple(sorted(given, key=lambda alias: (alias.language, alias.text))[:_MOST_ALIASES])


def _genre(label: str) -> str:
    """A genre as other sources call it: Drama for "drama film"."""
    return label.removesuffix(" film").title()


def _whole(number: str) -> int | None:
    return values.small_number(number.removeprefix("+").partition(".")[0])


def _first(read: Callable[[str], Value | None], texts: Iterable[str]) -> Value | None:
    """The first of the texts that can be read."""
    return next((value for text in texts if (value := read(text)) is not None), None)
