"""Writes fitted models into the tables that the SQL functions read."""

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray
from pgvector import SparseVector, Vector

from cinelibre_server.recommend.training.blend import PARTS, Blend
from cinelibre_server.recommend.training.companions import companion_values
from cinelibre_server.recommend.training.factors import FACTORS, fold_in_taste, taste_targets, taste_weights
from cinelibre_server.recommend.training.fit import FittedModels
from cinelibre_server.recommend.training.item_item import rating_values
from cinelibre_server.recommend.training.neighbors import ItemNeighbors
from cinelibre_server.recommend.training.stars import user_vector
from cinelibre_server.store.database import Connection
from cinelibre_server.store.models import copy_rows
from cinelibre_server.store.rating_matrix import RatingMatrix

UNSEEN_ITEM = 0
"""The id of the row that stands for items without ratings."""

_BLEND_COLUMNS = ("min_ratings", *PARTS)
_NEIGHBOR_COLUMNS = ("item_id", "neighbor_ids", "weights", "companion_ids", "lifts")
_PROFILE_COLUMNS = ("user_id", "changed_xid", "stars_vector", "taste_vector")
ITEM_COLUMNS = (
    *("item_id", "popularity", "stars_base", "stars_reading", "stars_implied", "stars_noise"),
    *("stars_offset", "stars_output", "taste_factors", "item_weights", "companion_lifts"),
)
# So many can an id be told from.
_SPARSE_DIMENSIONS = 1_000_000_000


def value_lists() -> dict[str, list[float]]:
    """How ratings of 1 to 10 half stars are read, as the table `settings` has it: the form of a model."""
    return {
        "taste_weights": taste_weights().tolist(),
        "taste_targets": taste_targets().tolist(),
        "rating_values": rating_values().tolist(),
        "companion_values": companion_values().tolist(),
    }


async def write_tables(
    connection: Connection,
    model_id: int,
    matrix: RatingMatrix,
    fitted: FittedModels,
    blend: Blend,
    changed_xids: Mapping[int, int],
) -> None:
    """Fills the new model's tables, with the profiles of all users whose ratings are those of `changed_xids`."""
    lists = value_lists()
    await copy_rows(connection, "settings", ("model_id", *lists), [(model_id, *lists.values())])
    weights = zip(blend.rating_counts, blend.weights, strict=True)
    await copy_rows(connection, "blend", _BLEND_COLUMNS, [(count, *parts) for count, parts in weights])
    await copy_rows(connection, "items", ITEM_COLUMNS, _item_rows(matrix, fitted))
    await copy_rows(connection, "neighbors", _NEIGHBOR_COLUMNS, _neighbor_rows(matrix, fitted))
    await copy_rows(connection, "profiles", _PROFILE_COLUMNS, _profile_rows(matrix, fitted, changed_xids))


def _item_rows(matrix: RatingMatrix, fitted: FittedModels) -> Iterator[tuple[object, ...]]:
    stars = fitted.stars
    per_item = (stars.base, stars.reading, stars.implied, stars.noise, stars.offset, stars.output)
    unseen = (part.mean(axis=0) for part in per_item)
    nothing = SparseVector({}, _SPARSE_DIMENSIONS)
    yield (UNSEEN_ITEM, 0.0, *(_cell(part) for part in unseen), Vector(np.zeros(FACTORS)), nothing, nothing)
    for place, item_id in enumerate(matrix.item_ids.tolist()):
        cells = (_cell(part[place]) for part in per_item)
        sources = (_sources(matrix, model, place) for model in (fitted.item_item, fitted.companions))
        yield (item_id, float(fitted.popularity[place]), *cells, Vector(fitted.factors[place]), *sources)


def _sources(matrix: RatingMatrix, model: ItemNeighbors, place: int) -> SparseVector:
    known = model.sources[place] >= 0
    ids = matrix.item_ids[model.sources[place][known]]
    # The places of a sparse vector's numbers begin with 1 in PostgreSQL, with 0 here.
    weights = zip((ids - 1).tolist(), model.source_weights[place][known].tolist(), strict=True)
    return SparseVector(dict(weights), _SPARSE_DIMENSIONS)


def _neighbor_rows(matrix: RatingMatrix, fitted: FittedModels) -> Iterator[tuple[object, ...]]:
    for place, item_id in enumerate(matrix.item_ids.tolist()):
        lists = [_targets(matrix, model, place) for model in (fitted.item_item, fitted.companions)]
        if any(ids for ids, _ in lists):
            yield (item_id, *lists[0], *lists[1])


def _targets(matrix: RatingMatrix, model: ItemNeighbors, place: int) -> tuple[list[int], list[float]]:
    known = model.targets[place] >= 0
    return matrix.item_ids[model.targets[place][known]].tolist(), model.target_weights[place][known].tolist()


def _profile_rows(
    matrix: RatingMatrix, fitted: FittedModels, changed_xids: Mapping[int, int]
) -> Iterator[tuple[object, ...]]:
    starts = matrix.user_starts
    for user, user_id in enumerate(matrix.user_ids.tolist()):
        if user_id in changed_xids:
            own = slice(starts[user], starts[user + 1])
            items, stars = matrix.item_index[own], matrix.stars[own]
            taste = fold_in_taste(fitted.factors, items[::-1], (stars[::-1] * 2).astype(np.int64))
            vector = user_vector(fitted.stars, items, stars)
            yield (user_id, changed_xids[user_id], Vector(vector), Vector(taste))


def _cell(value: NDArray[np.float32]) -> object:
    return Vector(value) if np.ndim(value) else float(value)
