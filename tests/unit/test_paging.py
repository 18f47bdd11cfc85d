"""Page tokens: they come back as they went, for the same question of the same user only."""

import base64
import contextlib
import string
from collections.abc import Iterator
from uuid import UUID

import grpc
import pytest
from cinelibre.v1 import catalog_pb2, errors_pb2, ratings_pb2, recommend_pb2, search_pb2
from google.protobuf.message import Message
from hypothesis import assume, given
from hypothesis import strategies as st

from cinelibre_server.errors import DomainError
from cinelibre_server.interceptors.call import AuthenticatedUser, set_current_user
from cinelibre_server.services.paging import DEFAULT_PAGE_SIZE, PageTokens, page_size

OLD_KEY = b"old-key-0123456789abcdef01234567"
NEW_KEY = b"new-key-0123456789abcdef01234567"
PAGES = PageTokens([NEW_KEY, OLD_KEY])
REQUEST = catalog_pb2.ListMoviesRequest(languages=["hi", "ta"], year_from=1950, page_size=5)
KEY = ("sholay", 7)

keys = st.tuples(
    st.one_of(
        st.text(st.characters(exclude_categories=["Cs"]), max_size=200), st.floats(allow_nan=False), st.integers()
    ),
    st.integers(1, 2**31 - 1),
)


@contextlib.contextmanager
def signed_in(user_id: int) -> Iterator[None]:
    set_current_user(AuthenticatedUser(user_id, UUID(int=user_id)))
    try:
        yield
    finally:
        set_current_user(None)


def with_token(request: Message, token: str) -> Message:
    changed = type(request)()
    changed.CopyFrom(request)
    changed.page_token = token  # type: ignore[attr-defined]
    return changed


def assert_refused(request: Message, token: str, pages: PageTokens = PAGES, length: int = 2) -> None:
    with pytest.raises(DomainError) as caught:
        pages.decode(with_token(request, token), length)
    assert caught.value.code is grpc.StatusCode.INVALID_ARGUMENT
    assert caught.value.reason == errors_pb2.ERROR_REASON_INVALID_PAGE_TOKEN
    assert [violation.field for violation in caught.value.violations] == ["page_token"]


@given(keys)
def test_round_trip(key: tuple[str | float | int, int]) -> None:
    token = PAGES.encode(REQUEST, key)
    assert PAGES.decode(with_token(REQUEST, token), 2) == list(key)


def test_no_token_is_the_first_page() -> None:
    assert PAGES.decode(REQUEST, 2) is None


@pytest.mark.parametrize("title", ["x" * 600, "शोले" * 60, "\N{TAMIL LETTER KA}" * 240])
def test_a_long_title_leaves_a_token_that_the_contract_allows(title: str) -> None:
    token = PAGES.encode(REQUEST, (title, 2**31 - 1))
    assert len(token) <= 1024
    assert set(token) <= set(string.ascii_letters + string.digits + "-_")


def test_the_page_size_may_change_between_pages() -> None:
    token = PAGES.encode(REQUEST, KEY)
    larger = catalog_pb2.ListMoviesRequest(languages=["hi", "ta"], year_from=1950, page_size=100)
    assert PAGES.decode(with_token(larger, token), 2) == list(KEY)
    search = search_pb2.SemanticSearchRequest(q="a train", limit=3)
    token = PAGES.encode(search, (0.5, 1))
    assert PAGES.decode(with_token(search_pb2.SemanticSearchRequest(q="a train"), token), 2) == [0.5, 1]


@pytest.mark.parametrize(
    "other",
    [
        catalog_pb2.ListMoviesRequest(languages=["hi"], year_from=1950),
        catalog_pb2.ListMoviesRequest(languages=["ta", "hi"], year_from=1950),
        catalog_pb2.ListMoviesRequest(languages=["hi", "ta"], year_from=1951),
        catalog_pb2.ListMoviesRequest(languages=["hi", "ta"], year_from=1950, order=catalog_pb2.CATALOG_ORDER_TITLE),
        catalog_pb2.ListMoviesRequest(languages=["hi", "ta"], year_from=1950, title_contains="a"),
        catalog_pb2.ListBooksRequest(languages=["hi", "ta"], year_from=1950),
        recommend_pb2.ListPopularRequest(languages=["hi", "ta"], year_from=1950),
    ],
)
def test_another_filter_or_rpc_is_refused(other: Message) -> None:
    assert_refused(other, PAGES.encode(REQUEST, KEY))


def test_another_user_is_refused() -> None:
    request = ratings_pb2.ListMyRatingsRequest()
    with signed_in(1):
        token = PAGES.encode(request, KEY)
        assert PAGES.decode(with_token(request, token), 2) == list(KEY)
    with signed_in(2):
        assert_refused(request, token)
    assert_refused(request, token)


def test_another_key_is_refused_and_an_old_one_still_read() -> None:
    old = PageTokens([OLD_KEY]).encode(REQUEST, KEY)
    assert PAGES.decode(with_token(REQUEST, old), 2) == list(KEY)
    assert_refused(REQUEST, PAGES.encode(REQUEST, KEY), PageTokens([OLD_KEY]))


def test_a_key_of_another_length_is_refused() -> None:
    assert_refused(REQUEST, PAGES.encode(REQUEST, KEY), length=1)


@given(position=st.integers(0), character=st.sampled_from(string.ascii_letters + string.digits + "-_=+/!% \n.é"))
def test_no_changed_character_survives(position: int, character: str) -> None:
    token = PAGES.encode(REQUEST, KEY)
    position %= len(token)
    assume(token[position] != character)
    assert_refused(REQUEST, token[:position] + character + token[position + 1 :])


@given(position=st.integers(0), character=st.sampled_from("A-_=+/!% \n.é"))
def test_no_added_or_lost_character_survives(position: int, character: str) -> None:
    token = PAGES.encode(REQUEST, KEY)
    position %= len(token)
    assert_refused(REQUEST, token[:position] + character + token[position:])
    assert_refused(REQUEST, token[:position] + token[position + 1 :])
    assert_refused(REQUEST, token + character)


@given(st.text(min_size=1, max_size=60))
def test_garbage_is_refused(token: str) -> None:
    assert_refused(REQUEST, token)


@given(st.binary(min_size=1, max_size=60))
def test_well_spelled_garbage_is_refused(raw: bytes) -> None:
    assert_refused(REQUEST, base64.urlsafe_b64encode(raw).rstrip(b"=").decode())


def test_page_size() -> None:
    assert [page_size(asked) for asked in (0, 1, 100)] == [DEFAULT_PAGE_SIZE, 1, 100]
