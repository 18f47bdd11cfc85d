"""The pages that describe the API, as the running stack serves them."""

import re
from typing import Any

import httpx
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.http.transcoding import METHODS, http_rule


@pytest.fixture(scope="module")
def document(http: httpx.Client) -> dict[str, Any]:
    """/openapi.json."""
    response = http.get("/openapi.json")
    assert response.headers["content-type"] == "application/json"
    document: dict[str, Any] = response.json()
    return document


def test_openapi_is_valid(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1.")
    assert [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()] == []


@pytest.mark.parametrize("name", METHODS)
def test_openapi_has_every_path(document: dict[str, Any], name: str) -> None:
    rule = http_rule(name)
    operation = document["paths"][rule.path][rule.verb.lower()]
    assert operation["operationId"].endswith(METHODS[name].name)
    assert "200" in operation["responses"]


def test_docs_show_every_rpc_and_need_nothing_from_elsewhere(http: httpx.Client) -> None:
    response = http.get("/docs")
    assert response.headers["content-type"].startswith("text/html")
    page = response.text
    assert [name for name in METHODS if METHODS[name].name not in page] == []
    assert [rule.path for rule in map(http_rule, METHODS) if rule.path not in page] == []
    assert re.findall(r"""<(?:script|link|img|iframe)[^>]+(?:src|href)=["']?(?:https?:)?//""", page) == []


def test_root_tells_what_runs(http: httpx.Client) -> None:
    body = http.get("/").json()
    assert {part: body[part] for part in ("status", "database", "model")} == dict.fromkeys(
        ("status", "database", "model"), "SERVING_STATUS_SERVING"
    )
    assert body["name"] == "cinelibre"
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*", body["version"])
    assert "multilingual-e5-small" in body["model_name"]
    assert http.get(body["docs_path"]).status_code == 200
