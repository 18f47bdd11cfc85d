"""The two kinds of error this program raises on purpose: one for a caller, one for whoever starts it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import grpc
from cinelibre.v1 import errors_pb2


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """A field of the request and what is allowed in it. `field` is its path in the proto, e.g. `user.name`."""

    field: str
    description: str


class DomainError(Exception):
    """A call that can't be answered as asked; interceptors/errors.py turns it into a gRPC status with details.

    `message`, `metadata` and `violations` are shown to the caller: nothing internal belongs in them.
    """

    def __init__(
        self,
        code: grpc.StatusCode,
        reason: "errors_pb2.ErrorReason.ValueType",
        message: str,
        *,
        metadata: Mapping[str, str] | None = None,
        violations: Sequence[FieldViolation] = (),
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.metadata = dict(metadata or {})
        self.violations = tuple(violations)
        self.retry_after_seconds = retry_after_seconds


class StartupError(Exception):
    """A fault met before the server answers. Its text is one line: what is wrong, and what to do about it."""


def invalid_field(field: str, description: str) -> DomainError:
    """The error for one bad field of a request."""
    return DomainError(
        grpc.StatusCode.INVALID_ARGUMENT,
        errors_pb2.ERROR_REASON_INVALID_FIELD,
        f"{field}: {description}",
        violations=[FieldViolation(field, description)],
    )


def invalid_update_mask(allowed: Sequence[str], unknown: Sequence[str] = ()) -> DomainError:
    """The error for a mask that is empty or names fields that can't be changed."""
    names = ", ".join(allowed)
    cause = f"{', '.join(unknown)} can't be changed" if unknown else "must name the fields to change"
    description = f"{cause}; allowed: {names}"
    return DomainError(
        grpc.StatusCode.INVALID_ARGUMENT,
        errors_pb2.ERROR_REASON_INVALID_UPDATE_MASK,
        f"update_mask: {description}",
        metadata={"allowed": names},
        violations=[FieldViolation("update_mask", description)],
    )


def item_not_found(kind: str, item_id: int) -> DomainError:
    """The error for an id that no `kind` ("item", "movie" or "book") has."""
    return DomainError(
        grpc.StatusCode.NOT_FOUND,
        errors_pb2.ERROR_REASON_ITEM_NOT_FOUND,
        f"There is no {kind} with id {item_id}.",
        metadata={"item_id": str(item_id)},
    )
