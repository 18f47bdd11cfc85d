"""`cinelibre export`: what there is, given back."""

from typing import TYPE_CHECKING, Annotated

import typer
import uvloop

from cinelibre_server.commands.database import DatabaseUrl, DataDir, open_database
from cinelibre_server.progress import progress

if TYPE_CHECKING:
    from cinelibre_server.store.exports import ExportName

export_app = typer.Typer(help="Write items and ratings to files that `import` reads.", no_args_is_help=True)

Target = Annotated[str, typer.Argument(metavar="FILE|-", help="Gzipped if it ends in .gz; - is the standard output.")]
Format = Annotated[
    str | None,
    typer.Option("--format", metavar="csv|jsonl", help="[default: what FILE ends in, else csv]", show_default=False),
]


@export_app.command("items")
def items(target: Target, form: Format = None, data_dir: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """Write all films and books, as CSV or JSON lines."""
    _export("items", target, form, data_dir, database_url)


@export_app.command("ratings")
def ratings(target: Target, form: Format = None, data_dir: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """Write all ratings, as CSV or JSON lines; accounts are named by their email."""
    _export("ratings", target, form, data_dir, database_url)


def _export(name: "ExportName", target: str, form: str | None, data_dir: DataDir, database_url: DatabaseUrl) -> None:
    from cinelibre_server.export.export import export

    async def run() -> None:
        async with open_database(data_dir, database_url) as url:
            count = await export(url, name, target, form, progress)
            # The standard output may be the export itself.
            typer.echo(f"Exported {count:,} {name}.", err=True)

    uvloop.run(run())
