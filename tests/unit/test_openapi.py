"""gen/openapi.json: valid, complete, and true to the contract."""

import re
from collections.abc import Iterator
from typing import Any

import protovalidate
import pytest
from cinelibre.v1 import (
    access_pb2,
    admin_pb2,
    auth_pb2,
    catalog_pb2,
    errors_pb2,
    ratings_pb2,
    recommend_pb2,
    search_pb2,
    system_pb2,
)
from google.api import annotations_pb2
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.json_format import ParseDict
from google.protobuf.message_factory import GetMessageClass
from openapi_spec_validator import validate

from proto.codegen.openapi.errors import ERROR_CODES
from proto.codegen.reference.samples import sample
from proto.codegen.sources import REPOSITORY, load_sources

_FILES = (admin_pb2, auth_pb2, catalog_pb2, ratings_pb2, recommend_pb2, search_pb2, system_pb2)
_METHODS: dict[str, MethodDescriptor] = {
    method.name: method
    for file in _FILES
    for service in file.DESCRIPTOR.services_by_name.values()
    for method in service.methods
}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return load_sources(REPOSITORY).openapi


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for verb, operation in item.items():
            yield path, verb, operation


def test_it_is_valid(document: dict[str, Any]) -> None:
    validate(document)
    assert document["openapi"] == "3.1.0"


def test_every_rpc_has_its_path(document: dict[str, Any]) -> None:
    described = {operation["operationId"]: (verb, path) for path, verb, operation in _operations(document)}
    for name, method in _METHODS.items():
        if method.client_streaming:
            # gRPC alone can do it.
            assert name not in described
            continue
        rule = method.GetOptions().Extensions[annotations_pb2.http]
        verb = rule.WhichOneof("pattern")
        assert described.pop(name) == (verb, getattr(rule, verb))
    assert described == {}


def test_security_is_what_the_access_option_says(document: dict[str, Any]) -> None:
    for _, _, operation in _operations(document):
        options = _METHODS[operation["operationId"]].GetOptions()
        assert (
            operation["security"]
            == {
                access_pb2.ACCESS_PUBLIC: [{}, {"bearerAuth": []}],
                access_pb2.ACCESS_USER: [{"bearerAuth": []}],
                access_pb2.ACCESS_ADMIN: [{"bearerAuth": ["admin"]}],
            }[options.Extensions[access_pb2.access]]
        )


def test_every_field_of_a_request_can_be_sent(document: dict[str, Any]) -> None:
    for _, _, operation in _operations(document):
        message = _METHODS[operation["operationId"]].input_type
        # Of fields of which one is sent, the first is shown.
        others = {field.name for oneof in message.oneofs for field in oneof.fields[1:]}
        assert set(_request_sample(document, operation)) == set(message.fields_by_name) - others


def test_the_examples_keep_the_rules(document: dict[str, Any]) -> None:
    for _, _, operation in _operations(document):
        request = GetMessageClass(_METHODS[operation["operationId"]].input_type)()
        ParseDict(_request_sample(document, operation), request)
        assert protovalidate.collect_violations(request) == [], operation["operationId"]


def test_the_answer_samples_fit_the_messages(document: dict[str, Any]) -> None:
    names = {message.name: message for file in _FILES for message in file.DESCRIPTOR.message_types_by_name.values()}
    for name, schema in document["components"]["schemas"].items():
        if name in names:
            ParseDict(sample(document, schema), GetMessageClass(names.pop(name))())
    # What is left never stands in a body: requests sent in the URL, wrappers that JSON doesn't show, and what goes by
    # gRPC alone.
    del names["ImportOptions"]
    assert all(name.endswith(("Request", "Response")) for name in names)


def test_everything_has_a_description(document: dict[str, Any]) -> None:
    for _, _, operation in _operations(document):
        assert operation["summary"] and operation["description"]
        assert all(parameter["description"] for parameter in operation.get("parameters", []))
    for schema in document["components"]["schemas"].values():
        assert schema["description"]
        properties = schema.get("properties", {})
        undescribed = [name for name, field in properties.items() if not field.get("description")]
        assert undescribed in ([], ["@type"])


def test_every_code_in_a_comment_is_documented(document: dict[str, Any]) -> None:
    sources = load_sources(REPOSITORY)
    comments = {m.name: m.comment.errors for service in sources.contract.services for m in service.methods}
    for _, _, operation in _operations(document):
        for code in re.findall(r"[A-Z]+(?:_[A-Z]+)*", comments[operation["operationId"]]):
            if code in ERROR_CODES:
                response = operation["responses"][str(ERROR_CODES[code].http_status)]
                assert f"`{code}`" in response["description"]


def test_every_reason_stands_under_its_status(document: dict[str, Any]) -> None:
    text = "".join(response["description"] for response in document["components"]["responses"].values())
    reasons = [name for name in errors_pb2.ErrorReason.keys() if name != "ERROR_REASON_UNSPECIFIED"]  # noqa: SIM118
    assert [name for name in reasons if f"- `{name}`" not in text] == []
    assert document["components"]["schemas"]["ErrorReason"]["enum"][1:] == reasons


def _request_sample(document: dict[str, Any], operation: dict[str, Any]) -> dict[str, Any]:
    values = {p["name"]: sample(document, p["schema"]) for p in operation.get("parameters", [])}
    if "requestBody" in operation:
        values |= sample(document, operation["requestBody"]["content"]["application/json"]["schema"])
    return values
