"""Brings ratings in the order of the table they are written to, as far as the order of the file allows."""

import numpy as np

from cinelibre_server.store.rating_batch import RatingBatch

_MOST_HELD = 1_000_000


class RatingOrder:
    """Sorts ratings that come in blocks by user and item, and keeps the latest of each pair.

    In a file that has the ratings of a user together, as MovieLens has them, all that comes out is in order and
    no pair is repeated: `complete` stays true. Otherwise this holds within each block only; of the ratings of a
    pair, those of later lines still come later. `repeated` counts what was left out.
    """

    def __init__(self) -> None:
        self.complete = True
        self.repeated = 0
        self._held: RatingBatch | None = None
        self._last_pair = -1

    def add(self, batch: RatingBatch) -> RatingBatch:
        """Takes the next ratings in, and gives those that can be written; what the last user has is held back."""
        if self._held is not None:
            batch = RatingBatch.joined([self._held, batch])
        others = np.flatnonzero(batch.user_ids != batch.user_ids[-1]) if len(batch) else np.empty(0, np.int64)
        ready = int(others[-1]) + 1 if len(others) else 0
        if len(batch) - ready > _MOST_HELD:
            ready = len(batch)
        self._held = batch[ready:]
        return self._in_order(batch[:ready])

    def rest(self) -> RatingBatch:
        """What was held back."""
        held, self._held = self._held, None
        return self._in_order(held if held is not None else RatingBatch.joined([]))

    def _in_order(self, batch: RatingBatch) -> RatingBatch:
        if not len(batch):
            return batch
        pairs = batch.user_ids << 32 | batch.item_ids
        if not (np.diff(pairs) > 0).all():
            # Sorting keeps the order of lines among equal times.
            order = np.lexsort((batch.rated_at, pairs))
            order = order[np.diff(pairs[order], append=-1) != 0]
            self.repeated += len(batch) - len(order)
            batch, pairs = batch[order], pairs[order]
        self.complete = self.complete and self._last_pair < pairs[0]
        self._last_pair = int(pairs[-1])
        return batch
