"""What an import did, and which rows or items of its source it could not use."""

from dataclasses import dataclass

from cinelibre_server.ingest.items.repairs import FindingCount
from cinelibre_server.store.catalog_load import LoadCounts
from cinelibre_server.store.items import ItemKind
from cinelibre_server.store.rating_load import RatingCounts

_KEPT_PLACES = 20


@dataclass(frozen=True, slots=True)
class BadRows:
    """Rows left out for one `reason`: how many, and the first 20 as `file:line` or by their ids."""

    reason: str
    count: int
    places: tuple[str, ...]

    def line(self, unit: str = "rows") -> str:
        """The same for people."""
        more = ", ..." if self.count > len(self.places) else ""
        return f"{self.count:,} {unit}, {self.reason}: {', '.join(self.places)}{more}"


class BadRowLog:
    """Collects bad rows while the files are read."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._places: dict[str, list[str]] = {}

    def add(self, file: str, line: int, reason: str) -> None:
        """Line `line` (from 1) of `file` can't be used."""
        self.add_place(f"{file}:{line}", reason)

    def add_place(self, place: str, reason: str) -> None:
        """What is at `place` can't be used."""
        self._counts[reason] = self._counts.get(reason, 0) + 1
        places = self._places.setdefault(reason, [])
        if len(places) < _KEPT_PLACES:
            places.append(place)

    def rows(self) -> tuple[BadRows, ...]:
        """All that was added, the most frequent reason first."""
        by_count = sorted(self._counts.items(), key=lambda item: (-item[1], item[0]))
        return tuple(BadRows(reason, count, tuple(self._places[reason])) for reason, count in by_count)


@dataclass(frozen=True, slots=True)
class ImportReport:
    """The outcome of an import.

    `source` is the name its users and items are filed under; `user_ids` the least and the greatest of our ids
    of its users, or None if it has none. `repairs` counts what was put right in the rows of items.
    """

    source: str
    item_kind: ItemKind
    items: LoadCounts
    users_added: int
    users_unchanged: int
    user_ids: tuple[int, int] | None
    ratings: RatingCounts
    bad_rows: tuple[BadRows, ...]
    repairs: tuple[FindingCount, ...]
    seconds: float

    @property
    def bad_row_count(self) -> int:
        """All rows that were left out."""
        return sum(bad.count for bad in self.bad_rows)

    @property
    def ratings_per_second(self) -> float:
        """Ratings read and merged, over the whole time of the import."""
        counts = self.ratings
        return (counts.added + counts.changed + counts.unchanged + counts.duplicates) / self.seconds

    def lines(self) -> list[str]:
        """The report for people, a line a fact."""
        items, ratings = self.items, self.ratings
        ids = f" (ids {self.user_ids[0]} to {self.user_ids[1]})" if self.user_ids else ""
        lines = [
            f"{self.item_kind + 's:':8} {items.added:,} new, {items.changed:,} changed, {items.unchanged:,} unchanged",
            f"users:   {self.users_added:,} new, {self.users_unchanged:,} unchanged{ids}",
            f"ratings: {ratings.added:,} new, {ratings.changed:,} changed, {ratings.unchanged:,} unchanged,"
            f" {ratings.duplicates:,} repeated",
            f"time:    {self.seconds:.1f} s ({self.ratings_per_second:,.0f} ratings/s)",
        ]
        lines += [f"skipped: {bad.line()}" for bad in self.bad_rows]
        return [*lines, *(counted.line() for counted in self.repairs)]
