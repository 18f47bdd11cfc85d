"""What the recommender needs between an import and its first recommendation."""

from cinelibre_server.errors import StartupError
from cinelibre_server.progress import silent
from cinelibre_server.recommend.training.pipeline import train_model


async def prepare_recommender(url: str) -> str | None:
    """Trains the models on the ratings in the database at that address; says why where that can't be done."""
    try:
        await train_model(url, silent)
    except StartupError as error:
        return str(error)
    return None
