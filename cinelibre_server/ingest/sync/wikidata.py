"""Films and books from Wikidata (CC0), by its query service: https://www.wikidata.org/wiki/Wikidata:SPARQL_query_service.

Each run lists all films and books in the languages of India, and reads those that were edited since the last one.
"""

from collections.abc import AsyncGenerator, Sequence
from datetime import date, timedelta
from typing import Any, ClassVar

from cinelibre_server.concurrency import together
from cinelibre_server.errors import StartupError
from cinelibre_server.ingest.sync import wikidata_items as items
from cinelibre_server.ingest.sync.client import NotThere, Service, ServiceClient, Unreadable
from cinelibre_server.ingest.sync.languages import INDIAN_LANGUAGES
from cinelibre_server.ingest.sync.source import Batch, Failed, Json, Known, Outcome
from cinelibre_server.ingest.sync.values import mapping, text

# The service takes five queries at once and a minute of its time each minute: be less than that.
_REQUESTS_PER_SECOND = 2.0
_CONCURRENCY = 2
_TIMEOUT_SECONDS = 75.0
_BATCH = 200
_ITEMS_A_QUERY = 25
# The service may be that far behind Wikidata.
_LAG = timedelta(days=1)
_LANGUAGES = {language.code: language for language in INDIAN_LANGUAGES}


def wikidata_service(url: str, requests_per_second: float | None, user_agent: str) -> Service:
    """Wikidata's query service, which wants to know who asks and no key."""
    return Service(
        title="Wikidata",
        url=url,
        url_setting="CINELIBRE_WIKIDATA_URL",
        requests_per_second=requests_per_second or _REQUESTS_PER_SECOND,
        concurrency=_CONCURRENCY,
        refused_hint="set CINELIBRE_SYNC_CONTACT, so that it can tell who asks, and try again later",
        user_agent=user_agent,
        headers={"accept": "application/sparql-results+json"},
        timeout_seconds=_TIMEOUT_SECONDS,
    )


class WikidataSource:
    """Wikidata as a source.

    A cursor is {today, since, lists, after}: lists are [kind, language] that are still to be gone through, after is the
    number of the last item of the first of them; since is "" in a run that reads all.
    """

    name: ClassVar = "wikidata"
    title: ClassVar = "Wikidata"
    unit: ClassVar = "films and books"
    attribution: ClassVar = "Data from Wikidata, CC0 1.0."

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    def first_cursor(self, bookmark: Json | None, today: date, *, full: bool) -> Json:
        """Through all lists."""
        lists = [[kind, language.code] for kind in items.KINDS for language in INDIAN_LANGUAGES]
        since = "" if full or bookmark is None else bookmark["since"]
        return {"today": today.isoformat(), "since": since, "lists": lists, "after": 0}

    def bookmark(self, begun_at: Json) -> Json:
        """The day before the run began."""
        return {"since": (date.fromisoformat(begun_at["today"]) - _LAG).isoformat()}

    def lists_all(self, _begun_at: Json) -> bool:
        """Each run does."""
        return True

    async def count(self, _cursor: Json) -> int | None:
        """Not known before the lists are there."""
        return None

    async def batches(self, cursor: Json, _known: Known, /) -> AsyncGenerator[Batch, None]:
        """The items of each list by number; those not edited since are only listed."""
        lists, after = list(cursor["lists"]), cursor["after"]
        while lists:
            numbers, unreadable = await self._list(*lists[0])
            numbers = {number: modified for number, modified in numbers.items() if number > after}
            waiting = sorted(numbers)
            while True:
                part, waiting = waiting[:_BATCH], waiting[_BATCH:]
                if waiting:
                    after = part[-1]
                else:
                    lists, after = lists[1:], 0
                edited = tuple(f"Q{number}" for number in part if numbers[number] >= cursor["since"])
                same = tuple(f"Q{number}" for number in part if numbers[number] < cursor["since"])
                behind = {**cursor, "lists": lists, "after": after} if lists else None
                yield Batch(edited, behind, listed=same, unreadable=0 if waiting else unreadable)
                if not waiting:
                    break

    async def fetch(self, refs: Sequence[str]) -> list[Outcome]:
        """A query for some items at a time."""
        parts = [refs[start : start + _ITEMS_A_QUERY] for start in range(0, len(refs), _ITEMS_A_QUERY)]
        return [outcome for outcomes in await together(map(self._describe, parts)) for outcome in outcomes]

    async def close(self) -> None:
        """Ends the connections."""
        await self._client.close()

    async def _describe(self, refs: Sequence[str]) -> list[Outcome]:
        try:
            answer = await self._query(items.describe_query(refs))
        except Unreadable as error:
            return [Failed(ref, str(error)) for ref in refs]
        return items.read_items(refs, answer)

    async def _list(self, kind: str, code: str) -> tuple[dict[int, str], int]:
        """The day of the last edit by item number, and how many rows name no item."""
        try:
            answer = await self._query(items.list_query(kind, _LANGUAGES[code]))
        except Unreadable as error:
            raise StartupError(
                f"Wikidata can't be reached ({error}): run the same command again later; what was read so far is kept"
            ) from None
        found = [
            (items.item_id(row), text(mapping(row.get("modified")).get("value"))[:10]) for row in items.rows(answer)
        ]
        return {int(ref[1:]): modified for ref, modified in found if ref}, sum(1 for ref, _ in found if not ref)

    async def _query(self, query: str) -> Any:
        try:
            return await self._client.post("/sparql", {"query": query, "format": "json"})
        except NotThere:
            raise StartupError("there is no /sparql: check CINELIBRE_WIKIDATA_URL") from None
