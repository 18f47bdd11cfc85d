"""Calls of the contract as JSON over HTTP, made from the descriptors, and the shape that their answers must have."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx
from google.api import annotations_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor

from cinelibre_server import contract

# All but those that are gRPC alone.
METHODS: dict[str, MethodDescriptor] = {
    name.removeprefix("/cinelibre.v1."): method
    for name, method in contract.methods().items()
    if method.GetOptions().HasExtension(annotations_pb2.http)
}

_VERBS = ("get", "post", "put", "patch", "delete")
_INTEGERS = (FieldDescriptor.TYPE_INT32, FieldDescriptor.TYPE_UINT32)


@dataclass(frozen=True)
class HttpRule:
    """The HTTP annotation of an RPC. `path` may hold `{field}`; `has_body` puts all other fields into JSON."""

    verb: str
    path: str
    has_body: bool


def http_rule(name: str) -> HttpRule:
    """The annotation of `RatingsService/RateItem`."""
    rule = METHODS[name].GetOptions().Extensions[annotations_pb2.http]
    verb = next(verb for verb in _VERBS if getattr(rule, verb))
    return HttpRule(verb.upper(), getattr(rule, verb), rule.body == "*")


def json_call(
    client: httpx.Client, name: str, fields: Mapping[str, Any] | None = None, *, token: str | None = None, **more: Any
) -> httpx.Response:
    """Calls an RPC by its HTTP path; `fields` go into the path, the query or the body, as its annotation says."""
    rule, rest = http_rule(name), dict(fields or {})
    path = re.sub(r"\{(\w+)\}", lambda match: quote(str(rest.pop(match[1])), safe=""), rule.path)
    headers = {**more.pop("headers", {}), **({"authorization": f"Bearer {token}"} if token else {})}
    if rule.has_body:
        return client.request(rule.verb, path, json=rest, headers=headers, **more)
    query = {key: str(value).lower() if isinstance(value, bool) else value for key, value in rest.items()}
    return client.request(rule.verb, path, params=query, headers=headers, **more)


def assert_shape(message: Descriptor, value: Any) -> None:
    """Proto field names, enums as words, and every primitive field there, also one that holds its default."""
    if message.full_name == "google.protobuf.Timestamp":
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", value)
        return
    assert isinstance(value, dict), message.full_name
    if message.full_name == "google.protobuf.Struct":
        return
    fields = message.fields_by_name
    assert set(value) <= set(fields), message.full_name
    for name, field in fields.items():
        if name in value:
            _assert_field(field, value[name])
        else:
            assert field.has_presence, f"{message.full_name}.{name} is left out"


def _assert_field(field: FieldDescriptor, value: Any) -> None:
    if field.is_repeated:
        assert isinstance(value, list), field.full_name
    for single in value if field.is_repeated else [value]:
        if field.message_type is not None:
            assert_shape(field.message_type, single)
        elif field.enum_type is not None:
            assert single in field.enum_type.values_by_name, field.full_name
        elif field.type in _INTEGERS:
            assert type(single) is int, field.full_name
        elif field.type == FieldDescriptor.TYPE_DOUBLE:
            assert type(single) in (int, float), field.full_name
        elif field.type == FieldDescriptor.TYPE_BOOL:
            assert type(single) is bool, field.full_name
        else:
            assert type(single) is str, field.full_name
