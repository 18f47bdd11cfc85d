"""Ratings leave in the order of the table, however they come."""

import random

import numpy as np

from cinelibre_server.ingest.rating_order import RatingOrder
from cinelibre_server.store.rating_batch import RatingBatch

_Row = tuple[int, int, int, int]  # user, item, half stars, time


def _batch(rows: list[_Row], first_line: int) -> RatingBatch:
    columns = np.array(rows, dtype=np.int64).reshape(-1, 4).T
    return RatingBatch(np.arange(first_line, first_line + len(rows)), *columns)


def _ordered(blocks: list[list[_Row]]) -> tuple[list[_Row], RatingOrder]:
    order, out, line = RatingOrder(), [], 1
    for block in blocks:
        out.append(order.add(_batch(block, line)))
        line += len(block)
    whole = RatingBatch.joined([*out, order.rest()])
    columns = (whole.user_ids, whole.item_ids, whole.half_stars, whole.rated_at)
    return list(zip(*(column.tolist() for column in columns), strict=True)), order


def test_a_user_that_two_blocks_share_is_put_together() -> None:
    rows, order = _ordered([[(1, 5, 1, 0), (2, 9, 2, 0), (2, 4, 3, 0)], [(2, 6, 4, 0), (3, 1, 5, 0)]])
    assert rows == [(1, 5, 1, 0), (2, 4, 3, 0), (2, 6, 4, 0), (2, 9, 2, 0), (3, 1, 5, 0)]
    assert (order.complete, order.repeated) == (True, 0)


def test_the_latest_of_a_pair_stays_and_of_equal_times_the_last_line() -> None:
    rows, order = _ordered([[(1, 5, 1, 7), (1, 5, 2, 9), (1, 5, 3, 8), (1, 6, 4, 1)], [(1, 6, 5, 1), (2, 6, 6, 1)]])
    assert rows == [(1, 5, 2, 9), (1, 6, 5, 1), (2, 6, 6, 1)]
    assert (order.complete, order.repeated) == (True, 3)


def test_a_user_who_comes_back_is_noticed() -> None:
    rows, order = _ordered([[(1, 5, 1, 0), (2, 5, 2, 0), (3, 5, 2, 0)], [(1, 5, 3, 0), (4, 5, 4, 0)]])
    assert not order.complete
    # The later line still comes later.
    assert [row for row in rows if row[0] == 1] == [(1, 5, 1, 0), (1, 5, 3, 0)]


def test_nothing_is_nothing() -> None:
    rows, order = _ordered([])
    assert (rows, order.complete, order.repeated) == ([], True, 0)
    assert _ordered([[]])[0] == []


def test_grouped_users_in_any_blocks_are_complete() -> None:
    choice = random.Random(3)
    for _ in range(50):
        rows = [
            (user, choice.randint(1, 6), choice.randint(1, 10), choice.randint(1, 3))
            for user in range(1, 8)
            for _ in range(choice.randint(1, 9))
        ]
        cuts = sorted(choice.randint(0, len(rows)) for _ in range(4))
        blocks = [rows[start:end] for start, end in zip([0, *cuts], [*cuts, len(rows)], strict=True)]
        latest: dict[tuple[int, int], _Row] = {}
        for row in rows:
            if row[:2] not in latest or row[3] >= latest[row[:2]][3]:
                latest[row[:2]] = row
        out, order = _ordered(blocks)
        assert out == [latest[pair] for pair in sorted(latest)]
        assert (order.complete, order.repeated) == (True, len(rows) - len(latest))
