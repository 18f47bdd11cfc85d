"""The README: what it shows is what happens, and what it says of settings, commands and files is so."""

import gzip
import json
import os
import re
import shlex
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest
import typer

from cinelibre_server.cli import app
from cinelibre_server.config import Settings
from tests.cli.launching import Launched, launched, open_folder

REPO = Path(__file__).parents[2]
README = (REPO / "README.md").read_text()
SHIMS = Path(__file__).with_name("shims")
# Printed after each command; no program prints it.
SEPARATOR = "\x1e"
COMMAND_LINES = typer.main.get_command(app)


@dataclass(frozen=True, slots=True)
class Shown:
    """A command of the README and the output that it shows."""

    command: str
    output: str


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


def _shown() -> list[Shown]:
    commands = [part for block in _blocks("console") for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]]
    return [Shown(*(text.strip() for text in part.partition("\n")[::2])) for part in commands]


def _shell_lines() -> list[str]:
    return [line.partition(" #")[0].strip() for block in _blocks("sh") for line in block.splitlines() if line.strip()]


def _path(folder: Path, *, shims_first: bool) -> str:
    """PATH with the stand-ins before or after the real programs, and with the checkout's `cinelibre`."""
    folder.mkdir(exist_ok=True)
    for shim in SHIMS.glob("[a-z]*.py"):
        program = folder / shim.stem
        # -P: `import jq` is the library, not the file itself.
        program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -P {shlex.quote(str(shim))} "$@"\n')
        program.chmod(0o755)
    real = [str(Path(sys.executable).parent), os.environ["PATH"]]
    return os.pathsep.join([str(folder), *real] if shims_first else [*real, str(folder)])


def _run(lines: list[str], path: str, **environment: str) -> list[str]:
    """What each line prints, all of them in one shell."""
    script = "".join(f"{line}\nprintf '{SEPARATOR}'\n" for line in lines)
    done = subprocess.run(
        ["bash", "-c", script],
        env={**os.environ, **environment, "PATH": path},
        stdout=subprocess.PIPE,
        text=True,
        timeout=300,
        check=False,
    )
    return [part.strip() for part in done.stdout.split(SEPARATOR)[:-1]]


def _at(stack: Launched, text: str) -> str:
    """A text of the README with the addresses of the running stack."""
    return text.replace("http://127.0.0.1:8080", stack.http_url).replace("127.0.0.1:50051", stack.grpc_target)


def test_what_the_readme_shows_is_what_happens(starter_database_url: str, model_cache: Path, tmp_path: Path) -> None:
    environment = {"CINELIBRE_CACHE_DIR": str(model_cache), "CINELIBRE_DATABASE_URL": starter_database_url}
    assert "make up" in _shell_lines()
    with (
        open_folder() as folder,
        launched(["make", "-s", "up"], folder, {**environment, "HOME": str(folder)}, cwd=REPO) as stack,
    ):
        _check_greeting(stack)
        _check_console(stack, environment, _path(tmp_path / "last", shims_first=False), "test@example.com")
        _check_console(stack, environment, _path(tmp_path / "first", shims_first=True), "second@example.com")
        _check_pasted_calls(stack, _path(tmp_path / "last", shims_first=False))
        _check_import(environment, _path(tmp_path / "last", shims_first=False), tmp_path)
        stack.stop(as_group=True)


def _check_greeting(stack: Launched) -> None:
    (greeting,) = (block for block in _blocks("text") if block.startswith("CineLibre is running"))
    address = r"http://127\.0\.0\.1:\d+/metrics"
    assert re.sub(address, "METRICS", _at(stack, greeting)) in re.sub(address, "METRICS", stack.output)


def _check_console(stack: Launched, environment: dict[str, str], path: str, email: str) -> None:
    shown = [
        Shown(*(text.replace("test@example.com", email) for text in (each.command, each.output))) for each in _shown()
    ]
    assert len(shown) > 8
    printed = _run([_at(stack, each.command) for each in shown], path, **environment)
    for each, output in zip(shown, printed, strict=True):
        assert output == each.output, each.command


def _check_pasted_calls(stack: Launched, path: str) -> None:
    """The three calls that `cinelibre up` prints: curl, grpcurl, Python."""
    calls = stack.output.partition("Try it:")[2].strip().split("\n\n")
    assert [Path(call.split()[0]).name for call in calls] == ["curl", "grpcurl", Path(sys.executable).name]
    found, popular, similar = _run([call.strip() for call in calls], path)
    assert len(json.loads(found)["hits"]) == 5
    assert len(json.loads(popular)["recommendations"]) == 5
    assert [re.sub(r"^0\.\d+ .+", "hit", line) for line in similar.splitlines()] == ["hit"] * 3


def _check_import(environment: dict[str, str], path: str, folder: Path) -> None:
    lines = [line for line in _shell_lines() if line.startswith("cinelibre ")]
    archive = re.search(r"import movielens (\S+\.zip)", lines[0])
    assert archive
    _write_movielens(folder / archive[1], users=45)
    commands = [f"cd {shlex.quote(str(folder))}; {lines[0]}", *lines[1:4]]
    imported, recommended, trained, updated = _run(commands, path, **environment)
    assert "ratings: 225 new" in imported
    assert "For user 42" in recommended
    assert "Film" in recommended
    for said in (trained, updated):
        assert re.search(r"Serving model \d+, of 2\d\d ratings by 4\d users", said)
    assert "updated" in updated
    _check_other_files(
        [line for line in lines[4:] if " import " in line or " export " in line], environment, path, folder
    )


