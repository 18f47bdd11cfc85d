"""Bad input as JSON: the right status and code, the field at fault, one shape, nothing internal."""

import json
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from tests.http.bad_requests import ANONYMOUS, PAGED, BadRequest, bad_requests
from tests.http.conftest import Account
from tests.http.errors import fields_of, json_error, reason_of
from tests.http.transcoding import json_call


@pytest.fixture(scope="module")
def token(http: httpx.Client) -> str:
    """A user whose ratings nobody changes."""
    body = {"email": "bad-input-json@example.com", "password": "test123"}
    for rpc in ("AuthService/Register", "AuthService/Login"):
        response = json_call(http, rpc, body)
    return str(response.json()["access_token"])


@pytest.mark.parametrize("bad", list(bad_requests()), ids=str)
def test_refused_with_the_field_at_fault(
    http: httpx.Client, token: str, stack_admin_token: str, bad: BadRequest
) -> None:
    sender = stack_admin_token if bad.needs_admin else token
    response = json_call(http, bad.rpc, bad.fields, token=None if bad.rpc in ANONYMOUS else sender)
    body = json_error(response, 400, 3)
    assert bad.at_fault in body["message"]
    if reason_of(body) is None:
        # Envoy can't turn an unknown enum number of a query into a message.
        assert "invalid value" in body["message"]
        return
    assert reason_of(body) == bad.reason
    assert bad.at_fault in fields_of(body)
    assert bad.words in fields_of(body)[bad.at_fault]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"item_id": ', "Unexpected end"),
        (b"{'item_id': 1}", ""),
        (b'{"item_id": 1,, "stars": 4}', ""),
        (b'{"item_id": 1} trailing', ""),
        (b"[]", "must be a message"),
        (b'"text"', "must be a message"),
        (b"null", ""),
        (b"\x00\x01\x02", ""),
        (b'{"item_id": 1, "stars": 4, "x": "\xff\xfe"}', "UTF-8"),
        (b'{"item_id": 1, "stars": 4, "x": "\\ud800"}', "surrogate"),
        (b'{"item_id": 1, "stars": NaN}', ""),
        (b'{"item_id": 1, "stars": 1e999}', "range"),
        (b'{"item_id": "one", "stars": 4}', "item_id"),
        (b'{"item_id": 1.5, "stars": 4}', "item_id"),
        (b'{"item_id": true, "stars": 4}', "item_id"),
        (b'{"item_id": [1], "stars": 4}', "not repeating"),
        (b'{"item_id": {}, "stars": 4}', "item_id"),
        (b'{"item_id": 2147483648, "stars": 4}', "item_id"),
        (b'{"item_id": -2147483649, "stars": 4}', "item_id"),
        (b'{"item_id": 99999999999999999999, "stars": 4}', ""),
        (b'{"item_id": 1, "stars": "four"}', "stars"),
        (b'{"item_id": 1, "stars": true}', "stars"),
        (b'{"item_id": 1, "stars": null}', "stars"),
        (b"", "item_id"),
        (b"{}", "item_id"),
        (b"[" * 5000, ""),
    ],
)
def test_a_bad_body_is_refused(http: httpx.Client, token: str, content: bytes, words: str) -> None:
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    body = json_error(http.post("/ratings", content=content, headers=headers), 400, 3)
    assert words in body["message"]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/movies?nope=1", '"nope"'),
        ("/movies?page_size=1&Page_Size=2", '"Page_Size"'),
        ("/movies/1?nope=1", '"nope"'),
        ("/?nope=1", '"nope"'),
        ("/search/semantic?q=x&item_type=film", "item_type"),
        ("/recommendations/personalized?algorithm=BEST", "algorithm"),
        ("/movies?page_size=ten", "page_size"),
        ("/movies?page_size=", "page_size"),
        ("/movies?page_size=1.5", "page_size"),
        ("/movies?year_from=2147483648", "year_from"),
        ("/movies/2147483648", "movie_id"),
        ("/movies/99999999999999999999", "movie_id"),
        ("/movies/one", "movie_id"),
        ("/movies/1%00", ""),
        ("/movies/..%2f..%2fetc", "movie_id"),
        ("/books/%E0%A4%A8", "book_id"),
        ("/recommendations/similar/movie/2147483648", "item_id"),
        ("/search/semantic?q=%ff%fe", "UTF-8"),
        ("/search/semantic?q=a%00b", "NUL"),
        ("/movies?title_contains=%C0%80", "UTF-8"),
    ],
)
def test_a_bad_path_or_query_is_refused(http: httpx.Client, token: str, path: str, words: str) -> None:
    body = json_error(http.get(path, headers={"authorization": f"Bearer {token}"}), 400, 3)
    assert words in body["message"]


@pytest.mark.parametrize("path", ["/ratings/2147483648", "/ratings/x"])
def test_a_bad_id_is_not_deleted(http: httpx.Client, token: str, path: str) -> None:
    response = http.delete(path, headers={"authorization": f"Bearer {token}"})
    assert "item_id" in json_error(response, 400, 3)["message"]


