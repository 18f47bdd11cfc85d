"""Parses requests and checks them against the contract's rules, and for NUL, which PostgreSQL can't store."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import grpc
from cinelibre.v1 import errors_pb2
from google.protobuf.message import DecodeError, Message
from protovalidate import Validator, Violation

from cinelibre_server.errors import DomainError, FieldViolation
from cinelibre_server.interceptors.call import Call, MethodInfo, Proceed


class Validation:
    """Refuses a message with every violation at once, each with its field's path and what is allowed."""

    def __init__(self) -> None:
        self._validator = Validator()

    async def __call__(self, call: Call, proceed: Proceed) -> None:
        if call.method.request_streaming:
            call.request = self._read_stream(call.method, call.request)
        else:
            call.request = self._read(call.method, call.request)
        await proceed(call)

    async def _read_stream(self, method: MethodInfo, requests: AsyncIterator[bytes]) -> AsyncIterator[Any]:
        async for request in requests:
            yield self._read(method, request)

    def _read(self, method: MethodInfo, raw: bytes) -> Any:
        try:
            request = method.parse(raw)
        except DecodeError:
            raise DomainError(
                grpc.StatusCode.INVALID_ARGUMENT,
                errors_pb2.ERROR_REASON_INVALID_FIELD,
                "The request can't be read: it is not the message of this RPC, or a text in it is not UTF-8.",
            ) from None
        if method.is_ours:
            self._check(request, raw)
        return request

    def _check(self, request: Message, raw: bytes) -> None:
        violations = [
            FieldViolation(_field_path(violation), violation.proto.message or "is not allowed")
            for violation in self._validator.collect_violations(request)
        ]
        # NUL is rare: the serialised form tells cheaply whether a closer look is needed.
        if b"\0" in raw:
            violations += [FieldViolation(path, "must not contain NUL characters") for path in _nul_paths(request)]
        if violations:
            first = violations[0]
            message = f"{first.field}: {first.description}" if first.field else first.description
            raise DomainError(
                grpc.StatusCode.INVALID_ARGUMENT,
                errors_pb2.ERROR_REASON_INVALID_FIELD,
                message,
                violations=violations,
            )


def _field_path(violation: Violation) -> str:
    """`user.name`, `languages[2]`; a rule on the whole message names its field by the rule's id after the dot."""
    parts = []
    path = violation.proto.field
    for element in path.elements if path is not None else ():
        subscript = element.subscript
        index = f"[{subscript.value}]" if subscript is not None else ""
        parts.append(f"{element.field_name}{index}")
    if not parts:
        rule_id = violation.proto.rule_id or ""
        parts.append(rule_id.partition(".")[2])
    return ".".join(parts)


def _nul_paths(message: Message, prefix: str = "") -> Iterator[str]:
    for descriptor, value in message.ListFields():
        path = f"{prefix}{descriptor.name}"
        values: list[Any] = list(value) if descriptor.is_repeated else [value]
        for index, single in enumerate(values):
            here = f"{path}[{index}]" if descriptor.is_repeated else path
            if isinstance(single, str) and "\0" in single:
                yield here
            elif isinstance(single, Message):
                yield from _nul_paths(single, f"{here}.")
