"""clients/typescript/src/generated.ts: the types of the JSON API, and one method for each RPC."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Schema = dict[str, Any]

_HEADER = """\
// Made from the contract by `make gen`. Do not edit.

import type { CallOptions, Operation } from "./operation.js";
"""
_CLASS_OPENING = """\
/** One method for each RPC. The transport is in client.ts. */
export abstract class Rpcs {
  /** Makes a call and returns its answer. */
  protected abstract call<Answer>(
    operation: Operation,
    request: object,
    options?: CallOptions,
  ): Promise<Answer>;

  /** Makes a call whose answer is a stream. */
  protected abstract stream<Item>(
    operation: Operation,
    request: object,
    options?: CallOptions,
  ): AsyncGenerator<Item>;

  /** The entries of all pages of a list, `field` by `field`. */
  protected abstract entries<Entry>(
    operation: Operation,
    field: string,
    request: object,
    options?: CallOptions,
  ): AsyncGenerator<Entry>;
"""


def write_typescript(document: Schema, path: Path) -> None:
    """Writes the module made from an OpenAPI document of `codegen.openapi`."""
    path.write_text(typescript_module(document), "utf-8")


def typescript_module(document: Schema) -> str:
    """The module's text."""
    operations = [
        (path, verb, operation) for path, item in document["paths"].items() for verb, operation in item.items()
    ]
    types = [_type(name, schema) for name, schema in sorted(document["components"]["schemas"].items())]
    requests = [_request_type(operation) for _, _, operation in operations if _has_own_request(operation)]
    table = [_operation(path, verb, operation) for path, verb, operation in operations]
    methods = [method for _, _, operation in operations for method in _methods(document, operation)]
    constant = "export const operations = {\n" + "".join(table) + "} as const satisfies Record<string, Operation>;\n"
    return "\n".join((_HEADER, *types, *requests, constant, _CLASS_OPENING, "\n".join(methods) + "}\n"))


def _type(name: str, schema: Schema) -> str:
    if "enum" in schema:
        values = (
            f"{_comment(about, '  ')}  | {json.dumps(value)}\n"
            for value, about in zip(schema["enum"], schema["x-enum-descriptions"], strict=True)
        )
        # The description repeats the values as a list; here each has its own comment.
        about = schema["description"].partition("\n\n- ")[0]
        return f"{_comment(about)}export type {name} =\n{''.join(values).rstrip()};\n"
    body = _properties(schema["properties"], schema.get("required", []), "")
    return f"{_comment(schema['description'])}export interface {name} {{\n{body}}}\n"


def _properties(properties: Schema, required: list[str], indent: str) -> str:
    return "".join(
        f"{_comment(schema.get('description', ''), indent + '  ')}"
        f"{indent}  {_key(name)}{'' if name in required else '?'}: {_value(schema)};\n"
        for name, schema in properties.items()
    )


def _value(schema: Schema) -> str:
    if "$ref" in schema:
        name: str = schema["$ref"].rpartition("/")[2]
        return f"Exclude<{name}, {_literals(schema['not']['enum'])}>" if "not" in schema else name
    if "anyOf" in schema:
        return " | ".join(_value(each) for each in schema["anyOf"])
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return _literals(schema["enum"])
    if schema["type"] == "array":
        return f"Array<{_value(schema['items'])}>"
    if schema.get("additionalProperties") is True:
        return "Record<string, unknown>"
    if "additionalProperties" in schema:
        return f"Record<string, {_value(schema['additionalProperties'])}>"
    if schema["type"] == "object":
        body = _properties(schema["properties"], schema.get("required", []), "  ")
        return f"{{\n{body}  }}"
    return {"boolean": "boolean", "integer": "number", "number": "number", "string": "string"}[schema["type"]]


def _literals(values: list[Any]) -> str:
    return " | ".join(json.dumps(value) for value in values)


def _has_own_request(operation: Schema) -> bool:
    return bool(operation.get("parameters"))


def _request_type(operation: Schema) -> str:
    parameters = operation["parameters"]
    if "requestBody" in operation and any(parameter["in"] == "query" for parameter in parameters):
        raise ValueError(f"{operation['operationId']}: the TypeScript client sends a query or a body, not both")
    properties = {p["name"]: p["schema"] | {"description": p["description"]} for p in parameters}
    required = [p["name"] for p in parameters if p["required"]]
    body = f" & {_value(_body(operation))}" if "requestBody" in operation else ""
    about = _comment(f"The request of {operation['operationId']}.")
    fields = _properties(properties, required, "")
    return f"{about}export type {_request_name(operation)} = {{\n{fields}}}{body};\n"


def _body(operation: Schema) -> Schema:
    schema: Schema = operation["requestBody"]["content"]["application/json"]["schema"]
    return schema


def _request_name(operation: Schema) -> str | None:
    if _has_own_request(operation):
        return f"{operation['operationId']}Request"
    return _value(_body(operation)) if "requestBody" in operation else None


def _operation(path: str, verb: str, operation: Schema) -> str:
    ((media_type, _),) = operation["responses"]["200"]["content"].items()
    fields = {
        "name": operation["operationId"],
        "verb": verb.upper(),
        "path": path,
        "body": "requestBody" in operation,
        "idempotent": operation["x-idempotent"],
        "answer": "json" if media_type == "application/json" else "text",
    }
    inner = ", ".join(f"{key}: {json.dumps(value)}" for key, value in fields.items())
    return f"  {operation['operationId']}: {{ {inner} }},\n"


def _methods(document: Schema, operation: Schema) -> Iterator[str]:
    name = operation["operationId"]
    ((_, content),) = operation["responses"]["200"]["content"].items()
    about = _comment(operation["description"], "  ")
    method = name[0].lower() + name[1:]
    arguments, passed = _arguments(document, operation)
    if "x-item-schema" in content:
        item = _value(content["x-item-schema"])
        yield (
            f"{about}  {method}({arguments}): AsyncGenerator<{item}> {{\n"
            f"    return this.stream(operations.{name}, {passed}, options);\n  }}\n"
        )
        return
    answer = _value(content["schema"]) if "schema" in content else _untyped(operation)
    yield (
        f"{about}  {method}({arguments}): Promise<{answer}> {{\n"
        f"    return this.call(operations.{name}, {passed}, options);\n  }}\n"
    )
    entries = _entries(document, operation, content)
    if entries is not None:
        field, entry = entries
        yield (
            f"{_comment(f'All entries of {method}: gets page after page as they are read.', '  ')}"
            f"  {method}All({arguments}): AsyncGenerator<{entry}> {{\n"
            f'    return this.entries(operations.{name}, "{field}", {passed}, options);\n  }}\n'
        )


def _untyped(operation: Schema) -> str:
    return "unknown" if "application/json" in operation["responses"]["200"]["content"] else "string"


def _arguments(document: Schema, operation: Schema) -> tuple[str, str]:
    """The parameter list of a method, and what it passes on as the request."""
    request = _request_name(operation)
    if request is None:
        return "options?: CallOptions", "{}"
    needed = any(parameter["required"] for parameter in operation.get("parameters", []))
    if "requestBody" in operation:
        needed = needed or bool(_resolve(document, _body(operation)).get("required"))
    return f"request: {request}{'' if needed else ' = {}'}, options?: CallOptions", "request"


def _entries(document: Schema, operation: Schema, content: Schema) -> tuple[str, str] | None:
    """The field of a page that holds its entries, and their type; None where the answer isn't a page."""
    if not any(parameter["name"] == "page_token" for parameter in operation.get("parameters", [])):
        return None
    properties = _resolve(document, content["schema"])["properties"]
    ((field, schema),) = ((name, each) for name, each in properties.items() if each.get("type") == "array")
    return field, _value(schema["items"])


def _resolve(document: Schema, schema: Schema) -> Schema:
    if "$ref" not in schema:
        return schema
    target: Schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return target


def _key(name: str) -> str:
    return name if name.isidentifier() else json.dumps(name)


def _comment(text: str, indent: str = "") -> str:
    if not text:
        return ""
    safe = text.replace("*/", "*\\/").split("\n")
    if len(safe) == 1:
        return f"{indent}/** {safe[0]} */\n"
    lines = "".join(f"{indent} * {line}".rstrip() + "\n" for line in safe)
    return f"{indent}/**\n{lines}{indent} */\n"
