"""implicit: ALS (Hu, Koren & Volinsky, 2008) and BPR (Rendle et al., 2009)."""

import warnings
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from cinelibre_server.recommend.evaluation.arrays import FloatArray, IntArray, Ratings
from cinelibre_server.recommend.evaluation.methods.history import History
from cinelibre_server.recommend.evaluation.methods.peers.scorer import (
    Input,
    Parameters,
    PeerMethod,
    Shape,
    select_history,
    select_input,
)

with warnings.catch_warnings():
    # It would like OpenBLAS to use one thread; that is for the machine's owner to say.
    warnings.simplefilter("ignore")
    from implicit.cpu.als import AlternatingLeastSquares
    from implicit.cpu.bpr import BayesianPersonalizedRanking

_SEED = 0


class AlsScorer:
    """Users' factors are solved for from what they have rated so far, as `recalculate_user=True` does."""

    def __init__(self, ratings: Ratings, shape: Shape, parameters: Parameters) -> None:
        self._shape = shape
        self._input: Input = parameters["input"]
        rest = {name: value for name, value in parameters.items() if name != "input"}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._model = AlternatingLeastSquares(random_state=_SEED, **rest)
        chosen = select_input(ratings, self._input)
        self._model.fit(_matrix(chosen.users, chosen.items, chosen.stars, shape, self._input), show_progress=False)

    def scores(self, users: IntArray, history: History) -> FloatArray:
        """See Scorer."""
        rows = [select_history(history, user, self._input) for user in users.tolist()]
        places = np.repeat(np.arange(len(users)), [len(items) for items, _ in rows])
        items, stars = (np.concatenate(parts) for parts in zip(*rows, strict=True))
        matrix = _matrix(places, items, stars, (len(users), self._shape[1]), self._input)
        factors = self._model.recalculate_user(np.arange(len(users)), matrix)
        result: FloatArray = np.asarray(factors, dtype=np.float64) @ self._model.item_factors.T
        result[np.diff(matrix.indptr) == 0] = np.nan
        return result


class BprScorer:
    """Only users who were there at the training have factors."""

    def __init__(self, ratings: Ratings, shape: Shape, parameters: Parameters) -> None:
        chosen = select_input(ratings, parameters["input"])
        self._known = np.bincount(chosen.users, minlength=shape[0]) > 0
        rest = {name: value for name, value in parameters.items() if name != "input"}
        self._model: Any = BayesianPersonalizedRanking(random_state=_SEED, **rest)
        matrix = _matrix(chosen.users, chosen.items, chosen.stars, shape, "all ratings")
        self._model.fit(matrix, show_progress=False)

    def scores(self, users: IntArray, _history: History) -> FloatArray:
        """See Scorer."""
        result: FloatArray = self._model.user_factors[users].astype(np.float64) @ self._model.item_factors.T
        result[~self._known[users]] = np.nan
        return result


def _matrix(users: IntArray, items: IntArray, stars: FloatArray, shape: Shape, chosen: Input) -> Any:
    weights = stars if chosen == "stars as weights" else np.ones(len(stars))
    return csr_matrix((weights.astype(np.float32), (users, items)), shape=shape)


METHODS = (
    PeerMethod(
        "implicit ALS",
        {
            "input": ("all ratings", "4 stars or more", "stars as weights"),
            "factors": (32, 64, 128),
            "regularization": (3.0, 10.0, 30.0, 100.0),
            "alpha": (1.0, 5.0, 20.0),
            "iterations": (15,),
        },
        AlsScorer,
        folds_in=True,
    ),
    PeerMethod(
        "implicit BPR",
        {
            "input": ("all ratings", "4 stars or more"),
            "factors": (8, 16),
            "learning_rate": (0.001, 0.003, 0.01),
            "regularization": (0.001, 0.01, 0.05),
            "iterations": (150, 400),
        },
        BprScorer,
        folds_in=False,
    ),
)
