"""The TypeScript module, as far as Python can judge it; the client's own tests compile and run it."""

from typing import Any

import pytest

from proto.codegen.sources import REPOSITORY, load_sources
from proto.codegen.typescript import typescript_module


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return load_sources(REPOSITORY).openapi


def test_every_rpc_is_a_method(document: dict[str, Any]) -> None:
    module = typescript_module(document)
    for item in document["paths"].values():
        for operation in item.values():
            name = operation["operationId"]
            assert f"\n  {name[0].lower()}{name[1:]}(" in module
            assert f"\n  {name}: {{ name:" in module


def test_lists_can_be_read_entry_by_entry(document: dict[str, Any]) -> None:
    module = typescript_module(document)
    signature = "listMoviesAll(request: ListMoviesRequest = {}, options?: CallOptions): AsyncGenerator<Movie>"
    assert signature in module
    assert 'this.entries(operations.SemanticSearch, "hits", request, options)' in module


def test_types_say_what_the_contract_says(document: dict[str, Any]) -> None:
    module = typescript_module(document)
    assert 'kind: Exclude<InteractionKind, "INTERACTION_KIND_UNSPECIFIED">;' in module
    assert "stars: 0.5 | 1.0 | 1.5" in module
    # The server always sends it, but not every film has been rated.
    assert "  rating_count: number;" in module
    assert "  mean_stars?: number;" in module


def test_a_comment_can_not_end_its_block() -> None:
    schema = {"type": "object", "properties": {}, "description": "Ends */ here."}
    module = typescript_module({"paths": {}, "components": {"schemas": {"Trap": schema}}})
    assert "/** Ends *\\/ here. */" in module


def test_a_query_beside_a_body_is_refused() -> None:
    parameter = {"name": "dry", "in": "query", "required": False, "description": "", "schema": {"type": "boolean"}}
    body = {"content": {"application/json": {"schema": {"type": "object", "properties": {}}}}}
    operation = {"operationId": "Try", "parameters": [parameter], "requestBody": body}
    document = {"paths": {"/try": {"post": operation}}, "components": {"schemas": {}}}
    with pytest.raises(ValueError, match="Try: the TypeScript client sends a query or a body"):
        typescript_module(document)
