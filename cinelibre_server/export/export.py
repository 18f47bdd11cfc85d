"""Writes items and ratings to files that `cinelibre import` reads, by COPY and never the whole in memory."""

import gzip
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from cinelibre_server.errors import StartupError
from cinelibre_server.progress import Progress, silent
from cinelibre_server.store.database import connect
from cinelibre_server.store.exports import ExportFormat, ExportName, copy_out
from cinelibre_server.store.migrate import check_schema

STDOUT = "-"


async def export(url: str, name: ExportName, target: str, form: str | None, progress: Progress = silent) -> int:
    """Writes all items or all ratings, as of one moment, to a file (gzipped if its name ends in .gz) or to STDOUT.

    `form` is csv or jsonl, by default what the file's name ends in, else csv. Returns how many rows that were. A file
    appears when it is whole.

    Raises:
        StartupError: another format, the file can't be written, or there is no database.
    """
    chosen = _format(target, form)
    connection = await connect(url)
    try:
        await check_schema(connection)
        with progress(f"Writing {name}", None, "bytes") as step, _open(target) as file:

            async def write(data: bytes) -> None:
                file.write(data)
                step.advance(len(data))

            return await copy_out(connection, name, chosen, write)
    except BrokenPipeError:
        raise StartupError("whoever reads the export has gone: it is not whole") from None
    except OSError as error:
        raise StartupError(f"{target} can't be written ({error.strerror}): choose another file") from None
    finally:
        await connection.close()


def _format(target: str, form: str | None) -> ExportFormat:
    told = form or {".csv": "csv", ".jsonl": "jsonl"}.get(Path(target.removesuffix(".gz")).suffix.lower(), "csv")
    if told == "csv":
        return "csv"
    if told == "jsonl":
        return "jsonl"
    raise StartupError(f"--format {told}: must be csv or jsonl")


@contextmanager
def _open(target: str) -> Iterator[IO[bytes]]:
    if target == STDOUT:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    part = Path(f"{target}.part")
    try:
        with part.open("wb") as raw:
            if target.endswith(".gz"):
                with gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=6, filename="", mtime=0) as packed:
                    yield packed  # type: ignore[misc]
            else:
                yield raw
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)
