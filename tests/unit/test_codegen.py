"""`python -m codegen`: the committed outputs are current, repaired by a run, and usable."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from proto.codegen.sources import REPOSITORY, load_sources
from proto.codegen.targets import TARGETS, stale_files


def _run(checkout: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-B", "-m", "codegen", *options]
    return subprocess.run(command, cwd=checkout / "proto", capture_output=True, text=True, check=False)


def _content(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The parts of a checkout that codegen reads and writes."""
    ignore = shutil.ignore_patterns("__pycache__")
    for folder in ("proto", "gen"):
        shutil.copytree(REPOSITORY / folder, tmp_path / folder, ignore=ignore)
    for file in ("cinelibre_server/__init__.py", "clients/typescript/src/generated.ts"):
        (tmp_path / file).parent.mkdir(parents=True)
        shutil.copy(REPOSITORY / file, tmp_path / file)
    return tmp_path


def test_the_committed_outputs_are_current() -> None:
    # It also shows that runs agree byte for byte: these were made by another run, elsewhere.
    assert stale_files(load_sources(REPOSITORY), REPOSITORY, TARGETS) == [], "run `make gen`"


def test_check_names_what_is_out_of_date(checkout: Path) -> None:
    (checkout / "gen/openapi.json").write_text("{}", "utf-8")
    (checkout / "gen/python/cinelibre/v1/gone_pb2.py").write_text("", "utf-8")
    (checkout / "gen/docs.html").unlink()
    done = _run(checkout, "--check")
    assert done.returncode == 1
    named = [line for line in done.stderr.splitlines() if line.startswith("out of date: ")]
    assert named == [
        "out of date: gen/docs.html",
        "out of date: gen/openapi.json",
        "out of date: gen/python/cinelibre/v1/gone_pb2.py",
    ]
    assert not (checkout / "gen/docs.html").exists()


def test_a_run_repairs_everything(checkout: Path) -> None:
    before = _content(checkout / "gen")
    shutil.rmtree(checkout / "gen")
    done = _run(checkout)
    assert done.returncode == 0, done.stderr
    assert _content(checkout / "gen") == before
    assert [path.name for path in checkout.iterdir() if path.name.startswith(".")] == []


def test_a_broken_contract_leaves_the_outputs_whole(checkout: Path) -> None:
    before = _content(checkout / "gen")
    with (checkout / "proto/cinelibre/v1/auth.proto").open("a", encoding="utf-8") as file:
        file.write("message {")
    done = _run(checkout)
    assert done.returncode != 0
    assert "auth.proto" in done.stderr
    assert _content(checkout / "gen") == before


def test_envoy_finds_all_that_it_needs() -> None:
    descriptors = FileDescriptorSet.FromString((REPOSITORY / "gen/descriptor.binpb").read_bytes())
    names = {file.name for file in descriptors.file}
    needed = {"google/rpc/error_details.proto", "google/rpc/status.proto", "google/api/httpbody.proto"}
    assert needed <= names
    assert all(dependency in names for file in descriptors.file for dependency in file.dependency)
    assert not any(file.HasField("source_code_info") for file in descriptors.file)


def test_the_stubs_import_without_a_warning() -> None:
    folder = REPOSITORY / "gen/python"
    modules = [".".join(path.relative_to(folder).with_suffix("").parts) for path in sorted(folder.rglob("*.py"))]
    assert "cinelibre.v1.system_pb2_grpc" in modules
    assert not any(name.endswith("__init__") for name in modules)
    command = [sys.executable, "-W", "error", "-c", f"import {', '.join(modules)}"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
