"""An Open Library of a few works: its search, by the lists of the sync and by keys, and its works."""

import re
from typing import Any

from tests.fakes.service import Answer, FakeService, Request

EDITED = 1_577_880_000  # 2020


def work(number: int, **changes: Any) -> dict[str, Any]:
    """A work and, under `search`, what the search says of it."""
    return {
        "key": f"/works/OL{number}W",
        "type": {"key": "/type/work"},
        "title": f"Work {number}",
        "description": {"type": "/type/text", "value": f"The story of work {number}.\n\n----------\nAlso in: more"},
        "subjects": ["Hindi fiction", "Village life", "nyt:combined=2011-01-01"],
        "search": {
            "author_name": ["Premchand"],
            "first_publish_year": 1936,
            "language": ["hin"],
            "isbn": [isbn(number), "0000000000"],
            "number_of_pages_median": 300,
        },
        **changes,
    }


def isbn(number: int) -> str:
    """A valid ISBN of 13 digits."""
    digits = f"978{number:09d}"
    return digits + str(-sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits)) % 10)


class FakeOpenLibrary(FakeService):
    """`works` by id; `edited` says when, in seconds since 1970, else all were in 2020."""

    def __init__(self, works: list[dict[str, Any]]) -> None:
        super().__init__()
        self.works = {each["key"].removeprefix("/works/"): each for each in works}
        self.edited: dict[str, int] = {}
        self.surprises: list[Any] = []

    def respond(self, request: Request) -> Answer:
        """A page of the search, or a work."""
        if request.path == "/search.json":
            return self._search(request)
        found = self.works.get(request.path.removeprefix("/works/").removesuffix(".json"))
        if found is None:
            return Answer({"error": "notfound"}, 404)
        return Answer({name: value for name, value in found.items() if name != "search"})

    def _search(self, request: Request) -> Answer:
        query = request.query["q"]
        since = int(found[1]) if (found := re.search(r"last_modified_i:\[(\d+) TO \*\]", query)) else 0
        marc = found[1] if (found := re.match(r"language:(\w+)", query)) else None
        keys = re.findall(r'"/works/(\w+)"', query)
        documents = [
            {"key": each["key"], "title": each["title"], **each.get("search", {})}
            for ref, each in sorted(self.works.items())
            if (ref in keys or marc in each.get("search", {}).get("language", ()))
            and self.edited.get(ref, EDITED) >= since
        ]
        if marc == "hin":
            documents += self.surprises
        limit = int(request.query["limit"])
        start = (int(request.query.get("page", 1)) - 1) * limit
        return Answer({"numFound": len(documents), "start": start, "docs": documents[start : start + limit]})
