"""Reads a file of ratings, whatever its separator and the order of its columns."""

from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cinelibre_server.errors import StartupError
from cinelibre_server.progress import Progress
from cinelibre_server.recommend.evaluation.arrays import FloatArray, IntArray

_SEPARATORS = ("::", "\t", ",", ";", "|")
# What a header calls each column begins with this.
_COLUMNS = ("user", ("movie", "item", "film"), ("rating", "stars", "score"), ("time", "date"))
_ADVANCE_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class RatingRows:
    """The readable lines of a file in order, with the file's own ids; `skipped` lines were not."""

    users: IntArray
    items: IntArray
    stars: FloatArray
    times: IntArray
    has_times: bool
    skipped: int


@dataclass(frozen=True, slots=True)
class _Layout:
    separator: str
    user: int
    item: int
    stars: int
    time: int | None
    has_header: bool


_LARGEST_ID = 2**63 - 1


def read_ratings(file: Path, progress: Progress) -> RatingRows:
    """All ratings of the file.

    Raises:
        StartupError: it can't be opened, or its first line shows no columns of user, film and stars.
    """
    users, items, times = array("q"), array("q"), array("q")
    stars = array("d")
    skipped = 0
    try:
        layout = _layout_of(file)
        with progress(f"Reading {file.name}", file.stat().st_size, "bytes") as step:
            for number, line in enumerate(_lines(file, step.advance)):
                if (number == 0 and layout.has_header) or line.isspace():
                    continue
                fields = line.split(layout.separator)
                try:
                    user, item = int(fields[layout.user]), int(fields[layout.item])
                    given = float(fields[layout.stars])
                    time = number if layout.time is None else int(fields[layout.time])
                except (ValueError, IndexError):
                    skipped += 1
                    continue
                if max(abs(user), abs(item)) > _LARGEST_ID or not (
                    0.5 <= given <= 5.0 and given * 2 % 1 == 0 and 0 <= time < 32_503_680_000
                ):
                    skipped += 1
                    continue
                users.append(user)
                items.append(item)
                stars.append(given)
                times.append(time)
    except OSError as error:
        raise StartupError(f"{file} can't be read ({error.strerror}): check it and its permissions") from None
    whole = [np.array(column, dtype=np.int64) for column in (users, items, times)]
    return RatingRows(whole[0], whole[1], np.array(stars), whole[2], layout.time is not None, skipped)


def _lines(file: Path, advance: Callable[[float], None]) -> Iterator[str]:
    pending = 0
    with file.open(encoding="utf-8-sig", errors="replace") as lines:
        for line in lines:
            yield line.replace('"', "")
            pending += len(line)
            if pending > _ADVANCE_BYTES:
                advance(pending)
                pending = 0
    advance(pending)


def _layout_of(file: Path) -> _Layout:
    with file.open(encoding="utf-8-sig", errors="replace") as lines:
        first = lines.readline().strip().replace('"', "")
    separator = next((separator for separator in _SEPARATORS if separator in first), ",")
    names = [name.strip().lower() for name in first.split(separator)]
    if len(names) >= 3 and names[0].isdigit():
        return _Layout(separator, 0, 1, 2, 3 if len(names) > 3 else None, has_header=False)
    places = [next((place for place, name in enumerate(names) if name.startswith(column)), None) for column in _COLUMNS]
    user, item, stars, time = places
    if user is None or item is None or stars is None:
        raise StartupError(f"{file} starts with {first[:60]!r}: expected columns userId, movieId, rating and timestamp")
    return _Layout(separator, user, item, stars, time, has_header=True)
