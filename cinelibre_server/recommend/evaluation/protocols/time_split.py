"""A global split in time: what was rated before a moment is known, what came after is to be found out."""

import numpy as np

from cinelibre_server.recommend.evaluation.arrays import IntArray, Split

_TEST_SHARE = 0.1


def time_split(times: IntArray) -> Split:
    """The last tenth of the ratings to be found out; of one second those later in the file count as later."""
    order = np.argsort(times, kind="stable").astype(np.int64)
    first = len(times) - round(len(times) * _TEST_SHARE)
    return Split("last tenth in time", np.sort(order[:first]), np.sort(order[first:]))
