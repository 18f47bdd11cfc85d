"""Requests that must be refused, each with the field at fault: one table for gRPC and for JSON."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

INVALID_FIELD = "ERROR_REASON_INVALID_FIELD"
INVALID_PAGE_TOKEN = "ERROR_REASON_INVALID_PAGE_TOKEN"
INVALID_UPDATE_MASK = "ERROR_REASON_INVALID_UPDATE_MASK"

# RPCs with pages: what they need besides, and what their page size is called.
PAGED: dict[str, tuple[dict[str, Any], str]] = {
    "CatalogService/ListMovies": ({}, "page_size"),
    "CatalogService/ListBooks": ({}, "page_size"),
    "RatingsService/ListMyRatings": ({}, "page_size"),
    "RecommendService/ListPersonalized": ({}, "limit"),
    "RecommendService/ListSimilar": ({"item_type": "movie", "item_id": 1}, "limit"),
    "RecommendService/ListPopular": ({}, "limit"),
    "SearchService/SemanticSearch": ({"q": "a train"}, "limit"),
}
# The same for admins.
ADMIN_PAGED: dict[str, tuple[dict[str, Any], str]] = {"AdminService/ListAuditEntries": ({}, "page_size")}
FILTERED = [
    "CatalogService/ListMovies",
    "CatalogService/ListBooks",
    "RecommendService/ListPersonalized",
    "RecommendService/ListPopular",
    "SearchService/SemanticSearch",
]
# Sent by a signed-in user, whom these would need anew.
ANONYMOUS = {"AuthService/Register", "AuthService/Login", "AuthService/RefreshToken"}
NEW_USER = {"email": "new@example.com", "password": "test123"}
TOO_FEW = "test1"
TOO_MANY = ["a" * 73, "\N{TAMIL LETTER MA}" * 25, "\N{GRINNING FACE}" * 19]
BLANK = ["", " ", "   \t\n", "\N{NO-BREAK SPACE}\N{IDEOGRAPHIC SPACE}"]


@dataclass(frozen=True)
class BadRequest:
    """A request and what its refusal must say: the reason, the field, and words of what is allowed."""

    rpc: str
    fields: dict[str, Any]
    at_fault: str
    words: str = ""
    reason: str = INVALID_FIELD

    @property
    def needs_admin(self) -> bool:
        """Whether it is refused for its fields only if an admin sends it."""
        return self.rpc.startswith("AdminService/")

    def __str__(self) -> str:
        shown = " ".join(f"{name}={str(value)[:16]!r}" for name, value in self.fields.items())
        return f"{self.rpc.partition('/')[2]} {shown}"


def bad_requests() -> Iterator[BadRequest]:
    """The whole table."""
    yield from _ratings()
    yield from _imports()
    yield from _interactions()
    yield from _accounts()
    yield from _items()
    yield from _catalogue_changes()
    yield from _pages()
    yield from _filters()
    for query in BLANK:
        yield BadRequest("SearchService/SemanticSearch", {"q": query}, "q", "1 to 10,000 characters")
    yield BadRequest("SearchService/SemanticSearch", {}, "q", "1 to 10,000 characters")
    yield BadRequest("SearchService/SemanticSearch", {"q": "x" * 10_001}, "q", "10000 characters")
    yield BadRequest("SearchService/SemanticSearch", {"q": "a\0b"}, "q", "NUL")
    yield BadRequest("SearchService/SemanticSearch", {"q": "a", "min_stars": 5.5}, "min_stars", "5")
    yield BadRequest("SearchService/SemanticSearch", {"q": "a", "people": ["?"]}, "people", "a letter or a digit")
    for query in BLANK:
        yield BadRequest("SearchService/Suggest", {"q": query}, "q", "1 to 200 characters")
    yield BadRequest("SearchService/Suggest", {"q": "x" * 201}, "q", "200 characters")
    yield BadRequest("SearchService/Suggest", {"q": "a", "limit": 21}, "limit", "20")


def _ratings() -> Iterator[BadRequest]:
    for stars in (0, 5.5, 3.3, 0.25, -1, 1e300, "NaN", "Infinity", "-Infinity"):
        yield BadRequest("RatingsService/RateItem", {"item_id": 1, "stars": stars}, "stars", "4.5, 5")
    yield BadRequest("RatingsService/RateItem", {"item_id": 1}, "stars", "4.5, 5")
    yield BadRequest("RatingsService/RateItem", {"stars": 4}, "item_id", "1")
    for item_id in (0, -1, -(2**31)):
        yield BadRequest("RatingsService/RateItem", {"item_id": item_id, "stars": 4}, "item_id", "1")
        yield BadRequest("RatingsService/DeleteRating", {"item_id": item_id}, "item_id", "1")


def _imports() -> Iterator[BadRequest]:
    rpc, header = "RatingsService/ImportRatingsFile", "Date,Name,Year,Letterboxd URI,Rating\n"
    yield BadRequest(rpc, {}, "file", "required")
    yield BadRequest(rpc, {"text": ""}, "text", "must not be empty")
    yield BadRequest(rpc, {"text": "a,b\n1,2\n"}, "text", "letterboxd: CSV with the columns Date, Name")
    yield BadRequest(rpc, {"text": header, "format": "RATINGS_FORMAT_IMDB"}, "text", "imdb: CSV with the columns Const")
    yield BadRequest(rpc, {"text": header + "\0"}, "text", "NUL")
    yield BadRequest(rpc, {"text": "x" * 1_000_001}, "text", "1000000")
    yield BadRequest(rpc, {"content": "AAECAw=="}, "content", "must be text")
    yield BadRequest(rpc, {"content": "w+nkMTI="}, "content", "must be in UTF-8")
    yield BadRequest(rpc, {"text": header, "format": 99}, "format", "defined")


def _interactions() -> Iterator[BadRequest]:
    rpc, view, search = "RatingsService/RecordInteraction", "INTERACTION_KIND_VIEW", "INTERACTION_KIND_SEARCH"
    yield BadRequest(rpc, {"item_id": 1}, "kind")
    yield BadRequest(rpc, {"kind": 99, "item_id": 1}, "kind", "defined")
    yield BadRequest(rpc, {"kind": view}, "item_id", "must be set")
    yield BadRequest(rpc, {"kind": search}, "query", "must be set")
    yield BadRequest(rpc, {"kind": search, "query": "x" * 1001}, "query", "1000")
    yield BadRequest(rpc, {"kind": search, "query": "a\0b"}, "query", "NUL")
    for position in (-1, 10_001):
        yield BadRequest(rpc, {"kind": view, "item_id": 1, "position": position}, "position", "10000")


def _accounts() -> Iterator[BadRequest]:
    register, change = "AuthService/Register", "AuthService/ChangePassword"
    for email in ("", "no address", "a@", "@example.com", "a@b@example.com", "a" * 250 + "@example.com", "a\0@b.com"):
        yield BadRequest(register, NEW_USER | {"email": email}, "email")
    for password in (TOO_FEW, "\N{TAMIL LETTER MA}" * 5):
        yield BadRequest(register, NEW_USER | {"password": password}, "password", "at least 6")
    for password in TOO_MANY:
        yield BadRequest(register, NEW_USER | {"password": password}, "password", "72 bytes")
        yield BadRequest("AuthService/Login", NEW_USER | {"password": password}, "password", "72 bytes")
        yield BadRequest(change, {"current_password": "x", "new_password": password}, "new_password", "72 bytes")
    yield BadRequest(change, {"current_password": "x", "new_password": TOO_FEW}, "new_password", "at least 6")
    yield BadRequest(change, {"new_password": "test123"}, "current_password")
    yield BadRequest(register, NEW_USER | {"password": "test\x00123"}, "password", "NUL")
    yield BadRequest(register, NEW_USER | {"name": "x" * 101}, "name", "100")
    yield BadRequest("AuthService/Login", {"password": "test123"}, "email")
    yield BadRequest("AuthService/RefreshToken", {}, "refresh_token")
    yield BadRequest("AuthService/RefreshToken", {"refresh_token": "x" * 513}, "refresh_token", "512")
    update, user = "AuthService/UpdateMe", {"name": "Anna"}
    yield BadRequest(update, {"update_mask": "name"}, "user", "required")
    yield BadRequest(update, {"user": {"name": "a\0b"}, "update_mask": "name"}, "user.name", "NUL")
    yield BadRequest(update, {"user": {"name": "x" * 101}, "update_mask": "name"}, "user", "100")
    for mask in ({}, {"update_mask": "email"}, {"update_mask": "name,email"}, {"update_mask": "userId"}):
        yield BadRequest(update, {"user": user, **mask}, "update_mask", "name", INVALID_UPDATE_MASK)


def _items() -> Iterator[BadRequest]:
    for item_id in (0, -1):
        yield BadRequest("CatalogService/GetMovie", {"movie_id": item_id}, "movie_id", "1")
        yield BadRequest("CatalogService/GetBook", {"book_id": item_id}, "book_id", "1")
        similar = {"item_type": "movie", "item_id": item_id}
        yield BadRequest("RecommendService/ListSimilar", similar, "item_id", "1")
    for item_type in ("film", "Movie", "ITEM_TYPE_MOVIE", " movie"):
        similar = {"item_type": item_type, "item_id": 1}
        yield BadRequest("RecommendService/ListSimilar", similar, "item_type", "movie, book")


def _catalogue_changes() -> Iterator[BadRequest]:
    for kind, shared_id in (("movie", "imdb_id"), ("book", "isbn13")):
        create, update = f"AdminService/Create{kind.title()}", f"AdminService/Update{kind.title()}"
        yield BadRequest(create, {}, kind, "required")
        for title in BLANK:
            yield BadRequest(create, {kind: {"title": title}}, f"{kind}.title", "white space")
            changed = {f"{kind}_id": 1, kind: {"title": title}, "update_mask": "title"}
            yield BadRequest(update, changed, f"{kind}.title", "white space")
        for field, value, at_fault, words in _bad_values(kind, shared_id):
            entry = {kind: {"title": "Anna", field: value}}
            yield BadRequest(create, entry, f"{kind}.{at_fault}", words)
            whole = {f"{kind}_id": 1, **entry, "update_mask": _json_name(field)}
            yield BadRequest(update, whole, f"{kind}.{at_fault}", words)
        yield BadRequest(update, {f"{kind}_id": 0, kind: {}, "update_mask": "year"}, f"{kind}_id", "1")
        yield BadRequest(update, {f"{kind}_id": 1, "update_mask": "year"}, kind, "required")
        for mask in ({}, {"update_mask": "colour"}, {"update_mask": "year,ratings"}, {"update_mask": f"{kind}Id"}):
            fields = {f"{kind}_id": 1, kind: {"year": 1999}, **mask}
            yield BadRequest(update, fields, "update_mask", "keywords, synopsis", INVALID_UPDATE_MASK)
    for rpc in ("AdminService/HideItem", "AdminService/UnhideItem"):
        for item_id in (0, -1):
            yield BadRequest(rpc, {"item_id": item_id}, "item_id", "1")
    yield BadRequest("AdminService/ListAuditEntries", {"item_id": -1}, "item_id", "0")


def _json_name(field: str) -> str:
    """As a mask in JSON has it: imdbId."""
    first, *rest = field.split("_")
    return first + "".join(word.title() for word in rest)


def _bad_values(kind: str, shared_id: str) -> Iterator[tuple[str, Any, str, str]]:
    """Field, value, what is at fault, and words."""
    people, length = ("directors", "runtime_minutes") if kind == "movie" else ("authors", "page_count")
    yield "title", "x" * 501, "title", "500"
    yield "title", "a\0b", "title", "NUL"
    yield "original_title", "x" * 501, "original_title", "500"
    yield "synopsis", "x" * 10_001, "synopsis", "10000"
    for year in (-1, 3001):
        yield "year", year, "year", "3000"
    for language in ("HI", "hindi", "h"):
        yield "language", language, "language", "[a-z]{2}"
    for field in ("genres", "keywords", people):
        yield field, ["Drama", " "], f"{field}[1]", "regex"
        yield field, ["Drama", "Drama"], field, "unique"
        yield field, [str(number) for number in range(101)], field, "item(s)"
        yield field, ["x" * 201], f"{field}[0]", "characters"
    for number in (-1, 40_000):
        yield length, number, length, "000"
    for text in ("tt12", "978", "tt012345678901", "1234567890123"):
        yield shared_id, text, shared_id, "[0-9]"


def _pages() -> Iterator[BadRequest]:
    for rpc, (needed, size) in (PAGED | ADMIN_PAGED).items():
        for number in (-1, 101, 2**31 - 1):
            yield BadRequest(rpc, needed | {size: number}, size, "100")
        for token in ("garbled", "AAAA" * 20, "=", "नमस्ते", "' or 1=1 --"):
            yield BadRequest(rpc, needed | {"page_token": token}, "page_token", "next_page_token", INVALID_PAGE_TOKEN)
        yield BadRequest(rpc, needed | {"page_token": "A" * 1025}, "page_token", "1024")


def _filters() -> Iterator[BadRequest]:
    for rpc in FILTERED:
        needed = PAGED[rpc][0]
        for languages in (["HI"], ["hi", "hindi"], [""], ["हि"]):
            at_fault = f"languages[{len(languages) - 1}]"
            yield BadRequest(rpc, needed | {"languages": languages}, at_fault, "[a-z]{2}")
        yield BadRequest(rpc, needed | {"languages": ["hi"] * 31}, "languages", "30")
        yield BadRequest(rpc, needed | {"genres": ["Drama"] * 31}, "genres", "30")
        yield BadRequest(rpc, needed | {"genres": ["Drama", ""]}, "genres[1]")
        yield BadRequest(rpc, needed | {"genres": ["x" * 65]}, "genres[0]", "64")
        yield BadRequest(rpc, needed | {"genres": ["a\0b"]}, "genres[0]", "NUL")
        yield BadRequest(rpc, needed | {"year_from": -1}, "year_from", "3000")
        yield BadRequest(rpc, needed | {"year_to": 3001}, "year_to", "3000")
        yield BadRequest(rpc, needed | {"year_from": 2000, "year_to": 1999}, "year_to", "2000")
    for rpc in ("CatalogService/ListMovies", "CatalogService/ListBooks"):
        yield BadRequest(rpc, {"title_contains": "x" * 201}, "title_contains", "200")
        yield BadRequest(rpc, {"title_contains": "\0"}, "title_contains", "NUL")
        yield BadRequest(rpc, {"order": 99}, "order")
    for rpc in (*FILTERED[2:], "RatingsService/ListMyRatings"):
        yield BadRequest(rpc, PAGED[rpc][0] | {"item_type": 99}, "item_type")
    yield BadRequest("RecommendService/ListPersonalized", {"algorithm": 99}, "algorithm")
    yield BadRequest("RecommendService/ListPopular", {"window": 99}, "window")
