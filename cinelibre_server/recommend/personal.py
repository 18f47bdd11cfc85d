"""A page of personal recommendations with items and reasons: what the service sends and the command line prints."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cinelibre_server.recommend import reasons
from cinelibre_server.store.items import ItemDetails, ItemFilter, ItemStore
from cinelibre_server.store.recommend import Candidate, PersonalAlgorithm, RecommendStore, ScoreKey


@dataclass(frozen=True, slots=True)
class PersonalRecommendation:
    """A candidate with its item, why it is there, and the ids of the liked items that led to it."""

    candidate: Candidate
    item: ItemDetails
    reason: str
    because_item_ids: Sequence[int]


async def list_personal(
    recommend: RecommendStore,
    items: ItemStore,
    algorithm: PersonalAlgorithm,
    user_id: int,
    wanted: ItemFilter,
    limit: int,
    after: ScoreKey | None = None,
) -> tuple[list[PersonalRecommendation], bool]:
    """At most `limit` recommendations after a key, the best first, and whether there are more."""
    found = await recommend.personalized(algorithm, user_id, wanted, limit + 1, after)
    page = found[:limit]
    by_content = [candidate.item_id for candidate in page if candidate.source == "content"]
    because = {candidate.item_id: candidate.because_item_ids for candidate in page}
    if by_content:
        because.update(await recommend.because(user_id, by_content))
    if predicted := [candidate.item_id for candidate in page if candidate.predicted_stars is None]:
        stars = await recommend.predicted_stars(user_id, predicted)
        page = [
            replace(candidate, predicted_stars=stars.get(candidate.item_id, candidate.predicted_stars))
            for candidate in page
        ]
    ids = set(because).union(*because.values())
    details = await items.get_many(list(ids))
    result = []
    for candidate in page:
        liked = because[candidate.item_id]
        item = details[candidate.item_id]
        reason = reasons.personal(candidate, item, [details[item_id] for item_id in liked])
        result.append(PersonalRecommendation(candidate, item, reason, liked))
    return result, len(found) > limit
