"""How errors look: the body, the shared responses, and what an RPC's comment says about its own."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..contract import Contract, EnumValue, Method


@dataclass(frozen=True)
class ErrorCode:
    """A gRPC status code as JSON callers meet it."""

    number: int
    http_status: int
    title: str
    common: bool  # every RPC can answer it


ERROR_CODES: Mapping[str, ErrorCode] = {
    "INVALID_ARGUMENT": ErrorCode(3, 400, "The request is not as the contract says.", common=True),
    "FAILED_PRECONDITION": ErrorCode(9, 400, "The system is not in the state that the call needs.", common=False),
    "UNAUTHENTICATED": ErrorCode(16, 401, "The token is missing, bad or expired.", common=True),
    "PERMISSION_DENIED": ErrorCode(7, 403, "The caller may not do this.", common=False),
    "NOT_FOUND": ErrorCode(5, 404, "It does not exist.", common=False),
    "ALREADY_EXISTS": ErrorCode(6, 409, "It exists already.", common=False),
    "ABORTED": ErrorCode(10, 409, "Two writes met.", common=False),
    "RESOURCE_EXHAUSTED": ErrorCode(8, 429, "Too many calls.", common=True),
    "INTERNAL": ErrorCode(13, 500, "A fault of the server.", common=True),
    "UNIMPLEMENTED": ErrorCode(12, 501, "The server doesn't know the call.", common=False),
    "UNAVAILABLE": ErrorCode(14, 503, "The server can't answer just now.", common=True),
    "DEADLINE_EXCEEDED": ErrorCode(4, 504, "It took too long.", common=True),
}
REASONS_ENUM = "ErrorReason"
_CLAUSE = re.compile(r"([A-Z]+(?:_[A-Z]+)*)\b\s*(.*)", re.DOTALL)


def operation_errors(method: Method) -> dict[str, Any]:
    """The error responses of an RPC by HTTP status: those in its comment, and those that every RPC has."""
    own: dict[int, list[str]] = {}
    for code, text in _clauses(method.comment.errors):
        own.setdefault(ERROR_CODES[code].http_status, []).append(f"`{code}` {text}".strip())
    responses = {
        str(code.http_status): {"$ref": f"#/components/responses/{_component(name)}"}
        for name, code in ERROR_CODES.items()
        if code.common
    }
    for status, texts in own.items():
        responses[str(status)] = _response("; ".join(texts).removesuffix(".") + ".")
    return dict(sorted(responses.items()))


def error_responses(contract: Contract) -> dict[str, Any]:
    """`components.responses`: one for each status code, with the reasons that come with it."""
    reasons = [value for enum in contract.enums.values() if _is_reasons(enum.full_name) for value in enum.values]
    return {_component(name): _shared_response(name, code, reasons) for name, code in ERROR_CODES.items()}


def error_schemas(contract: Contract) -> dict[str, Any]:
    """`components.schemas` of the error body: google.rpc.Status with our details."""
    has_reasons = any(_is_reasons(name) for name in contract.enums)
    reason_type = {"$ref": f"#/components/schemas/{REASONS_ENUM}"} if has_reasons else {"type": "string"}
    return {
        "Error": _object(
            "The body of every error: a `google.rpc.Status`.",
            code={
                "type": "integer",
                "format": "int32",
                "description": "The gRPC status code (not the HTTP one).",
            },
            message={"type": "string", "description": "What went wrong, for people; it may change."},
            details={
                "type": "array",
                "description": "An ErrorInfo, and more where they help; empty when the gateway itself refused.",
                "items": {"anyOf": [{"$ref": f"#/components/schemas/{name}"} for name in _DETAILS]},
            },
        ),
        "ErrorInfo": _detail(
            "ErrorInfo",
            "Why the call failed, for programs.",
            reason={**reason_type, "description": "What programs branch on."},
            domain={"type": "string", "const": "cinelibre", "description": "Who defines the reason."},
            metadata={
                "type": "object",
                "additionalProperties": {"type": "string"},
                "description": "More about it, as names and values.",
            },
        ),
        "BadRequest": _detail(
            "BadRequest",
            "Which fields are wrong; comes with `ERROR_REASON_INVALID_FIELD`.",
            field_violations={
                "type": "array",
                "description": "One for each rule that was broken.",
                "items": _object(
                    "One broken rule.",
                    field={"type": "string", "description": "The field's path, such as `user.name`."},
                    description={"type": "string", "description": "What is allowed, for people."},
                    reason={"type": "string", "description": "The rule's id; may be empty."},
                ),
            },
        ),
        "RetryInfo": _detail(
            "RetryInfo",
            "When to try again; comes with `429` and `503`.",
            retry_delay={
                "type": "string",
                "pattern": r"^\d+(\.\d+)?s$",
                "examples": ["1.500s"],
                "description": "How long to wait at least, in seconds.",
            },
        ),
    }


_DETAILS = ("ErrorInfo", "BadRequest", "RetryInfo")


def _clauses(errors: str) -> Iterator[tuple[str, str]]:
    """Splits `NOT_FOUND if …; ABORTED when …` into (code, text); without a code, a clause goes on."""
    parts: list[tuple[str, str]] = []
    for clause in filter(None, re.split(r";\s+", errors)):
        match = _CLAUSE.match(clause)
        if match and match[1] in ERROR_CODES:
            parts.append((match[1], match[2]))
        elif parts:
            parts[-1] = (parts[-1][0], f"{parts[-1][1]}; {clause}")
    yield from parts


def _shared_response(name: str, code: ErrorCode, reasons: list[EnumValue]) -> dict[str, Any]:
    # Every reason's comment starts with its code.
    mine = [value for value in reasons if value.comment.text.startswith(f"{name}. ")]
    lines = "".join(f"\n- `{value.name}`: {value.comment.text.removeprefix(f'{name}. ')}" for value in mine)
    response = _response(f"`{name}`: {code.title}" + (f"\n{lines}" if lines else ""))
    details = [
        {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": value.name,
            "domain": "cinelibre",
            "metadata": {},
        }
        for value in mine[:1]
    ]
    example = {"code": code.number, "message": code.title.removesuffix("."), "details": details}
    response["content"]["application/json"]["example"] = example
    return response


def _response(description: str) -> dict[str, Any]:
    return {
        "description": description,
        "headers": {"x-request-id": {"$ref": "#/components/headers/RequestId"}},
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
    }


def _component(code: str) -> str:
    return "".join(word.capitalize() for word in code.split("_"))


def _is_reasons(full_name: str) -> bool:
    return full_name.rpartition(".")[2] == REASONS_ENUM


def _object(description: str, /, **properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "description": description,
        "properties": properties,
        "required": list(properties),
    }


def _detail(name: str, description: str, /, **properties: dict[str, Any]) -> dict[str, Any]:
    marker = {"@type": {"type": "string", "const": f"type.googleapis.com/google.rpc.{name}"}}
    return _object(description, **marker, **properties)
