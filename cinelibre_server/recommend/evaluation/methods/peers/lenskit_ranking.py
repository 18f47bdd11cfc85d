"""LensKit: item-based and user-based nearest neighbours, and EASE (Steck, WWW 2019)."""

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from lenskit.data import ItemList, RecQuery, from_interactions_df
from lenskit.knn import EASEScorer, ItemKNNScorer, UserKNNScorer
from lenskit.training import TrainingOptions

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


class LensKitScorer:
    """One of LensKit's scorers; "stars as weights" is what it calls explicit feedback."""

    def __init__(self, make: Callable[..., Any], ratings: Ratings, shape: Shape, parameters: Parameters) -> None:
        self._input: Input = parameters["input"]
        self._all_items = ItemList(np.arange(shape[1]))
        rest = {name: value for name, value in parameters.items() if name != "input"}
        if make is not EASEScorer:
            rest["feedback"] = "explicit" if self._input == "stars as weights" else "implicit"
        self._scorer = make(**rest)
        chosen = select_input(ratings, self._input)
        frame = pd.DataFrame({"user_id": chosen.users, "item_id": chosen.items, "rating": chosen.stars})
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._scorer.train(from_interactions_df(frame), TrainingOptions())

    def scores(self, users: IntArray, history: History) -> FloatArray:
        """See Scorer."""
        result = np.full((len(users), len(self._all_items)), np.nan)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for row, user in enumerate(users.tolist()):
                items, stars = select_history(history, user, self._input)
                if len(items):
                    query = RecQuery(user_id=user, user_items=ItemList(items, rating=stars))
                    result[row] = self._scorer(query, self._all_items).scores()
        return result


METHODS = (
    PeerMethod(
        "LensKit ItemKNN",
        {
            "input": ("all ratings", "4 stars or more", "stars as weights"),
            "max_nbrs": (20, 100, 200),
            "min_sim": (1e-6, 0.05, 0.1),
        },
        partial(LensKitScorer, ItemKNNScorer),
        folds_in=True,
    ),
    PeerMethod(
        "LensKit UserKNN",
        {
            "input": ("all ratings", "4 stars or more", "stars as weights"),
            "max_nbrs": (20, 50, 100, 200),
            "min_sim": (1e-6, 0.1),
        },
        partial(LensKitScorer, UserKNNScorer),
        folds_in=True,
    ),
    PeerMethod(
        "LensKit EASE",
        {
            "input": ("all ratings", "4 stars or more"),
            "regularization": (20.0, 50.0, 100.0, 200.0, 400.0, 800.0, 1600.0),
        },
        partial(LensKitScorer, EASEScorer),
        folds_in=True,
    ),
)
