"""Why an item is recommended, in a sentence for people."""

from collections.abc import Sequence

from cinelibre_server.store.items import ItemDetails
from cinelibre_server.store.recommend import Candidate


def personal(candidate: Candidate, item: ItemDetails, liked: Sequence[ItemDetails]) -> str:
    """The reason of a personal recommendation, by the source that gave it most of its score."""
    if candidate.source == "collaborative" and candidate.predicted_stars is not None:
        people = _count(candidate.neighbor_count or 0, "person", "people")
        return (
            f"{people} with taste like yours rated it; you would give it about {candidate.predicted_stars:.1f} stars."
        )
    if candidate.source in {"content", "item_item"}:
        if liked:
            return f"Because you liked {' and '.join(_name(other, item) for other in liked)}."
        return "Close in meaning to what you liked." if candidate.source == "content" else "Goes with what you rated."
    if candidate.source == "factors":
        if candidate.predicted_stars is None:
            return "It fits your taste."
        return f"It fits your taste; you would give it about {candidate.predicted_stars:.1f} stars."
    return popular(item.rating_count if candidate.source == "popular" else 0, item.mean_stars or 0.0, recent=False)


def popular(rating_count: int, mean_stars: float, *, recent: bool) -> str:
    """The reason of a popular item; no ratings means that it stands in from the catalogue."""
    if not rating_count:
        return "From the catalogue: not rated often enough yet to say more."
    when = " in the last 30 days" if recent else ""
    return f"Rated {mean_stars:.1f} stars on average by {_count(rating_count, 'person', 'people')}{when}."


def similar(item: ItemDetails, near: ItemDetails) -> str:
    """What a near item shares with the one asked about, as far as the facts tell."""
    name = _name(item, near)
    people = set(item.directors or item.authors or ()) & set(near.directors or near.authors or ())
    if people:
        return f"Like {name}, it is by {sorted(people)[0]}."
    genres = [genre for genre in near.genres if genre in item.genres]
    if genres:
        return f"Close in meaning to {name}, and also {' and '.join(genres[:2])}."
    return f"Close in meaning to {name}."


def _name(other: ItemDetails, item: ItemDetails) -> str:
    """The other item's title; where it is a book beside a film, or the other way round, with what it is."""
    if other.item_type == item.item_type:
        return other.title
    return f"the {'film' if other.item_type == 'movie' else 'book'} {other.title}"


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"
