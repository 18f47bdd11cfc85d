"""`python -m benchmarks.scale`: 1 and 25 million synthetic ratings, from the import to answers while people rate.

The server runs alone (`cinelibre serve`), on an embedded PostgreSQL in a temporary folder. Needs 12 GB of disk there.
"""

import asyncio
import os
import re
import secrets
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import asyncpg
import grpc
import typer
import uvloop
from rich.console import Console

from benchmarks import callers
from benchmarks.measurement import BenchmarkError, Measurement, at_least, at_most, table, write_json
from benchmarks.processes import cinelibre_command, descendants, memory_mib, running_echo
from benchmarks.raters import Rating, rate
from benchmarks.stage import at_most_ms
from benchmarks.synthetic import write_movielens
from cinelibre_server.local.postgres import embedded_database
from cinelibre_server.security.tokens import AccessTokens

_PEOPLE = 3_000
# So many of them ask before anything is measured: connections have plans then, and the database its pages in memory.
_WARMING_UP = 1_500
_SECONDS = 10
_WRITE_SECONDS = 60
_RATERS_START_SECONDS = 2
_WRITES_PER_SECOND = 500
_START_SECONDS = 120

# The users whose activity is around a quantile.
_CHOOSE = """
    with ranked as (select user_id, percent_rank() over (order by rating_count) as place from user_rating_totals)
    select user_id from ranked where place between $1 and $2 order by md5(user_id::text) limit $3
"""
_OPEN_SESSIONS = """
    insert into sessions (user_id, expires_at) select unnest($1::integer[]), now() + interval '1 day'
    returning user_id, session_id
"""


@dataclass(frozen=True, slots=True)
class Size:
    """A set of ratings, and within how many ms AUTO should answer on it, within how many s training should end."""

    name: str
    ratings: int
    users: int
    items: int
    auto_ms: float
    train_seconds: float


@dataclass(frozen=True, slots=True)
class Found:
    """What was measured; `auto_p95` is in parts of the empty server's p95, so that sizes can be compared."""

    measurements: list[Measurement]
    auto_p95: float


SIZES = (
    Size("1 M", 1_000_000, 6_000, 4_000, 20, 60),
    Size("25 M", 25_000_000, 160_000, 60_000, 30, 20 * 60),
)
_console = Console()


async def measure(size: Size, folder: Path) -> Found:
    """Everything about one size; `folder` takes the data."""
    _say(f"{size.name}: writing the ratings")
    data = folder / "movielens"
    await asyncio.to_thread(write_movielens, data, ratings=size.ratings, users=size.users, items=size.items, seed=1)
    async with embedded_database(folder / "data") as url:
        await _run(["migrate", "--database-url", url])
        _say(f"{size.name}: importing")
        printed, _, _ = await _run(["import", "movielens", str(data), "--no-embed", "--database-url", url])
        rate = re.search(r"\(([\d,]+) ratings/s\)", printed)
        if rate is None:
            raise BenchmarkError(f"the import reports no rate: {printed[-500:]}")
        _say(f"{size.name}: training")
        _, seconds, memory = await _run(["train", "--database-url", url])
        measurements = [
            at_least(f"{size.name}: import", float(rate[1].replace(",", "")), "ratings/s", 200_000),
            at_most(f"{size.name}: training", seconds, "s", size.train_seconds),
            at_most(f"{size.name}: training, memory", memory / 1024, "GiB", 6),
        ]
        keys = secrets.token_hex(32)
        async with _serving(url, keys, folder) as target:
            found = await _measure_answers(size, url, target, AccessTokens({"bench": keys.encode()}, 86_400), folder)
        return Found([*measurements, *found.measurements], found.auto_p95)


