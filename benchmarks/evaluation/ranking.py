"""Whether the first ten recommendations are films that the user later rated highly."""

from collections import defaultdict
from statistics import mean

from benchmarks.evaluation.scores import CUTOFF, Result, ndcg, recall
from benchmarks.evaluation.split import Split
from cinelibre_server.progress import Progress
from cinelibre_server.store.database import Pool
from cinelibre_server.store.items import ItemFilter
from cinelibre_server.store.recommend import PersonalAlgorithm, RecommendStore

TASK = "first ten of all unseen films"
METHODS: dict[str, PersonalAlgorithm] = {
    "popular": "popular_for_user",
    "content": "content",
    "collaborative": "collaborative",
    "hybrid (AUTO)": "hybrid",
}

_RELEVANT_STARS = 4.0


async def evaluate_ranking(pool: Pool, split: Split, progress: Progress) -> list[Result]:
    """Means over the users with a test rating of 4 stars or more, which alone are relevant."""
    relevant: defaultdict[int, set[int]] = defaultdict(set)
    for rating in split.test:
        if rating.stars >= _RELEVANT_STARS:
            relevant[rating.user_id].add(rating.item_id)
    store = RecommendStore(pool)
    results = []
    with progress("Asking for recommendations", len(METHODS) * len(relevant), "lists") as step:
        for name, algorithm in METHODS.items():
            scores = []
            for user_id, wanted in relevant.items():
                found = await store.personalized(algorithm, user_id, ItemFilter(), CUTOFF, None)
                ranked = [candidate.item_id for candidate in found]
                scores.append((ndcg(ranked, wanted), recall(ranked, wanted)))
                step.advance(1)
            gains, shares = zip(*scores, strict=True)
            results.append(Result(TASK, name, {"nDCG@10": mean(gains), "Recall@10": mean(shares)}))
    return results
