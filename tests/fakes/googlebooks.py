"""A Google Books of a few volumes, found by ISBN."""

from typing import Any

from tests.fakes.service import Answer, FakeService, Request

KEY = "AIza-a-key-of-google-books"


class FakeGoogleBooks(FakeService):
    """`volumes` (volumeInfo) by ISBN; `used_up` when the day's calls are."""

    def __init__(self, volumes: dict[str, Any]) -> None:
        super().__init__()
        self.volumes = volumes
        self.used_up = False

    def respond(self, request: Request) -> Answer:
        """The volumes with the ISBN."""
        if self.used_up:
            return Answer({"error": {"code": 403, "errors": [{"reason": "dailyLimitExceeded"}]}}, 403)
        isbn = request.query["q"].removeprefix("isbn:")
        if isbn not in self.volumes:
            return Answer({"kind": "books#volumes", "totalItems": 0})
        other = {"id": "other", "volumeInfo": {"title": "Another", "industryIdentifiers": []}}
        return Answer({"totalItems": 2, "items": [other, {"id": "x", "volumeInfo": self.volumes[isbn]}]})


def volume(isbn: str, **changes: Any) -> dict[str, Any]:
    """What is said of a volume."""
    return {
        "title": f"Volume {isbn}",
        "authors": ["Munshi Premchand"],
        "publishedDate": "2004-01-01",
        "description": "<p>A farmer wants a <b>cow</b>.</p>",
        "industryIdentifiers": [{"type": "ISBN_13", "identifier": isbn}],
        "pageCount": 400,
        "categories": ["Fiction"],
        "language": "en",
        **changes,
    }
