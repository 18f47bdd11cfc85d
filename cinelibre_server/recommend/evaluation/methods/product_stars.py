"""The stars that ours predicts, one way to ask for them a class."""

from collections.abc import Sequence

import numpy as np

from cinelibre_server.progress import Step
from cinelibre_server.recommend.evaluation.arrays import FloatArray, IntArray, Ratings, rows_by_key
from cinelibre_server.recommend.evaluation.methods.method import StarPredictor
from cinelibre_server.store.database import Pool
from cinelibre_server.store.items import ItemFilter
from cinelibre_server.store.recommend import RecommendStore


def star_predictors(pool: Pool, user_ids: IntArray, item_ids: IntArray, training: Ratings) -> Sequence[StarPredictor]:
    """All of them; `user_ids` and `item_ids` are the database's, by our numbers."""
    store = RecommendStore(pool)
    collaborative = CollaborativeStars(store, user_ids, item_ids, training)
    return [AutoStars(store, user_ids, item_ids, collaborative), collaborative]


class AutoStars:
    """The stars that come with every recommended item; before the first training those of collaborative filtering."""

    name = "CineLibre AUTO"

    def __init__(
        self, store: RecommendStore, user_ids: IntArray, item_ids: IntArray, untrained: "CollaborativeStars"
    ) -> None:
        self._store = store
        self._user_ids = user_ids
        self._item_ids = item_ids
        self._untrained = untrained

    async def predict_stars(self, users: IntArray, items: IntArray, step: Step) -> FloatArray:
        """See StarPredictor."""
        predicted = np.full(len(users), np.nan)
        for user, places in rows_by_key(users):
            item_ids = self._item_ids[items[places]].tolist()
            said = await self._store.predicted_stars(int(self._user_ids[user]), item_ids)
            predicted[places] = [said.get(item_id, np.nan) for item_id in item_ids]
            step.advance(len(places))
        silent = np.flatnonzero(np.isnan(predicted))
        predicted[silent] = await self._untrained.predict_stars(users[silent], items[silent], step)
        return predicted


class CollaborativeStars:
    """What collaborative filtering says; where it is silent the user's mean stands in, then everybody's."""

    name = "CineLibre collaborative, else mean"

    def __init__(self, store: RecommendStore, user_ids: IntArray, item_ids: IntArray, training: Ratings) -> None:
        self._store = store
        self._user_ids = user_ids
        self._item_ids = item_ids
        mean = training.stars.mean()
        counts = np.bincount(training.users, minlength=len(user_ids))
        sums = np.bincount(training.users, weights=training.stars, minlength=len(user_ids))
        self._means: FloatArray = np.where(counts > 0, sums / np.maximum(counts, 1), mean)

    async def predict_stars(self, users: IntArray, items: IntArray, step: Step) -> FloatArray:
        """See StarPredictor."""
        predicted = self._means[users]
        for user, places in rows_by_key(users):
            said = await self._ask(int(self._user_ids[user]))
            for place, item_id in zip(places.tolist(), self._item_ids[items[places]].tolist(), strict=True):
                predicted[place] = said.get(item_id, predicted[place])
            step.advance(len(places))
        return predicted

    async def _ask(self, user_id: int) -> dict[int, float]:
        found = await self._store.personalized("collaborative", user_id, ItemFilter(), len(self._item_ids), None)
        return {c.item_id: c.predicted_stars for c in found if c.predicted_stars is not None}
