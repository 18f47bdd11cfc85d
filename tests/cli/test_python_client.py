"""The Python client: by itself against the live stack, and against a server that fails on purpose."""

import asyncio
import os
import pickle
import re
import secrets
import subprocess
import sys
import time
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest
from cinelibre.v1 import admin_pb2, auth_pb2
from cinelibre_client import CineLibre, CineLibreError, FieldViolation, Tokens

from tests.cli.failing_server import EXPIRED, UNAVAILABLE, FailingServer, Fault, start_failing_server
from tests.stack import Stack

REPO = Path(__file__).parents[2]
CLIENT = REPO / "clients" / "python"
OLD = Tokens("access-0", "refresh-0")
NOBODY_LISTENS = "127.0.0.1:1"


@pytest.fixture
async def failing() -> AsyncIterator[FailingServer]:
    """A server that fails as it is told."""
    servicer, server = await start_failing_server()
    yield servicer
    await server.stop(None)


async def test_unavailable_is_retried_after_the_delay_the_server_asks_for(failing: FailingServer) -> None:
    failing.faults = [UNAVAILABLE, UNAVAILABLE]
    async with CineLibre(failing.target) as cl:
        assert (await cl.movie(5)).movie_id == 5
    times = [at for _, at in failing.calls]
    assert len(times) == 3
    assert min(times[1] - times[0], times[2] - times[1]) >= 0.05


async def test_retries_are_limited_and_the_last_error_says_everything(failing: FailingServer) -> None:
    failing.faults = [UNAVAILABLE] * 3
    async with CineLibre(failing.target, retries=2) as cl:
        with pytest.raises(CineLibreError) as caught:
            await cl.movie(5)
    error = pickle.loads(pickle.dumps(caught.value))
    assert failing.count("GetMovie") == 3
    assert (error.code, error.reason) == (grpc.StatusCode.UNAVAILABLE, "ERROR_REASON_DATABASE_UNAVAILABLE")
    assert (error.retry_after, error.request_id, error.metadata) == (0.05, "request-1", {"item_id": "7"})
    assert str(error) == "ERROR_REASON_DATABASE_UNAVAILABLE: It failed on purpose."


async def test_the_timeout_holds_for_all_attempts_together(failing: FailingServer) -> None:
    failing.faults = [UNAVAILABLE] * 1000
    async with CineLibre(failing.target, timeout=2, retries=1000) as cl:
        started = time.monotonic()
        with pytest.raises(CineLibreError):
            await cl.movie(5)
    assert time.monotonic() - started < 5
    assert 2 <= len(failing.calls) <= 40


async def test_a_delay_beyond_the_timeout_is_not_waited_for(failing: FailingServer) -> None:
    failing.faults = [Fault(grpc.StatusCode.RESOURCE_EXHAUSTED, "ERROR_REASON_RATE_LIMITED", 60)]
    async with CineLibre(failing.target) as cl:
        started = time.monotonic()
        with pytest.raises(CineLibreError) as caught:
            await cl.movie(5)
    assert caught.value.retry_after == 60
    assert time.monotonic() - started < 5


async def test_a_bad_argument_is_not_retried_and_names_the_field(failing: FailingServer) -> None:
    bad_field = {"movie_id": "must be at least 1"}
    failing.faults = [Fault(grpc.StatusCode.INVALID_ARGUMENT, "ERROR_REASON_INVALID_FIELD", violations=bad_field)]
    async with CineLibre(failing.target) as cl:
        with pytest.raises(CineLibreError, match="movie_id: must be at least 1") as caught:
            await cl.movie(0)
    assert caught.value.field_violations == (FieldViolation("movie_id", "must be at least 1"),)
    assert failing.count("GetMovie") == 1


async def test_an_error_without_details_has_its_code() -> None:
    async with CineLibre(NOBODY_LISTENS, retries=1) as cl:
        with pytest.raises(CineLibreError) as caught:
            await cl.health()
    assert (caught.value.code, caught.value.reason) == (grpc.StatusCode.UNAVAILABLE, "")
    assert caught.value.message


async def test_calls_that_are_not_idempotent_are_not_repeated_when_unavailable(failing: FailingServer) -> None:
    async with CineLibre(failing.target, tokens=OLD) as cl:
        failing.faults = [UNAVAILABLE, UNAVAILABLE, UNAVAILABLE]
        for call in (cl.register("a@example.com", "secret"), cl.record_view(5), cl.refresh()):
            with pytest.raises(CineLibreError, match="DATABASE_UNAVAILABLE"):
                await call
    assert [name for name, _ in failing.calls] == ["Register", "RecordInteraction", "RefreshToken"]


async def test_they_are_repeated_when_the_server_says_that_nothing_was_done(failing: FailingServer) -> None:
    failing.faults = [Fault(grpc.StatusCode.RESOURCE_EXHAUSTED, "ERROR_REASON_RATE_LIMITED", 0.01)]
    saved: list[Tokens] = []
    async with CineLibre(failing.target, on_tokens=saved.append) as cl:
        assert (await cl.register("a@example.com", "secret")).email == "a@example.com"
        assert cl.tokens == OLD
    assert failing.count("Register") == 2
    assert saved == [OLD]


