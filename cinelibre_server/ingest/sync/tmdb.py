"""Films from The Movie Database, by its API v3: https://developer.themoviedb.org/reference.

The first run goes through all films in the languages of India (/discover/movie), later ones through what changed
since (/movie/changes).
"""

from collections.abc import AsyncIterator, Sequence
from datetime import date, timedelta
from typing import Any, ClassVar, Final

from cinelibre_server.concurrency import together
from cinelibre_server.errors import StartupError
from cinelibre_server.ingest.sync import values
from cinelibre_server.ingest.sync.client import NotThere, Service, ServiceClient, Unreadable
from cinelibre_server.ingest.sync.languages import INDIAN_LANGUAGES
from cinelibre_server.ingest.sync.source import Batch, Failed, Gone, Json, Known, Outcome, new_ids
from cinelibre_server.ingest.sync.tmdb_films import APPENDED, read_film

# "Somewhere in the 40 requests per second range": https://developer.themoviedb.org/docs/rate-limiting
REQUESTS_PER_SECOND: Final = 40.0
_CONCURRENCY = 20
_LAST_PAGE = 500
_PAGE_FILMS = 20
_PAGES_A_BATCH = 5
_FIRST_DAY = date(1870, 1, 1)
_DAYS_AHEAD = 3660
# The changes endpoint refuses longer ranges.
_CHANGES_DAYS = 14
# TMDB's terms: nothing is kept for six months without being read again.
_LONGEST_UNREAD = timedelta(days=150)


def tmdb_service(url: str, token: str, requests_per_second: float | None, user_agent: str) -> Service:
    """TMDB with an API read access token (a JWT, sent as a bearer token) or an API key.

    Raises:
        StartupError: there is neither.
    """
    if not token:
        raise StartupError(
            "TMDB wants a token: make an account and get an API read access token (or key) at"
            " https://www.themoviedb.org/settings/api, and put it into CINELIBRE_TMDB_TOKEN"
        )
    is_jwt = token.count(".") == 2
    return Service(
        title="TMDB",
        url=url,
        url_setting="CINELIBRE_TMDB_URL",
        requests_per_second=requests_per_second or REQUESTS_PER_SECOND,
        concurrency=_CONCURRENCY,
        refused_hint="check the token or key in CINELIBRE_TMDB_TOKEN",
        user_agent=user_agent,
        headers={"authorization": f"Bearer {token}"} if is_jwt else {},
        parameters={} if is_jwt else {"api_key": token},
    )


