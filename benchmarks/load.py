"""The load: h2load processes, one a client, each with its own requests and its own token.

h2load keeps one body and one set of headers a process; and it is C, so that eight of them leave the processor
to what is measured. Every client is a closed loop: the next request goes out when the last was answered.
"""

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from google.protobuf.message import Message

from benchmarks.measurement import BenchmarkError

CLIENTS = 8
_GRACE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Client:
    """What one client asks, its paths in turn, over gRPC or (without a `body`) as JSON over HTTP/1.1.

    A client with `per_second` sends so many requests and no more; its times are left out of the result.
    """

    paths: tuple[str, ...]
    body: bytes | None = None
    headers: tuple[str, ...] = ()
    per_second: int | None = None


@dataclass(frozen=True, slots=True)
class Load:
    """The answers of a run: how many a second, and their times in ms, in order of size."""

    per_second: float
    milliseconds: tuple[float, ...]

    def quantile(self, share: float) -> float:
        """The time within which `share` of the answers came, in ms."""
        return self.milliseconds[min(int(len(self.milliseconds) * share), len(self.milliseconds) - 1)]


def grpc_client(method: str, message: Message, *, token: str = "", per_second: int | None = None) -> Client:
    """Calls `method` (such as cinelibre.v1.CatalogService/GetMovie) with the same message again and again."""
    payload = message.SerializeToString()
    headers = ["content-type: application/grpc", "te: trailers"]
    if token:
        headers.append(f"authorization: Bearer {token}")
    frame = b"\0" + len(payload).to_bytes(4, "big") + payload
    return Client((f"/{method}",), frame, tuple(headers), per_second)


def json_client(paths: Sequence[str]) -> Client:
    """Gets `paths` in turn."""
    return Client(tuple(paths))


def require_h2load() -> None:
    """Raises BenchmarkError with the way to install it where it is missing."""
    if shutil.which("h2load") is None:
        raise BenchmarkError("h2load is missing: apt-get install nghttp2-client (brew install nghttp2)")


def run_load(url: str, clients: Sequence[Client], seconds: int, folder: Path) -> Load:
    """Lets all clients loose on `url` (http://host:port) at the same time. `folder` takes their files.

    Raises:
        BenchmarkError: a request was not answered with 200, or a client got no answer at all.
    """
    commands = [_command(url, client, seconds, folder / f"client{n}") for n, client in enumerate(clients)]
    running: list[subprocess.Popen[str]] = []
    try:
        for command in commands:
            running.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True))
        for process in running:
            output, _ = process.communicate(timeout=seconds + _GRACE_SECONDS)
            if process.returncode:
                raise BenchmarkError(f"h2load failed: {output.strip()[-300:]}")
    finally:
        for process in running:
            process.kill()
            process.wait()
    times: list[float] = []
    for number, client in enumerate(clients):
        answers = _read_log(folder / f"client{number}.log")
        if client.per_second is None:
            times += answers
    return Load(len(times) / seconds, tuple(sorted(times)))


def _command(url: str, client: Client, seconds: int, files: Path) -> list[str]:
    log, uris = files.with_suffix(".log"), files.with_suffix(".uris")
    log.unlink(missing_ok=True)
    uris.write_text("".join(f"{url}{path}\n" for path in client.paths))
    command = ["h2load", "--clients=1", "--threads=1", "--max-concurrent-streams=1", f"--duration={seconds}"]
    command += [f"--input-file={uris}", f"--log-file={log}"]
    command += [f"--header={header}" for header in client.headers]
    if client.per_second is not None:
        command.append(f"--rps={client.per_second}")
    if client.body is None:
        return [*command, "--h1"]
    body = files.with_suffix(".body")
    body.write_bytes(client.body)
    return [*command, f"--data={body}"]


def _read_log(log: Path) -> list[float]:
    """Columns: start in µs, HTTP status, time in µs."""
    rows = [line.split("\t") for line in log.read_text().splitlines()]
    failed = [status for _, status, _ in rows if status != "200"]
    if failed or not rows:
        raise BenchmarkError(f"{len(failed)} of {len(rows)} requests failed, the first with status {failed[:1]}")
    return [int(microseconds) / 1000 for _, _, microseconds in rows]
