"""What the recommender needs between an import and its first recommendation."""

from contextlib import suppress

from cinelibre_server.progress import silent
from cinelibre_server.recommend.training.pipeline import TooFewRatings, train_model


async def prepare_recommender(url: str) -> None:
    """Trains the models on the ratings in the database at that address; with too few, AUTO is measured untrained."""
    with suppress(TooFewRatings):
        await train_model(url, silent)
