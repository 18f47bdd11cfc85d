"""`cinelibre evaluate`: how good the product is, measured on data of your own."""

import asyncio
import signal
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, get_args

import typer
import uvloop
from rich.console import Console
from rich.table import Table

from cinelibre_server.commands.embedder import load_embedder
from cinelibre_server.errors import StartupError
from cinelibre_server.progress import progress

if TYPE_CHECKING:
    from cinelibre_server.recommend.evaluation.score import Part

Result = TypeVar("Result")

evaluate_app = typer.Typer(help="Measure the quality of recommendations and search offline.", no_args_is_help=True)

_HTML_NAME = "evaluation.html"


@evaluate_app.callback()
def _group() -> None:
    """Measure the quality of recommendations and search offline."""


@evaluate_app.command("recommendations")
def recommendations(
    data: Annotated[Path, typer.Option("--data", help="A MovieLens folder: ml-100k, ml-latest, ml-1m… or alike.")],
    json: Annotated[Path | None, typer.Option("--json", help="Write all numbers here.")] = None,
    html: Annotated[
        Path | None,
        typer.Option(
            "--html", help="Write a report with plots to this file or folder. [default: beside the JSON, as .html]"
        ),
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option("--only", help="stars, ranking or cold-start; can be repeated. [default: all]")
    ] = None,
    peers: Annotated[
        bool,
        typer.Option("--peers", help="Measure Surprise, implicit and LensKit, too (the extra `peers`)."),
    ] = False,
    max_users: Annotated[int, typer.Option(min=1, help="Measure the lists of at most so many users a split.")] = 2000,
    embed: Annotated[
        bool, typer.Option("--embed/--no-embed", help="Embed the films, as content and hybrid need it.")
    ] = True,
) -> None:
    """Predict stars, rank and greet new users on parts of the ratings that were held back, in databases of its own."""
    from cinelibre_server.recommend.evaluation.report.html_report import write_html
    from cinelibre_server.recommend.evaluation.report.json_report import write_json
    from cinelibre_server.recommend.evaluation.report.tables import tables, tuning_lines
    from cinelibre_server.recommend.evaluation.run import Options, evaluate

    options = Options(_parts(only), max_users, peers)
    page = _page(json, html)
    for path in filter(None, (json, page)):
        _check_file(path)
    embedder = load_embedder() if embed else None
    try:
        evaluation = uvloop.run(_until_stopped(evaluate(data, options, embedder, progress)))
    finally:
        if embedder:
            embedder.close()
    console = Console()
    for table in tables(evaluation):
        console.print(table)
    for note in (*tuning_lines(evaluation), *evaluation.notes):
        console.print(note, markup=False, style="dim")
    if json:
        write_json(evaluation, json)
    if page:
        write_html(evaluation, page)
        console.print(f"The report with plots is {page}", markup=False)


@evaluate_app.command("search")
def search(
    catalogue: Annotated[Path, typer.Option("--catalogue", help="JSON lines with title, plot and id (see README).")],
    queries: Annotated[Path, typer.Option("--queries", help="Queries with the ids of the right items (see README).")],
    json: Annotated[Path | None, typer.Option("--json", help="Write all numbers here.")] = None,
) -> None:
    """Search for items of a catalogue in a database of its own: by meaning, by words, and as it is served."""
    from cinelibre_server.search.evaluation.files import read_catalogue, read_queries
    from cinelibre_server.search.evaluation.run import evaluate, write_json

    films, asked = read_catalogue(catalogue), read_queries(queries)
    known = {film.external_id for film in films}
    if not any(query.right & known for query in asked):
        raise StartupError(f"none of the right ids in {queries} is of an item with a plot in {catalogue}")
    if json:
        _check_file(json)
    embedder = load_embedder()
    try:
        results = uvloop.run(_until_stopped(evaluate(films, asked, embedder, progress)))
    finally:
        embedder.close()
    table = Table("", "language", "queries", "MRR@10", "Recall@10", "Recall@100", "nDCG@10", title="search")
    for result in results:
        measures = (result.mrr_at_10, result.recall_at_10, result.recall_at_100, result.ndcg_at_10)
        table.add_row(result.way, result.language, str(result.queries), *(f"{value:.4f}" for value in measures))
    console = Console()
    console.print(table)
    if left_out := sum(not query.right & known for query in asked):
        console.print(
            f"{left_out} of {len(asked)} queries were left out: none of their right ids is of an item with a plot.",
            markup=False, style="dim",
        )  # fmt: skip
    if json:
        write_json(results, json)


async def _until_stopped(work: Coroutine[Any, Any, Result]) -> Result:
    """Its result; Ctrl-C and SIGTERM end it, and the scratch databases with it."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        return await work
    except asyncio.CancelledError:
        raise StartupError("stopped before the end: nothing was written") from None


def _check_file(path: Path) -> None:
    """Before hours of work: a file can be written there."""
    if not path.resolve().parent.is_dir():
        raise StartupError(f"{path.resolve().parent} is no folder: make it first")
    if path.is_dir():
        raise StartupError(f"{path} is a folder: name a file")


def _page(json: Path | None, html: Path | None) -> Path | None:
    """Where the report goes, if anywhere."""
    if html is None:
        return json.with_suffix(".html") if json else None
    return html / _HTML_NAME if html.is_dir() else html


def _parts(only: list[str] | None) -> "list[Part]":
    from cinelibre_server.recommend.evaluation.score import Part

    known: tuple[Part, ...] = get_args(Part)
    if unknown := set(only or ()) - set(known):
        raise StartupError(f"there is no part {sorted(unknown)[0]!r}: --only takes {', '.join(known)}")
    return [part for part in known if not only or part in only]
