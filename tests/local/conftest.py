"""Folders and accounts for tests of what runs on one machine."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cinelibre_server.resources import resource_path


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """An empty data folder with a short path. Not tmp_path: PostgreSQL's user cannot enter root's."""
    folder = Path(tempfile.mkdtemp(prefix="cl-", dir="/tmp"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def descriptor() -> Path:
    """The descriptor set of the contract."""
    return resource_path("gen", "descriptor.binpb")