@pytest.mark.parametrize(
    ("rpc", "fields", "reason"),
    [
        ("CatalogService/GetMovie", {"movie_id": 2**31 - 1}, "ERROR_REASON_ITEM_NOT_FOUND"),
        ("CatalogService/GetMovie", {"movie_id": 2635}, "ERROR_REASON_ITEM_NOT_FOUND"),
        ("CatalogService/GetBook", {"book_id": 1}, "ERROR_REASON_ITEM_NOT_FOUND"),
        ("RecommendService/ListSimilar", {"item_type": "book", "item_id": 1}, "ERROR_REASON_ITEM_NOT_FOUND"),
        ("RatingsService/RateItem", {"item_id": 2**31 - 1, "stars": 4}, "ERROR_REASON_ITEM_NOT_FOUND"),
        ("RatingsService/DeleteRating", {"item_id": 2}, "ERROR_REASON_RATING_NOT_FOUND"),
    ],
)
def test_what_is_not_there_is_not_found(
    http: httpx.Client, token: str, rpc: str, fields: dict[str, Any], reason: str
) -> None:
    assert reason_of(json_error(json_call(http, rpc, fields, token=token), 404, 5)) == reason


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (None, "ERROR_REASON_TOKEN_MISSING"),
        ("", "ERROR_REASON_TOKEN_INVALID"),
        ("Bearer", "ERROR_REASON_TOKEN_INVALID"),
        ("Basic dGVzdDp0ZXN0", "ERROR_REASON_TOKEN_INVALID"),
        ("Bearer a.b.c", "ERROR_REASON_TOKEN_INVALID"),
        (b"Bearer \xe9\xff", "ERROR_REASON_TOKEN_INVALID"),
        ("Bearer " + "x" * 5000, "ERROR_REASON_TOKEN_INVALID"),
    ],
)
def test_a_bad_authorization_header(http: httpx.Client, header: str | bytes | None, reason: str) -> None:
    response = http.get("/auth/me", headers={} if header is None else {b"authorization": _as_bytes(header)})
    assert reason_of(json_error(response, 401, 16)) == reason


def _as_bytes(header: str | bytes) -> bytes:
    return header if isinstance(header, bytes) else header.encode()


def test_the_token_without_its_scheme_is_refused(http: httpx.Client, token: str) -> None:
    response = http.get("/auth/me", headers={"authorization": token})
    assert reason_of(json_error(response, 401, 16)) == "ERROR_REASON_TOKEN_INVALID"


@pytest.mark.parametrize("size", [1_048_577, 10_000_000])
def test_a_large_body_is_refused(http: httpx.Client, token: str, size: int) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(0, size, 65_536):
            yield b"x" * 65_536

    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    for content in (b"x" * size, chunks()):
        json_error(http.post("/ratings", content=content, headers=headers), 413, 8)
    assert http.get("/").status_code == 200


@pytest.mark.parametrize("unit", ["க", "ക ", "\N{GRINNING FACE}", "&", "' "])
def test_a_query_of_ten_thousand_characters_is_taken(http: httpx.Client, unit: str) -> None:
    query = (unit * 10_000)[:10_000]
    # httpx refuses longer URLs than 65,536 characters.
    for path, status in (("/search/semantic", 200), ("/search/suggest", 400)):
        connection = HTTPConnection(http.base_url.host, http.base_url.port, timeout=30)
        connection.request("GET", f"{path}?{urlencode({'q': query})}")
        with connection.getresponse() as response:
            assert response.status == status
            answer = json.loads(response.read())
        connection.close()
        assert answer["hits"] if status == 200 else "q" in fields_of(answer)


@pytest.mark.parametrize("password", ["a" * 6, "a" * 72, "\N{TAMIL LETTER MA}" * 24])
def test_passwords_at_the_bounds_are_taken(http: httpx.Client, account: Account, password: str) -> None:
    changed = {"current_password": "test123", "new_password": password}
    assert json_call(http, "AuthService/ChangePassword", changed, token=account.access_token).status_code == 200
    login = {"email": account.email, "password": password}
    assert json_call(http, "AuthService/Login", login).status_code == 200
    wrong = login | {"password": password[:-1] + "b"}
    assert reason_of(json_error(json_call(http, "AuthService/Login", wrong), 401, 16))


@pytest.mark.parametrize("rpc", PAGED)
def test_a_page_token_of_another_question_is_refused(http: httpx.Client, account: Account, rpc: str) -> None:
    for item_id in (1, 2, 3):
        json_call(http, "RatingsService/RateItem", {"item_id": item_id, "stars": 4}, token=account.access_token)
    fields, size = PAGED[rpc]
    first = json_call(http, rpc, fields | {size: 1}, token=account.access_token).json()
    page = fields | {size: 2, "page_token": first["next_page_token"]}
    assert json_call(http, rpc, page, token=account.access_token).status_code == 200
    other_rpc = "CatalogService/ListBooks" if rpc != "CatalogService/ListBooks" else "CatalogService/ListMovies"
    foreign = {"page_token": first["next_page_token"]}
    refused = [json_call(http, other_rpc, foreign, token=account.access_token)]
    if "q" in fields:
        refused.append(json_call(http, rpc, page | {"q": "a boat"}, token=account.access_token))
    if rpc in ("RatingsService/ListMyRatings", "RecommendService/ListPersonalized"):
        other = {"email": f"other-{account.email}", "password": "test123"}
        other_token = json_call(http, "AuthService/Register", other).json()["access_token"]
        refused.append(json_call(http, rpc, page, token=other_token))
    for response in refused:
        body = json_error(response, 400, 3)
        assert reason_of(body) == "ERROR_REASON_INVALID_PAGE_TOKEN"
        assert list(fields_of(body)) == ["page_token"]
