"""A fair search for a method's parameters: a grid, on a part of the training ratings held back for it."""

import itertools
import time
from typing import Any

import numpy as np

from cinelibre_server.progress import Step
from cinelibre_server.recommend.evaluation import measures
from cinelibre_server.recommend.evaluation.arrays import Ratings
from cinelibre_server.recommend.evaluation.methods.history import History
from cinelibre_server.recommend.evaluation.methods.peers.ranker import PeerRanker
from cinelibre_server.recommend.evaluation.methods.peers.scorer import PeerMethod, Shape
from cinelibre_server.recommend.evaluation.protocols.surprise_folds import surprise_folds
from cinelibre_server.recommend.evaluation.score import Tuning
from cinelibre_server.recommend.evaluation.tasks.lists import find_wanted

_CUTOFF = 10
_SEED = 1


def grid_points(method: PeerMethod) -> list[dict[str, Any]]:
    """All combinations, in an order by chance but always the same: who runs out of time has seen of everything."""
    names = list(method.grid)
    points = [dict(zip(names, values, strict=True)) for values in itertools.product(*method.grid.values())]
    return [points[place] for place in np.random.RandomState(_SEED).permutation(len(points))]


def tune(method: PeerMethod, training: Ratings, shape: Shape, seconds: float, max_users: int, step: Step) -> Tuning:
    """The point with the best nDCG@10 on a fifth of the training ratings; no new one is begun after `seconds`."""
    split = surprise_folds(len(training), seed=_SEED)[0]
    known, held_back = training.take(split.training), training.take(split.test)
    wanted = find_wanted(held_back, max_users)
    history = History(known, shape)
    points = grid_points(method)
    started = time.monotonic()
    results: list[tuple[float, int]] = []
    for number, point in enumerate(points):
        if results and time.monotonic() - started > seconds:
            break
        ranker = PeerRanker(method.name, method.train(known, shape, point), known, history)
        ranked = ranker.rank_now(wanted.users, _CUTOFF)
        hits = measures.find_hits(ranked, wanted.users, wanted.pair_users, wanted.pair_items)
        results.append((float(measures.ndcg(hits, wanted.counts, _CUTOFF).mean()), -number))
        step.advance(1)
    best, place = max(results)
    return Tuning(method.name, method.grid, len(results), len(points), points[-place], best, time.monotonic() - started)
