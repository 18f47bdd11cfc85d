"""Where model files come from: built once, never half, and one clear line when there are none."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cinelibre_server.embedding.model import DEFAULT_MODEL, ensure_model
from cinelibre_server.embedding.runtime import Embedder
from cinelibre_server.errors import StartupError

CACHE = Path(os.environ.get("CINELIBRE_TEST_CACHE", Path(__file__).parents[2] / ".cache")) / "models"

_ENSURE = """
import sys
from pathlib import Path
from cinelibre_server.embedding.model import ensure_model
steps = []
files = ensure_model(Path(sys.argv[1]), steps.append)
print(files.folder, len(steps))
"""


@pytest.fixture(scope="module")
def built() -> Path:
    return ensure_model(CACHE).folder


def copy_of(built: Path, folder: Path) -> Path:
    shutil.copytree(built, folder)
    return folder


def one_line(error: pytest.ExceptionInfo[StartupError]) -> str:
    text = str(error.value)
    assert "\n" not in text
    return text


def test_two_processes_at_once_build_the_model_once(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _ENSURE, str(tmp_path / "cache")]
    children = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    answers = [child.communicate(timeout=120)[0].split() for child in children]
    assert [child.returncode for child in children] == [0, 0]
    assert answers[0][0] == answers[1][0]
    reports = sorted(int(answer[1]) for answer in answers)
    assert reports[0] == 0, "the second process must wait and find the model built"
    assert reports[1] > 2, "building must report progress"
    assert [path.name for path in (tmp_path / "cache").iterdir() if path.name.startswith(".building")] == []


def test_a_built_model_is_found_again_without_building(built: Path) -> None:
    before = (built / "manifest.json").stat().st_mtime_ns
    reports: list[float] = []
    files = ensure_model(CACHE, reports.append)
    assert files.folder == built
    assert reports == []
    assert (built / "manifest.json").stat().st_mtime_ns == before


def test_the_identity_names_the_model_and_its_size(built: Path) -> None:
    identity = ensure_model(CACHE).identity
    assert identity.name == "intfloat/multilingual-e5-small (q4)"
    assert identity.dimensions == 384
    assert identity.fingerprint == json.loads((built / "manifest.json").read_text())["fingerprint"]
    assert len(identity.fingerprint) == 64


def test_leftovers_of_a_killed_build_and_damaged_folders_are_replaced(built: Path, tmp_path: Path) -> None:
    folder = copy_of(built, tmp_path / built.name)
    os.truncate(folder / "model.onnx.data", 1_000_000)
    leftover = tmp_path / f".building-{built.name}"
    leftover.mkdir()
    (leftover / "model.onnx").write_bytes(b"half")
    files = ensure_model(tmp_path)
    assert files.folder == folder
    assert (folder / "model.onnx.data").stat().st_size == (built / "model.onnx.data").stat().st_size
    assert not leftover.exists()


def test_building_twice_gives_the_same_bytes(built: Path, tmp_path: Path) -> None:
    again = ensure_model(tmp_path).folder
    names = sorted(path.name for path in built.iterdir())
    assert names == sorted(path.name for path in again.iterdir())
    for name in names:
        assert (again / name).read_bytes() == (built / name).read_bytes(), name


def test_built_files_can_be_read_by_another_user(built: Path) -> None:
    modes = {path.name: path.stat().st_mode & 0o444 for path in built.iterdir()}
    assert set(modes.values()) == {modes["model.onnx"]}


def test_a_cache_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(StartupError, match="CINELIBRE_CACHE_DIR") as error:
        ensure_model(tmp_path / "file" / "cache")
    assert str(tmp_path / "file") in one_line(error)


def test_a_built_folder_as_model_dir_keeps_its_identity(built: Path, tmp_path: Path) -> None:
    files = ensure_model(tmp_path / "unused", model_dir=copy_of(built, tmp_path / "elsewhere"))
    assert files.identity == ensure_model(CACHE).identity
    assert files.folder == tmp_path / "elsewhere"
    assert not (tmp_path / "unused").exists()


@pytest.fixture
def foreign(built: Path, tmp_path: Path) -> Path:
    """An ONNX folder that we did not build: the plain files that fastembed needs, nothing of ours."""
    folder = copy_of(built, tmp_path / "foreign")
    for name in ("manifest.json", "unigram.json", "pieces.txt", "scores.npy", "special_tokens_map.json"):
        (folder / name).unlink()
    return folder


async def test_any_onnx_folder_works_with_fastembeds_own_tokenizer(foreign: Path) -> None:
    files = ensure_model(CACHE, model="my/e5", model_dir=foreign)
    assert (files.identity.name, files.identity.dimensions) == ("my/e5", 384)
    assert (files.query_prefix, files.passage_prefix) == ("query: ", "passage: ")
    theirs, ours = Embedder(files), Embedder(ensure_model(CACHE))
    try:
        text = "A village doctor fights an epidemic"
        assert await theirs.embed_query(text) @ await ours.embed_query(text) > 0.99999
    finally:
        theirs.close()
        ours.close()


def test_the_fingerprint_of_a_folder_follows_its_content(foreign: Path) -> None:
    first = ensure_model(CACHE, model="my/model", model_dir=foreign)
    assert first == ensure_model(CACHE, model="my/model", model_dir=foreign)
    assert (first.query_prefix, first.passage_prefix) == ("", "")
    with (foreign / "model.onnx.data").open("r+b") as file:
        file.write(b"\x00\x01")
    assert ensure_model(CACHE, model="my/model", model_dir=foreign).identity.fingerprint != first.identity.fingerprint


@pytest.mark.parametrize("missing", ["model.onnx", "tokenizer.json", "config.json"])
def test_an_incomplete_folder_is_one_line(foreign: Path, missing: str) -> None:
    (foreign / missing).unlink()
    with pytest.raises(StartupError, match=missing) as error:
        ensure_model(CACHE, model_dir=foreign)
    assert one_line(error).startswith("CINELIBRE_MODEL_DIR: ")


def test_a_file_that_cannot_be_read_is_one_line(foreign: Path) -> None:
    (foreign / "config.json").unlink()
    (foreign / "config.json").mkdir()
    with pytest.raises(StartupError, match="cannot read") as error:
        ensure_model(CACHE, model_dir=foreign)
    assert str(foreign / "config.json") in one_line(error)


@pytest.mark.parametrize("damaged", ["model.onnx", "unigram.json"])
def test_a_folder_that_does_not_load_is_one_line(foreign: Path, damaged: str) -> None:
    (foreign / damaged).write_bytes(b"not a model\n" * 50)
    with pytest.raises(StartupError, match="Cannot load the embedding model") as error:
        Embedder(ensure_model(CACHE, model_dir=foreign))
    assert str(foreign) in one_line(error)


def test_a_wrong_length_in_the_folders_config_is_noticed(foreign: Path) -> None:
    (foreign / "config.json").write_text('{"hidden_size": 768}')
    with pytest.raises(StartupError, match="vectors of 384 numbers, not 768"):
        Embedder(ensure_model(CACHE, model_dir=foreign))


def test_an_unknown_model_name_says_what_may_be_used(tmp_path: Path) -> None:
    with pytest.raises(StartupError, match="fastembed has no model 'no/such'") as error:
        ensure_model(tmp_path, model="no/such")
    assert DEFAULT_MODEL in one_line(error)


def test_a_known_model_that_is_not_in_the_cache_says_how_to_fetch_it(tmp_path: Path) -> None:
    with pytest.raises(StartupError, match="Fetch them once with: python -c") as error:
        ensure_model(tmp_path, model="BAAI/bge-small-en-v1.5")
    assert "BAAI/bge-small-en-v1.5" in one_line(error)