async def test_concurrent_calls_with_an_expired_token_refresh_once(failing: FailingServer) -> None:
    saved: list[Tokens] = []
    expired = Tokens("access-expired", "refresh-0")
    async with CineLibre(failing.target, tokens=expired, on_tokens=saved.append) as cl:
        users = await asyncio.gather(*(cl.get_me() for _ in range(20)))
    assert [user.user_id for user in users] == [1] * 20
    assert (failing.count("RefreshToken"), saved) == (1, [Tokens("access-1", "refresh-1")])
    assert failing.count("GetMe") <= 40


async def test_a_token_that_expires_again_is_not_refreshed_twice(failing: FailingServer) -> None:
    failing.faults = [EXPIRED, None, EXPIRED]
    async with CineLibre(failing.target, tokens=OLD) as cl:
        with pytest.raises(CineLibreError, match="TOKEN_EXPIRED"):
            await cl.get_me()
    assert [name for name, _ in failing.calls] == ["GetMe", "RefreshToken", "GetMe"]


async def test_a_refused_refresh_reaches_the_caller(failing: FailingServer) -> None:
    failing.generation = 3
    async with CineLibre(failing.target, tokens=OLD) as cl:
        with pytest.raises(CineLibreError, match="REFRESH_TOKEN_REUSED"):
            await cl.get_me()
        await cl.movie(5)
    assert failing.count("GetMe") == 1


async def test_new_tokens_are_kept_though_the_caller_gave_up(failing: FailingServer) -> None:
    saved: list[Tokens] = []
    failing.faults = [EXPIRED]
    failing.may_refresh.clear()
    async with CineLibre(failing.target, tokens=OLD, on_tokens=saved.append) as cl:
        call = asyncio.create_task(cl.get_me())
        await failing.refreshing.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert saved == []
        failing.may_refresh.set()
    assert saved == [Tokens("access-1", "refresh-1")]


async def test_an_export_without_its_end_raises(failing: FailingServer) -> None:
    async with CineLibre(failing.target, tokens=OLD) as cl:
        records: list[auth_pb2.ExportMyDataResponse] = []
        with pytest.raises(CineLibreError, match="cut off") as caught:
            async for record in cl.export_my_data():
                records.append(record)
        assert (caught.value.code, len(records)) == (grpc.StatusCode.DATA_LOSS, 1)
        failing.export.append(auth_pb2.ExportMyDataResponse(end=auth_pb2.ExportEnd()))
        assert [each.WhichOneof("record") async for each in cl.export_my_data()] == ["user", "end"]


async def test_an_export_is_repeated_only_before_its_first_record(failing: FailingServer) -> None:
    failing.faults, failing.cut_export_with = [UNAVAILABLE, EXPIRED], UNAVAILABLE
    async with CineLibre(failing.target, tokens=OLD) as cl:
        with pytest.raises(CineLibreError, match="DATABASE_UNAVAILABLE"):
            assert [each async for each in cl.export_my_data()] == []
    assert (failing.count("ExportMyData"), failing.count("RefreshToken")) == (3, 1)


def _build(target: Path, *options: str) -> Path:
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(target), *options, str(CLIENT)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    (wheel,) = target.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The client's wheel, made from the checkout."""
    return _build(tmp_path_factory.mktemp("wheel"), "--wheel")


