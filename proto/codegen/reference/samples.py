"""Sample values, bodies and curl commands, made from the examples in the OpenAPI document."""

import json
import re
from typing import Any
from urllib.parse import urlencode

Schema = dict[str, Any]
_FLAT_LIST = re.compile(r"\[[^\[\]{}]+\]")
ORIGIN = "http://localhost:8080"


def resolve(document: Schema, schema: Schema) -> Schema:
    """The schema with its `$ref` replaced by what it refers to; its other keywords stay."""
    if "$ref" not in schema:
        return schema
    target = document
    for part in schema["$ref"].removeprefix("#/").split("/"):
        target = target[part]
    return resolve(document, target) | {key: value for key, value in schema.items() if key != "$ref"}


def sample(document: Schema, schema: Schema) -> Any:
    """A realistic value. Of fields that exclude each other (a film or a book) it has the first."""
    full = resolve(document, schema)
    if "examples" in full:
        return full["examples"][0]
    if "const" in full:
        return full["const"]
    if "enum" in full:
        return full["enum"][min(1, len(full["enum"]) - 1)]
    if full["type"] == "array":
        return [sample(document, full["items"])]
    if full["type"] == "object":
        hidden = {name for group in full.get("x-oneofs", ()) for name in group[1:]}
        properties = full.get("properties", {}).items()
        return {name: sample(document, field) for name, field in properties if name not in hidden}
    return {"boolean": False, "integer": 0, "number": 0.0, "string": ""}[full["type"]]


def body_sample(document: Schema, operation: Schema) -> str | None:
    """The request body as JSON text; None where there is none."""
    if "requestBody" not in operation:
        return None
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    return as_json(sample(document, schema))


def as_json(value: Any) -> str:
    """A value as readable JSON, with short lists on one line."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    return _FLAT_LIST.sub(lambda match: " ".join(match[0].split()).replace("[ ", "[").replace(" ]", "]"), text)


def curl(document: Schema, verb: str, path: str, operation: Schema) -> str:
    """A command to paste in a shell; it reads the access token from $TOKEN."""
    method = "" if verb == "get" else f"-X {verb.upper()} "
    lines = [f"curl {method}'{ORIGIN}{_filled_path(document, path, operation)}'"]
    if {} not in operation["security"]:
        lines.append('-H "authorization: Bearer $TOKEN"')
    body = body_sample(document, operation)
    if body is not None:
        lines += [
            "-H 'content-type: application/json'",
            f"-d '{json.dumps(json.loads(body), ensure_ascii=False)}'",
        ]
    return " \\\n  ".join(lines)


def _filled_path(document: Schema, path: str, operation: Schema) -> str:
    parameters = operation.get("parameters", [])
    for parameter in parameters:
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", str(sample(document, parameter["schema"])))
    shown = [p for p in parameters if p["in"] == "query" and (p["required"] or p["name"] in ("limit", "page_size"))]
    query = urlencode({p["name"]: sample(document, p["schema"]) for p in shown})
    return f"{path}?{query}" if query else path
