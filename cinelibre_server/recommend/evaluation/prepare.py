"""What the recommender needs between an import and its first recommendation."""


async def prepare_recommender(_url: str) -> None:
    """Trains the models on the ratings in the database at that address. So far all is computed from the ratings."""
