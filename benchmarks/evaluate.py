"""`python -m benchmarks.evaluate --data PATH`: the quality of recommendations, and with --search that of search."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from benchmarks.evaluation import search
from benchmarks.measurement import BenchmarkError, Measurement, write_json
from cinelibre_server.commands.evaluate import recommendations
from cinelibre_server.config import load_settings
from cinelibre_server.embedding.model import ensure_model
from cinelibre_server.embedding.runtime import Embedder
from cinelibre_server.errors import StartupError
from cinelibre_server.progress import progress
from cinelibre_server.recommend.evaluation.scratch import scratch_database

Data = Annotated[
    Path,
    typer.Option(help=f"A MovieLens folder, or one that has it; for --search also {search.FILMS}, {search.QUERIES}."),
]
Search = Annotated[bool, typer.Option("--search", help="Search too: embeds 7,000 plots first, some minutes.")]
Json = Annotated[Path | None, typer.Option("--json", help="Write the numbers here; search goes to search.json beside.")]


def main(data: Data, with_search: Search = False, json: Json = None) -> None:
    """Runs `cinelibre evaluate recommendations`, then the evaluation of search."""
    needed = (data / search.FILMS, data / search.QUERIES)
    for path in needed if with_search else ():
        if not path.is_file():
            raise BenchmarkError(f"{path} is missing: give --data the folder that holds it")
    recommendations(data, json)
    if with_search:
        results = asyncio.run(_evaluate_search(data))
        table = Table("", "MRR@10", "Recall@10", title=search.TASK)
        for result in results:
            table.add_row(result.group, f"{result.mrr:.4f}", f"{result.recall:.4f}")
        Console().print(table)
        if json:
            write_json(_measurements(results), json.with_name("search.json"))


async def _evaluate_search(data: Path) -> list[search.Result]:
    settings = load_settings(environment="local")
    files = ensure_model(settings.cache_dir, model=settings.model, model_dir=settings.model_dir)
    embedder = Embedder(files, threads=os.cpu_count() or 1, cache_size=0)
    try:
        async with scratch_database() as (_, pool):
            return await search.evaluate_search(pool, data, embedder, progress)
    finally:
        embedder.close()


def _measurements(results: list[search.Result]) -> list[Measurement]:
    return [
        Measurement(f"{search.TASK}: {result.group}: {measure}", value, "")
        for result in results
        for measure, value in (("MRR@10", result.mrr), ("Recall@10", result.recall))
    ]


if __name__ == "__main__":
    try:
        typer.run(main)
    except (BenchmarkError, StartupError) as error:
        print(f"evaluate: {error}", file=sys.stderr)
        sys.exit(1)
