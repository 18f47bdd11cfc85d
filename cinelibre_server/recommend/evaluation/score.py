"""What an evaluation found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Literal, TypeAlias

Part: TypeAlias = Literal["stars", "ranking", "cold-start"]


@dataclass(frozen=True, slots=True)
class Score:
    """What one method reached on one split of a task: measure to value."""

    task: str
    split: str
    method: str
    measures: Mapping[str, float]


def mean_score(scores: Sequence[Score]) -> Score:
    """The mean of each measure of a method's scores; the rest is that of the first."""
    measures = {name: fmean(score.measures[name] for score in scores) for name in scores[0].measures}
    return replace(scores[0], measures=measures)


@dataclass(frozen=True, slots=True)
class Tuning:
    """The search for a method's parameters: the grid, how much of it was tried, the best and its validation nDCG@10."""

    method: str
    grid: Mapping[str, Sequence[object]]
    tried: int
    points: int
    chosen: Mapping[str, object]
    ndcg: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """`facts` describe the data and the run, `notes` what a reader should know."""

    facts: Mapping[str, object]
    scores: Sequence[Score]
    tunings: Sequence[Tuning] = ()
    notes: Sequence[str] = ()

    def tasks(self) -> list[str]:
        """The tasks in their order."""
        return list(dict.fromkeys(score.task for score in self.scores))

    def means(self, task: str) -> list[Score]:
        """Each method's means over the task's splits, methods in their order."""
        result = []
        for method in dict.fromkeys(score.method for score in self.scores if score.task == task):
            found = [score for score in self.scores if score.task == task and score.method == method]
            result.append(replace(mean_score(found), split=f"mean of {len(found)}"))
        return result

    def by_split(self, task: str) -> dict[str, list[Score]]:
        """The task's scores by split."""
        splits: dict[str, list[Score]] = {}
        for score in self.scores:
            if score.task == task:
                splits.setdefault(score.split, []).append(score)
        return splits
