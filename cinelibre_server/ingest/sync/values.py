"""Reads values that may be anything: upstream answers hold null, empty, wrong and impossible values.

What can't be what it should be is blank: None, "" or ().
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

_YEAR: Final = re.compile(r"\b(1[4-9]\d\d|20\d\d)\b")
_IMDB_ID: Final = re.compile(r"tt\d{7,10}")
_DIGITS: Final = re.compile(r"\d{1,18}")
_MAX_SMALL = 32_767
_MAX_NAME = 200
MAX_TITLE = 500
MAX_SYNOPSIS = 10_000


def mapping(value: object) -> Mapping[str, Any]:
    """The JSON object, or an empty one."""
    return value if isinstance(value, dict) else {}


def objects(value: object) -> Iterator[Mapping[str, Any]]:
    """The JSON objects of a list."""
    return (each for each in value if isinstance(each, dict)) if isinstance(value, list) else iter(())


def text(value: object, most: int = MAX_TITLE) -> str:
    """The string with white space collapsed, at most `most` characters of it."""
    if not isinstance(value, str):
        return ""
    # PostgreSQL stores neither NUL nor half a surrogate pair.
    whole = value.replace("\0", " ").encode("utf-8", "ignore").decode("utf-8")
    return " ".join(whole.split())[:most].rstrip()


def names(values: Iterable[object], most: int) -> tuple[str, ...]:
    """The first `most` different strings that are not blank."""
    return tuple(dict.fromkeys(filter(None, (text(value, _MAX_NAME) for value in values))))[:most]


def external_id(value: object) -> str | None:
    """A positive whole number, as a number or in digits, as an id."""
    if isinstance(value, bool) or not isinstance(value, int | str) or not _DIGITS.fullmatch(str(value)):
        return None
    return str(int(value)) if int(value) else None


def small_number(value: object) -> int | None:
    """A whole number from 1 to 32767."""
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return value if is_number and 1 <= value <= _MAX_SMALL else None  # type: ignore[operator, return-value]


def total(value: object) -> int:
    """How many there are, as a list says; 0 if it doesn't."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def year(value: object) -> int | None:
    """The year, from 1400 to 2099, of a date such as 1999-10-12, July 16, 2019 or 1808."""
    found = _YEAR.search(value if isinstance(value, str) else str(value) if isinstance(value, int) else "")
    return int(found[1]) if found else None


def imdb_id(value: object) -> str | None:
    """A title's id on IMDb."""
    return value if isinstance(value, str) and _IMDB_ID.fullmatch(value) else None


def isbn13(value: object) -> str | None:
    """An ISBN of 10 or 13 digits with a right check digit, hyphens or not, as 13 digits."""
    digits = re.sub(r"[\s-]", "", value).upper() if isinstance(value, str) else ""
    # What is put down where there is none, and would make one book of many.
    if len(set(digits)) == 1:
        return None
    if re.fullmatch(r"\d{9}[\dX]", digits):
        weighed = sum((10 - place) * (10 if digit == "X" else int(digit)) for place, digit in enumerate(digits))
        if weighed % 11:
            return None
        digits = f"978{digits[:9]}"
        return digits + str(-_weighed13(digits) % 10)
    if not re.fullmatch(r"97[89]\d{10}", digits) or _weighed13(digits) % 10:
        return None
    return digits


def _weighed13(digits: str) -> int:
    return sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
