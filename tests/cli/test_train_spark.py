"""`cinelibre train --spark` on a real cluster: a master and two workers, started as the README says."""

import asyncio
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.synthetic import make_activity, make_items, make_ratings
from cinelibre_server.progress import silent
from cinelibre_server.recommend.training.factors import fold_in_taste
from cinelibre_server.recommend.training.pipeline import train_model
from cinelibre_server.recommend.training.spark_cluster import java_environment
from cinelibre_server.recommend.training.tables import ITEM_COLUMNS
from cinelibre_server.store.database import Pool
from tests.cli.launching import descendants
from tests.sql.builders import add_items, add_users, rate_all

pytestmark = pytest.mark.skipif(find_spec("pyspark") is None, reason="needs the extra `spark`")

README = (Path(__file__).parents[2] / "README.md").read_text()
BIN = Path(sys.executable).parent
# So few that each has all others as neighbours.
USERS, ITEMS, RATINGS = 300, 100, 7_000
WORKERS = 2
_START_SECONDS = 120
_TRAIN_SECONDS = 540
_STOP_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Cluster:
    """The master's address, the folder with one of each worker's, and what commands that use it have to know."""

    master: str
    folder: Path
    environment: Mapping[str, str]

    def executor_logs(self) -> list[str]:
        """What the executors of each worker logged."""
        return [
            "".join(path.read_text() for path in sorted((self.folder / f"worker{number}").glob("app-*/*/stderr")))
            for number in range(WORKERS)
        ]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """By the README's lines, but on free ports and with small workers."""
    folder = tmp_path_factory.mktemp("spark")
    (folder / "spark-defaults.conf").write_text("spark.executor.memory 512m\n")
    environment = {
        **os.environ,
        **java_environment(folder),
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_CONF_DIR": str(folder),
    }
    master, *workers = re.findall(r"^spark-class .+$", README, re.MULTILINE)
    assert len(workers) == WORKERS
    log = folder / "master.log"
    processes = [_start(master.replace("7077", "0").replace("7078", "0"), log, environment)]
    try:
        address = _wait_for(r"Starting Spark master at (spark://127\.0\.0\.1:\d+)", log)
        for number, line in enumerate(workers):
            small = line.replace("--memory 1g", "--memory 512m").replace("spark://127.0.0.1:7077", address)
            own = {**environment, "SPARK_WORKER_DIR": str(folder / f"worker{number}")}
            processes.append(_start(small, folder / f"worker{number}.log", own))
        for number in range(WORKERS):
            _wait_for("(Successfully registered with master)", folder / f"worker{number}.log")
        yield Cluster(address, folder, environment)
    finally:
        _stop(processes)


def _start(line: str, log: Path, environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    with log.open("wb") as output:
        return subprocess.Popen(shlex.split(line), stdout=output, stderr=output, env=environment)


def _wait_for(pattern: str, log: Path) -> str:
    deadline = time.monotonic() + _START_SECONDS
    while not (found := re.search(pattern, log.read_text())):
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)
    return found[1]


def _stop(processes: "list[subprocess.Popen[bytes]]") -> None:
    started = [pid for process in processes for pid in (process.pid, *descendants(process.pid))]
    for process in reversed(processes):
        process.terminate()
    for process in processes:
        process.wait(_STOP_SECONDS)
    deadline = time.monotonic() + _STOP_SECONDS
    while (left := [pid for pid in started if Path(f"/proc/{pid}").exists()]) and time.monotonic() < deadline:
        time.sleep(0.1)
    for pid in left:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    assert left == []


