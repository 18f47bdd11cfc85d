"""The `cinelibre` command: parse, call, print."""

import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer
import uvloop
from rich.console import Console
from rich.table import Table

from cinelibre_server import __version__
from cinelibre_server.commands.database import DatabaseUrl, DataDir, chosen_data_dir, open_database
from cinelibre_server.commands.embedder import load_embedder
from cinelibre_server.commands.evaluate import evaluate_app
from cinelibre_server.commands.exports import export_app
from cinelibre_server.commands.imports import import_app
from cinelibre_server.commands.users import users_app
from cinelibre_server.config import load_settings
from cinelibre_server.errors import StartupError
from cinelibre_server.progress import progress

# Each command imports what it needs: `cinelibre healthcheck` and `--help` should not load the model's runtime.
app = typer.Typer(
    help="Recommendations and semantic search for Indian cinema and books. Settings: CINELIBRE_* (see README).",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(import_app, name="import")
app.add_typer(export_app, name="export")
app.add_typer(evaluate_app, name="evaluate")
app.add_typer(users_app, name="users")

_out = Console()
_STATEMENT_SECONDS = 3600.0


@app.command()
def up(
    data_dir: DataDir = None,
    grpc_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="gRPC port; 0 picks a free one. [default: 50051]")
    ] = None,
    http_port: Annotated[int, typer.Option(min=0, max=65535, help="JSON port; 0 picks a free one.")] = 8080,
    http_host: Annotated[str, typer.Option(help="Address of the JSON port.")] = "127.0.0.1",
    database_url: DatabaseUrl = None,
    envoy: Annotated[bool, typer.Option("--envoy/--no-envoy", help="Serve JSON through Envoy.")] = True,
    ready_file: Annotated[Path | None, typer.Option(help="Write the endpoints here as JSON when all answer.")] = None,
) -> None:
    """Start everything here: database, catalogue, server and Envoy. Ctrl-C stops it."""
    from cinelibre_server.local.stack import StackOptions, run_up
    from cinelibre_server.local.welcome import print_welcome
    from cinelibre_server.telemetry.logs import configure_logs

    settings = load_settings(environment="local", grpc_port=grpc_port, database_url=database_url)
    configure_logs(settings.log_level, "text" if sys.stderr.isatty() else settings.log_format)
    options = StackOptions(chosen_data_dir(data_dir), http_host, http_port if envoy else None, ready_file)
    _run(run_up(settings, options, progress, print_welcome))


@app.command()
def serve() -> None:
    """Run the gRPC server alone; all configuration by CINELIBRE_*."""
    from cinelibre_server.serve import run_serve
    from cinelibre_server.telemetry.logs import configure_logs

    settings = load_settings()
    configure_logs(settings.log_level, settings.log_format)
    _run(run_serve(settings))


@app.command()
def migrate(
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    with_starter: Annotated[bool, typer.Option(help="Also load and embed the starter catalogue.")] = False,
) -> None:
    """Bring the database to this version's schema."""
    from cinelibre_server.ingest.catalogue import prepare_catalogue
    from cinelibre_server.store.migrate import migrate as apply_migrations

    async def run() -> None:
        async with open_database(data_dir, database_url) as url:
            applied = await apply_migrations(url, lambda line: _out.print(f"Applied {line}"))
            _out.print(f"The database is up to date ({applied} migrations applied).")
            if with_starter:
                await prepare_catalogue(url, load_embedder(), progress)

    _run(run())


