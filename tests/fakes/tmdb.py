"""A TMDB of a few films: discover, changes and details, with the paging and the refusals of the real one."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from tests.fakes.service import Answer, FakeService, Request

TOKEN = "header.payload.signature"
KEY = "0123456789abcdef0123456789abcdef"
_LAST_PAGE = 500
_LONGEST_DAYS = 14


def film(number: int, **changes: Any) -> dict[str, Any]:
    """The details of film `number`, all of them there; `changes` replace fields."""
    return {
        "id": number,
        "adult": False,
        "imdb_id": f"tt{number:07d}",
        "title": f"Film {number}",
        "original_title": f"फ़िल्म {number}",
        "original_language": "hi",
        "overview": f"The story of film {number}.",
        "release_date": f"{1950 + number % 70}-{number % 12 + 1:02d}-15",
        "runtime": 90 + number % 60,
        "genres": [{"id": 18, "name": "Drama"}, {"id": 35, "name": "Comedy"}],
        "credits": {
            "cast": [
                {"id": 2, "name": f"Second Actor {number}", "order": 1},
                {"id": 1, "name": f"First Actor {number}", "order": 0},
            ],
            "crew": [
                {"id": 3, "name": f"Director {number}", "job": "Director"},
                {"id": 4, "name": "A Writer", "job": "Writer"},
            ],
        },
        "keywords": {"keywords": [{"id": 1, "name": "village"}, {"id": 2, "name": f"keyword {number}"}]},
        "external_ids": {"imdb_id": f"tt{number:07d}", "wikidata_id": f"Q{number}"},
        "translations": {
            "translations": [
                {"iso_3166_1": "IN", "iso_639_1": "ta", "data": {"title": f"திரைப்படம் {number}", "overview": ""}},
                {"iso_3166_1": "FR", "iso_639_1": "fr", "data": {"title": f"Le film {number}", "overview": "Oui."}},
            ]
        },
        **changes,
    }


class FakeTmdb(FakeService):
    """`films` are details by id; `listed` are ids that lists name besides; `changes` are days and ids."""

    def __init__(self, films: list[dict[str, Any]], *, page_size: int = 20) -> None:
        super().__init__()
        self.films = {each["id"]: each for each in films}
        self.listed: list[dict[str, Any]] = []
        self.changes: list[tuple[date, Any]] = []
        self._page_size = page_size

    def change(self, day: date, number: int, **changes: Any) -> None:
        """The film is edited, or added."""
        self.films[number] = {**self.films.get(number, film(number)), **changes}
        self.changes.append((day, number))

    def delete(self, day: date, number: int) -> None:
        """The film is taken out."""
        del self.films[number]
        self.changes.append((day, number))

    def respond(self, request: Request) -> Answer:
        """What TMDB would say."""
        is_ours = request.headers.get("authorization") == f"Bearer {TOKEN}" or request.query.get("api_key") == KEY
        if not is_ours:
            return Answer({"status_code": 7, "status_message": "Invalid API key", "success": False}, 401)
        if request.path == "/discover/movie":
            return self._page(self._discovered(request.query), request.query)
        if request.path == "/movie/changes":
            return self._changed(request.query)
        details = self.films.get(int(request.path.removeprefix("/movie/")))
        if details is None:
            return Answer({"status_code": 34, "status_message": "Not found", "success": False}, 404)
        return Answer(details)

    def _discovered(self, query: Mapping[str, str]) -> list[dict[str, Any]]:
        first, last = query.get("primary_release_date.gte", ""), query.get("primary_release_date.lte", "9999")
        language = query["with_original_language"]
        found = [
            each
            for each in (*self.films.values(), *self.listed)
            if each.get("original_language") == language and first <= str(each.get("release_date") or "") <= last
        ]
        ordered = sorted(found, key=lambda each: (str(each.get("release_date") or ""), str(each["id"])))
        return [{"id": each["id"], "title": each.get("title")} for each in ordered]

    def _changed(self, query: Mapping[str, str]) -> Answer:
        first, last = date.fromisoformat(query["start_date"]), date.fromisoformat(query["end_date"])
        if (last - first).days >= _LONGEST_DAYS:
            return Answer({"status_code": 20, "status_message": "Invalid date range", "success": False}, 422)
        numbers = list(dict.fromkeys(number for day, number in self.changes if first <= day <= last))
        return self._page([{"id": number, "adult": False} for number in numbers], query)

    def _page(self, entries: list[dict[str, Any]], query: Mapping[str, str]) -> Answer:
        page = int(query["page"])
        if page > _LAST_PAGE:
            return Answer({"status_code": 22, "status_message": "Invalid page", "success": False}, 400)
        start = (page - 1) * self._page_size
        return Answer(
            {
                "page": page,
                "results": entries[start : start + self._page_size],
                "total_pages": -(-len(entries) // self._page_size),
                "total_results": len(entries),
            }
        )
