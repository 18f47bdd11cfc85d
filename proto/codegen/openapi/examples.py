"""Values that the reference shows for fields, by field name. They obey the rules of the contract (tested)."""

from collections.abc import Mapping
from typing import Any

_EXAMPLES: Mapping[str, Any] = {
    "access_token": "eyJhbGciOiJIUzI1NiIs…",
    "authors": ["Arundhati Roy"],
    "because_item_ids": [7],
    "book_id": 1042,
    "cast": ["Dilip Kumar", "Madhubala", "Prithviraj Kapoor"],
    "create_time": "2026-01-31T18:30:00Z",
    "current_password": "old-Monsoon-7",
    "database": "SERVING_STATUS_SERVING",
    "directors": ["K. Asif"],
    "docs_path": "/docs",
    "email": "test@example.com",
    "ended_sessions": 1,
    "expire_time": "2026-03-02T18:30:00Z",
    "expires_in": 604800,
    "genres": ["Drama", "Romance"],
    "imdb_id": "tt0054098",
    "interaction_count": 31,
    "isbn13": "9780006550686",
    "item_id": 42,
    "item_type": "ITEM_TYPE_MOVIE",
    "keywords": ["mughal court", "forbidden love"],
    "kind": "INTERACTION_KIND_CLICK",
    "language": "hi",
    "languages": ["hi", "ta"],
    "limit": 5,
    "mean_stars": 4.4,
    "model": "SERVING_STATUS_SERVING",
    "model_name": "intfloat/multilingual-e5-small",
    "movie_id": 42,
    "new_password": "new-Monsoon-8",
    "next_page_token": "eyJ2IjoxLCJrIjpbNDJdfQ",
    "original_title": "मुग़ल-ए-आज़म",
    "page_count": 340,
    "page_size": 20,
    "page_token": "eyJ2IjoxLCJrIjpbNDJdfQ",
    "password": "test123",
    "position": 1,
    "predicted_stars": 4.5,
    "q": "a prince and a court dancer",
    "query": "forbidden love at court",
    "rating_count": 128,
    "reason": "Its story is close to what you asked for",
    "refresh_token": "mF_9.B5f-4.1JqM…",
    "revoke_time": "2026-02-01T09:00:00Z",
    "runtime_minutes": 197,
    "score": 0.87,
    "session_count": 2,
    "session_id": "5d2b8a7e-7d0c-4a43-9f0e-1c1b6a3f2c55",
    "stars": 4.5,
    "synopsis": "A Mughal prince defies his father, the emperor, for the love of a court dancer.",
    "title": "Mughal-e-Azam",
    "title_contains": "azam",
    "token_type": "Bearer",
    "update_mask": "name",
    "update_time": "2026-01-31T18:30:00Z",
    "user_id": 1,
    "version": "0.1.0",
    "year": 1960,
    "year_from": 1950,
    "year_to": 1980,
}
# Where a name means different things in different places: message and field.
_IN_MESSAGE: Mapping[tuple[str, str], Any] = {
    ("GetHealthResponse", "name"): "cinelibre",
    ("ListSimilarRequest", "item_type"): "movie",
    ("RegisterRequest", "name"): "Test",
    ("UpdateMeRequest", "user"): {"name": "Test"},
    ("User", "name"): "Test",
}


def field_example(message: str, field: str) -> dict[str, Any]:
    """The `examples` keyword for a field of a message (its simple name); empty where we have none."""
    value = _IN_MESSAGE.get((message, field), _EXAMPLES.get(field))
    return {} if value is None else {"examples": [value]}
