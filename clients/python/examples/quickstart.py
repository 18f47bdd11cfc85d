"""Registers a user, rates three films, prints recommendations with their reasons, and deletes the user again.

Run it against a server: `CINELIBRE_TARGET=127.0.0.1:50051 python quickstart.py`.
"""

import asyncio
import os
import secrets
import sys

from cinelibre.v1.catalog_pb2 import Item
from cinelibre_client import CineLibre, CineLibreError


def title(item: Item) -> str:
    """The title of a film or book."""
    return item.movie.title if item.HasField("movie") else item.book.title


async def rate_and_recommend(cl: CineLibre) -> None:
    """Rates the three best hits of a search and prints what follows from that."""
    found = await cl.search("two friends on a road trip", item_type="movie", limit=3)
    for hit in found.hits:
        rating = await cl.rate(hit.item.item_id, 4.5)
        print(f"rated {title(hit.item)}: {rating.stars} stars")

    answer = await cl.recommend(limit=5)
    for recommendation in answer.recommendations:
        print(f"{title(recommendation.item)}: {recommendation.reason}")
    if len(found.hits) < 3 or not answer.recommendations:
        sys.exit("the catalogue is too small for a recommendation")


async def main() -> None:
    """Whatever happens, the user is deleted at the end."""
    async with CineLibre(os.environ.get("CINELIBRE_TARGET", "127.0.0.1:50051")) as cl:
        user = await cl.register(f"quickstart-{secrets.token_hex(8)}@example.com", secrets.token_urlsafe(16))
        print(f"registered {user.email}")
        try:
            await rate_and_recommend(cl)
        finally:
            await cl.delete_me()
            print(f"deleted {user.email}")


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except CineLibreError as error:
        sys.exit(str(error))
