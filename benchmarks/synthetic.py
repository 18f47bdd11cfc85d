"""Writes synthetic ratings in the ml-latest CSV format, as skewed as MovieLens: python -m benchmarks.synthetic FOLDER.

Activity, popularity and stars follow the published statistics of MovieLens 25M (Harper & Konstan, TiiS 2015). The same
arguments always write the same bytes. Users are made and written in blocks, so memory doesn't grow with the ratings.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float32]

MIN_ACTIVITY = 20
_BLOCK_RATINGS = 250_000
_FACTORS = 8
_FIRST_TIME = 946_684_800  # 2000-01-01
_YEARS_SECONDS = 20 * 31_557_600
_SESSION_RATINGS = 40
_GENRES = (
    *("Action", "Adventure", "Animation", "Children", "Comedy", "Crime", "Documentary", "Drama", "Fantasy"),
    *("Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western"),
)


@dataclass(frozen=True, slots=True)
class Items:
    """What is true of each item: genres (their numbers), taste factors (items x 8), bias in stars, share of draws."""

    genres: tuple[tuple[int, ...], ...]
    factors: Floats
    biases: Floats
    cumulated_popularity: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Ratings:
    """Ratings by user and item, both from 1; half stars 1-10, times in seconds since 1970."""

    users: Ints
    items: Ints
    half_stars: Ints
    times: Ints


def make_items(count: int, rng: np.random.Generator) -> Items:
    """Items whose taste factors come from their genres, so that films of a genre please the same people."""
    tastes = rng.normal(size=(len(_GENRES), _FACTORS))
    likely = rng.dirichlet(np.full(len(_GENRES), 1.5))
    genres = tuple(
        tuple(sorted(rng.choice(len(_GENRES), size=size, replace=False, p=likely).tolist()))
        for size in rng.integers(1, 4, size=count)
    )
    factors = np.array([tastes[list(of_item)].mean(axis=0) for of_item in genres])
    factors = (factors + rng.normal(scale=0.5, size=factors.shape)) / np.sqrt(_FACTORS)
    popularity = _popularity(count)
    # The more often seen, the better liked, a little.
    quality = np.linspace(0.35, -0.25, count) + rng.normal(scale=0.4, size=count)
    places = rng.permutation(count)
    return Items(genres, factors.astype(np.float32), quality[places].astype(np.float32), np.cumsum(popularity[places]))


def make_activity(users: int, ratings: int, items: int, rng: np.random.Generator) -> Ints:
    """How many ratings each user gives: 20 and a log-normal number, `ratings` together.

    Raises:
        ValueError: so many ratings don't fit.
    """
    most = items // 2
    if not users * MIN_ACTIVITY <= ratings <= users * most * 0.5:
        raise ValueError(f"{ratings:,} ratings don't fit {users:,} users and {items:,} items: at least 20 a user")
    extra = rng.lognormal(sigma=1.38, size=users)
    activity = np.full(users, MIN_ACTIVITY)
    # Cutting the most active short takes some ratings away, which all get back.
    while (missing := ratings - int(activity.sum())) > 0:
        if missing < users:
            activity[rng.permutation(np.flatnonzero(activity < most))[:missing]] += 1
        else:
            activity = np.minimum(activity + np.floor(extra * missing / extra.sum()).astype(np.int64), most)
    return activity


def make_ratings(items: Items, activity: Ints, rng: np.random.Generator) -> Iterator[Ratings]:
    """The ratings of all users in blocks of some 250,000, by user and then by item."""
    ends = np.cumsum(activity)
    first = 0
    while first < len(activity):
        before = int(ends[first - 1]) if first else 0
        end = max(first + 1, int(np.searchsorted(ends, before + _BLOCK_RATINGS, side="right")))
        yield _block(items, activity[first:end], first, rng)
        first = end


def write_movielens(folder: Path, *, ratings: int, users: int, items: int, seed: int) -> None:
    """Writes movies.csv and ratings.csv into `folder`, which is made if need be."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    made = make_items(items, rng)
    with (folder / "movies.csv").open("w", encoding="utf-8", newline="\n") as file:
        file.write("movieId,title,genres\n")
        for item, (genres, year) in enumerate(zip(made.genres, rng.integers(1950, 2020, size=items), strict=True), 1):
            file.write(f"{item},Synthetic Film {item} ({year}),{'|'.join(_GENRES[genre] for genre in genres)}\n")
    activity = make_activity(users, ratings, items, rng)
    with (folder / "ratings.csv").open("wb") as binary:
        binary.write(b"userId,movieId,rating,timestamp\n")
        for block in make_ratings(made, activity, rng):
            binary.write(_as_csv(block))


def _popularity(count: int) -> NDArray[np.float64]:
    """The share of each rank in the draws: a stretched exponential, fit to the counts of MovieLens 25M, and a floor."""
    ranks = np.arange(count)
    weights = (np.exp(-0.25 * ranks**0.36) + 5e-5) * (1 - ranks / count)
    return np.asarray(weights / weights.sum())


