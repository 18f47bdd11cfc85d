"""Which database a command works on."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

import typer

from cinelibre_server.config import load_settings

DataDir = Annotated[
    Path | None, typer.Option("--data-dir", help="Folder of the embedded database.", show_default=False)
]
DatabaseUrl = Annotated[
    str | None,
    typer.Option("--database-url", help="Another PostgreSQL (CINELIBRE_DATABASE_URL).", show_default=False),
]


def chosen_data_dir(data_dir: Path | None) -> Path:
    """The folder that was named, or the usual one."""
    from cinelibre_server.local.paths import default_data_dir

    # The one place besides config.py that looks at the environment: a standard variable, not a setting of ours.
    xdg = os.environ.get("XDG_DATA_HOME")
    return data_dir or default_data_dir(uid=os.getuid(), home=Path.home(), xdg_data_home=Path(xdg) if xdg else None)


@asynccontextmanager
async def open_database(data_dir: Path | None, database_url: str | None) -> AsyncIterator[str]:
    """The address of the database that was named, or of the embedded one, started for the block if it doesn't run."""
    url = database_url or load_settings(environment="local").database_url.get_secret_value()
    if url:
        yield url
        return
    from cinelibre_server.local.postgres import embedded_database

    async with embedded_database(chosen_data_dir(data_dir)) as address:
        yield address
