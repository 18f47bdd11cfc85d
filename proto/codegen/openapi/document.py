"""gen/openapi.json: the JSON API as OpenAPI 3.1, made from the contract alone."""

import json
from pathlib import Path
from typing import Any

from ..contract import Contract
from .errors import error_responses, error_schemas
from .operations import service_operations
from .schemas import Schemas

_DESCRIPTION = """\
Self-hosted recommendations and semantic search for Indian cinema and books.

This is the JSON form of the gRPC contract `cinelibre.v1`: every path is an RPC of the same name.
Fields that the contract doesn't know are ignored in a body and refused in a query.

**Signing in.** `POST /auth/register` or `POST /auth/login`, then send `authorization: Bearer <access_token>`.
Without a token you can read the catalogue, search, and list popular and similar items.

**Pages.** Lists answer with a `next_page_token`; give it as `page_token`, with the same filters, for the next
page. It is empty on the last.

**Errors** all have one shape, `Error`. Programs branch on the `reason` of its `ErrorInfo`, one of
`ErrorReason`; the `x-request-id` header finds the call in the server's log."""


def openapi_document(contract: Contract, version: str) -> dict[str, Any]:
    """The document as plain data, in a fixed order."""
    schemas = Schemas(contract)
    paths: dict[str, dict[str, Any]] = {}
    for service in contract.services:
        for path, verb, operation in service_operations(contract, schemas, service):
            paths.setdefault(path, {})[verb] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "CineLibre",
            "version": version,
            "description": _DESCRIPTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/", "description": "The server that this document came from."}],
        "tags": [{"name": service.name, "description": service.comment.text} for service in contract.services],
        "paths": paths,
        "components": {
            "schemas": schemas.components() | error_schemas(contract),
            "responses": error_responses(contract),
            "headers": {
                "RequestId": {
                    "description": "The call's id in the server's log; a caller may send its own.",
                    "schema": {"type": "string"},
                }
            },
            "securitySchemes": {
                "bearerAuth": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "The `access_token` from Register, Login or RefreshToken.",
                }
            },
        },
    }


def write_openapi(document: dict[str, Any], path: Path) -> None:
    """Writes the document as JSON, one key a line, so that a diff can be read."""
    path.write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", "utf-8")
