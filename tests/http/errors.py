"""What every error of the JSON API has in common."""

from typing import Any

import httpx
from cinelibre.v1 import errors_pb2

# Traces of the inside that no caller may see: SQL, Python, files, the driver, Envoy.
INTERNALS = (
    *("select ", "insert ", "update ratings", "delete from", "relation", "sqlstate", 'constraint "'),
    *("Traceback", "Exception", "<class", "Error(", ".py", "/usr/", "/root/", "/tmp/", "/home/"),
    *("asyncpg", "psycopg", "grpc.aio", "google.protobuf", "upstream", "envoy"),
)
_ERROR_INFO = "type.googleapis.com/google.rpc.ErrorInfo"
_BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"


def assert_nothing_internal(message: str) -> None:
    """The message is for the caller."""
    assert [word for word in INTERNALS if word.lower() in message.lower()] == []


def json_error(response: httpx.Response, status: int, code: int) -> dict[str, Any]:
    """The body of an error, after checking the shape that all of them share."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    body: dict[str, Any] = response.json()
    assert sorted(body) == ["code", "details", "message"]
    assert body["code"] == code
    assert body["message"]
    assert_nothing_internal(body["message"])
    for detail in body["details"]:
        assert detail["@type"].startswith("type.googleapis.com/google.rpc.")
        if detail["@type"] == _ERROR_INFO:
            assert detail["domain"] == "cinelibre"
            assert detail["reason"] in errors_pb2.ErrorReason.keys()  # noqa: SIM118 - an enum wrapper, no dict
    return body


def reason_of(body: dict[str, Any]) -> str | None:
    """The reason of an error, None for one that Envoy found by itself."""
    return next((detail["reason"] for detail in body["details"] if detail["@type"] == _ERROR_INFO), None)


def fields_of(body: dict[str, Any]) -> dict[str, str]:
    """Field path to description of an error's BadRequest."""
    return {
        violation["field"]: violation["description"]
        for detail in body["details"]
        if detail["@type"] == _BAD_REQUEST
        for violation in detail["field_violations"]
    }
