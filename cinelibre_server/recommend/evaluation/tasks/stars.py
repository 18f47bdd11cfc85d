"""How far predicted stars are from given ones, on the folds of Surprise's published benchmark."""

from collections.abc import Sequence

from cinelibre_server.progress import Progress
from cinelibre_server.recommend.evaluation import measures
from cinelibre_server.recommend.evaluation.dataset import Dataset
from cinelibre_server.recommend.evaluation.methods.method import PredictorTrainer
from cinelibre_server.recommend.evaluation.protocols.surprise_folds import surprise_folds
from cinelibre_server.recommend.evaluation.score import Score

TASK = "rating prediction"


async def evaluate_stars(dataset: Dataset, trainers: Sequence[PredictorTrainer], progress: Progress) -> list[Score]:
    """RMSE and MAE of every method on every fold."""
    scores = []
    for split in surprise_folds(len(dataset.ratings)):
        training, test = dataset.ratings.take(split.training), dataset.ratings.take(split.test)
        for trainer in trainers:
            async with trainer(training, split.name) as predictors:
                with progress(f"Predicting stars, {split.name}", len(test) * len(predictors), "predictions") as step:
                    for predictor in predictors:
                        predicted = await predictor.predict_stars(test.users, test.items, step)
                        values = {
                            "RMSE": measures.rmse(predicted, test.stars),
                            "MAE": measures.mae(predicted, test.stars),
                        }
                        scores.append(Score(TASK, split.name, predictor.name, values))
    return scores
