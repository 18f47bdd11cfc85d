"""gen/docs.html: complete, self-contained, and safe to serve under a strict policy."""

import base64
import hashlib
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from proto.codegen.reference.markup import element, prose
from proto.codegen.reference.page import reference_page
from proto.codegen.sources import REPOSITORY, load_sources

_VOID = ("input", "meta")


class _Page(HTMLParser):
    """Collects what the tests ask about, and checks that elements nest."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, str] = {}
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs)
        self.elements.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open:
            self.texts[self.open[-1]] = self.texts.get(self.open[-1], "") + data

    def values(self, attribute: str) -> list[str]:
        return [attrs[attribute] or "" for _, attrs in self.elements if attribute in attrs]


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return load_sources(REPOSITORY).openapi


@pytest.fixture(scope="module")
def text(document: dict[str, Any]) -> str:
    return reference_page(document)


@pytest.fixture(scope="module")
def page(text: str) -> _Page:
    return _Page(text)


def test_every_operation_and_type_is_there(document: dict[str, Any], page: _Page) -> None:
    ids = page.values("id")
    operations = [operation["operationId"] for item in document["paths"].values() for operation in item.values()]
    assert {f"op-{name}" for name in operations} <= set(ids)
    assert {f"type-{name}" for name in document["components"]["schemas"]} <= set(ids)
    assert len(ids) == len(set(ids))
    assert page.open == []


def test_every_link_leads_somewhere(page: _Page) -> None:
    targets = {f"#{name}" for name in page.values("id")} | {"openapi.json"}
    assert set(page.values("href")) <= targets


def test_nothing_is_loaded(page: _Page) -> None:
    assert page.values("src") == []
    assert {tag for tag, _ in page.elements} & {"link", "img", "iframe", "base", "object"} == set()
    assert "url(" not in page.texts["style"]
    assert "@import" not in page.texts["style"]


def test_the_policy_allows_these_texts_and_no_others(page: _Page) -> None:
    policy = next(attrs["content"] or "" for _, attrs in page.elements if "http-equiv" in attrs)
    for tag in ("style", "script"):
        digest = base64.b64encode(hashlib.sha256(page.texts[tag].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert "unsafe" not in policy
    # The policy would stop these from working.
    assert not any(name == "style" or name.startswith("on") for _, attrs in page.elements for name in attrs)


def test_forms_can_be_used_by_everybody(page: _Page) -> None:
    labels = [tag for tag, _ in page.elements if tag == "label"]
    fields = [tag for tag, _ in page.elements if tag in ("input", "textarea")]
    assert len(labels) == len(fields) > 24
    assert page.values("lang") == ["en"]


def test_a_protected_call_shows_its_token(text: str) -> None:
    start = text.index('id="op-RateItem"')
    example = text[start : text.index("</article>", start)]
    assert 'authorization: Bearer $TOKEN"' in example
    assert '{"item_id": 42, "stars": 4.5}' in example
    assert "needs sign-in" in example


def test_a_public_call_needs_no_token(text: str) -> None:
    start = text.index('id="op-SemanticSearch"')
    example = text[start : text.index("</article>", start)]
    assert re.search(r"/search/semantic\?q=[\w+]+&amp;limit=5'", example)
    assert "Bearer" not in example


def test_text_is_escaped() -> None:
    assert element("p", "<b>&", title='"<') == '<p title="&quot;&lt;">&lt;b&gt;&amp;</p>'
    assert prose("a `<b>` **c**") == "<p>a <code>&lt;b&gt;</code> <strong>c</strong></p>"
    assert prose("- one\n- two") == "<ul><li>one</li><li>two</li></ul>"
