"""An evaluation as JSON."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from cinelibre_server.recommend.evaluation.score import Evaluation

_DIGITS = 6


def write_json(evaluation: Evaluation, path: Path) -> None:
    """{facts, notes, tasks: [{task, methods: [{method, mean, splits: {split: measures}}]}], tunings}."""
    tasks = [
        {
            "task": task,
            "methods": [
                {
                    "method": mean.method,
                    "mean": _rounded(mean.measures),
                    "splits": {
                        split: _rounded(score.measures)
                        for split, scores in evaluation.by_split(task).items()
                        for score in scores
                        if score.method == mean.method
                    },
                }
                for mean in evaluation.means(task)
            ],
        }
        for task in evaluation.tasks()
    ]
    document = {
        "facts": dict(evaluation.facts),
        "notes": list(evaluation.notes),
        "tasks": tasks,
        "tunings": [asdict(tuning) for tuning in evaluation.tunings],
    }
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def _rounded(measures: Mapping[str, float]) -> dict[str, float | None]:
    """NaN, which JSON has not, becomes null."""
    return {name: round(value, _DIGITS) if value == value else None for name, value in measures.items()}
