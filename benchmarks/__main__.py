"""`python -m benchmarks --data PATH`: measures the running product, prints a table, writes bench.json."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from benchmarks import discovery, embedding, known_titles, lookup, memory, personal, recall, search, starting, syncing
from benchmarks.load import require_h2load
from benchmarks.measurement import BenchmarkError, Measurement, table, write_json
from benchmarks.stage import Stage, set_stage

# Memory first: it is about a server that has searched and done nothing else. The sync last: it adds films.
BENCHMARKS: dict[str, Callable[[Stage], list[Measurement]]] = {
    "start": starting.measure,
    "memory": memory.measure,
    "embedding": embedding.measure,
    "lookup": lookup.measure,
    "discovery": discovery.measure,
    "personal": personal.measure,
    "search": search.measure,
    "titles": known_titles.measure,
    "recall": recall.measure,
    "sync": syncing.measure,
}

Data = Annotated[Path, typer.Option(help="The MovieLens 100K folder (ml-100k, from grouplens.org).")]
Json = Annotated[Path, typer.Option("--json", help="Where the numbers go.")]
Only = Annotated[list[str] | None, typer.Option(help=f"Only this one: {', '.join(BENCHMARKS)}. May be repeated.")]


def main(data: Data, json: Json = Path("bench.json"), only: Only = None) -> None:
    """Measure speed and memory of the running product against an empty server. About a quarter of an hour.

    Ends with exit code 1 when a target was missed.
    """
    console = Console()
    unknown = set(only or ()) - set(BENCHMARKS)
    if unknown:
        raise BenchmarkError(f"there is no benchmark {', '.join(sorted(unknown))}: choose from {', '.join(BENCHMARKS)}")
    if not (data / "u.data").is_file():
        raise BenchmarkError(f"{data} is not MovieLens 100K: unpack ml-100k.zip of grouplens.org and name its folder")
    require_h2load()
    measurements: list[Measurement] = []
    with set_stage(data, lambda line: console.print(f"[dim]{line}[/]")) as stage:
        for name, measure in BENCHMARKS.items():
            if not only or name in only:
                console.print(f"[dim]Measuring: {name}[/]")
                measurements += measure(stage)
    console.print(table(measurements))
    write_json(measurements, json)
    if any(entry.ok is False for entry in measurements):
        raise typer.Exit(1)


if __name__ == "__main__":
    try:
        typer.run(main)
    except BenchmarkError as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        sys.exit(1)
