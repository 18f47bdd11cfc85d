"""The one exception of the client, read from the details that the server puts into every error."""

from collections.abc import Mapping
from dataclasses import dataclass

import grpc
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

_DETAILS_KEY = "grpc-status-details-bin"
_REQUEST_ID_KEY = "x-request-id"


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """A field of the request that is not as the contract says, and what is allowed."""

    field: str
    description: str


class CineLibreError(Exception):
    """A call that failed.

    code: the gRPC status code.
    reason: a name of `cinelibre.v1.ErrorReason` to branch on, as `ERROR_REASON_ITEM_NOT_FOUND`; empty when
        the error is not the server's own (nobody answers, the time is over).
    message: a sentence for people.
    field_violations: what is wrong with the arguments, when the reason is `ERROR_REASON_INVALID_FIELD`.
    retry_after: seconds after which to try again, where the server says so.
    request_id: finds the call in the server's log; empty when the server didn't answer.
    metadata: further facts that belong to the reason.
    """

    def __init__(
        self,
        code: grpc.StatusCode,
        reason: str,
        message: str,
        field_violations: tuple[FieldViolation, ...] = (),
        retry_after: float | None = None,
        request_id: str = "",
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        # All arguments, so that the exception can be pickled.
        super().__init__(code, reason, message, field_violations, retry_after, request_id, metadata)
        self.code = code
        self.reason = reason
        self.message = message
        self.field_violations = field_violations
        self.retry_after = retry_after
        self.request_id = request_id
        self.metadata: Mapping[str, str] = metadata or {}

    def __str__(self) -> str:
        text = f"{self.reason or self.code.name}: {self.message}"
        return text + "".join(f"; {violation.field}: {violation.description}" for violation in self.field_violations)


def to_client_error(error: grpc.aio.AioRpcError) -> CineLibreError:
    """Reads `google.rpc.Status` from the trailing metadata; without it, code and message are all there is."""
    trailing = dict(error.trailing_metadata() or ())
    status = _parse_status(trailing.get(_DETAILS_KEY))
    info = error_details_pb2.ErrorInfo()
    bad_request = error_details_pb2.BadRequest()
    retry = error_details_pb2.RetryInfo()
    retry_after = None
    for detail in status.details:
        if detail.Unpack(retry):
            retry_after = retry.retry_delay.ToTimedelta().total_seconds()
        elif not detail.Unpack(info):
            detail.Unpack(bad_request)
    return CineLibreError(
        code=error.code(),
        reason=info.reason,
        message=status.message or error.details() or "",
        field_violations=tuple(FieldViolation(v.field, v.description) for v in bad_request.field_violations),
        retry_after=retry_after,
        request_id=str(trailing.get(_REQUEST_ID_KEY, "")),
        metadata=dict(info.metadata),
    )


def _parse_status(value: str | bytes | None) -> status_pb2.Status:
    """An empty status if there are no details, or a proxy garbled them."""
    if not isinstance(value, bytes):
        return status_pb2.Status()
    try:
        return status_pb2.Status.FromString(value)
    except DecodeError:
        return status_pb2.Status()