async def _measure_answers(size: Size, url: str, target: str, tokens: AccessTokens, folder: Path) -> Found:
    connection = await asyncpg.connect(url)
    try:
        median, heavy = [await _sign_in(connection, tokens, *place, 300) for place in ((0.48, 0.52), (0.985, 0.995))]
        people = await _sign_in(connection, tokens, 0.0, 1.0, _PEOPLE)
        items = [row["item_id"] for row in await connection.fetch("select item_id from items order by md5(title)")]
    finally:
        await connection.close()
    with running_echo(folder / "echo") as echo:
        async with (
            grpc.aio.insecure_channel(echo.grpc_target) as empty_channel,
            grpc.aio.insecure_channel(target) as channel,
        ):
            _say(f"{size.name}: recommending")
            await callers.ask_once(channel, people[:_WARMING_UP])
            empty = await callers.ask_empty(empty_channel, _SECONDS)
            once = await callers.ask_once(channel, people[_WARMING_UP:])
            of_median, of_heavy = [await callers.ask_once(channel, group) for group in (median, heavy)]
            again = await callers.ask_again(channel, people, _SECONDS)
            ratings = _ratings(people, items)
            alone = await rate(target, ratings, _WRITES_PER_SECOND // 5, _SECONDS, folder)
            _say(f"{size.name}: {_WRITES_PER_SECOND} ratings a second for {_WRITE_SECONDS} s")
            writing = asyncio.create_task(rate(target, ratings, _WRITES_PER_SECOND, _WRITE_SECONDS, folder))
            await asyncio.sleep(_RATERS_START_SECONDS)
            meanwhile = await callers.ask_again(channel, people, _WRITE_SECONDS - 2 * _RATERS_START_SECONDS)
            writes = await writing
    echo_p95 = empty.quantile(0.95)
    return Found(
        [
            Measurement(f"{size.name}: empty server: p95", echo_p95, "ms"),
            *at_most_ms(f"{size.name}: AUTO, ranked anew: p95", once.quantile(0.95), size.auto_ms, echo_p95),
            *at_most_ms(f"{size.name}: AUTO, asked again: p95", again.quantile(0.95), size.auto_ms, echo_p95),
            at_most(
                f"{size.name}: AUTO, ranked anew: median of heavy users / of median users",
                of_heavy.quantile(0.5) / of_median.quantile(0.5), "x", 2,
            ),
            *at_most_ms(f"{size.name}: a rating: p95", alone.quantile(0.95), 10, echo_p95),
            at_least(f"{size.name}: ratings under load", writes.per_second, "1/s", _WRITES_PER_SECOND * 0.98),
            Measurement(f"{size.name}: ratings under load: p95", writes.quantile(0.95), "ms"),
            at_most(
                f"{size.name}: AUTO meanwhile: p95 / ranked anew without ratings",
                meanwhile.quantile(0.95) / once.quantile(0.95), "x", 2,
            ),
        ],
        once.quantile(0.95) / echo_p95,
    )  # fmt: skip


def _ratings(tokens: Sequence[str], items: Sequence[int]) -> list[Rating]:
    return [
        Rating(tokens[number % len(tokens)], items[number * 7919 % len(items)], 0.5 + number % 10 / 2)
        for number in range(_WRITES_PER_SECOND * _WRITE_SECONDS)
    ]


async def _sign_in(
    connection: "asyncpg.Connection[asyncpg.Record]", tokens: AccessTokens, least: float, most: float, count: int
) -> list[str]:
    """Access tokens of users whose activity is between two quantiles. They have no password, so it is done by hand."""
    users = [row["user_id"] for row in await connection.fetch(_CHOOSE, least, most, count)]
    opened = await connection.fetch(_OPEN_SESSIONS, users)
    return [tokens.issue(row["user_id"], row["session_id"]).text for row in opened]


@asynccontextmanager
async def _serving(url: str, keys: str, folder: Path) -> AsyncIterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {
        "CINELIBRE_DATABASE_URL": url,
        "CINELIBRE_JWT_KEYS": f"bench:{keys}",
        "CINELIBRE_GRPC_PORT": str(port),
        "CINELIBRE_METRICS_PORT": "-1",
    }
    with (folder / "serve.log").open("w") as log:
        process = await asyncio.create_subprocess_exec(
            *cinelibre_command("serve"), env={**os.environ, **settings}, stdout=log, stderr=log
        )
        try:
            target = f"127.0.0.1:{port}"
            async with grpc.aio.insecure_channel(target) as channel:
                ready = asyncio.create_task(channel.channel_ready())
                ended = asyncio.create_task(process.wait())
                await asyncio.wait([ready, ended], timeout=_START_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                ended.cancel()
                if not ready.done():
                    ready.cancel()
                    # The folder goes with the benchmark.
                    said = await asyncio.to_thread((folder / "serve.log").read_text)
                    raise BenchmarkError(f"the server does not start: {said.strip()[-500:]}")
            yield target
        finally:
            if process.returncode is None:
                process.terminate()
                await process.wait()


async def _run(arguments: Sequence[str]) -> tuple[str, float, float]:
    """What the command prints, its seconds, and the most MiB that its processes held (PSS, seen twice a second)."""
    started = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        *cinelibre_command(*arguments), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    output = asyncio.create_task(process.communicate())
    most = 0.0
    while not output.done():
        with_children = [process.pid, *descendants(process.pid)]
        most = max(most, sum(memory_mib(pid, "Pss") for pid in with_children))
        await asyncio.wait([output], timeout=0.5)
    printed, errors = await output
    if process.returncode:
        raise BenchmarkError(f"cinelibre {arguments[0]} failed: {errors.decode().strip()[-500:]}")
    return printed.decode(), time.monotonic() - started, most


def _say(line: str) -> None:
    _console.print(f"[dim]{time.strftime('%H:%M:%S')} {line}[/]")


def main(
    only: Annotated[str | None, typer.Option(help=f"One size: {', '.join(size.name for size in SIZES)}.")] = None,
    json: Annotated[Path, typer.Option("--json", help="Where the numbers go.")] = Path("bench.json"),
) -> None:
    """Measure the import, training, recommendations and ratings at scale. Ten minutes for 1 M, an hour for both.

    Ends with exit code 1 when a target was missed.
    """
    found: dict[str, Found] = {}
    for size in SIZES:
        if only in (None, size.name):
            with tempfile.TemporaryDirectory(prefix="cinelibre-bench-") as name:
                # PostgreSQL, which never runs as root, has to pass through.
                Path(name).chmod(0o711)
                found[size.name] = uvloop.run(measure(size, Path(name)))
    measurements = [entry for of_size in found.values() for entry in of_size.measurements]
    if len(found) == len(SIZES):
        smallest, largest = found[SIZES[0].name].auto_p95, found[SIZES[-1].name].auto_p95
        measurements.append(at_most("AUTO, ranked anew: growth from 1 M to 25 M", largest / smallest, "x", 1.5))
    _console.print(table(measurements))
    write_json(measurements, json)
    if any(entry.ok is False for entry in measurements):
        raise typer.Exit(1)


if __name__ == "__main__":
    try:
        typer.run(main)
    except BenchmarkError as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        sys.exit(1)
