"""`python -m benchmarks.evaluate --data PATH`: the quality of recommendations and search, as a table and as JSON."""

import asyncio
import os
import sys
from itertools import groupby
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from benchmarks.evaluation import search, split
from benchmarks.evaluation.predictions import evaluate_predictions
from benchmarks.evaluation.ranking import evaluate_ranking
from benchmarks.evaluation.scores import Result
from benchmarks.evaluation.scratch import scratch_database
from benchmarks.measurement import BenchmarkError, Measurement, write_json
from cinelibre_server.config import load_settings
from cinelibre_server.embedding.model import ensure_model
from cinelibre_server.embedding.runtime import Embedder
from cinelibre_server.errors import StartupError
from cinelibre_server.progress import progress

Data = Annotated[
    Path, typer.Option(help=f"The folder with ml-100k; for --search also {search.FILMS}, {search.QUERIES}.")
]
Search = Annotated[bool, typer.Option("--search", help="Search too: embeds 7,000 plots first, some minutes.")]
Json = Annotated[Path | None, typer.Option("--json", help="Write the numbers here too.")]


def main(data: Data, with_search: Search = False, json: Json = None) -> None:
    """Measure the quality of recommendations on MovieLens 100K, split u1, in a database of its own. Some minutes."""
    movielens = data / "ml-100k" if (data / "ml-100k").is_dir() else data
    needed = [movielens / name for name in split.FILES]
    if with_search:
        needed += [data / search.FILMS, data / search.QUERIES]
    for path in needed:
        if not path.is_file():
            raise BenchmarkError(f"{path} is missing: give --data the folder that holds ml-100k (from grouplens.org)")
    results = asyncio.run(_evaluate(movielens, data if with_search else None))
    for task, group in groupby(results, key=lambda result: result.task):
        Console().print(_table(task, list(group)))
    if json:
        write_json(_measurements(results), json)


async def _evaluate(movielens: Path, search_data: Path | None) -> list[Result]:
    settings = load_settings()
    files = ensure_model(settings.cache_dir, model=settings.model, model_dir=settings.model_dir)
    embedder = Embedder(files, threads=os.cpu_count() or 1, cache_size=0)
    try:
        async with scratch_database() as (url, pool):
            parts = await split.import_split(url, pool, movielens, embedder, progress)
            results = await evaluate_predictions(pool, parts)
            results += await evaluate_ranking(pool, parts, progress)
        if search_data:
            async with scratch_database() as (_, pool):
                results += await search.evaluate_search(pool, search_data, embedder, progress)
    finally:
        embedder.close()
    return results


def _table(task: str, results: list[Result]) -> Table:
    measures = list(dict.fromkeys(measure for result in results for measure in result.values))
    table = Table("", title=task)
    for measure in measures:
        table.add_column(measure, justify="right")
    for result in results:
        cells = (f"{result.values[measure]:.4f}" if measure in result.values else "" for measure in measures)
        table.add_row(result.method, *cells)
    return table


def _measurements(results: list[Result]) -> list[Measurement]:
    return [
        Measurement(f"{result.task}: {result.method}: {measure}", value, "stars" if measure in {"RMSE", "MAE"} else "")
        for result in results
        for measure, value in result.values.items()
    ]


if __name__ == "__main__":
    try:
        typer.run(main)
    except (BenchmarkError, StartupError) as error:
        print(f"evaluate: {error}", file=sys.stderr)
        sys.exit(1)
