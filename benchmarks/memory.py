"""Memory after 1,000 searches: of the server process, and of everything that `cinelibre up` started."""

from pathlib import Path

from benchmarks.load import CLIENTS, json_client, run_load
from benchmarks.measurement import BenchmarkError, Measurement, at_most
from benchmarks.queries import distinct_paths
from benchmarks.stage import Stage

_SEARCHES = 1000
_SECONDS_A_ROUND = 5
_MAX_ROUNDS = 24


def measure(stage: Stage) -> list[Measurement]:
    """Resident and proportional set sizes as /proc/PID/smaps_rollup has them."""
    _search(stage)
    server = stage.product.pid
    others = _descendants(server)
    return [
        at_most("server after 1,000 searches: RSS", _rollup(server, "Rss"), "MiB", 300),
        Measurement("server after 1,000 searches: PSS", _rollup(server, "Pss"), "MiB"),
        at_most(
            f"server, Envoy and PostgreSQL ({1 + len(others)} processes): PSS",
            sum(_rollup(pid, "Pss") for pid in [server, *others]),
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


def _rollup(pid: int, key: str) -> float:
    """A field of smaps_rollup in MiB; PSS divides a shared page among the processes that share it."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except ProcessLookupError:  # a database session that has just ended
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith(f"{key}:")) / 1024


def _descendants(ancestor: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            # pid (name) state parent: the name may hold anything, also parentheses.
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        children.setdefault(parent, []).append(int(stat.parent.name))
    found: list[int] = []
    waiting = [ancestor]
    while waiting:
        waiting += (below := children.get(waiting.pop(), []))
        found += below
    return found
