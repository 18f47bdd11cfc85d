"""The OpenAPI generator on a contract that uses what ours does not (yet)."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import validate

from proto.codegen.openapi.document import openapi_document
from proto.codegen.reader import read_contract
from proto.codegen.sources import REPOSITORY, compile_descriptors

_GOLDEN = Path(__file__).parent / "openapi_golden"


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    root = tmp_path_factory.mktemp("proto")
    for file in ("buf/validate/validate.proto", "cinelibre/v1/access.proto"):
        root.joinpath(file).parent.mkdir(parents=True)
        shutil.copy(REPOSITORY / "proto" / file, root / file)
    shutil.copy(_GOLDEN / "shelf.proto", root)
    contract = read_contract(compile_descriptors(root, ["shelf.proto"]), ["shelf.proto"])
    return openapi_document(contract, "1.2.3")


def test_the_document_is_the_golden_one(document: dict[str, Any]) -> None:
    # What every document has alike would only make the golden file long.
    shown = {
        "tags": document["tags"],
        "paths": document["paths"],
        "schemas": document["components"]["schemas"],
    }
    for name in ("Error", "ErrorInfo", "BadRequest", "RetryInfo"):
        shown["schemas"] = {key: each for key, each in shown["schemas"].items() if key != name}
    assert shown == json.loads((_GOLDEN / "shelf.openapi.json").read_text("utf-8"))


def test_the_document_is_valid(document: dict[str, Any]) -> None:
    validate(document)
    assert document["info"]["version"] == "1.2.3"
