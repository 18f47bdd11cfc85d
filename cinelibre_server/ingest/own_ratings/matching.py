"""Finds the catalogue's items of a person's ratings: by ids, then by titles, and never by guessing."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from cinelibre_server.ingest.own_ratings.rows import OwnRating
from cinelibre_server.store.rating_matches import RatingMatches, TitleMatch

Problem: TypeAlias = Literal["unreadable", "not supported", "not found", "ambiguous"]


@dataclass(frozen=True, slots=True)
class Match:
    """A rating and the item it is of."""

    rating: OwnRating
    item_id: int


@dataclass(frozen=True, slots=True)
class NoMatch:
    """A row that became no rating, and why: `problem` for programs, `detail` for people."""

    line: int
    title: str
    problem: Problem
    detail: str


async def match_ratings(matches: RatingMatches, ratings: Sequence[OwnRating]) -> tuple[list[Match], list[NoMatch]]:
    """The items of ratings, and the ratings whose item is not in the catalogue or can't be told.

    An id decides. Without one the title or original title has to be the same but for case, accents and punctuation,
    and the year at most one off (an unknown one matches any); for books the author has to be the same, and the year
    only chooses. If several items fit equally well none is taken.
    """
    found = await matches.by_ids([(place, rating.item_type, rating.ids) for place, rating in enumerate(ratings)])
    rest = [(place, rating.item_type, rating.titles) for place, rating in enumerate(ratings) if place not in found]
    titled = await matches.by_titles(rest)
    matched: list[Match] = []
    unmatched: list[NoMatch] = []
    for place, rating in enumerate(ratings):
        outcome = found.get(place) or _decide(rating, titled.get(place, ()))
        if isinstance(outcome, int):
            matched.append(Match(rating, outcome))
        else:
            unmatched.append(outcome)
    return matched, unmatched


def _decide(rating: OwnRating, candidates: Iterable[TitleMatch]) -> int | NoMatch:
    fitting = [(rank, each) for each in candidates if (rank := _rank(rating, each)) is not None]
    best = min((rank for rank, _ in fitting), default=0)
    chosen = {each.item_id for rank, each in fitting if rank == best}
    if len(chosen) == 1:
        return chosen.pop()
    if chosen:
        return NoMatch(rating.line, rating.title, "ambiguous", f"{len(chosen)} items have this title")
    kind = "film" if rating.item_type == "movie" else "book"
    return NoMatch(rating.line, rating.title, "not found", f"no such {kind} in the catalogue{_but(rating, candidates)}")


def _rank(rating: OwnRating, item: TitleMatch) -> int | None:
    """How well an item of the right title fits, 0 the best; None if it is another one."""
    difference = abs(rating.year - item.year) if rating.year and item.year else None
    if rating.item_type == "book":
        if not any(_same_person(rating.author, author) for author in item.authors):
            return None
        return 2 if difference is None else min(difference, 3)
    if item.imdb_id and any(source == "imdb" and text != item.imdb_id for source, text in rating.ids):
        return None
    return 2 if difference is None else difference if difference <= 1 else None


def _but(rating: OwnRating, candidates: Iterable[TitleMatch]) -> str:
    """What there is of the same title."""
    if rating.item_type == "book":
        others = sorted({author for each in candidates for author in each.authors})
        return f", only by {', '.join(others[:3])}" if others else ""
    years = sorted({each.year for each in candidates if each.year})
    return f", only of {', '.join(map(str, years[:3]))}" if years else ""


def _same_person(one: str, other: str) -> bool:
    """Whether two names are one person's: the same letters, or the same last name after the same first letter."""
    first, second = _words(one), _words(other)
    if not first or not second:
        return False
    return "".join(first) == "".join(second) or (first[-1] == second[-1] and first[0][0] == second[0][0])


def _words(name: str) -> list[str]:
    plain = "".join(c for c in unicodedata.normalize("NFKD", name.casefold()) if not _is_latin_accent(c))
    return [word for word in re.split(r"[\s.,'’\-]+", plain) if word]


def _is_latin_accent(character: str) -> bool:
    return "\u0300" <= character <= "\u036f"
