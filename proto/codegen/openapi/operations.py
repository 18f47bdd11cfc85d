"""One OpenAPI operation for each HTTP binding of an RPC."""

import mimetypes
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..contract import Access, Binding, Contract, Field, Message, Method, Service
from .errors import operation_errors
from .schemas import HTTP_BODY, WELL_KNOWN, Direction, Schemas

_SAFE_TO_REPEAT = ("get", "put", "delete")
# A role is no scope, but OpenAPI 3.1 lists the roles that are needed in the same place.
_SECURITY: dict[Access, list[dict[str, list[str]]]] = {
    Access.PUBLIC: [{}, {"bearerAuth": []}],
    Access.USER: [{"bearerAuth": []}],
    Access.ADMIN: [{"bearerAuth": ["admin"]}],
}


@dataclass(frozen=True)
class _Leaf:
    """A field that fits in a URL, a nested one by its dotted path."""

    message: Message
    field: Field
    path: str
    required: bool


def service_operations(contract: Contract, schemas: Schemas, service: Service) -> Iterator[tuple[str, str, Any]]:
    """Path, verb and operation of every binding of a service."""
    for method in service.methods:
        for index, binding in enumerate(method.bindings):
            suffix = f"_{index + 1}" if index else ""
            operation = {"operationId": method.name + suffix, "tags": [service.name]}
            yield (
                binding.path,
                binding.verb,
                operation | _operation(contract, schemas, service, method, binding),
            )


def _operation(
    contract: Contract, schemas: Schemas, service: Service, method: Method, binding: Binding
) -> dict[str, Any]:
    request = contract.messages[method.request]
    operation: dict[str, Any] = {
        "summary": method.comment.summary,
        "description": method.comment.text,
        "security": _SECURITY[method.access],
        "x-grpc-method": f"{service.full_name}/{method.name}",
        "x-idempotent": method.idempotent or binding.verb in _SAFE_TO_REPEAT,
    }
    parameters = list(_parameters(contract, schemas, request, binding))
    if parameters:
        operation["parameters"] = parameters
    if binding.body:
        schema = _body_schema(schemas, request, binding)
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    success = {
        "description": _success_text(contract, method),
        "content": _content(contract, schemas, method, binding),
    }
    operation["responses"] = {"200": success} | operation_errors(method)
    return operation


def _parameters(contract: Contract, schemas: Schemas, request: Message, binding: Binding) -> Iterator[dict[str, Any]]:
    for leaf in _leaves(contract, request, "", needed=True):
        if leaf.path in binding.path_fields:
            yield _parameter(schemas, leaf, "path")
        elif binding.body not in ("*", leaf.path.partition(".")[0]):
            yield _parameter(schemas, leaf, "query")


def _parameter(schemas: Schemas, leaf: _Leaf, place: str) -> dict[str, Any]:
    schema = schemas.field(leaf.message, leaf.field, Direction.REQUEST)
    description = schema.pop("description", "")
    required = place == "path" or leaf.required
    return {"name": leaf.path, "in": place, "required": required, "description": description, "schema": schema}


def _leaves(contract: Contract, message: Message, prefix: str, *, needed: bool) -> Iterator[_Leaf]:
    for field in message.fields:
        # The rules of a nested message hold only where it is sent.
        required = needed and field.name in message.required
        if field.kind != "message" or field.type_name in WELL_KNOWN:
            yield _Leaf(message, field, prefix + field.name, required)
        elif not field.repeated:
            # Lists of messages and maps have no form in a URL.
            inner = contract.messages[field.type_name]
            yield from _leaves(contract, inner, f"{prefix}{field.name}.", needed=required)


def _body_schema(schemas: Schemas, request: Message, binding: Binding) -> dict[str, Any]:
    if binding.body != "*":
        field = next(field for field in request.fields if field.name == binding.body)
        return schemas.field(request, field, Direction.REQUEST)
    if not binding.path_fields:
        return schemas.reference(request.full_name, Direction.REQUEST)
    in_body = (field for field in request.fields if field.name not in binding.path_fields)
    return schemas.fields(request, in_body, Direction.REQUEST)


def _content(contract: Contract, schemas: Schemas, method: Method, binding: Binding) -> dict[str, Any]:
    if method.response == HTTP_BODY:
        # The contract doesn't say what an HttpBody holds: go by the path's ending; without one it is a page.
        return {mimetypes.guess_type(binding.path)[0] or "text/html": {}}
    if method.server_streaming:
        item = schemas.reference(method.response, Direction.RESPONSE)
        text = "Server-sent events; the `data` of each is one message."
        return {"text/event-stream": {"schema": {"type": "string", "description": text}, "x-item-schema": item}}
    schema = schemas.reference(method.response, Direction.RESPONSE)
    if binding.response_body:
        response = contract.messages[method.response]
        field = next(field for field in response.fields if field.name == binding.response_body)
        schema = schemas.field(response, field, Direction.RESPONSE)
    return {"application/json": {"schema": schema}}


def _success_text(contract: Contract, method: Method) -> str:
    return "The content." if method.response == HTTP_BODY else contract.messages[method.response].comment.text
