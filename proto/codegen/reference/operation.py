"""One operation: its request, its answer, its errors, and a form to try it."""

import json
from typing import Any

from .markup import Html, element, join, prose, table
from .samples import ORIGIN, as_json, body_sample, curl, resolve, sample
from .types import field_row, field_table, type_name

Schema = dict[str, Any]


def operation_article(document: Schema, verb: str, path: str, operation: Schema) -> Html:
    """The whole entry of an operation."""
    name = operation["operationId"]
    public = {} in operation["security"]
    roles = operation["security"][-1]["bearerAuth"]
    access = "public" if public else f"needs {roles[0]}" if roles else "needs sign-in"
    badges = (
        element("span", access, class_="badge public" if public else "badge"),
        element("span", "gRPC ", element("code", operation["x-grpc-method"]), class_="grpc"),
    )
    return element(
        "article",
        element("h3", element("a", name, href=f"#op-{name}")),
        element("p", method_label(verb), element("code", path, class_="path"), class_="route"),
        element("p", *badges, class_="badges"),
        prose(operation["description"]),
        _parameters(operation),
        _body(document, operation),
        _heading("Example"),
        _code(curl(document, verb, path, operation), "shell"),
        _answer(document, operation),
        _errors(operation),
        _form(document, verb, path, operation),
        id=f"op-{name}",
        class_="operation",
    )


def method_label(verb: str) -> Html:
    """The HTTP method as a coloured label."""
    return element("span", verb.upper(), class_=f"method {verb}")


def _parameters(operation: Schema) -> Html:
    if "parameters" not in operation:
        return Html()
    rows = (
        (*field_row(p["name"], p["schema"] | {"description": p["description"]}, p["required"]), p["in"])
        for p in operation["parameters"]
    )
    placed = ((name, type_, place, text) for name, type_, text, place in rows)
    caption = f"Parameters of {operation['operationId']}"
    return join((_heading("Parameters"), table(caption, ("Name", "Type", "In", "Description"), placed)))


def _body(document: Schema, operation: Schema) -> Html:
    if "requestBody" not in operation:
        return Html()
    schema = resolve(document, operation["requestBody"]["content"]["application/json"]["schema"])
    return join((_heading("Body"), field_table(f"Body of {operation['operationId']}", schema)))


def _answer(document: Schema, operation: Schema) -> Html:
    success = operation["responses"]["200"]
    ((media_type, content),) = success["content"].items()
    parts = [_heading("Response"), prose(success["description"])]
    schema = content.get("x-item-schema", content.get("schema"))
    if schema is None:
        return join((*parts, element("p", "Content type ", element("code", media_type), ".")))
    kind = join((element("code", media_type), ", ", type_name(schema)))
    if "x-item-schema" in content:
        parts.append(element("p", content["schema"]["description"]))
        text = f"data: {json.dumps(sample(document, schema), ensure_ascii=False)}"
    else:
        text = as_json(sample(document, schema))
    return join((*parts, element("p", element("code", "200"), " ", kind), _code(text, "json")))


def _errors(operation: Schema) -> Html:
    own = {status: each for status, each in operation["responses"].items() if status != "200" and "$ref" not in each}
    common = [status for status, each in operation["responses"].items() if "$ref" in each]
    rows = ((element("code", status), prose(response["description"])) for status, response in own.items())
    caption = f"Errors of {operation['operationId']}"
    own_table = table(caption, ("Status", "When"), rows) if own else Html()
    link = element("a", "as every call", href="#errors")
    codes = join(part for status in common for part in (element("code", status), " "))
    return join((_heading("Errors"), own_table, element("p", "Also ", codes, link, ".", class_="common")))


def _form(document: Schema, verb: str, path: str, operation: Schema) -> Html:
    name = operation["operationId"]
    fields = [_input(document, parameter) for parameter in operation.get("parameters", [])]
    body = body_sample(document, operation)
    if body is not None:
        area = element("textarea", body, name="body", rows=str(body.count("\n") + 1), spellcheck="false")
        fields.append(element("label", "Body (JSON)", area))
    send = element("button", "Send", type="submit")
    answer = element("pre", tabindex="0", aria_live="polite", aria_label=f"Answer of {name}", hidden="")
    form = element("form", *fields, send, answer, data_verb=verb.upper(), data_path=path)
    return element("details", element("summary", "Try it"), form, class_="try")


def _input(document: Schema, parameter: Schema) -> Html:
    value = sample(document, parameter["schema"])
    text = ",".join(value) if isinstance(value, list) else str(value)
    field = element(
        "input",
        name=parameter["name"],
        data_in=parameter["in"],
        data_list="" if parameter["schema"].get("type") == "array" else None,
        # Only what must be sent is filled in, so that the form works as it stands.
        value=text if parameter["required"] else None,
        placeholder=None if parameter["required"] else text,
        required="" if parameter["required"] else None,
        autocomplete="off",
    )
    return element("label", element("code", parameter["name"]), field)


def _heading(text: str) -> Html:
    return element("h4", text)


def _code(text: str, language: str) -> Html:
    # The script puts the page's own origin in place of the usual one.
    before, origin, after = text.partition(ORIGIN)
    marked = join((before, element("span", origin, data_origin=""), after)) if origin else join((text,))
    copy = element("button", "Copy", type="button", class_="copy", hidden="")
    code = element("pre", element("code", marked), tabindex="0", class_=language)
    return element("div", copy, code, class_="sample")
