"""The serving model as the arrays that it was fitted as, for a training that goes on from it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cinelibre_server.recommend.training.blend import PARTS, Blend
from cinelibre_server.recommend.training.factors import FACTORS
from cinelibre_server.recommend.training.fit import FittedModels
from cinelibre_server.recommend.training.neighbors import ItemNeighbors
from cinelibre_server.recommend.training.rating_sides import Floats, Ints
from cinelibre_server.recommend.training.stars import StarsModel
from cinelibre_server.recommend.training.tables import UNSEEN_ITEM, value_lists
from cinelibre_server.store.model_tables import ModelTables, WeightedIds

_NOTHING: WeightedIds = (np.zeros(0, np.int32), np.zeros(0, np.float32))


@dataclass(frozen=True)
class ServedModels:
    """The serving model among I items: those that it does not know (`is_known`, bool[I]) are as it serves them."""

    models: FittedModels
    is_known: NDArray[np.bool_]
    blend: Blend


def has_this_form(tables: ModelTables) -> bool:
    """Whether a model reads ratings as this version does, and its factors are in the basis of fold_in: V'V < I."""
    factors = tables.vectors["taste_factors"].astype(np.float64)
    return (
        tables.settings == value_lists()
        and factors.shape[1] == FACTORS
        and bool(np.linalg.eigvalsh(factors.T @ factors).max() < 1)
    )


def served_models(tables: ModelTables, item_ids: Ints) -> ServedModels:
    """The model of these tables, with places in `item_ids` (int32[I], ascending)."""
    row = np.searchsorted(tables.item_ids, item_ids).clip(max=len(tables.item_ids) - 1)
    is_known = tables.item_ids[row] == item_ids
    row[~is_known] = np.searchsorted(tables.item_ids, UNSEEN_ITEM)
    numbers = {name: column[row] for name, column in tables.numbers.items()}
    vectors = {name: column[row] for name, column in tables.vectors.items()}
    stars = StarsModel(
        base=numbers["stars_base"],
        reading=vectors["stars_reading"],
        implied=vectors["stars_implied"],
        noise=numbers["stars_noise"],
        offset=numbers["stars_offset"],
        output=vectors["stars_output"],
    )

    def neighbors(sources: Sequence[WeightedIds], targets: dict[int, WeightedIds]) -> ItemNeighbors:
        of_items = [sources[place] for place in row.tolist()]
        from_items = [targets.get(item_id, _NOTHING) for item_id in item_ids.tolist()]
        return ItemNeighbors(*_as_rows(of_items, item_ids), *_as_rows(from_items, item_ids))

    models = FittedModels(
        stars=stars,
        factors=vectors["taste_factors"],
        item_item=neighbors(tables.item_weights, tables.neighbors),
        companions=neighbors(tables.companion_lifts, tables.companions),
        popularity=numbers["popularity"].astype(np.float64),
    )
    levels = tuple(tables.blend)
    return ServedModels(models, is_known, Blend(levels, tuple(_weights(tables.blend[level]) for level in levels)))


def _weights(by_part: dict[str, float]) -> tuple[float, ...]:
    return tuple(by_part[part] for part in PARTS)


def _as_rows(lists: Sequence[WeightedIds], item_ids: Ints) -> tuple[Ints, Floats]:
    """Lists of ids as rows of places, int32[I, K] with -1 for none, and of weights, float32[I, K]."""
    width = max((len(ids) for ids, _ in lists), default=0)
    places, weights = np.full((len(lists), width), -1, np.int32), np.zeros((len(lists), width), np.float32)
    for row, (ids, own) in enumerate(lists):
        found = np.searchsorted(item_ids, ids).clip(max=len(item_ids) - 1)
        known = item_ids[found] == ids
        count = int(known.sum())
        places[row, :count], weights[row, :count] = found[known], own[known]
    return places, weights
