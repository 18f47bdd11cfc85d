"""Reads single values as files have them: repairs what it can, and notes each repair."""

import html
import json
import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cinelibre_server.ingest.isbn import isbn13_of
from cinelibre_server.ingest.items.languages import language_code
from cinelibre_server.ingest.items.repairs import RepairLog, RowRejected

_NOTHING = frozenset({"", "-", "–", "—", "n/a", "nan", "none", "null", "\\n", "unknown"})
# The other words can be names of films and people.
_NO_NAME = frozenset({"", "-", "–", "—", "n/a", "null", "\\n"})
_YES_AND_NO = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False, "": False}
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufeff]")
_SMALLINT = 32_767
_FIRST_YEAR = {"movie": 1870, "book": 1}
_YEARS_AHEAD = 15
# The comma of "Robert Downey, Jr." is none between names.
_COMMA = re.compile(r"\s*,(?!\s*(?:Jr|Sr)\b)\s*")
_IMDB_ID = re.compile(r"(?:.*\bimdb\.com/title/)?(?:tt)?(\d{1,10})/?(?:\?.*)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ValueReader:
    """Reads the values of the row at `line`."""

    log: RepairLog
    line: int

    def text(self, field: str, value: Any, *, long: bool = False) -> str:
        """Text in NFC without entities, control characters and needless white space; a `long` one keeps its lines."""
        raw = value if isinstance(value, str) else _as_text(value)
        text = raw
        if not text.isascii():
            if any("\ud800" <= character <= "\udfff" for character in text):
                raise RowRejected(field, "half of a surrogate pair", raw)
            text = self._changed(field, "not in NFC", text, unicodedata.normalize("NFC", text))
        if "&" in text:
            text = self._changed(field, "HTML entities", text, html.unescape(text))
        text = self._changed(field, "control characters", text, _CONTROL.sub("", text))
        tidy = (
            "\n".join(" ".join(part.split()) for part in text.split("\n")).strip() if long else " ".join(text.split())
        )
        return self._changed(field, "white space", text, tidy)

    def optional_text(self, field: str, value: Any, *, long: bool = False) -> str:
        """The same; "" for what stands for nothing."""
        text = self.text(field, value, long=long)
        return self._nothing(field, text) if text.lower() in _NOTHING else text

    def name(self, field: str, value: Any) -> str:
        """The name of an item, a person or a thing; "" where there is none."""
        text = self.text(field, value)
        return self._nothing(field, text) if text.lower() in _NO_NAME else text

    def names(self, field: str, value: Any) -> tuple[str, ...]:
        """A list: of JSON, or text with names between | or ; or commas; each name once, without the empty ones."""
        parts = value if isinstance(value, list) else _split(value)
        names = (self.name(field, part.get("name") if isinstance(part, dict) else part) for part in parts)
        return tuple(dict.fromkeys(name for name in names if name))

    def year(self, value: Any, item_type: str) -> int | None:
        """The year of "2014", "I 2014", "-2019", "2018 Video", "2010–2012" or a date; None where there is none."""
        text = self.optional_text("year", value)
        if not text:
            return None
        if not (text.isascii() and text.isdigit() and len(text) <= 4):
            found = re.fullmatch(r"(\d{1,4})\.0*", text) or re.search(r"(?<!\d)(\d{4})(?!\d)", text)
            text = self._used("year", "year cleaned" if found else "no year", text, found[1] if found else "")
            if not text:
                return None
        year, last = int(text), datetime.now(UTC).year + _YEARS_AHEAD
        if year == 0:
            self.log.repair(self.line, "year", "no year", value, None)
            return None
        if not _FIRST_YEAR[item_type] <= year <= last:
            raise RowRejected("year", f"year not between {_FIRST_YEAR[item_type]} and {last}", value)
        return year

    def language(self, value: Any) -> str | None:
        """The ISO 639-1 code; of a list the first one's."""
        first = next(iter(self.names("language", value)), "")
        if not first:
            return None
        code = language_code(first)
        if code is None:
            self.log.repair(self.line, "language", "language without an ISO 639-1 code", first, None)
        return code

    def number(self, field: str, value: Any) -> int | None:
        """1 to 32,767, as in "134 min", "2h 14m", "1,024" or 134.0; None where there is none."""
        text = self.optional_text(field, value)
        if not text:
            return None
        plain = text.replace(",", "")
        if hours := re.fullmatch(r"(\d{1,3})\s*h\D*(?:(\d{1,2})\D*)?", plain, re.IGNORECASE):
            number = int(hours[1]) * 60 + int(hours[2] or 0)
        else:
            found = re.match(r"\d{1,6}(?!\d)", plain)
            number = int(found[0]) if found else 0
        if not 0 < number <= _SMALLINT:
            self.log.repair(self.line, field, "no number of 1 to 32,767", text, None)
            return None
        if str(number) != text:
            self.log.repair(self.line, field, "number cleaned", text, number)
        return number

    def imdb_id(self, value: Any) -> str | None:
        """As in tt0048473; the number alone and an address will do.

        Raises:
            RowRejected: it is something else.
        """
        text = self.optional_text("imdb_id", value)
        if not text:
            return None
        found = _IMDB_ID.fullmatch(text)
        if not found or not int(found[1]):
            raise RowRejected("imdb_id", "bad IMDb id", value)
        return self._used("imdb_id", "IMDb id completed", text, f"tt{int(found[1]):07d}")

    def isbn13(self, value: Any) -> str | None:
        """13 digits; an ISBN of 10 becomes one of 13, and a wrong one is left out."""
        text = self.optional_text("isbn13", value)
        if not text:
            return None
        isbn13 = isbn13_of(text)
        if isbn13 is None:
            self.log.repair(self.line, "isbn13", "no ISBN", text, None)
        elif isbn13 != text:
            self.log.repair(self.line, "isbn13", "ISBN of 13 digits", text, isbn13)
        return isbn13

    def hidden(self, value: Any) -> bool:
        """Whether nobody shall see the item.

        Raises:
            RowRejected: it is neither yes nor no.
        """
        text = self.optional_text("hidden", value).lower()
        if text not in _YES_AND_NO:
            raise RowRejected("hidden", "neither true nor false", value)
        return _YES_AND_NO[text]

    def _nothing(self, field: str, text: str) -> str:
        return self._used(field, "placeholder", text, "") if text else ""

    def _changed(self, field: str, kind: str, before: str, after: str) -> str:
        return after if before == after else self._used(field, kind, before, after)

    def _used(self, field: str, kind: str, found: str, used: str) -> str:
        if found != used:
            self.log.repair(self.line, field, kind, found, used or None)
        return used


def _split(value: Any) -> list[Any]:
    text = value.strip() if isinstance(value, str) else _as_text(value)
    if text.startswith("[") and text.endswith("]"):
        try:
            parts = json.loads(text)
        except (ValueError, RecursionError):
            parts = None
        if isinstance(parts, list):
            return parts
    # Space around the separators is no fault.
    if separator := next((mark for mark in "|;" if mark in text), None):
        return [part.strip() for part in text.split(separator)]
    return _COMMA.split(text)


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool | int | float):
        return str(value)
    return json.dumps(value, ensure_ascii=False)
