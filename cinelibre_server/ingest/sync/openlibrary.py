"""Books from Open Library, by its search (works, with what their editions say) and its works (descriptions, subjects):
https://openlibrary.org/developers/api.
"""

import calendar
from collections import OrderedDict
from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, ClassVar, Final

from cinelibre_server.concurrency import together
from cinelibre_server.errors import StartupError
from cinelibre_server.ingest.sync import values
from cinelibre_server.ingest.sync.client import NotThere, Service, ServiceClient, Unreadable
from cinelibre_server.ingest.sync.languages import INDIAN_LANGUAGES
from cinelibre_server.ingest.sync.openlibrary_books import WORK_ID, read_book
from cinelibre_server.ingest.sync.source import Batch, Failed, Gone, Json, Known, LeftOut, Outcome, new_ids

# One call a second, three for those who say who they are: https://openlibrary.org/developers/api
_ANONYMOUS_PER_SECOND = 1.0
_IDENTIFIED_PER_SECOND = 3.0
_CONCURRENCY = 4
_PAGE = 50
_FIELDS = "key,title,author_name,first_publish_year,language,isbn,subject,number_of_pages_median"
# Of what they never printed twice and nobody wants to read there are hundreds of thousands, and no more than a title.
_WANTED = "(edition_count:[2 TO *] OR readinglog_count:[1 TO *])"
_KEPT_DOCUMENTS = 1000
_LAG = timedelta(days=1)

# Books in the languages of India, and what librarians file under its literature in English.
LISTS: Final[Mapping[str, str]] = {
    **{language.code: f"language:{language.marc}" for language in INDIAN_LANGUAGES},
    "en-fiction": 'subject:"Indic fiction (English)"',
    "en-literature": 'subject:"Indic literature (English)"',
    "en-poetry": 'subject:"Indic poetry (English)"',
    "en-india": 'subject:"India, fiction"',
}


def openlibrary_service(url: str, requests_per_second: float | None, user_agent: str, *, identified: bool) -> Service:
    """Open Library, which wants to know who asks and no key."""
    return Service(
        title="Open Library",
        url=url,
        url_setting="CINELIBRE_OPENLIBRARY_URL",
        requests_per_second=requests_per_second or (_IDENTIFIED_PER_SECOND if identified else _ANONYMOUS_PER_SECOND),
        concurrency=_CONCURRENCY,
        refused_hint="set CINELIBRE_SYNC_CONTACT, so that it can tell who asks, and try again later",
        user_agent=user_agent,
        follow_redirects=True,
    )


class OpenLibrarySource:
    """Open Library as a source.

    A cursor is {today, since, lists, page}: lists are names in LISTS that are still to be gone through; since is ""
    in a run through all, otherwise only works edited since that day are listed.
    """

    name: ClassVar = "openlibrary"
    title: ClassVar = "Open Library"
    unit: ClassVar = "books"
    attribution: ClassVar = "Data from Open Library (https://openlibrary.org), an initiative of the Internet Archive."

    def __init__(self, client: ServiceClient) -> None:
        self._client = client
        # What the lists said of works that are still to be read.
        self._documents: OrderedDict[str, Mapping[str, Any]] = OrderedDict()

    def first_cursor(self, bookmark: Json | None, today: date, *, full: bool) -> Json:
        """Through all lists."""
        since = "" if full or bookmark is None else bookmark["since"]
        return {"today": today.isoformat(), "since": since, "lists": list(LISTS), "page": 1}

    def bookmark(self, begun_at: Json) -> Json:
        """The day before the run began, because the search follows with a delay."""
        return {"since": (date.fromisoformat(begun_at["today"]) - _LAG).isoformat()}

    def lists_all(self, begun_at: Json) -> bool:
        """Only a run through all does."""
        return not begun_at["since"]

    async def count(self, cursor: Json) -> int | None:
        """The works of the lists, less the pages that were read."""
        pages = await together(self._search(_query(name, cursor["since"]), 1, limit=1) for name in cursor["lists"])
        total = sum(values.total(page.get("numFound")) for page in pages)
        return max(0, total - _PAGE * (int(cursor["page"]) - 1))

    async def batches(self, cursor: Json, _known: Known, /) -> AsyncGenerator[Batch, None]:
        """A page of a list at a time."""
        lists, page = list(cursor["lists"]), cursor["page"]
        while lists:
            answer = await self._search(_query(lists[0], cursor["since"]), page)
            documents = answer["docs"] if isinstance(answer.get("docs"), list) else []
            if documents and page * _PAGE < values.total(answer.get("numFound")):
                page += 1
            else:
                lists, page = lists[1:], 1
            refs, unreadable = new_ids([self._keep(document) for document in documents])
            behind = {**cursor, "lists": lists, "page": page} if lists else None
            yield Batch(refs, behind, unreadable=unreadable)

    async def fetch(self, refs: Sequence[str]) -> list[Outcome]:
        """The list's document of each work, asked for again where it was not listed just now, and the work."""
        try:
            documents = await self._documents_of(refs)
        except Unreadable as error:
            return [Failed(ref, str(error)) for ref in refs]
        return await together(self._work(ref, documents.get(ref)) for ref in refs)

    async def close(self) -> None:
        """Ends the connections."""
        await self._client.close()

    def _keep(self, document: object) -> str | None:
        """The id of the work that the document describes."""
        said = values.mapping(document)
        found = WORK_ID.search(values.text(said.get("key")))
        if found is None:
            return None
        self._documents[found[0]] = said
        if len(self._documents) > _KEPT_DOCUMENTS:
            self._documents.popitem(last=False)
        return found[0]

    async def _documents_of(self, refs: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        if missing := [ref for ref in refs if ref not in self._documents]:
            keys = " OR ".join(f'"/works/{ref}"' for ref in missing)
            answer = await self._client.get("/search.json", q=f"key:({keys})", fields=_FIELDS, limit=len(missing))
            for document in values.objects(values.mapping(answer).get("docs")):
                self._keep(document)
        return {ref: self._documents.pop(ref) for ref in refs if ref in self._documents}

    async def _work(self, ref: str, document: Mapping[str, Any] | None) -> Outcome:
        try:
            work = values.mapping(await self._client.get(f"/works/{ref}.json"))
        except NotThere:
            return Gone(ref)
        except Unreadable as error:
            return Failed(ref, str(error))
        kind = values.text(values.mapping(work.get("type")).get("key"))
        if kind == "/type/delete":
            return Gone(ref)
        if kind == "/type/redirect":
            return LeftOut(ref, "merged into another work")
        return read_book(ref, document or {}, work)

    async def _search(self, query: str, page: int, limit: int = _PAGE) -> Mapping[str, Any]:
        """A page of a list, without which the run can't go on."""
        try:
            answer = await self._client.get("/search.json", q=query, fields=_FIELDS, sort="key", page=page, limit=limit)
        except NotThere:
            raise StartupError("there is no /search.json: check CINELIBRE_OPENLIBRARY_URL") from None
        except Unreadable as error:
            raise StartupError(
                f"Open Library can't be reached ({error}): run the same command again later;"
                " what was read so far is kept"
            ) from None
        return values.mapping(answer)


def _query(name: str, since: str) -> str:
    query = f"{LISTS[name]} AND {_WANTED}"
    if not since:
        return query
    return f"{query} AND last_modified_i:[{calendar.timegm(date.fromisoformat(since).timetuple())} TO *]"
