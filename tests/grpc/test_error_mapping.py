"""The one mapping from exceptions to what a caller sees: code, reason, details, and nothing of the inside."""

import string

import asyncpg
import grpc
import pytest
from cinelibre.v1 import errors_pb2
from google.rpc import error_details_pb2
from hypothesis import given
from hypothesis import strategies as st

from cinelibre_server.errors import DomainError, FieldViolation, invalid_field, item_not_found
from cinelibre_server.interceptors.errors import PublicError, to_public_error
from cinelibre_server.store.database import Pool
from tests.http.errors import assert_nothing_internal

SECRET = 'duplicate key value violates unique constraint "users_email_key" in select 1'


def from_database(sqlstate: str) -> Exception:
    """The exception that asyncpg makes of an error message with this SQLSTATE."""
    error: Exception = asyncpg.PostgresError.new(
        {"S": "ERROR", "V": "ERROR", "C": sqlstate, "M": SECRET, "D": SECRET}, SECRET
    )
    return error


def info(public: PublicError) -> error_details_pb2.ErrorInfo:
    found = error_details_pb2.ErrorInfo()
    assert public.status.details[0].Unpack(found)
    assert found.domain == "cinelibre"
    return found


def retry_seconds(public: PublicError) -> float | None:
    found = error_details_pb2.RetryInfo()
    for detail in public.status.details:
        if detail.Unpack(found):
            return float(found.retry_delay.ToMilliseconds() / 1000)
    return None


def outcome(error: Exception) -> tuple[str, str, float | None]:
    public = to_public_error(error)
    assert public.status.code == public.code.value[0]
    assert public.status.message == public.message
    assert SECRET not in str(public.status)
    assert_nothing_internal(public.message)
    return public.code.name, info(public).reason.removeprefix("ERROR_REASON_"), retry_seconds(public)


@pytest.mark.parametrize(
    ("sqlstates", "expected"),
    [
        (["23505"], ("ALREADY_EXISTS", "CONFLICT", None)),
        (["23503"], ("FAILED_PRECONDITION", "REFERENCE_MISSING", None)),
        (["23514", "22003", "22021", "22P02", "22000"], ("INVALID_ARGUMENT", "CONSTRAINT_VIOLATED", None)),
        (["40001", "40P01"], ("ABORTED", "CONCURRENT_UPDATE", 0.1)),
        (["57014"], ("DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED", None)),
        (
            ["53300", "53200", "57P01", "57P02", "57P03", "57P05", "08000", "08003", "08006", "08001"],
            ("UNAVAILABLE", "DATABASE_UNAVAILABLE", 1.0),
        ),
        (["42P01", "42601", "XX000", "23502", "0A000", "P0001", "99999", "28000"], ("INTERNAL", "INTERNAL", None)),
    ],
)
def test_sqlstates(sqlstates: list[str], expected: tuple[str, str, float | None]) -> None:
    assert {state: outcome(from_database(state)) for state in sqlstates} == dict.fromkeys(sqlstates, expected)


@given(st.text(string.ascii_uppercase + string.digits, min_size=5, max_size=5))
def test_no_sqlstate_shows_the_driver_s_text(sqlstate: str) -> None:
    assert outcome(from_database(sqlstate))[0] != "OK"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (RuntimeError(SECRET), "INTERNAL"),
        (KeyError(SECRET), "INTERNAL"),
        (ValueError(SECRET), "INTERNAL"),
        (ExceptionGroup(SECRET, [ValueError(SECRET)]), "INTERNAL"),
        (TimeoutError(SECRET), "DEADLINE_EXCEEDED"),
        (ConnectionRefusedError(111, SECRET), "UNAVAILABLE"),
        (FileNotFoundError(2, SECRET), "UNAVAILABLE"),
        (ConnectionResetError(SECRET), "UNAVAILABLE"),
        (asyncpg.InterfaceError("connection is closed"), "UNAVAILABLE"),
        # What asyncpg raises itself when the server went away in the middle of a statement.
        (asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"), "UNAVAILABLE"),
        # What it raises for a statement on a connection that the database has just closed.
        (asyncpg.InternalClientError("cannot switch to state 12; another operation (2) is in progress"), "UNAVAILABLE"),
    ],
    ids=repr,
)
def test_other_exceptions(error: Exception, code: str) -> None:
    assert outcome(error)[0] == code


async def test_an_argument_that_does_not_fit_its_query_is_our_fault(pool: Pool) -> None:
    with pytest.raises(asyncpg.DataError) as caught:
        await pool.fetch("select $1::integer", 2**31)
    assert outcome(caught.value) == ("INTERNAL", "INTERNAL", None)
    with pytest.raises(asyncpg.DataError) as caught:
        await pool.fetch("select 1 / $1::integer", 0)
    assert outcome(caught.value)[0] == "INVALID_ARGUMENT"


async def test_a_broken_rule_of_the_real_database(pool: Pool) -> None:
    insert = "insert into items (item_type, title, original_title) values ('movie', $1, 'x')"
    with pytest.raises(asyncpg.CheckViolationError) as caught:
        await pool.execute(insert, "")
    assert outcome(caught.value) == ("INVALID_ARGUMENT", "CONSTRAINT_VIOLATED", None)


def test_a_domain_error_is_shown_as_it_is() -> None:
    error = DomainError(
        grpc.StatusCode.NOT_FOUND,
        errors_pb2.ERROR_REASON_RATING_NOT_FOUND,
        "You have not rated item 7.",
        metadata={"item_id": "7"},
        violations=[FieldViolation("user.name", "must be short")],
        retry_after_seconds=2.5,
    )
    public = to_public_error(error)
    assert (public.code, public.message) == (grpc.StatusCode.NOT_FOUND, "You have not rated item 7.")
    assert dict(info(public).metadata) == {"item_id": "7"}
    assert retry_seconds(public) == 2.5
    bad_request = error_details_pb2.BadRequest()
    assert public.status.details[1].Unpack(bad_request)
    [violation] = bad_request.field_violations
    assert (violation.field, violation.description) == ("user.name", "must be short")


def test_ready_made_errors_name_what_they_are_about() -> None:
    assert outcome(invalid_field("q", "must not be empty"))[:2] == ("INVALID_ARGUMENT", "INVALID_FIELD")
    public = to_public_error(item_not_found("movie", 7))
    assert (public.code, public.message) == (grpc.StatusCode.NOT_FOUND, "There is no movie with id 7.")
