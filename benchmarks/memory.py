"""Memory after 10,000 searches among 50,000 titles: of the server, and of everything that `cinelibre up` started."""

import asyncio

from benchmarks.load import CLIENTS, json_client, run_load
from benchmarks.measurement import BenchmarkError, Measurement, at_most
from benchmarks.processes import data_dir, descendants, memory_mib
from benchmarks.queries import distinct_paths
from benchmarks.stage import Stage
from benchmarks.titles import TITLES, add_titles

_SEARCHES = 10_000
_SECONDS_A_ROUND = 5
_MAX_ROUNDS = 60


def measure(stage: Stage) -> list[Measurement]:
    """Resident and proportional set sizes as /proc/PID/smaps_rollup has them."""
    asyncio.run(add_titles(data_dir(stage.folder), TITLES))
    _search(stage)
    server = stage.product.pid
    others = descendants(server)
    return [
        at_most("server after 10,000 searches: RSS", memory_mib(server, "Rss"), "MiB", 280),
        Measurement("server after 10,000 searches: PSS", memory_mib(server, "Pss"), "MiB"),
        at_most(
            f"server, Envoy and PostgreSQL ({1 + len(others)} processes): PSS",
            sum(memory_mib(pid, "Pss") for pid in [server, *others]),
            "MiB",
            512,
        ),
    ]


def _search(stage: Stage) -> None:
    done = 0.0
    for number in range(_MAX_ROUNDS):
        clients = [json_client(paths) for paths in distinct_paths(f"memory {number}", CLIENTS)]
        load = run_load(stage.product.json_url, clients, _SECONDS_A_ROUND, stage.folder)
        done += len(load.milliseconds)
        if done >= _SEARCHES:
            return
    raise BenchmarkError(f"only {done:.0f} searches in {_MAX_ROUNDS * _SECONDS_A_ROUND} s")