async def _train(cluster: Cluster, url: str) -> "subprocess.CompletedProcess[str]":
    return await asyncio.to_thread(
        subprocess.run,
        [str(BIN / "cinelibre"), "train", "--spark", cluster.master],
        env={**cluster.environment, "CINELIBRE_DATABASE_URL": url, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=_TRAIN_SECONDS,
        check=False,
    )


async def _add_ratings(pool: Pool) -> list[int]:
    """Synthetic ratings; the users' ids."""
    users, items = await add_users(pool, USERS), await add_items(pool, ITEMS)
    source = np.random.default_rng(5)
    made = make_items(ITEMS, source)
    for block in make_ratings(made, make_activity(USERS, RATINGS, ITEMS, source), source):
        places = zip(block.users.tolist(), block.items.tolist(), block.half_stars.tolist(), strict=True)
        await rate_all(pool, [(users[user - 1], items[item - 1], half_stars) for user, item, half_stars in places])
    return users


async def _neighbors(pool: Pool) -> dict[tuple[str, int, int], float]:
    """Of both models that tell of pairs of items."""
    rows = await pool.fetch("select item_id, neighbor_ids, weights, companion_ids, lifts from model.neighbors")
    return {
        (ids, row["item_id"], other): weight
        for row in rows
        for ids, weights in (("neighbor_ids", "weights"), ("companion_ids", "lifts"))
        for other, weight in zip(row[ids], row[weights], strict=True)
    }


async def _items(pool: Pool) -> dict[int, dict[str, Any]]:
    """What was learned of each item, vectors as arrays."""
    dense = [name for name in ITEM_COLUMNS if name not in ("item_weights", "companion_lifts")]
    rows = await pool.fetch(f"select {', '.join(dense)} from model.items order by item_id")
    return {row["item_id"]: {name: _as_array(row[name]) for name in dense[1:]} for row in rows}


def _as_array(value: Any) -> NDArray[np.float32]:
    return np.asarray(value if isinstance(value, float) else value.to_numpy())


async def _best_by_factors(pool: Pool, users: list[int], learned: dict[int, dict[str, Any]]) -> list[set[int]]:
    """The ten items that each user would get by the factors alone."""
    factors: NDArray[np.float32] = np.stack([item["taste_factors"] for item in learned.values()])
    places = {item_id: place for place, item_id in enumerate(learned)}
    best = []
    for user in users:
        rows = await pool.fetch("select item_id, half_stars from ratings where user_id = $1", user)
        rated = np.array([places[row["item_id"]] for row in rows], np.int32)
        scores = factors @ fold_in_taste(factors, rated, np.array([row["half_stars"] for row in rows]))
        scores[rated] = -np.inf
        best.append(set(np.argsort(-scores)[:10].tolist()))
    return best


def _check_output(run: "subprocess.CompletedProcess[str]") -> None:
    """That all there is on standard error is ours, nothing Java's."""
    steps = "Reading the ratings|Learning the blend on held-back ratings|Training on all ratings|Writing the model"
    assert [line for line in run.stderr.splitlines() if not re.match(rf"({steps})(\.\.\.|: )", line)] == []


def _with_password(url: str) -> tuple[str, str]:
    """The address with the password that its file has for it, and the password."""
    password = Path(parse_qs(urlsplit(url).query)["passfile"][0]).read_text().strip().rpartition(":")[2]
    assert password
    return re.sub(r"&?passfile=[^&]+", "", url).replace("@", f":{quote(password, safe='')}@"), password


async def test_it_learns_on_both_workers_what_one_machine_learns(
    pool: Pool, database_url: str, cluster: Cluster
) -> None:
    users = await _add_ratings(pool)
    url, password = _with_password(database_url)
    done = await _train(cluster, url)
    assert done.returncode == 0, done.stderr
    assert f"Serving model 1, of {RATINGS:,} ratings by {USERS} users of {ITEMS} items" in done.stdout
    _check_output(done)
    written = [path for path in cluster.folder.rglob("*") if path.is_file()]
    assert len(written) > WORKERS
    assert [path for path in written if password.encode() in path.read_bytes()] == []
    assert [log.count("Finished task") > 10 for log in cluster.executor_logs()] == [True] * WORKERS
    # It serves, whether or not a user has a profile.
    await pool.execute("delete from model.profiles where user_id % 2 = 0")
    for user in users[:2]:
        rows = await pool.fetch("select source, predicted_stars from get_hybrid_recommendations($1, 10)", user)
        assert len(rows) == 10
        assert all(0.5 <= row["predicted_stars"] <= 5 for row in rows)

    neighbors, items = await _neighbors(pool), await _items(pool)
    local = await train_model(database_url, silent, force=True)
    assert local.measures["nDCG@10"] == pytest.approx(local.serving_measures["nDCG@10"], rel=0.05)
    assert local.measures["RMSE"] == pytest.approx(local.serving_measures["RMSE"], rel=1e-3)
    assert neighbors == pytest.approx(await _neighbors(pool), abs=1e-4)
    local_items = await _items(pool)
    for item_id, learned in items.items():
        for name in set(learned) - {"taste_factors"}:
            assert learned[name] == pytest.approx(local_items[item_id][name], abs=1e-3), name
    pairs = zip(
        await _best_by_factors(pool, users, items), await _best_by_factors(pool, users, local_items), strict=True
    )
    assert np.mean([len(own & other) / 10 for own, other in pairs]) > 0.8
