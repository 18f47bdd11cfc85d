"""The stage: the product with MovieLens 100K and the starter catalogue, next to the empty server."""

import re
import statistics
import tempfile
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cinelibre.v1 import system_pb2
from prometheus_client.parser import text_string_to_metric_families

from benchmarks.load import CLIENTS, Client, Load, grpc_client, json_client, run_load
from benchmarks.measurement import BenchmarkError, Measurement
from benchmarks.processes import Endpoints, data_dir, run_cinelibre, running_echo, running_product

ROUNDS = 5
SECONDS = 3

QUIET_ECHO_P95 = 1.9
"""The p95 of the empty server on two quiet cores, in ms: what makes a target in ms one for any machine."""


@dataclass(frozen=True, slots=True)
class Stage:
    """All that runs, and what was measured on the way here."""

    folder: Path
    movielens: Path
    product: Endpoints
    echo: Endpoints
    first_start_seconds: float
    import_ratings_per_second: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Rounds of the empty server and of the product in turn, so that both meet the same machine."""

    echo: tuple[Load, ...]
    product: tuple[Load, ...]

    def quantile(self, share: float) -> float:
        """The time within which `share` of the product's answers came, in ms: the median of the rounds."""
        return statistics.median(load.quantile(share) for load in self.product)

    def echo_p95(self) -> float:
        """The empty server's p95, likewise."""
        return statistics.median(load.quantile(0.95) for load in self.echo)

    def per_second(self) -> float:
        """The product's answers a second: the median of the rounds."""
        return statistics.median(load.per_second for load in self.product)

    def echo_per_second(self) -> float:
        """The empty server's, likewise."""
        return statistics.median(load.per_second for load in self.echo)


@contextmanager
def set_stage(movielens: Path, report: Callable[[str], None]) -> Iterator[Stage]:
    """A first start in an empty folder, an import, a training, a later start; it all stops at the end."""
    with tempfile.TemporaryDirectory(prefix="cinelibre-bench-") as name:
        folder = Path(name)
        # PostgreSQL, which never runs as root, has to pass through.
        folder.chmod(0o711)
        model_cache = folder / "cache"
        report("First start: builds the model and the database")
        with running_product(folder, model_cache) as first:
            first_seconds = first.start_seconds
        report("Import of MovieLens")
        printed = run_cinelibre(
            ["import", "movielens", str(movielens), "--data-dir", str(data_dir(folder))], model_cache
        )
        rate = re.search(r"\(([\d,]+) ratings/s\)", printed)
        if rate is None:
            raise BenchmarkError(f"the import reports no rate: {printed[-500:]}")
        report("Training on it")
        run_cinelibre(["train", "--data-dir", str(data_dir(folder))], model_cache)
        report("Second start")
        with running_product(folder, model_cache) as product, running_echo(folder / "echo") as echo:
            per_second = float(rate[1].replace(",", ""))
            yield Stage(folder, movielens, product, echo, first_seconds, per_second)


def compare_grpc(stage: Stage, rounds: Sequence[Sequence[Client]]) -> Comparison:
    """The clients of each round over gRPC, and as many callers of the empty server over gRPC."""
    echo_client = grpc_client("cinelibre.v1.SystemService/GetHealth", system_pb2.GetHealthRequest())
    return _compare(stage, rounds, echo_client, lambda endpoints: endpoints.grpc_url)


def compare_json(stage: Stage, rounds: Sequence[Sequence[Client]]) -> Comparison:
    """The clients of each round through Envoy, and as many callers of the empty server through its Envoy."""
    return _compare(stage, rounds, json_client(["/"]), lambda endpoints: endpoints.json_url)


def p95_measurements(name: str, comparison: Comparison, limit_ms: float, echo_p95: float) -> list[Measurement]:
    """In ms and as a multiple of the empty server's p95 in ms; on a noisy machine the multiple decides alone."""
    return at_most_ms(f"{name}: p95", comparison.quantile(0.95), limit_ms, echo_p95)


def at_most_ms(name: str, milliseconds: float, limit_ms: float, echo_p95: float) -> list[Measurement]:
    """A time that should not be above `limit_ms` on a quiet machine, or above as many times the empty server's p95."""
    limit_ratio = limit_ms / QUIET_ECHO_P95
    ratio = milliseconds / echo_p95
    ok = milliseconds <= limit_ms or ratio <= limit_ratio
    return [
        Measurement(name, milliseconds, "ms", f"<= {limit_ms:g}", ok),
        Measurement(f"{name} / empty p95", ratio, "x", f"<= {limit_ratio:.1f}", ok),
    ]


def _compare(
    stage: Stage,
    rounds: Sequence[Sequence[Client]],
    echo_client: Client,
    url: Callable[[Endpoints], str],
) -> Comparison:
    echo: list[Load] = []
    product: list[Load] = []
    failed = _failed_calls(stage.product)
    for clients in rounds:
        echo.append(run_load(url(stage.echo), [echo_client] * CLIENTS, SECONDS, stage.folder))
        product.append(run_load(url(stage.product), clients, SECONDS, stage.folder))
    # A gRPC error is a 200 for h2load, and a fast one.
    if _failed_calls(stage.product) != failed:
        raise BenchmarkError(f"the server answered calls with an error: see {stage.product.metrics_url}")
    return Comparison(tuple(echo), tuple(product))


def _failed_calls(product: Endpoints) -> float:
    with urllib.request.urlopen(str(product.metrics_url), timeout=10) as answer:  # noqa: S310 - our own address
        text = answer.read().decode()
    # The last requests of a client are cancelled when its time is over.
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "cinelibre_rpc_total" and sample.labels["code"] not in {"OK", "CANCELLED"}
    )
