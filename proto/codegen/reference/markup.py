"""HTML that is escaped unless it was built here."""

import re
from collections.abc import Iterable
from html import escape

_BOLD = re.compile(r"\*\*(.+?)\*\*")
_CODE = re.compile(r"`([^`]+)`")
_VOID = frozenset(("input", "meta"))


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def element(tag: str, /, *children: str, **attributes: str | None) -> Html:
    """An element. Children are escaped unless they are Html; `class_` is `class`, and `_` in a name is `-`.

    An attribute that is None is left out.
    """
    given = {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items() if value is not None}
    opening = "".join(f' {key}="{escape(value)}"' for key, value in given.items())
    if tag in _VOID:
        return Html(f"<{tag}{opening}>")
    return Html(f"<{tag}{opening}>{join(children)}</{tag}>")


def join(parts: Iterable[str]) -> Html:
    """Parts one after another, escaped unless they are Html."""
    return Html("".join(part if isinstance(part, Html) else escape(part, quote=False) for part in parts))


def prose(text: str) -> Html:
    """Paragraphs, `- ` lists, `code` and **bold**, as the contract's comments use them."""
    return join(_block(block) for block in text.split("\n\n") if block.strip())


def inline(text: str) -> Html:
    """One line of prose: `code` and **bold**."""
    marked = _CODE.sub(r"<code>\1</code>", escape(text, quote=False))
    return Html(_BOLD.sub(r"<strong>\1</strong>", marked))


def table(caption: str, headings: Iterable[str], rows: Iterable[Iterable[str]]) -> Html:
    """A table whose first column heads its rows. The caption is for screen readers."""
    head = element("tr", *(element("th", heading, scope="col") for heading in headings))
    body = (
        element("tr", element("th", first, scope="row"), *(element("td", cell) for cell in rest))
        for first, *rest in rows
    )
    content = (element("caption", caption), element("thead", head), element("tbody", *body))
    # A region that scrolls must be reachable by keyboard.
    return element("div", element("table", *content), class_="scroll", tabindex="0", role="region", aria_label=caption)


def _block(block: str) -> Html:
    lines = block.split("\n")
    if all(line.startswith("- ") for line in lines):
        return element("ul", *(element("li", inline(line.removeprefix("- "))) for line in lines))
    return element("p", inline(" ".join(lines)))
