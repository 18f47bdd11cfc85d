"""The synthetic ratings: as many as asked for, as skewed as MovieLens, the same every time."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.synthetic import MIN_ACTIVITY, make_activity, write_movielens
from cinelibre_server.ingest import movielens_rows as rows
from cinelibre_server.ingest.import_report import BadRowLog
from cinelibre_server.ingest.movielens_files import open_movielens
from cinelibre_server.ingest.movielens_ratings import FileRatings, read_ratings
from cinelibre_server.ingest.movielens_rows import RowReader

_RATINGS, _USERS, _ITEMS = 60_000, 500, 1_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small data set."""
    folder = tmp_path_factory.mktemp("synthetic") / "made"
    write_movielens(folder, ratings=_RATINGS, users=_USERS, items=_ITEMS, seed=1)
    return folder


def _read(folder: Path) -> FileRatings:
    log = BadRowLog()
    with open_movielens(folder) as files:
        reader = RowReader(files, log, lambda _bytes: None)
        items = {int(fields[0]): int(fields[0]) for _, fields in reader.texts(rows.MOVIES_CSV)}
        blocks = list(read_ratings(reader, rows.RATINGS_CSV, items))
    assert log.rows() == ()
    assert list(items) == list(range(1, _ITEMS + 1))
    return blocks[0]


def test_every_user_has_ratings_of_different_items_in_order(folder: Path) -> None:
    ratings = _read(folder)
    assert len(ratings) == _RATINGS
    assert (np.diff(ratings.user_refs * _ITEMS + ratings.item_ids - 1) > 0).all()
    activity = np.bincount(ratings.user_refs, minlength=_USERS + 1)[1:]
    assert activity.min() >= MIN_ACTIVITY


def test_activity_popularity_and_stars_are_those_of_movielens(folder: Path) -> None:
    ratings = _read(folder)
    activity = np.bincount(ratings.user_refs)[1:]
    assert np.median(activity) < 0.8 * activity.mean()
    popularity = np.sort(np.bincount(ratings.item_ids))[::-1]
    assert 0.3 < popularity[0] / _USERS < 0.8
    assert popularity[: _ITEMS // 10].sum() > 0.25 * _RATINGS
    assert (popularity <= 5).sum() > 0.02 * _ITEMS
    shares = np.bincount(ratings.half_stars, minlength=11) / _RATINGS
    assert 6.5 < ratings.half_stars.mean() < 7.5
    assert shares[1:].min() > 0


def test_activity_at_25_million_is_that_of_movielens_25m() -> None:
    activity = make_activity(160_000, 25_000_000, 60_000, np.random.default_rng(1))
    assert activity.sum() == 25_000_000
    assert activity.min() == MIN_ACTIVITY
    assert 65 <= np.median(activity) <= 100
    assert 1_000 <= np.quantile(activity, 0.99) <= 1_400


def test_times_lie_in_twenty_years_and_come_in_sittings(folder: Path) -> None:
    ratings = _read(folder)
    assert ratings.rated_at.max() - ratings.rated_at.min() < 20 * 366 * 86_400
    for user in range(1, 20):
        gaps = np.diff(np.sort(ratings.rated_at[ratings.user_refs == user]))
        assert np.mean(gaps < 3_600) > 0.8


def test_what_a_user_likes_depends_on_the_user_and_on_the_film(folder: Path) -> None:
    ratings = _read(folder)
    stars = ratings.half_stars / 2
    by_user = np.bincount(ratings.user_refs, stars) / np.maximum(np.bincount(ratings.user_refs), 1)
    by_item = np.bincount(ratings.item_ids, stars) / np.maximum(np.bincount(ratings.item_ids), 1)
    explained = by_user[ratings.user_refs] + by_item[ratings.item_ids] - stars.mean()
    assert np.var(stars - explained) < 0.8 * np.var(stars)


def test_the_same_arguments_write_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    write_movielens(tmp_path / "again", ratings=_RATINGS, users=_USERS, items=_ITEMS, seed=1)
    write_movielens(tmp_path / "other", ratings=_RATINGS, users=_USERS, items=_ITEMS, seed=2)
    for name in ("movies.csv", "ratings.csv"):
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes()
        assert (tmp_path / "other" / name).read_bytes() != (folder / name).read_bytes()


def test_too_few_ratings_for_the_users_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 20 a user"):
        make_activity(100, 1_000, 1_000, np.random.default_rng(1))
