"""Imports a person's own ratings of another service, or shows what an import would do."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cinelibre_server.ingest.own_ratings.formats import parse_ratings
from cinelibre_server.ingest.own_ratings.matching import Match, NoMatch, match_ratings
from cinelibre_server.ingest.own_ratings.rows import FormatName, OwnRating, UnratedRow, UnusedRow
from cinelibre_server.store.rating_matches import RatingMatches
from cinelibre_server.store.ratings import DatedRating, ImportOutcome, RatingStore

_LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ImportedRating:
    """A rating of the file, the item it is of, and what became of it."""

    rating: OwnRating
    item_id: int
    outcome: ImportOutcome


@dataclass(frozen=True, slots=True)
class OwnReport:
    """What an import did, or would do. `repeated` ratings had a later one of the same item in the file."""

    format: FormatName
    imported: Sequence[ImportedRating]
    unmatched: Sequence[NoMatch]
    unrated: int
    repeated: int

    def count(self, outcome: ImportOutcome) -> int:
        """How many ratings are new, changed or kept."""
        return sum(each.outcome == outcome for each in self.imported)

    def lines(self) -> list[str]:
        """The report for people, a line a fact."""
        problems = Counter(each.problem for each in self.unmatched)
        lines = [
            f"format:   {self.format}",
            f"ratings:  {self.count('new'):,} new, {self.count('changed'):,} changed, {self.count('kept'):,} kept,"
            f" {self.repeated:,} repeated",
            f"rows without a rating: {self.unrated:,}",
        ]
        return lines + [f"{problem}: {count:,}" for problem, count in problems.most_common()]


class OwnRatingImport:
    """Imports files for one user at a time; a few large ones at the same time, as each is held in memory."""

    _AT_ONCE = 2

    def __init__(self, matches: RatingMatches, ratings: RatingStore) -> None:
        self._matches = matches
        self._ratings = ratings
        self._running = asyncio.Semaphore(self._AT_ONCE)

    async def run(self, user_id: int, content: bytes, name: FormatName | None, *, preview: bool) -> OwnReport:
        """Imports a file of ratings, or a zip with one; see RatingStore.import_many for what becomes of older ones.

        Raises:
            UnusableContent: it is in none of the formats, or too large; says what is allowed.
        """
        async with self._running:
            found, rows = await asyncio.to_thread(parse_ratings, content, name)
            ratings = [row for row in rows if isinstance(row, OwnRating)]
            matched, unmatched = await match_ratings(self._matches, ratings)
            latest = _latest(matched)
            dated = [DatedRating(each.item_id, each.rating.half_stars, each.rating.rated_at) for each in latest]
            outcomes = await self._ratings.import_many(user_id, dated, preview=preview)
        unused = [NoMatch(row.line, row.title, row.problem, row.detail) for row in rows if isinstance(row, UnusedRow)]
        return OwnReport(
            format=found,
            imported=[ImportedRating(each.rating, each.item_id, outcomes[each.item_id]) for each in latest],
            unmatched=sorted([*unmatched, *unused], key=lambda each: each.line),
            unrated=sum(isinstance(row, UnratedRow) for row in rows),
            repeated=len(matched) - len(latest),
        )


def _latest(matched: Sequence[Match]) -> list[Match]:
    """One rating an item, the latest; of those of the same time the last."""
    ordered = sorted(matched, key=lambda each: (each.rating.rated_at or _LONG_AGO, each.rating.line))
    latest = {each.item_id: each for each in ordered}
    return sorted(latest.values(), key=lambda each: each.rating.line)
