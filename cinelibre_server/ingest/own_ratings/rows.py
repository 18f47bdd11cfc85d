"""A rating as a download of another service has it, and what all the formats share."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, TypeAlias

from cinelibre_server.store.catalog_load import ExternalId
from cinelibre_server.store.items import ItemKind

FormatName: TypeAlias = Literal["letterboxd", "imdb", "goodreads", "trakt"]

MAX_ROWS = 50_000
_DATES = ("%Y-%m-%d", "%Y/%m/%d", "%a %b %d %H:%M:%S %Y", "%m/%d/%Y")


@dataclass(frozen=True, slots=True)
class OwnRating:
    """A rating of 1 to 10 half stars. `line` is where it begins, from 1 (in JSON its place in the list).

    `titles` are names to find it by, the best first; `ids` what catalogues call it, the surest first. `author` is
    a book's; None for `year` and `rated_at` means that the file doesn't say.
    """

    line: int
    item_type: ItemKind
    titles: tuple[str, ...]
    year: int | None
    half_stars: int
    rated_at: datetime | None
    ids: tuple[ExternalId, ...] = ()
    author: str = ""

    @property
    def title(self) -> str:
        """The name to show."""
        return self.titles[0] if self.titles else ""


@dataclass(frozen=True, slots=True)
class UnusedRow:
    """A row that is no rating of a film or book: `problem` "unreadable" or "not supported", and why for people."""

    line: int
    title: str
    problem: Literal["unreadable", "not supported"]
    detail: str


@dataclass(frozen=True, slots=True)
class UnratedRow:
    """A row without a rating."""

    line: int


ParsedRow: TypeAlias = OwnRating | UnusedRow | UnratedRow


@dataclass(frozen=True, slots=True)
class RatingFormat:
    """A format: how to tell it (`recognises` gets the text), how to read it, and its name and form for people."""

    name: FormatName
    description: str
    recognises: Callable[[str], bool]
    parse: Callable[[str], Iterator[ParsedRow]]


class UnusableContent(ValueError):
    """The file as a whole can't be used. The text says what is allowed."""


def half_stars_of(text: str, *, per_point: int) -> int | None:
    """Half stars of a number of points, each `per_point` half stars; 0 for none, None for what is no such number."""
    try:
        half_stars = float(text.replace(",", ".")) * per_point if text else 0.0
    except ValueError:
        return None
    return int(half_stars) if half_stars in range(11) else None


def year_of(text: str) -> int | None:
    """The year of a column, or None."""
    return int(text) if text.isascii() and text.isdigit() and 0 < int(text[:5]) <= 3000 else None


def date_of(text: str) -> datetime | None:
    """The moment of a date (midnight UTC) or of an ISO 8601 time; None if it is neither, or before 1970 or to come."""
    moment = None
    for form in _DATES:
        try:
            moment = datetime.strptime(text, form).replace(tzinfo=UTC)
            break
        except ValueError:
            continue
    if moment is None:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            return None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment if datetime(1970, 1, 1, tzinfo=UTC) <= moment <= datetime.now(UTC) else None
