"""What a reader of an evaluation should know."""

from cinelibre_server.recommend.evaluation.dataset import Dataset


def describe(dataset: Dataset, max_users: int, *, embedded: bool, tuned: bool) -> list[str]:
    """The protocols, the measures that need words, and what is special about the data."""
    notes = [
        "Rating prediction: the five folds of Surprise's published benchmark, all of its test ratings.",
        "Ranking and cold start: a film is relevant if the user gave it 4 stars or more in the test part; candidates"
        " are all films that the user had not rated. Means over users with a relevant film.",
        "Of the first ten, coverage: share of all films that are recommended to anybody; popularity: mean rank, 1 is"
        " the film with the most training ratings.",
        "diversity: 1 - mean cosine of the films' embeddings among the first ten."
        if embedded
        else "diversity: mean Jaccard distance of the films' genres among the first ten.",
        "Cold start: five times a fifth of the users are new, everybody once; of them only the first ratings in time"
        " are known. Ratings after the first are added to the trained model as they are when people rate; nothing is"
        " trained again.",
        f"Lists of at most {max_users:,} users a split are measured, always the same ones.",
    ]
    if tuned:
        notes.append(
            "Other libraries' ranking methods: parameters from the grid, by nDCG@10 on a random fifth of the first"
            " training part, and kept for all other splits and tasks. What they have no opinion on comes last, by"
            " number of ratings; implicit ALS solves for a user's factors from all that the user has rated so far."
        )
    if dataset.skipped:
        notes.append(f"{dataset.skipped:,} lines were left out: unreadable, or rated again later.")
    if not dataset.has_times:
        notes.append("The data has no times: no split in time, and 'first' means earlier in the file.")
    return notes
