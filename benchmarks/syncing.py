"""How fast films come in: a first sync of 10,000 films from a TMDB on this machine, while the product serves."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.measurement import BenchmarkError, Measurement, at_most
from benchmarks.processes import cinelibre_command, data_dir, memory_mib, product_settings
from benchmarks.stage import Stage
from tests.fakes.tmdb import TOKEN

_FILMS = 10_000
_SECONDS_BETWEEN_LOOKS = 0.5


def measure(stage: Stage) -> list[Measurement]:
    """Seconds without embedding, and how much the command's memory grew from a quarter of that time to its end."""
    with _local_tmdb() as url:
        settings = {
            "CINELIBRE_TMDB_URL": url,
            "CINELIBRE_TMDB_TOKEN": TOKEN,
            **product_settings(stage.folder / "cache"),
        }
        options = ["--no-embed", "--requests-per-second", "1000", "--data-dir", str(data_dir(stage.folder))]
        started = time.monotonic()
        process = subprocess.Popen(
            cinelibre_command("sync", "tmdb", *options),
            env={**os.environ, **settings},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        looks = []
        while process.poll() is None:
            looks.append(memory_mib(process.pid, "Rss"))
            time.sleep(_SECONDS_BETWEEN_LOOKS)
        seconds = time.monotonic() - started
        printed = process.communicate()[0]
    if not re.match(rf"TMDB: {_FILMS:,} films added", printed):
        raise BenchmarkError(f"the sync did not bring in all films: {printed[-500:]}")
    later = looks[len(looks) // 4 :]
    return [
        at_most(f"sync of {_FILMS:,} films", seconds, "s", 180),
        at_most("memory of the sync: RSS", max(looks), "MiB", 150),
        at_most("memory of the sync: growth", max(later) - later[0], "MiB", 10),
    ]


@contextmanager
def _local_tmdb() -> Iterator[str]:
    process = subprocess.Popen([sys.executable, "-m", "tests.fakes", str(_FILMS)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()
