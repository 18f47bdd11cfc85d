"""Where the data folder lies."""

import os
from pathlib import Path

from cinelibre_server.local.logfile import BoundedLog
from cinelibre_server.local.paths import default_data_dir

HOME = Path("/home/asha")


def test_a_plain_user_has_it_at_home() -> None:
    assert default_data_dir(uid=1000, home=HOME) == HOME / ".local/share/cinelibre"


def test_xdg_data_home_counts_only_when_absolute() -> None:
    absolute = default_data_dir(uid=1000, home=HOME, xdg_data_home=Path("/srv/data"))
    assert absolute == Path("/srv/data/cinelibre")
    relative = default_data_dir(uid=1000, home=HOME, xdg_data_home=Path("data"))
    assert relative == HOME / ".local/share/cinelibre"


def test_root_has_it_where_another_user_can_enter() -> None:
    assert default_data_dir(uid=0, home=Path("/root")) == Path("/var/lib/cinelibre")


async def test_a_log_stays_bounded_while_its_writer_goes_on(tmp_path: Path) -> None:
    log = BoundedLog(tmp_path / "log" / "part.log", max_bytes=100)
    with os.fdopen(log.open(), "w") as writer:
        for number in range(50):
            writer.write(f"line {number}\n")
            writer.flush()
            await log.trim()
    assert log.size() <= 100
    assert log.tail().endswith("line 49\n")
    assert (tmp_path / "log" / "part.log.1").stat().st_size <= 110
    assert "\0" not in log.tail()
