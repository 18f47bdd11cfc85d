"""`cinelibre import`: ratings and items from elsewhere."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
import uvloop
from rich.console import Console

from cinelibre_server.commands.database import DatabaseUrl, DataDir, open_database
from cinelibre_server.commands.embedder import load_embedder
from cinelibre_server.errors import StartupError
from cinelibre_server.progress import progress

if TYPE_CHECKING:
    from cinelibre_server.store.items import ItemKind

import_app = typer.Typer(help="Bring ratings and items in from elsewhere.", no_args_is_help=True)

_out = Console(soft_wrap=True)

Embed = Annotated[bool, typer.Option("--embed/--no-embed", help="Embed the new items too.")]


@import_app.command("movielens")
def movielens(
    path: Annotated[Path, typer.Argument(help="A MovieLens folder or zip: ml-100k, ml-1m, ml-25m, ml-latest…")],
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    embed: Embed = True,
) -> None:
    """Import MovieLens ratings, users and films; importing again changes nothing."""
    from cinelibre_server.ingest.movielens import import_movielens

    async def run() -> None:
        async with open_database(data_dir, database_url) as url:
            await _migrate(url)
            report = await import_movielens(url, path, progress)
            await _finish(url, report.lines(), embed=embed)

    uvloop.run(run())


@import_app.command("goodbooks")
def goodbooks(
    path: Annotated[Path, typer.Argument(help="A folder or zip with books.csv and ratings.csv of goodbooks-10k.")],
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    embed: Embed = True,
) -> None:
    """Import the books, users and ratings of goodbooks-10k; importing again changes nothing."""
    from cinelibre_server.ingest.goodbooks import import_goodbooks

    async def run() -> None:
        async with open_database(data_dir, database_url) as url:
            await _migrate(url)
            report = await import_goodbooks(url, path, progress)
            await _finish(url, report.lines(), embed=embed)

    uvloop.run(run())


@import_app.command("items")
def items(
    path: Annotated[
        Path | None, typer.Argument(help="A file of CSV with a header or of JSON lines, plain or gzipped.")
    ] = None,
    item_type: Annotated[
        str | None, typer.Option("--type", metavar="movie|book", help="What the rows are. [default: the file tells]")
    ] = None,
    mapping: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="COLUMN=FIELD", help="What a column means, or `ignore`; can be repeated."),
    ] = None,
    source: Annotated[
        str | None, typer.Option("--source", help="The catalogue that the column `id` numbers, as in tmdb.")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="The file's values win over what the catalogue has of an item.")
    ] = False,
    report: Annotated[
        Path | None, typer.Option("--report", help="Write every repair and reject here, as CSV or JSON lines.")
    ] = None,
    schema: Annotated[bool, typer.Option("--schema", help="Print the columns that a file can have.")] = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    embed: Embed = True,
) -> None:
    """Import films or books from CSV or JSON lines; importing again changes nothing."""
    from cinelibre_server.ingest.items.item_import import ItemOptions, import_items
    from cinelibre_server.ingest.items.schema import describe

    if schema:
        _out.print(describe(), markup=False, highlight=False)
        return
    if path is None:
        raise StartupError("which file? `cinelibre import items FILE`, or --schema for the columns it can have")
    options = ItemOptions(_item_type(item_type), _mapping(mapping or ()), source, overwrite, report)

    async def run() -> None:
        async with open_database(data_dir, database_url) as url:
            await _migrate(url)
            done = await import_items(url, path, options, progress)
            await _finish(url, [*done.lines(), *([f"report:   {report}"] if report else [])], embed=embed)

    uvloop.run(run())


@import_app.command("ratings")
def ratings(
    path: Annotated[
        Path,
        typer.Argument(help="A download of Letterboxd, IMDb, Goodreads or Trakt; without --user our own export."),
    ],
    user: Annotated[
        str | None,
        typer.Option("--user", metavar="EMAIL", help="The account whose ratings these are.", show_default=False),
    ] = None,
    preview: Annotated[bool, typer.Option("--preview", help="Only show what would match.")] = False,
    name: Annotated[
        str | None,
        typer.Option(
            "--format", help="letterboxd, imdb, goodreads or trakt. [default: the content tells]", show_default=False
        ),
    ] = None,
    report: Annotated[
        Path | None, typer.Option("--report", help="Write what became of every row here, as CSV.")
    ] = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Import a person's own ratings of another service, or what `cinelibre export ratings` wrote.

    What can't be told for sure is reported, never guessed.
    """
    from cinelibre_server.commands.own_ratings import import_for_user
    from cinelibre_server.ingest.rating_file import import_rating_file

    if user is None and (preview or name or report):
        raise StartupError("--preview, --format and --report need --user EMAIL: the account whose ratings these are")

    async def run() -> None:
        async with open_database(data_dir, database_url) as url:
            await _migrate(url)
            if user is not None:
                await import_for_user(url, path, user, name, report, preview=preview, out=_out)
                return
            done = await import_rating_file(url, path, progress)
            await _finish(url, done.lines(), embed=False)

    uvloop.run(run())


async def _migrate(url: str) -> None:
    from cinelibre_server.store.migrate import migrate

    await migrate(url)


async def _finish(url: str, lines: Sequence[str], *, embed: bool) -> None:
    from cinelibre_server.ingest.catalogue import embed_catalogue

    for line in lines:
        _out.print(line, markup=False, highlight=False)
    if embed:
        await embed_catalogue(url, load_embedder(), progress)


def _item_type(text: str | None) -> "ItemKind | None":
    if text not in (None, "movie", "book"):
        raise StartupError(f"--type {text}: must be movie or book")
    return text  # type: ignore[return-value]


def _mapping(options: Sequence[str]) -> dict[str, str]:
    pairs = [option.rpartition("=")[::2] for option in options]
    for option, (column, field) in zip(options, pairs, strict=True):
        if not column or not field:
            raise StartupError(f"--map {option}: must be COLUMN=FIELD, as in --map MovieName=title")
    return dict(pairs)
