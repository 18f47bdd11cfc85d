"""Reads files of ratings fast: a block of lines at a time, as arrays, and line by line only what is unusual."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from cinelibre_server.ingest import movielens_rows as rows
from cinelibre_server.ingest.movielens_rows import FileRating, Layout, RowReader

Ints: TypeAlias = NDArray[np.int64]

# Longer ones go the slow way, which allows 18 digits.
_ID_DIGITS = 9
_TIME_DIGITS = 11
_NEWLINE, _RETURN, _POINT, _ZERO, _FIVE = b"\n\r.05"


@dataclass(frozen=True, slots=True)
class FileRatings:
    """Ratings in the order of their lines: the file's user ids, item ids, half stars 1-10, seconds since 1970."""

    lines: Ints
    user_refs: Ints
    item_ids: Ints
    half_stars: Ints
    rated_at: Ints

    def __len__(self) -> int:
        return len(self.lines)

    @classmethod
    def of(cls, ratings: list[FileRating]) -> Self:
        """The same as arrays."""
        return cls(*np.array(ratings, dtype=np.int64).reshape(-1, 5).T)

    def __getitem__(self, chosen: Ints | NDArray[np.bool_]) -> Self:
        return type(self)(*(getattr(self, field.name)[chosen] for field in fields(self)))

    def merged(self, others: Self) -> Self:
        """Both, in the order of their lines."""
        both = type(self)(
            *(np.concatenate([getattr(self, field.name), getattr(others, field.name)]) for field in fields(self))
        )
        return both[np.argsort(both.lines)]


def read_ratings(reader: RowReader, layout: Layout, items: Mapping[int, int]) -> Iterator[FileRatings]:
    """The ratings of films in `items` (item ids by the file's ids), a block of lines at a time.

    A line of plain numbers is read by array operations. Any other goes to the reader, which knows all that is
    allowed, and notes what is wrong with it.
    """
    known = _Items(items)
    for first_line, block in reader.blocks(layout):
        text = np.frombuffer(block, dtype=np.uint8)
        ends = np.flatnonzero(text == _NEWLINE)
        starts = np.concatenate([[0], ends[:-1] + 1])
        plain, is_plain = _read_plain(text, starts, ends, layout, known)
        ratings = FileRatings(plain.lines + first_line, *(getattr(plain, f.name) for f in fields(plain)[1:]))
        if len(odd := np.flatnonzero(~is_plain)):
            lines = ((first_line + at, block[starts[at] : ends[at] + 1]) for at in odd.tolist())
            ratings = ratings.merged(FileRatings.of(list(reader.ratings(layout, lines, items))))
        yield ratings


class _Items:
    """Item ids by the file's ids, for many at a time."""

    def __init__(self, items: Mapping[int, int]) -> None:
        self._refs = np.array(sorted(items), dtype=np.int64)
        # The last one is found for whatever is greater than all.
        self._ids = np.array([*(items[ref] for ref in self._refs.tolist()), 0], dtype=np.int64)
        self._refs = np.append(self._refs, -1)

    def find(self, refs: Ints) -> Ints:
        """The item ids, 0 where there is none."""
        places = np.searchsorted(self._refs[:-1], refs)
        return np.where(self._refs[places] == refs, self._ids[places], 0)


def _read_plain(
    text: NDArray[np.uint8], starts: Ints, ends: Ints, layout: Layout, items: _Items
) -> tuple[FileRatings, NDArray[np.bool_]]:
    """The ratings of the lines from `starts` to `ends` that are plain, by place; and of each line whether it is."""
    separator, mark_count = layout.separator.encode(), layout.field_count - 1
    width = len(separator)
    marks = np.flatnonzero(text == separator[0])
    counts = np.diff(np.searchsorted(marks, ends), prepend=0)
    is_plain = counts == mark_count * width
    marks = marks[np.repeat(is_plain, counts)].reshape(-1, mark_count, width)
    lines, starts, ends = np.flatnonzero(is_plain), starts[is_plain], ends[is_plain]
    ends = ends - (text[ends - 1] == _RETURN)
    first, second = marks[:, 0, 0], marks[:, 1, 0]
    # The characters of a long separator are next to one another.
    good = (marks[:, :, -1] - marks[:, :, 0] == width - 1).all(axis=1)
    user_refs, is_number = _numbers(text, starts, first, _ID_DIGITS)
    good &= is_number
    movie_refs, is_number = _numbers(text, first + width, second, _ID_DIGITS)
    good &= is_number
    if layout.rated_at is None:
        stars_end = marks[:, 2, 0]
        rated_at, is_number = _numbers(text, stars_end + width, ends, _TIME_DIGITS)
        good &= is_number & (rated_at < rows.END_OF_TIME)
    else:
        stars_end, rated_at = ends, np.full(len(lines), layout.rated_at, dtype=np.int64)
    half_stars = _half_stars(text, second + width, stars_end)
    item_ids = items.find(movie_refs)
    good &= (half_stars > 0) & (item_ids > 0)
    is_plain[lines[~good]] = False
    ratings = FileRatings(lines, user_refs, item_ids, half_stars, rated_at)
    return ratings if good.all() else ratings[good], is_plain


def _numbers(text: NDArray[np.uint8], starts: Ints, ends: Ints, most: int) -> tuple[Ints, NDArray[np.bool_]]:
    """The whole numbers written from `starts` to `ends`, and where there is one of at most `most` digits."""
    lengths = ends - starts
    good = (lengths > 0) & (lengths <= most)
    values = np.zeros(len(starts), dtype=np.int64)
    for place in range(min(most, int(lengths.max(initial=0)))):
        # What is no digit is greater than 9, because these bytes have no sign.
        digits = text.take(ends - (place + 1), mode="clip") - np.uint8(_ZERO)
        inside = lengths > place
        good &= (digits <= 9) | ~inside
        values += np.multiply(digits, inside, dtype=np.int64) * 10**place
    return values, good


def _half_stars(text: NDArray[np.uint8], starts: Ints, ends: Ints) -> Ints:
    """The half stars of "4", "4.0" or "4.5"; 0 for whatever else is written from `starts` to `ends`."""
    lengths = ends - starts
    wholes = text.take(starts, mode="clip").astype(np.int64) - _ZERO
    point, half = text.take(starts + 1, mode="clip"), text.take(starts + 2, mode="clip")
    with_half = (lengths == 3) & (point == _POINT) & ((half == _ZERO) | (half == _FIVE))
    half_stars = wholes * 2 + (with_half & (half == _FIVE))
    good = ((lengths == 1) | with_half) & (wholes >= 0) & (half_stars >= 1) & (half_stars <= 10)
    return np.where(good, half_stars, 0)