@pytest.fixture(scope="module")
def installed_python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The Python of a fresh virtual environment that holds the client and what it needs, nothing else."""
    folder = tmp_path_factory.mktemp("venv")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, timeout=300)
    python = str(folder / "bin" / "python")
    install = [python, "-m", "pip", "install", "--quiet", "--only-binary", ":all:", str(wheel)]
    subprocess.run(install, check=True, timeout=300)
    return python


def test_the_sdist_makes_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as direct, zipfile.ZipFile(_build(tmp_path)) as from_sdist:
        assert sorted(direct.namelist()) == sorted(from_sdist.namelist())
        assert {"cinelibre_client/py.typed", "cinelibre/v1/py.typed", "cinelibre/v1/auth_pb2.py"} <= set(
            direct.namelist()
        )
        licence = direct.read("cinelibre_client-0.1.0.dist-info/licenses/LICENSE")
    assert licence == (REPO / "LICENSE").read_bytes()


def _run(python: str, script: Path, stack: Stack) -> str:
    environment = {**os.environ, "CINELIBRE_TARGET": stack.grpc_target}
    # -I: neither the checkout nor the user's packages may help.
    done = subprocess.run(
        [python, "-I", str(script)], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_quickstart_runs_with_the_installed_client(installed_python: str, stack: Stack) -> None:
    lines = _run(installed_python, CLIENT / "examples" / "quickstart.py", stack).splitlines()
    assert [line.split(" ")[0] for line in lines[:4]] == ["registered", "rated", "rated", "rated"]
    assert len(lines) == 10
    assert all(re.fullmatch(r".+: .+", line) for line in lines[4:9])
    assert lines[9].startswith("deleted quickstart-")


def test_the_code_in_the_readme_runs(installed_python: str, stack: Stack, tmp_path: Path) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", (CLIENT / "README.md").read_text(), re.DOTALL)
    script = tmp_path / "readme.py"
    script.write_text(code.replace("127.0.0.1:50051", stack.grpc_target))
    assert "ERROR_REASON_INVALID_CREDENTIALS" in _run(installed_python, script, stack)


def test_the_quickstart_fails_when_nobody_answers(installed_python: str) -> None:
    environment = {**os.environ, "CINELIBRE_TARGET": NOBODY_LISTENS}
    command = [installed_python, str(CLIENT / "examples" / "quickstart.py")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("UNAVAILABLE: ")


async def test_every_method_of_an_admin_against_the_live_stack(stack: Stack, stack_admin_token: str) -> None:
    async with CineLibre(stack.grpc_target, timeout=30, tokens=Tokens(stack_admin_token, "")) as cl:
        movie = await cl.create_movie(admin_pb2.MovieEntry(title="Anna's film", year=2001))
        mended = await cl.update_movie(movie.movie_id, admin_pb2.MovieEntry(cast=["Anna"]), ["cast", "year"])
        assert (mended.title, mended.year, list(mended.cast)) == ("Anna's film", 0, ["Anna"])
        book = await cl.create_book(admin_pb2.BookEntry(title="Anna's book"))
        assert (await cl.update_book(book.book_id, admin_pb2.BookEntry(page_count=99), ["page_count"])).page_count == 99
        await cl.hide_item(book.book_id)
        with pytest.raises(CineLibreError, match="ITEM_NOT_FOUND"):
            await cl.book(book.book_id)
        await cl.unhide_item(book.book_id)
        assert (await cl.book(book.book_id)).title == "Anna's book"
        actions = [entry.action async for entry in cl.audit_entries(item_id=book.book_id, page_size=3)]
        assert actions == [4, 3, 2, 1]
        with pytest.raises(CineLibreError, match="INVALID_UPDATE_MASK"):
            await cl.update_movie(movie.movie_id, admin_pb2.MovieEntry(), [])
    async with CineLibre(stack.grpc_target, timeout=30) as cl:
        await cl.register(f"{secrets.token_hex(8)}@example.com", "secret-1", "Test")
        with pytest.raises(CineLibreError, match="ADMIN_REQUIRED"):
            await cl.hide_item(movie.movie_id)


async def test_every_method_against_the_live_stack(stack: Stack) -> None:
    email, saved = f"{secrets.token_hex(8)}@example.com", list[Tokens]()
    async with CineLibre(stack.grpc_target, timeout=30, on_tokens=saved.append) as cl:
        assert (await cl.health()).name == "cinelibre"
        page = await cl.movies(order="title", page_size=5)
        assert (await cl.movies(order="title", page_size=5, page_token=page.next_page_token)).movies[0] != page.movies[
            0
        ]
        movie = page.movies[0].movie_id
        book = (await cl.books(order="newest", page_size=1)).books[0].book_id
        assert (await cl.movie(movie)).movie_id == movie
        assert (await cl.book(book)).book_id == book
        assert (await cl.similar("movie", movie, across_types=True, limit=2)).recommendations
        assert (await cl.popular(window="30_days", item_type="book", limit=2)).recommendations
        assert len((await cl.search("a heist", languages=["hi", "ta"], year_from=1950, limit=2)).hits) == 2

        assert (await cl.register(email, "secret-1", "Test")).email == email
        await cl.rate(book, 3)
        assert (await cl.rate(movie, 4.5)).stars == 4.5
        assert [rated.rating.item_id async for rated in cl.my_ratings(page_size=1)] == [movie, book]
        row = f'2020-01-01,"{page.movies[0].title}",{page.movies[0].year},x,1'
        text = f"Date,Name,Year,Letterboxd URI,Rating\n{row}\n"
        report = await cl.import_ratings(text.encode(), preview=True)
        assert [(match.item_id, match.stars) for match in report.matches] == [(movie, 1.0)]
        with pytest.raises(CineLibreError, match="letterboxd: CSV with the columns"):
            await cl.import_ratings(b"x" * 300_000, format="letterboxd")
        await cl.record_view(movie)
        await cl.record_click(movie, query="a heist", position=1)
        await cl.record_search("a heist")
        assert movie not in [each.item.item_id for each in (await cl.recommend(algorithm="content")).recommendations]
        export = [record async for record in cl.export_my_data()]
        assert (export[-1].end.rating_count, export[-1].end.interaction_count) == (2, 3)
        await cl.delete_rating(book)

        await cl.refresh()
        assert (await cl.update_me(name="Other")).name == "Other"
        await cl.change_password("secret-1", "secret-2")
        assert await cl.logout(all_sessions=True) == 1
        with pytest.raises(CineLibreError, match="TOKEN_MISSING"):
            await cl.get_me()
        assert (await cl.login(email, "secret-2")).name == "Other"
        await cl.delete_me()
    assert len(set(saved)) == 4