def _check_other_files(lines: list[str], environment: dict[str, str], path: str, folder: Path) -> None:
    (folder / "films.csv").write_text("title,year,imdb_id\nNew film,I 2014,tt1234567\n,2001,\n")
    with zipfile.ZipFile(folder / "goodbooks-10k.zip", "w") as files:
        columns = "book_id,goodreads_book_id,isbn,isbn13,authors,original_publication_year,title"
        files.writestr("books.csv", f"{columns}\n1,5,,,R. K. Narayan,1958.0,A book of goodbooks\n")
        files.writestr("ratings.csv", "user_id,book_id,rating\n1,1,5\n")
    with zipfile.ZipFile(folder / "letterboxd.zip", "w") as files:
        files.writestr("ratings.csv", "Date,Name,Year,Letterboxd URI,Rating\n2020-01-01,New film,2014,x,4.5\n")
    printed = _run([f"cd {shlex.quote(str(folder))}; {lines[0]}", *lines[1:]], path, **environment)
    items, books, previewed, _, _, ratings = printed
    assert "items:    1 new" in items
    assert "1 rejected" in items
    assert "books:   1 new" in books
    assert "ratings:  1 new" in previewed
    assert "ratings: 0 new, 0 changed" in ratings
    assert "'I 2014' → '2014'" in items
    assert "year cleaned" in (folder / "repairs.csv").read_text()
    with gzip.open(folder / "items.jsonl.gz", "rt") as exported:
        assert "New film" in exported.read()


def _write_movielens(archive: Path, *, users: int) -> None:
    """A data set like ml-latest: each user rates five films of nine."""
    films = [f"{film},Film {film} ({1990 + film}),Drama|Comedy" for film in range(1, 10)]
    ratings = [
        f"{user},{(user + step) % 9 + 1},{0.5 * ((user + step) % 10 + 1)},{1_000_000_000 + user}"
        for user in range(1, users + 1)
        for step in range(5)
    ]
    with zipfile.ZipFile(archive, "w") as files:
        files.writestr(f"{archive.stem}/movies.csv", "\n".join(["movieId,title,genres", *films, ""]))
        files.writestr(f"{archive.stem}/ratings.csv", "\n".join(["userId,movieId,rating,timestamp", *ratings, ""]))


@pytest.mark.parametrize("line", _shell_lines())
def test_shell_commands_exist(line: str) -> None:
    program, name = line.split()[:2]
    if program == "make":
        assert re.search(rf"^{name}:", (REPO / "Makefile").read_text(), re.MULTILINE)
    elif program == "spark-class":
        # test_train_spark.py starts its cluster by these lines.
        assert name.startswith("org.apache.spark.deploy.")
    else:
        assert program == "cinelibre"
        _check_command(line)


def test_commands_in_the_text_exist() -> None:
    named = re.findall(r"`(cinelibre [^`]+)`", README)
    assert "cinelibre serve" in named
    for line in named:
        _check_command(line)


def _check_command(line: str) -> None:
    """That the command parses, apart from arguments that the text leaves out."""
    with COMMAND_LINES.make_context("cinelibre", shlex.split(line)[1:], resilient_parsing=True) as context:
        assert isinstance(COMMAND_LINES, typer.core.TyperGroup)
        name, command, rest = COMMAND_LINES.resolve_command(context, shlex.split(line)[1:])
        assert command is not None, line
        command.make_context(name, rest, resilient_parsing=True, ignore_unknown_options=False)


def test_options_in_the_text_exist() -> None:
    named = set(re.findall(r"`(--[a-z-]+)`", README))
    up = COMMAND_LINES.get_command(typer.Context(COMMAND_LINES), "up")  # type: ignore[attr-defined]
    known = {option for parameter in up.params for option in (*parameter.opts, *parameter.secondary_opts)}
    assert named
    assert named <= known


def _default_of(name: str) -> str:
    default = Settings.model_fields[name].get_default(call_default_factory=True)
    value = getattr(default, "get_secret_value", lambda: default)()
    if isinstance(value, tuple):
        value = ",".join(value)
    return "" if value is None else str(value).replace(str(Path.home()), "~")


def test_the_table_lists_every_setting_as_it_is() -> None:
    listed = re.findall(r"^\| `(CINELIBRE_\w+)` \| (?:`(.+?)`)? +\| (.+) \|$", README.replace("|  |", "|   |"), re.M)
    settings = [
        (f"CINELIBRE_{name.upper()}", _default_of(name), field.description)
        for name, field in Settings.model_fields.items()
    ]
    assert listed == settings


def test_no_other_variable_is_named() -> None:
    assert set(re.findall(r"CINELIBRE_\w+", README)) == {f"CINELIBRE_{name.upper()}" for name in Settings.model_fields}


def test_linked_files_exist() -> None:
    targets = [target for target in re.findall(r"\]\(([^)]+)\)", README) if "://" not in target]
    assert targets
    assert [target for target in targets if not (REPO / target.partition("#")[0]).exists()] == []


def test_the_starter_catalogue_is_as_large_as_said() -> None:
    said = re.search(r"starter catalogue of ([\d,]+) Indian films in (\d+) languages and (\d+) books", README)
    assert said
    folder = REPO / "cinelibre_server" / "ingest" / "starter"
    films, books = (
        [json.loads(line) for line in (folder / name).read_text().splitlines()]
        for name in ("movies.jsonl", "books.jsonl")
    )
    assert tuple(int(number.replace(",", "")) for number in said.groups()) == (
        len(films),
        len({film["language"] for film in films}),
        len(books),
    )
