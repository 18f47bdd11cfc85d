"""A training's thread keeps nobody who wants to end."""

import subprocess
import sys

ENDED_WHILE_IT_COMPUTES = """
import asyncio, time
from cinelibre_server.recommend.training.pipeline import in_thread

async def main():
    training = asyncio.create_task(in_thread(lambda advance: time.sleep(600), None))
    await asyncio.sleep(0.1)
    training.cancel()
    await asyncio.gather(training, return_exceptions=True)
    print("cancelled", training.cancelled())

asyncio.run(main())
"""


def test_the_process_ends_while_a_training_computes() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", ENDED_WHILE_IT_COMPUTES], capture_output=True, text=True, timeout=60, check=True
    )
    assert ended.stdout == "cancelled True\n"
    assert ended.stderr == ""
