"""A Wikidata query service that knows the two queries of the sync, and answers them from a few items."""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from cinelibre_server.ingest.sync.wikidata_items import KINDS
from tests.fakes.service import Answer, FakeService, Request

ENTITY = "http://www.wikidata.org/entity/"
LANGUAGES = {"Q1568": "hi", "Q5885": "ta", "Q9610": "bn", "Q36236": "ml"}


@dataclass(slots=True)
class Item:
    """An item: texts are (field, language, text), facts (field, value)."""

    number: int
    kind: str = "movie"
    language: str = "bn"
    modified: str = "2024-01-01"
    texts: list[tuple[str, str, str]] = field(default_factory=list)
    facts: list[tuple[str, str]] = field(default_factory=list)


class FakeWikidata(FakeService):
    """`items` by number."""

    def __init__(self, items: list[Item]) -> None:
        super().__init__()
        self.items = {item.number: item for item in items}
        self.surprises: list[Any] = []
        self._dice = random.Random(7)

    def respond(self, request: Request) -> Answer:
        """The rows of either query, in no order."""
        query = request.form["query"]
        if listed := re.search(r"wdt:P\d+ wd:(Q\d+) ; wdt:P31/wdt:P279\* wd:(Q\d+)", query):
            kinds = {of_class: kind for kind, (of_class, _) in KINDS.items()}
            rows = list(self._list(kinds[listed[2]], LANGUAGES.get(listed[1], "")))
        else:
            numbers = map(int, re.findall(r"wd:Q(\d+)", query.partition("}")[0]))
            rows = [row for number in numbers if number in self.items for row in self._describe(self.items[number])]
            rows += self.surprises
        self._dice.shuffle(rows)
        return Answer({"head": {"vars": []}, "results": {"bindings": rows}})

    def described(self) -> list[int]:
        """The items whose descriptions were asked for since the last time."""
        queries = [request.form["query"] for request in self.requests]
        self.requests.clear()
        return sorted(
            int(number)
            for query in queries
            if "VALUES" in query
            for number in re.findall(r"wd:Q(\d+)", query.partition("}")[0])
        )

    def _list(self, kind: str, language: str) -> Iterator[dict[str, Any]]:
        for item in self.items.values():
            if (item.kind, item.language) == (kind, language):
                yield {
                    "item": {"type": "uri", "value": f"{ENTITY}Q{item.number}"},
                    "modified": {"type": "literal", "value": f"{item.modified}T12:00:00Z"},
                }

    def _describe(self, item: Item) -> Iterator[dict[str, Any]]:
        yield _row(item.number, "kind", {"type": "literal", "value": item.kind})
        yield _row(item.number, "language", {"type": "literal", "value": item.language})
        for name, code, text in item.texts:
            yield _row(item.number, name, {"type": "literal", "value": text, "xml:lang": code})
        for name, value in item.facts:
            yield _row(item.number, name, {"type": "literal", "value": value})


def _row(number: int, name: str, value: dict[str, str]) -> dict[str, Any]:
    return {
        "item": {"type": "uri", "value": f"{ENTITY}Q{number}"},
        "field": {"type": "literal", "value": name},
        "value": value,
    }


def bengali_film(number: int) -> Item:
    """A film with all that we ask for."""
    return Item(
        number,
        texts=[
            ("label", "en", f"Film {number}"),
            ("label", "bn", f"ছবি {number}"),
            ("label", "ta", f"படம் {number}"),
            ("alias", "en", f"The Other Name {number}"),
            ("director", "en", "Satyajit Ray"),
            ("cast", "en", f"Actor {number}"),
            ("genre", "en", "drama film"),
        ],
        facts=[
            ("imdb", f"tt{number:07d}"),
            ("tmdb", str(number)),
            ("date", "1955-08-26T00:00:00Z"),
            ("date", "1956-05-01T00:00:00Z"),
            ("minutes", "+125"),
        ],
    )


def bengali_book(number: int) -> Item:
    """A book with all that we ask for."""
    return Item(
        number,
        kind="book",
        texts=[
            ("label", "en", f"Book {number}"),
            ("title", "bn", f"বই {number}"),
            ("author", "en", "Bibhutibhushan Bandyopadhyay"),
            ("genre", "en", "novel"),
        ],
        facts=[
            ("isbn", "978-0-14-303964-8"),
            ("isbn", "not an ISBN"),
            ("openlibrary", f"OL{number}W"),
            ("openlibrary", "OL9M"),
            ("date", "1929-01-01T00:00:00Z"),
            ("pages", "320"),
        ],
    )
