"""Reads what Goodreads packs into a book's title."""

import re

# "(The Hunger Games, #1)", "(Dune Chronicles #1-3)", "(Discworld, #34; City Watch, #7)" at the end.
_SERIES = re.compile(r"\s*\([^()]*#\d[^()]*\)$")


def without_series(title: str) -> str:
    """The title without the series and number in parentheses at its end."""
    return _SERIES.sub("", title) or title
