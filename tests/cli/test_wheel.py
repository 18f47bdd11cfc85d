"""The wheel, installed with its dependencies in a fresh environment and run in an empty folder."""

import os
import pwd
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.cli.launching import launched, open_folder

REPO = Path(__file__).parents[2]
PLAIN_USER = "nobody"
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")

U_ITEM = "{film}|Film {film} ({year})|01-Jan-{year}||http://example.com/{film}|" + "|".join("01" + "0" * 17) + "\n"


@dataclass(frozen=True)
class Installed:
    """The installed command, and whether users other than root may run its interpreter."""

    cinelibre: Path
    for_all: bool


def _runs_for_all(python: str) -> bool:
    check = "import sys; sys.exit(sys.version_info < (3, 11))"
    entry = pwd.getpwnam(PLAIN_USER)
    try:
        done = subprocess.run(
            [python, "-c", check], user=entry.pw_uid, group=entry.pw_gid, extra_groups=[], capture_output=True, cwd="/"
        )
    except OSError:
        return False
    return done.returncode == 0


def _interpreter() -> tuple[str, bool]:
    """An interpreter for the environment: ours, or where only root can run that, one that all users can."""
    ours = str(Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}")
    if os.geteuid() != 0:
        return ours, False
    candidates = [ours, *(f"{folder}/python3" for folder in ("/usr/local/bin", "/usr/bin"))]
    found = next((python for python in candidates if _runs_for_all(python)), None)
    return found or ours, found is not None


@pytest.fixture(scope="module")
def installed() -> Iterator[Installed]:
    """A fresh environment with the wheel of this checkout and what it depends on, nothing else."""
    with open_folder() as folder:
        build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(REPO)]
        subprocess.run(build, check=True, capture_output=True, timeout=300)
        (wheel,) = folder.glob("*.whl")
        python, for_all = _interpreter()
        environment = folder / "venv"
        subprocess.run([python, "-m", "venv", "--without-pip", str(environment)], check=True, timeout=300)
        # Our pip for their interpreter: Debian's Python has none of its own to give.
        pip = [sys.executable, "-m", "pip", "--python", str(environment / "bin" / "python")]
        options = ["--quiet", "--disable-pip-version-check", "--only-binary", ":all:"]
        subprocess.run([*pip, "install", *options, str(wheel)], check=True, timeout=600)
        yield Installed(environment / "bin" / "cinelibre", for_all)


@pytest.fixture(params=["as we are", pytest.param("as a plain user", marks=needs_root)])
def user(request: pytest.FixtureRequest, installed: Installed) -> str | None:
    """Who runs it: None is whoever runs the tests."""
    if request.param == "as we are":
        return None
    if not installed.for_all:
        pytest.skip("this machine's Python is closed to all users but root")
    return PLAIN_USER


def test_the_wheel_does_what_the_checkout_does(installed: Installed, user: str | None) -> None:
    with ExitStack() as stack:
        home, empty = (stack.enter_context(open_folder(user)) for _ in range(2))
        environment = {"HOME": str(home)}

        def run(*arguments: str) -> str:
            done = subprocess.run(
                [installed.cinelibre, *arguments],
                env={"PATH": os.environ["PATH"], **environment},
                cwd=empty,
                user=user,
                group=None if user is None else pwd.getpwnam(user).pw_gid,
                extra_groups=None if user is None else [],
                capture_output=True,
                text=True,
                timeout=300,
                check=False,
            )
            assert done.returncode == 0, done.stderr
            return done.stdout

        assert "recommend" in run("--help")
        up = launched([str(installed.cinelibre), "up"], home, environment, cwd=empty, user=user)
        running = stack.enter_context(up)
        assert "CineLibre is running." in running.output
        _check_http(running.http_url)

        data = ("--data-dir", str(home / "data"))
        movielens = _write_movielens(home / "ml-100k")
        report = run("import", "movielens", str(movielens), *data)
        assert "ratings: 40 new" in report
        ids = re.search(r"ids (\d+) to", report)
        assert ids
        assert "Film 9" in run("recommend", "--user", ids[1], *data)

        assert running.stop(signal.SIGINT) == 0
        assert (home / "data" / "jwt.keys").stat().st_mode & 0o777 == 0o600
        # The database that has stopped is started for one command.
        assert "0 new" in run("import", "movielens", str(movielens), *data)
        assert list(empty.iterdir()) == []


def _check_http(url: str) -> None:
    with httpx.Client(base_url=url, timeout=30) as client:
        assert client.get("/").json()["status"] == "SERVING_STATUS_SERVING"
        assert "<html" in client.get("/docs").text
        assert client.get("/openapi.json").json()["openapi"].startswith("3.1")
        hits = client.get("/search/semantic", params={"q": "a village plays cricket", "limit": 1}).json()["hits"]
        assert "Lagaan" in hits[0]["item"]["movie"]["title"]
        account = {"email": "test@example.com", "password": "test123", "name": "Test"}
        token = client.post("/auth/register", json=account).json()["access_token"]
        signed_in = {"authorization": f"Bearer {token}"}
        assert client.post("/ratings", json={"item_id": 2, "stars": 5}, headers=signed_in).status_code == 200
        personal = client.get("/recommendations/personalized", headers=signed_in).json()["recommendations"]
        assert personal[0]["reason"]


def _write_movielens(folder: Path) -> Path:
    """A data set like MovieLens 100K: five users, and all rate eight of nine films."""
    folder.mkdir()
    (folder / "u.item").write_text("".join(U_ITEM.format(film=film, year=1980 + film) for film in range(1, 10)))
    (folder / "u.user").write_text("".join(f"{user}|30|F|other|00000\n" for user in range(1, 6)))
    ratings = [(user, film) for user in range(1, 6) for film in range(1, 10) if film != (9 if user == 1 else user)]
    (folder / "u.data").write_text("".join(f"{u}\t{film}\t{(u + film) % 5 + 1}\t880000000\n" for u, film in ratings))
    return folder
