"""Turns everything a handler can raise into one gRPC status with details; internal text stays in the log."""

import asyncio
from dataclasses import dataclass

import asyncpg
import grpc
import structlog
from cinelibre.v1 import errors_pb2
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2, status_pb2

from cinelibre_server.errors import DomainError
from cinelibre_server.interceptors.call import Call, Proceed

_log = structlog.get_logger(__name__)

ERROR_DOMAIN = "cinelibre"
_RETRY_SECONDS = 1.0

# SQLSTATE, or its two-character class, to what the caller sees. The longest match wins.
_SQLSTATES: dict[str, tuple[grpc.StatusCode, "errors_pb2.ErrorReason.ValueType", str]] = {
    "23505": (
        grpc.StatusCode.ALREADY_EXISTS,
        errors_pb2.ERROR_REASON_CONFLICT,
        "Something with the same unique value exists.",
    ),
    "23503": (
        grpc.StatusCode.FAILED_PRECONDITION,
        errors_pb2.ERROR_REASON_REFERENCE_MISSING,
        "The call refers to something that is gone.",
    ),
    "23514": (
        grpc.StatusCode.INVALID_ARGUMENT,
        errors_pb2.ERROR_REASON_CONSTRAINT_VIOLATED,
        "The values break a rule of the data model.",
    ),
    "22": (
        grpc.StatusCode.INVALID_ARGUMENT,
        errors_pb2.ERROR_REASON_CONSTRAINT_VIOLATED,
        "A value is out of range or malformed.",
    ),
    "40001": (
        grpc.StatusCode.ABORTED,
        errors_pb2.ERROR_REASON_CONCURRENT_UPDATE,
        "Two writes met; try again.",
    ),
    "40P01": (
        grpc.StatusCode.ABORTED,
        errors_pb2.ERROR_REASON_CONCURRENT_UPDATE,
        "Two writes met; try again.",
    ),
    "57014": (
        grpc.StatusCode.DEADLINE_EXCEEDED,
        errors_pb2.ERROR_REASON_DEADLINE_EXCEEDED,
        "The call took too long and was stopped.",
    ),
}
_UNAVAILABLE_STATES = ("53300", "57P0", "08", "53")


@dataclass(frozen=True, slots=True)
class PublicError:
    """An error as the caller sees it."""

    code: grpc.StatusCode
    message: str
    status: status_pb2.Status


class ErrorMapping:
    """The outermost interceptor: grpc.aio would send an escaped exception's text to the client."""

    async def __call__(self, call: Call, proceed: Proceed) -> None:
        try:
            await proceed(call)
        except grpc.aio.AbortError:
            raise
        except Exception as error:
            public = to_public_error(error)
            if public.code is grpc.StatusCode.INTERNAL:
                _log.error("call failed", method=call.method.full_name, request_id=call.request_id, exc_info=error)
            elif public.code is grpc.StatusCode.UNAVAILABLE:
                # The caller isn't told which of many causes it is; an operator has to know.
                _log.warning("database unavailable", request_id=call.request_id, cause=repr(error))
            details = ("grpc-status-details-bin", public.status.SerializeToString())
            await call.context.abort(public.code, public.message, (*call.context.trailing_metadata(), details))


def public_code(error: Exception, call: Call) -> grpc.StatusCode:
    """The status code that the caller sees when a call ends in `error`."""
    if isinstance(error, grpc.aio.AbortError):
        # Health and reflection end their calls by themselves.
        code: grpc.StatusCode = call.context.code()
        return code
    return to_public_error(error).code


def to_public_error(error: Exception) -> PublicError:
    """The one mapping from exceptions to statuses; whatever it doesn't know is INTERNAL without its text."""
    domain = error if isinstance(error, DomainError) else _as_domain_error(error)
    status = status_pb2.Status(code=domain.code.value[0], message=domain.message)
    info = error_details_pb2.ErrorInfo(
        reason=errors_pb2.ErrorReason.Name(domain.reason), domain=ERROR_DOMAIN, metadata=domain.metadata
    )
    status.details.add().Pack(info)
    if domain.violations:
        bad_request = error_details_pb2.BadRequest(
            field_violations=[
                error_details_pb2.BadRequest.FieldViolation(field=v.field, description=v.description)
                for v in domain.violations
            ]
        )
        status.details.add().Pack(bad_request)
    if domain.retry_after_seconds is not None:
        delay = Duration()
        delay.FromMilliseconds(int(domain.retry_after_seconds * 1000))
        status.details.add().Pack(error_details_pb2.RetryInfo(retry_delay=delay))
    return PublicError(domain.code, domain.message, status)


def _as_domain_error(error: Exception) -> DomainError:
    if isinstance(error, asyncpg.DataError) and error.severity is None:
        # Not from the database: asyncpg can't encode an argument of ours. That is no fault of the caller's.
        return _internal()
    if isinstance(error, asyncpg.PostgresError):
        return _from_sqlstate(error.sqlstate or "")
    if isinstance(error, TimeoutError | asyncio.TimeoutError):
        code, reason, message = _SQLSTATES["57014"]
        return DomainError(code, reason, message)
    # InternalClientError: the statement met a connection that the dying database had just said goodbye on.
    if isinstance(error, OSError | asyncpg.InterfaceError | asyncpg.InternalClientError):
        return _database_unavailable()
    return _internal()


def _from_sqlstate(sqlstate: str) -> DomainError:
    known = _SQLSTATES.get(sqlstate) or _SQLSTATES.get(sqlstate[:2])
    if known:
        code, reason, message = known
        retry = _RETRY_SECONDS / 10 if code is grpc.StatusCode.ABORTED else None
        return DomainError(code, reason, message, retry_after_seconds=retry)
    if sqlstate.startswith(_UNAVAILABLE_STATES):
        return _database_unavailable()
    return _internal()


def _internal() -> DomainError:
    return DomainError(
        grpc.StatusCode.INTERNAL,
        errors_pb2.ERROR_REASON_INTERNAL,
        "The server failed; its log has the details under this call's x-request-id.",
    )


def _database_unavailable() -> DomainError:
    return DomainError(
        grpc.StatusCode.UNAVAILABLE,
        errors_pb2.ERROR_REASON_DATABASE_UNAVAILABLE,
        "The database can't be reached just now; try again.",
        retry_after_seconds=_RETRY_SECONDS,
    )