def _block(items: Items, activity: Ints, first: int, rng: np.random.Generator) -> Ratings:
    factors = rng.normal(size=(len(activity), _FACTORS)).astype(np.float32)
    rows, chosen = _choose(items, activity, factors, rng)
    affinity = np.einsum("ij,ij->i", factors[rows], items.factors[chosen])
    stars = (
        3.2
        + rng.normal(scale=0.42, size=len(activity)).astype(np.float32)[rows]
        + items.biases[chosen]
        + 0.45 * affinity
        + rng.normal(scale=0.65, size=len(rows)).astype(np.float32)
    )
    half_stars = np.clip(np.rint(stars * 2), 1, 10).astype(np.int64)
    return Ratings(rows + first + 1, chosen + 1, half_stars, _times(activity, rng))


def _choose(items: Items, activity: Ints, factors: Floats, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Which items each of the block's users rates: drawn by popularity, taken or not by taste; (row, item) in order."""
    count = len(items.genres)
    complete: list[Ints] = []
    drawn_before = np.empty(0, dtype=np.int64)
    missing = activity
    while missing.any():
        drawn = np.concatenate([drawn_before, _draw(items, missing, factors, rng)])
        drawn = _first_of_each(drawn[np.argsort(drawn // count, kind="stable")] if len(drawn_before) else drawn)
        rows = drawn // count
        sizes = np.bincount(rows, minlength=len(activity))
        # Of each user's different draws, the first ones.
        kept = np.arange(len(drawn)) - np.repeat(np.cumsum(sizes) - sizes, sizes) < activity[rows]
        short = (missing > 0) & (sizes < activity)
        complete.append(drawn[kept & ~short[rows]])
        drawn_before = drawn[short[rows]]
        missing = np.where(short, activity - sizes, 0)
    pairs = np.sort(np.concatenate(complete))
    return pairs // count, pairs % count


def _draw(items: Items, missing: Ints, factors: Floats, rng: np.random.Generator) -> Ints:
    """row * number of items + item, with repetitions, by row; about enough of them."""
    rows = np.repeat(np.arange(len(missing)), (missing * 2.6).astype(np.int64) + 8 * (missing > 0))
    drawn = np.searchsorted(items.cumulated_popularity, rng.random(len(rows)))
    drawn = np.minimum(drawn, len(items.genres) - 1)  # the shares may add up to a little less than 1
    affinity = np.einsum("ij,ij->i", factors[rows], items.factors[drawn])
    taken = rng.random(len(rows), dtype=np.float32) < 0.55 + 0.4 * np.tanh(affinity)
    return np.asarray(rows[taken] * len(items.genres) + drawn[taken])


def _first_of_each(numbers: Ints) -> Ints:
    """The different numbers in the order in which they come first; one sort of plain numbers, the fastest there is."""
    place_bits = len(numbers).bit_length()
    tagged = np.sort(numbers << place_bits | np.arange(len(numbers)))
    is_first = np.diff(tagged >> place_bits, prepend=-1) != 0
    return np.asarray(numbers[np.sort(tagged[is_first] & (1 << place_bits) - 1)])


def _times(activity: Ints, rng: np.random.Generator) -> Ints:
    """Times for each user's ratings, in sittings of some 40, half a minute apart, over up to three years."""
    total = int(activity.sum())
    rows = np.repeat(np.arange(len(activity)), activity)
    joined = _FIRST_TIME + rng.integers(0, int(_YEARS_SECONDS * 0.8), size=len(activity))
    stay = rng.exponential(0.04, size=len(activity)).clip(max=0.15) * _YEARS_SECONDS
    sittings = 1 + activity // _SESSION_RATINGS
    # A sitting's start is a fixed function of its number, so that all ratings of it agree without a table.
    sitting = np.floor(rng.random(total) * sittings[rows])
    start = stay[rows] * np.mod(sitting * 0.6180339887, 1.0)
    within = rng.integers(0, _SESSION_RATINGS * 30, size=total)
    return np.asarray(joined[rows] + start.astype(np.int64) + within)


def _as_csv(ratings: Ratings) -> bytes:
    """The lines: digits in columns of fixed width, and what no number needs left out."""
    columns = [
        *_digits(ratings.users, 9),
        np.uint8(ord(",")),
        *_digits(ratings.items, 9),
        np.uint8(ord(",")),
        (ratings.half_stars // 2 + ord("0")).astype(np.uint8),
        np.uint8(ord(".")),
        (ratings.half_stars % 2 * 5 + ord("0")).astype(np.uint8),
        np.uint8(ord(",")),
        *_digits(ratings.times, 10),
        np.uint8(ord("\n")),
    ]
    lines = np.empty((len(ratings.users), len(columns)), dtype=np.uint8)
    for place, column in enumerate(columns):
        lines[:, place] = column
    return bytes(lines[lines != 0].tobytes())


def _digits(numbers: Ints, width: int) -> list[NDArray[np.uint8]]:
    """The decimal digits, most significant first, as ASCII; 0 instead of leading zeros."""
    digits: list[NDArray[np.uint8]] = []
    for power in range(width - 1, -1, -1):
        if int(numbers.max()) < 10**power:
            continue
        digit = (numbers // 10**power % 10 + ord("0")).astype(np.uint8)
        digit[numbers < 10**power] = 0
        digits.append(digit)
    return digits


def main() -> None:
    """Writes what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.synthetic", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--ratings", type=int, default=1_000_000)
    parser.add_argument("--users", type=int, default=6_000)
    parser.add_argument("--items", type=int, default=4_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    write_movielens(
        options.folder, ratings=options.ratings, users=options.users, items=options.items, seed=options.seed
    )


if __name__ == "__main__":
    main()