class TmdbSource:
    """TMDB as a source.

    A cursor of a run through all is {since, all_since, windows, page}: windows are [language, first day, last day] that
    are still to be gone through, the days "" in a window without bounds. One of a run through changes is
    {since, all_since, from, page}. since is the day the run began, all_since that of the last one through all.
    """

    name: ClassVar = "tmdb"
    title: ClassVar = "TMDB"
    unit: ClassVar = "films"
    attribution: ClassVar = "This product uses the TMDB API but is not endorsed or certified by TMDB."

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    def first_cursor(self, bookmark: Json | None, today: date, *, full: bool) -> Json:
        """Through the changes since the last run began, unless all was read too long ago."""
        since = today.isoformat()
        if full or bookmark is None or date.fromisoformat(bookmark["all_since"]) < today - _LONGEST_UNREAD:
            windows = [[language.code, "", ""] for language in INDIAN_LANGUAGES]
            return {"since": since, "all_since": since, "windows": windows, "page": 1}
        return {"since": since, "all_since": bookmark["all_since"], "from": bookmark["since"], "page": 1}

    def bookmark(self, begun_at: Json) -> Json:
        """The day the run began, because changes are known by the day, and the day the last one through all did."""
        return {"since": begun_at["since"], "all_since": begun_at["all_since"]}

    def lists_all(self, begun_at: Json) -> bool:
        """Only a run through all does."""
        return "windows" in begun_at

    async def count(self, cursor: Json) -> int | None:
        """The films of the windows, less the pages that were read."""
        if "windows" not in cursor:
            return None
        first_pages = await together(self._discover(window, 1) for window in cursor["windows"])
        total = sum(values.total(page.get("total_results")) for page in first_pages)
        return max(0, total - _PAGE_FILMS * (int(cursor["page"]) - 1))

    async def batches(self, cursor: Json, _known: Known, /) -> AsyncIterator[Batch]:
        """Some pages of a list at a time."""
        batches = self._all_films(cursor) if "windows" in cursor else self._changes(cursor)
        async for batch in batches:
            yield batch

    async def fetch(self, refs: Sequence[str]) -> list[Outcome]:
        """A call for each film, as many at once as the service takes."""
        return await together(self._film(ref) for ref in refs)

    async def close(self) -> None:
        """Ends the connections."""
        await self._client.close()

    async def _film(self, ref: str) -> Outcome:
        try:
            details = await self._client.get(f"/movie/{ref}", append_to_response=APPENDED, language="en-US")
        except NotThere:
            return Gone(ref)
        except Unreadable as error:
            return Failed(ref, str(error))
        return read_film(ref, details)

    async def _all_films(self, cursor: Json) -> AsyncIterator[Batch]:
        since, windows, page = cursor["since"], list(cursor["windows"]), cursor["page"]
        while windows:
            window = windows[0]
            pages = [await self._discover(window, page)]
            last = values.total(pages[0].get("total_pages"))
            if last > _LAST_PAGE and page == 1 and (halves := _split(window, since)):
                windows[:1] = halves
                continue
            last = min(last, _LAST_PAGE)
            upto = min(page + _PAGES_A_BATCH - 1, last)
            pages += await together(self._discover(window, number) for number in range(page + 1, upto + 1))
            if upto >= last:
                windows, page = windows[1:], 1
            else:
                page = upto + 1
            refs, unreadable = _ids(pages)
            after = {**cursor, "windows": windows, "page": page} if windows else None
            yield Batch(refs, after, unreadable=unreadable)

    async def _changes(self, cursor: Json) -> AsyncIterator[Batch]:
        since, first, page = date.fromisoformat(cursor["since"]), date.fromisoformat(cursor["from"]), cursor["page"]
        while first <= since:
            last = min(first + timedelta(days=_CHANGES_DAYS - 1), since)
            answer = await self._list(
                "/movie/changes", start_date=first.isoformat(), end_date=last.isoformat(), page=page
            )
            if page >= min(values.total(answer.get("total_pages")), _LAST_PAGE):
                first, page = last + timedelta(days=1), 1
            else:
                page += 1
            refs, unreadable = _ids([answer])
            after = {**cursor, "from": first.isoformat(), "page": page} if first <= since else None
            yield Batch(refs, after, unreadable=unreadable)

    async def _discover(self, window: Sequence[str], page: int) -> Json:
        language, first, last = window
        bounds = {"primary_release_date.gte": first, "primary_release_date.lte": last} if first else {}
        return await self._list(
            "/discover/movie",
            with_original_language=language,
            sort_by="primary_release_date.asc",
            include_adult="false",
            page=page,
            **bounds,
        )

    async def _list(self, path: str, **parameters: str | int) -> Json:
        """A page of a list, without which the run can't go on."""
        try:
            return dict(values.mapping(await self._client.get(path, **parameters)))
        except NotThere:
            raise StartupError(f"TMDB has no {path}: check CINELIBRE_TMDB_URL") from None
        except Unreadable as error:
            raise StartupError(
                f"TMDB can't be reached ({error}): run the same command again later; what was read so far is kept"
            ) from None


def _ids(pages: Sequence[Json]) -> tuple[tuple[str, ...], int]:
    entries: list[Any] = [
        entry
        for page in pages
        for entry in (page["results"] if isinstance(page.get("results"), list) else ())
        if values.mapping(entry).get("adult") is not True
    ]
    return new_ids([values.external_id(values.mapping(entry).get("id")) for entry in entries])


def _split(window: Sequence[str], since: str) -> list[list[str]]:
    """The window in two, as its list ends at page 500; empty if it is a single day.

    A film without a date is in no window with bounds: it comes when it gets one, which is a change.
    """
    language, first_text, last_text = window
    first = date.fromisoformat(first_text) if first_text else _FIRST_DAY
    last = date.fromisoformat(last_text) if last_text else date.fromisoformat(since) + timedelta(days=_DAYS_AHEAD)
    if first >= last:
        return []
    # Years before days, so that windows are the same on another day.
    middle = first + (last - first) // 2
    if first.year < last.year:
        middle = date((first.year + last.year) // 2, 12, 31)
    return [
        [language, first.isoformat(), middle.isoformat()],
        [language, (middle + timedelta(days=1)).isoformat(), last.isoformat()],
    ]
