"""`cinelibre sync`: brings in what upstream sources say, once or every night."""

import asyncio
import signal
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NoReturn

from rich.console import Console

from cinelibre_server.commands.embedder import load_embedder
from cinelibre_server.config import Settings, load_settings
from cinelibre_server.errors import StartupError
from cinelibre_server.ingest.sync.report import SyncReport
from cinelibre_server.ingest.sync.runner import Options, sync_source
from cinelibre_server.ingest.sync.source import Source
from cinelibre_server.ingest.sync.sources import SOURCES, open_source
from cinelibre_server.progress import progress
from cinelibre_server.store.database import connect
from cinelibre_server.store.embeddings import count_unembedded
from cinelibre_server.store.migrate import migrate

_console = Console()


async def run_sync(
    url: str, names: Sequence[str], options: Options, requests_per_second: float | None, *, embed: bool, daemon: bool
) -> None:
    """Syncs the named sources, one after the other, or all of them; as a daemon now and at every midnight (UTC).

    Ctrl-C and SIGTERM end it; what was read is kept, and the next run goes on from there.

    Raises:
        StartupError: a source can't be read or was stopped; the other sources have been synced all the same.
    """
    settings = load_settings(environment="local")
    sources = [open_source(name, settings, requests_per_second) for name in names or _usable(settings)]
    task = asyncio.current_task()
    assert task is not None
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(signal_number, task.cancel)
    try:
        await migrate(url)
        if daemon:
            await _sync_every_night(url, sources, options, embed)
        await _sync_all(url, sources, options, embed)
    except asyncio.CancelledError:
        if not daemon:
            raise StartupError("stopped; what was read is kept: run the same command again to go on") from None
        _say("Stopped; the next sync goes on from here.")
    finally:
        for source in sources:
            await source.close()


def next_midnight(now: datetime) -> datetime:
    """The first midnight in UTC after `now`, which is in UTC."""
    return now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)


async def _sync_every_night(url: str, sources: Sequence[Source], options: Options, embed: bool) -> NoReturn:
    while True:
        try:
            await _sync_all(url, sources, options, embed)
        except StartupError as error:
            _say(f"cinelibre: {error}")
        midnight = next_midnight(datetime.now(UTC))
        _say(f"The next sync is at {midnight:%Y-%m-%d %H:%M} UTC.")
        await asyncio.sleep((midnight - datetime.now(UTC)).total_seconds())


async def _sync_all(url: str, sources: Sequence[Source], options: Options, embed: bool) -> None:
    faults = []
    for source in sources:
        report = SyncReport(source.title, source.unit)
        try:
            await sync_source(url, source, options, report, progress)
        except StartupError as error:
            faults.append(str(error))
        finally:
            for line in (*report.lines(), source.attribution):
                _say(line)
    if embed:
        await _embed_changed(url)
    if faults:
        raise StartupError("; ".join(faults))


async def _embed_changed(url: str) -> None:
    from cinelibre_server.ingest.catalogue import embed_catalogue

    connection = await connect(url)
    try:
        waiting = await count_unembedded(connection)
    finally:
        await connection.close()
    # The model takes longer to load than a run without changes.
    if waiting:
        embedder = load_embedder()
        try:
            await embed_catalogue(url, embedder, progress)
        finally:
            embedder.close()


def _usable(settings: Settings) -> list[str]:
    """All sources, but TMDB only with a token."""
    if settings.tmdb_token.get_secret_value():
        return list(SOURCES)
    _say("TMDB is left out: CINELIBRE_TMDB_TOKEN is not set.")
    return [name for name in SOURCES if name != "tmdb"]


def _say(line: str) -> None:
    _console.print(line, markup=False, highlight=False, soft_wrap=True)
