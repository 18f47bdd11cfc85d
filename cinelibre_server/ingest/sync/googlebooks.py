"""Descriptions of the books that we have, from Google Books by their ISBN: https://developers.google.com/books/docs/v1."""

import html
import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import date
from typing import Any, ClassVar

from cinelibre_server.concurrency import together
from cinelibre_server.ingest.sync import values
from cinelibre_server.ingest.sync.client import NotThere, Service, ServiceClient, Unreadable
from cinelibre_server.ingest.sync.languages import ALIAS_CODES
from cinelibre_server.ingest.sync.source import Batch, Failed, Found, Gone, Json, Known, Outcome
from cinelibre_server.store.catalog_load import BookEntry

# A hundred calls a minute.
_REQUESTS_PER_SECOND = 1.6
_CONCURRENCY = 4
_BATCH = 20
_MOST_NAMES = 15


def googlebooks_service(url: str, key: str, requests_per_second: float | None, user_agent: str) -> Service:
    """Google Books; without a key it answers about a thousand calls a day."""
    return Service(
        title="Google Books",
        url=url,
        url_setting="CINELIBRE_GOOGLE_BOOKS_URL",
        requests_per_second=requests_per_second or _REQUESTS_PER_SECOND,
        concurrency=_CONCURRENCY,
        refused_hint="check CINELIBRE_GOOGLE_BOOKS_KEY, or go on tomorrow if the day's calls are used up",
        user_agent=user_agent,
        # In a header, where no log of addresses has it.
        headers={"x-goog-api-key": key} if key else {},
    )


class GoogleBooksSource:
    """Google Books as a source; its ids are ISBNs of ours.

    A cursor is {all, after}: after is the last ISBN asked for; all asks again for those that were asked for before.
    """

    name: ClassVar = "googlebooks"
    title: ClassVar = "Google Books"
    unit: ClassVar = "books"
    attribution: ClassVar = "Descriptions from Google Books (https://books.google.com)."

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    def first_cursor(self, _bookmark: Json | None, _today: date, *, full: bool) -> Json:
        """Through the books that it was not asked about yet, or through all."""
        return {"all": full, "after": ""}

    def bookmark(self, _begun_at: Json) -> Json:
        """Nothing: what was asked is known."""
        return {}

    def lists_all(self, _begun_at: Json) -> bool:
        """The list is ours: what is missing there has not vanished."""
        return False

    async def count(self, _cursor: Json) -> int | None:
        """Not asked."""
        return None

    async def batches(self, cursor: Json, known: Known, /) -> AsyncGenerator[Batch, None]:
        """Our books by ISBN."""
        after = cursor["after"]
        while isbns := await known.books_to_describe(after, _BATCH, again=cursor["all"]):
            after = isbns[-1]
            yield Batch(tuple(isbns), {**cursor, "after": after})

    async def fetch(self, refs: Sequence[str]) -> list[Outcome]:
        """A call for each book."""
        return await together(map(self._book, refs))

    async def close(self) -> None:
        """Ends the connections."""
        await self._client.close()

    async def _book(self, isbn: str) -> Outcome:
        try:
            answer = values.mapping(await self._client.get("/volumes", q=f"isbn:{isbn}", maxResults=5))
        except NotThere:
            return Gone(isbn)
        except Unreadable as error:
            return Failed(isbn, str(error))
        for volume in values.objects(answer.get("items")):
            said = values.mapping(volume.get("volumeInfo"))
            # The search also finds books that only mention the number.
            if isbn in _isbns(said) and values.text(said.get("title")):
                return Found(_entry(isbn, said))
        return Gone(isbn)


def _isbns(said: Mapping[str, Any]) -> tuple[str, ...]:
    identifiers = values.objects(said.get("industryIdentifiers"))
    return tuple(filter(None, (values.isbn13(each.get("identifier")) for each in identifiers)))


def _entry(isbn: str, said: Mapping[str, Any]) -> BookEntry:
    language = values.text(said.get("language"))
    categories = said.get("categories") if isinstance(said.get("categories"), list) else []
    authors = said.get("authors") if isinstance(said.get("authors"), list) else []
    return BookEntry(
        external_id=isbn,
        title=values.text(said.get("title")),
        original_title="",
        # publishedDate is an edition's, and so is the language; only fill what nobody else knows.
        year=values.year(said.get("publishedDate")),
        language=language if language in ALIAS_CODES else None,
        genres=values.names(categories or (), _MOST_NAMES),
        synopsis=values.text(_plain(said.get("description")), values.MAX_SYNOPSIS),
        authors=values.names(authors or (), _MOST_NAMES),
        page_count=values.small_number(said.get("pageCount")),
        isbn13=isbn,
    )


def _plain(description: object) -> str:
    """The description without its simple HTML."""
    if not isinstance(description, str):
        return ""
    without_emphasis = re.sub(r"</?(?:b|i|em|strong)>", "", description)
    return html.unescape(re.sub(r"<[^<>]{1,100}>", " ", without_emphasis))