@app.command()
def embed(data_dir: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """Make the embeddings that are missing, or all of them anew after the model was changed."""
    from cinelibre_server.ingest.catalogue import reembed_catalogue

    async def run() -> None:
        async with open_database(data_dir, database_url) as url:
            count = await reembed_catalogue(url, load_embedder(), progress)
            _out.print(f"Embedded {count:,} items.")

    _run(run())


@app.command()
def catalogue(data_dir: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """Count the films and books by language and decade."""
    from cinelibre_server.commands.catalogue import describe_catalogue

    async def run() -> None:
        async with open_database(data_dir, database_url) as url:
            print("\n".join(await describe_catalogue(url)))

    _run(run())


@app.command()
def model() -> None:
    """Build the embedding model in CINELIBRE_CACHE_DIR, if it is not there, and print its folder."""
    from cinelibre_server.embedding.model import ensure_model

    settings = load_settings(environment="local")
    print(ensure_model(settings.cache_dir, model=settings.model, model_dir=settings.model_dir).folder)


@app.command()
def healthcheck(
    target: Annotated[str | None, typer.Option(help="host:port of the server. [default: the configured one]")] = None,
) -> None:
    """Exit with 0 if the server at TARGET is serving, else with 1."""
    from cinelibre_server.healthcheck import require_serving

    settings = load_settings(environment="local")
    address = target or f"127.0.0.1:{settings.grpc_port}"
    _run(require_serving(address))
    _out.print(f"{address} is serving")


@app.command()
def recommend(
    user: Annotated[
        int, typer.Option(min=1, max=2**31 - 1, help="The user's id, as the import printed it or GetMe tells.")
    ],
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many.")] = 20,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Print what AUTO recommends to a user, and why."""
    from cinelibre_server.recommend.personal import list_personal
    from cinelibre_server.store.database import open_pool
    from cinelibre_server.store.items import ItemFilter, ItemStore
    from cinelibre_server.store.recommend import RecommendStore
    from cinelibre_server.store.users import UserStore

    async def run() -> None:
        async with open_database(data_dir, database_url) as url:
            pool = await open_pool(url, size=2, statement_timeout_seconds=_STATEMENT_SECONDS)
            try:
                if not await UserStore(pool).exists(user):
                    raise StartupError(f"there is no user {user}: give an id that the import printed")
                page, _ = await list_personal(
                    RecommendStore(pool), ItemStore(pool), "hybrid", user, ItemFilter(), limit
                )
            finally:
                await pool.close()
        table = Table("#", "item", "title", "year", "stars", "why", title=f"For user {user}")
        for place, entry in enumerate(page, 1):
            stars = entry.candidate.predicted_stars
            table.add_row(
                str(place),
                str(entry.item.item_id),
                entry.item.title,
                str(entry.item.year or ""),
                f"{stars:.1f}" if stars is not None else "",
                entry.reason,
            )
        _out.print(table)

    _run(run())


@app.command()
def train(
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    force: Annotated[bool, typer.Option("--force", help="Serve the new model even if it measures worse.")] = False,
    incremental: Annotated[
        bool | None,
        typer.Option(
            "--incremental/--full",
            help="Bring the serving model up to date, or begin anew (the default, but with --if-changed what is due).",
            show_default=False,
        ),
    ] = None,
    if_changed: Annotated[
        bool,
        typer.Option(
            "--if-changed",
            help="Only if 200 ratings changed since the last training: incrementally,"
            " or fully if there are a tenth more or fewer than at the last full one.",
        ),
    ] = False,
    spark: Annotated[
        str | None,
        typer.Option(
            "--spark",
            metavar="MASTER",
            help="Train on the Apache Spark cluster with this master, as in spark://host:7077 (the extra `spark`).",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Learn from all ratings what AUTO recommends, and serve it from then on; serving goes on meanwhile."""
    from cinelibre_server.commands.train import run_train

    async def run() -> None:
        async with open_database(data_dir, database_url) as url:
            said = await run_train(url, force=force, if_changed=if_changed, incremental=incremental, spark=spark)
            _out.print(said, markup=False)

    _run(run())


@app.command()
def sync(
    source: Annotated[
        list[str] | None,
        typer.Argument(help="tmdb, wikidata, openlibrary, googlebooks. [default: all]", show_default=False),
    ] = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    full: Annotated[bool, typer.Option("--full", help="Go through all of the source, not only what changed.")] = False,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Stop after so many items, to try it out.", show_default=False)
    ] = None,
    requests_per_second: Annotated[
        float | None,
        typer.Option(min=0.1, max=1000, help="Calls a second. [default: what the source allows]", show_default=False),
    ] = None,
    embed: Annotated[bool, typer.Option("--embed/--no-embed", help="Embed what is new or changed.")] = True,
    daemon: Annotated[bool, typer.Option("--daemon", help="Stay, and sync again every midnight (UTC).")] = False,
) -> None:
    """Bring in films and books from upstream sources, or what changed there; goes on where the last run ended."""
    from cinelibre_server.commands.sync import run_sync
    from cinelibre_server.ingest.sync.runner import Options

    async def run() -> None:
        async with open_database(data_dir, database_url) as url:
            await run_sync(url, source or [], Options(full, limit), requests_per_second, embed=embed, daemon=daemon)

    _run(run())


@app.command()
def version() -> None:
    """Print the version."""
    _out.print(__version__)


def main() -> None:
    """The entry point: a fault gets one line on standard error and exit code 1, never a traceback."""
    try:
        app()
    except StartupError as error:
        print(f"cinelibre: {error}", file=sys.stderr)
        sys.exit(1)


def _run(work: Coroutine[Any, Any, None]) -> None:
    uvloop.run(work)
