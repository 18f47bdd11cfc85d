"""gen/docs.html: the API reference as one file that asks nothing of the network."""

import base64
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .markup import Html, element, inline, join, prose, table
from .operation import method_label, operation_article
from .types import types_section

Schema = dict[str, Any]
Operation = tuple[str, str, Schema]  # verb, path, operation


def write_reference(document: Schema, path: Path) -> None:
    """Renders the reference of an OpenAPI document made by `codegen.openapi`."""
    path.write_text(reference_page(document), "utf-8")


def reference_page(document: Schema) -> str:
    """The page as text."""
    style = Path(__file__).with_name("style.css").read_text("utf-8")
    script = Path(__file__).with_name("script.js").read_text("utf-8")
    title = f"{document['info']['title']} API reference"
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_policy(style, script)),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title),
        element("style", Html(style)),
    )
    skip = element("a", "Skip to the content", href="#content", class_="skip")
    layout = element("div", _navigation(document), _main(document), class_="layout")
    body = element("body", skip, layout, element("script", Html(script)))
    return f"<!doctype html>\n{element('html', head, body, lang='en')}\n"


def _policy(style: str, script: str) -> str:
    # Hashes instead of 'unsafe-inline': nothing but these two texts runs, and forms reach only this server.
    return (
        f"default-src 'none'; style-src {_hash_source(style)}; script-src {_hash_source(script)}; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'"
    )


def _hash_source(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _operations(document: Schema, tag: str) -> Iterator[Operation]:
    for path, item in document["paths"].items():
        for verb, operation in item.items():
            if tag in operation["tags"]:
                yield verb, path, operation


def _navigation(document: Schema) -> Html:
    groups = (
        join(
            (
                _nav_heading(tag["name"]),
                element("ul", *(_nav_entry(each) for each in _operations(document, tag["name"]))),
            )
        )
        for tag in document["tags"]
    )
    more = element(
        "ul",
        _nav_link("Errors", "#errors"),
        _nav_link("Types", "#types"),
        _nav_link("OpenAPI", "openapi.json"),
    )
    title = element("summary", document["info"]["title"], " ", element("small", document["info"]["version"]))
    content = element("details", title, *groups, element("h2", "More"), more, open="")
    return element("nav", content, aria_label="API")


def _nav_heading(tag: str) -> Html:
    return element("h2", element("a", tag.removesuffix("Service"), href=f"#{tag}"))


def _nav_entry(entry: Operation) -> Html:
    verb, _, operation = entry
    name = operation["operationId"]
    return element("li", element("a", name, " ", method_label(verb), href=f"#op-{name}"))


def _nav_link(text: str, target: str) -> Html:
    return element("li", element("a", text, href=target))


def _main(document: Schema) -> Html:
    sections = (_service(document, tag) for tag in document["tags"])
    header = element("header", element("h1", document["info"]["title"], " API"), prose(document["info"]["description"]))
    return element("main", header, _token(), *sections, _errors(document), types_section(document), id="content")


def _token() -> Html:
    field = element("input", id="token", type="password", autocomplete="off", placeholder="from Register or Login")
    hint = element("small", "Sent with what you try below. Kept in this tab only; Register and Login fill it in.")
    return element("div", element("label", "Access token", field), hint, class_="token", hidden="")


def _service(document: Schema, tag: Schema) -> Html:
    entries = (operation_article(document, verb, path, op) for verb, path, op in _operations(document, tag["name"]))
    heading = element("h2", tag["name"].removesuffix("Service"))
    return element("section", heading, prose(tag["description"]), *entries, id=tag["name"])


def _errors(document: Schema) -> Html:
    reasons = document["components"]["schemas"].get("ErrorReason", {"enum": [], "x-enum-descriptions": []})
    pairs = zip(reasons["enum"], reasons["x-enum-descriptions"], strict=True)
    split = ((value, *text.partition(". ")[::2]) for value, text in pairs)
    rows = ((element("code", value), element("code", code), inline(text)) for value, code, text in split if text)
    shape = element("p", "Every error has the body ", element("a", "Error", href="#type-Error"), ". Its reasons:")
    reason_table = table("Error reasons", ("Reason", "Code", "Meaning"), rows)
    return element("section", element("h2", "Errors"), shape, reason_table, id="errors")
