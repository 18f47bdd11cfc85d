"""How long a start takes, and how fast the import is: both happen before anything else can be measured."""

from benchmarks.measurement import Measurement, at_least, at_most
from benchmarks.stage import Stage


def measure(stage: Stage) -> list[Measurement]:
    """Seconds until everything answers, with packages installed; ratings a second of the import's own report."""
    return [
        at_most("first start", stage.first_start_seconds, "s", 60),
        at_most("later start, with MovieLens 100K", stage.product.start_seconds, "s", 6),
        at_least("import movielens", stage.import_ratings_per_second, "ratings/s", 50_000),
    ]
