"""The serving model's tables, read back for a training that goes on from them."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from cinelibre_server.store.database import Connection
from cinelibre_server.store.queries import load_queries

_SQL = load_queries("training")

WeightedIds: TypeAlias = tuple[NDArray[np.int32], NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class ModelTables:
    """The tables `settings`, `blend`, `items` and `neighbors` as they are, of M items by ascending id; item 0 first.

    settings: of each list of ten numbers the name and the numbers. blend: number of ratings and the parts' weights.
    numbers: float32[M] by the names of columns, vectors: float32[M, D]. The lists are of item ids with weights:
    item_weights and companion_lifts of M items; neighbors and companions by item id, the strongest first.
    """

    settings: dict[str, list[float]]
    blend: dict[int, dict[str, float]]
    item_ids: NDArray[np.int32]
    numbers: dict[str, NDArray[np.float32]]
    vectors: dict[str, NDArray[np.float32]]
    item_weights: list[WeightedIds]
    companion_lifts: list[WeightedIds]
    neighbors: dict[int, WeightedIds]
    companions: dict[int, WeightedIds]


async def read_model_tables(connection: Connection) -> ModelTables | None:
    """What serves; None if there is nothing. The connection is one of connect_for_training."""
    settings = await connection.fetchrow(_SQL["model_settings"])
    items = await connection.fetch(_SQL["model_items"])
    if settings is None or not items:
        return None
    blend = await connection.fetch(_SQL["model_blend"])
    lists = await connection.fetch(_SQL["model_neighbors"])
    numbers = ("popularity", "stars_base", "stars_noise", "stars_offset")
    vectors = ("stars_reading", "stars_implied", "stars_output", "taste_factors")
    return ModelTables(
        settings=dict(settings),
        blend={row["min_ratings"]: {part: row[part] for part in list(row.keys())[1:]} for row in blend},
        item_ids=np.array([row["item_id"] for row in items], np.int32),
        numbers={name: np.array([row[name] for row in items], np.float32) for name in numbers},
        vectors={name: np.stack([row[name].to_numpy() for row in items]).astype(np.float32) for name in vectors},
        # The places of a sparse vector's numbers begin with 0 here, with 1 in PostgreSQL.
        item_weights=[_weighted(row["item_weights"].indices(), row["item_weights"].values(), 1) for row in items],
        companion_lifts=[
            _weighted(row["companion_lifts"].indices(), row["companion_lifts"].values(), 1) for row in items
        ],
        neighbors={row["item_id"]: _weighted(row["neighbor_ids"], row["weights"]) for row in lists},
        companions={row["item_id"]: _weighted(row["companion_ids"], row["lifts"]) for row in lists},
    )


def _weighted(ids: list[int], weights: list[float], shift: int = 0) -> WeightedIds:
    return np.array(ids, np.int32) + np.int32(shift), np.array(weights, np.float32)
