"""A stack of PostgreSQL and Envoy alone, run as a program: `python -m tests.local.small_stack FOLDER`.

Writes `ready.json` with the address, the process ids and the port once both serve.
"""

import asyncio
import json
import sys
from pathlib import Path

from cinelibre_server.local.envoy import EnvoyProcess
from cinelibre_server.local.envoy_config import EnvoyConfig, SocketAddress
from cinelibre_server.local.postgres import EmbeddedPostgres
from cinelibre_server.local.supervisor import Supervisor, run_stack
from cinelibre_server.resources import resource_path


async def main(folder: Path) -> None:
    postgres = EmbeddedPostgres(folder)
    config = EnvoyConfig(
        http=SocketAddress("127.0.0.1", 0),
        grpc=SocketAddress("127.0.0.1", 1),
        descriptor=resource_path("gen", "descriptor.binpb"),
    )
    envoy = EnvoyProcess(config, work_dir=folder / "envoy", log=folder / "log" / "envoy.log")

    async def assemble(stack: Supervisor) -> None:
        address = await stack.start(postgres)
        port = await stack.start(envoy)
        ready = {"address": address, "port": port, "postgres": postgres.pid, "envoy": envoy.pid}
        (folder / "unready.json").write_text(json.dumps(ready))
        (folder / "unready.json").rename(folder / "ready.json")

    await run_stack(assemble)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
