"""The list of outputs. Another language is one more `Target` here, with its writer in a file of its own."""

import filecmp
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .descriptor_set import write_descriptor_set
from .openapi.document import write_openapi
from .python_stubs import write_python_stubs
from .reference.page import write_reference
from .sources import Sources
from .typescript import write_typescript


@dataclass(frozen=True)
class Target:
    """One output: a file, or a folder that holds nothing but generated files."""

    output: str  # relative to the repository
    write: Callable[[Sources, Path], None]  # writes the file, or fills the folder, at the path given


TARGETS = (
    Target("gen/python", write_python_stubs),
    Target("gen/descriptor.binpb", write_descriptor_set),
    Target("gen/openapi.json", lambda sources, path: write_openapi(sources.openapi, path)),
    Target("gen/docs.html", lambda sources, path: write_reference(sources.openapi, path)),
    # Inside the client's own folder, because a package can't ship files from outside it.
    Target("clients/typescript/src/generated.ts", lambda sources, path: write_typescript(sources.openapi, path)),
)


def regenerate(sources: Sources, repository: Path, targets: Sequence[Target]) -> Iterator[str]:
    """Writes all targets aside, then swaps them in, so that a failure leaves the old outputs whole."""
    # Inside the repository, so that the swap is a rename within one file system.
    with tempfile.TemporaryDirectory(dir=repository, prefix=".codegen-") as folder:
        _write_all(sources, Path(folder), targets)
        for target in targets:
            _swap_in(Path(folder, target.output), repository / target.output)
            yield target.output


def stale_files(sources: Sources, repository: Path, targets: Sequence[Target]) -> list[str]:
    """The files, relative to the repository, that are missing, differ, or are no longer generated."""
    with tempfile.TemporaryDirectory() as folder:
        _write_all(sources, Path(folder), targets)
        names = {name for target in targets for root in (Path(folder), repository) for name in _files(root, target)}
        return sorted(name for name in names if not _same(Path(folder, name), repository / name))


def _write_all(sources: Sources, folder: Path, targets: Sequence[Target]) -> None:
    for target in targets:
        path = folder / target.output
        path.parent.mkdir(parents=True, exist_ok=True)
        target.write(sources, path)


def _swap_in(new: Path, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        shutil.rmtree(path)
    new.replace(path)


def _files(root: Path, target: Target) -> Iterator[str]:
    path = root / target.output
    found = path.rglob("*") if path.is_dir() else [path]
    for file in found:
        if file.is_file() and "__pycache__" not in file.parts:
            yield file.relative_to(root).as_posix()


def _same(one: Path, other: Path) -> bool:
    return one.is_file() and other.is_file() and filecmp.cmp(one, other, shallow=False)
