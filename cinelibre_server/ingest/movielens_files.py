"""Finds a MovieLens data set in a folder or a zip, in any of its formats, and reads its files."""

import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal, TypeAlias

from cinelibre_server.errors import StartupError

Format: TypeAlias = Literal["movielens-100k", "movielens-1m", "movielens-10m", "movielens"]
_Folder: TypeAlias = Path | zipfile.Path

_PROGRESS_BYTES = 250_000
_BLOCK_BYTES = 4_000_000

# What makes a folder one of each format; the files come in the order in which they are read.
_NEEDED: dict[Format, tuple[str, ...]] = {
    "movielens-100k": ("u.item", "u.data"),
    "movielens-1m": ("movies.dat", "users.dat", "ratings.dat"),
    "movielens-10m": ("movies.dat", "ratings.dat"),
    "movielens": ("movies.csv", "ratings.csv"),
}
_OPTIONAL: dict[Format, tuple[str, ...]] = {
    "movielens-100k": ("u.user",),
    "movielens-1m": (),
    "movielens-10m": ("tags.dat",),
    "movielens": ("links.csv", "tags.csv"),
}


@dataclass(frozen=True, slots=True)
class MovieLensFiles:
    """The files of one data set. `format` is also the source that its users and items are filed under."""

    format: Format
    folder: _Folder

    def has(self, name: str) -> bool:
        """Whether the data set has this (optional) file."""
        return self.folder.joinpath(name).is_file()

    @property
    def total_bytes(self) -> int:
        """Size of all files that an import reads, uncompressed."""
        names = (*_NEEDED[self.format], *_OPTIONAL[self.format])
        return sum(_size(self.folder.joinpath(name)) for name in names if self.has(name))

    def lines(self, name: str, advance: Callable[[float], None]) -> Iterator[bytes]:
        """The lines of a file, never the whole of it; `advance` is told the bytes read, now and then.

        Raises:
            StartupError: the file can't be read to its end.
        """
        pending = 0
        with self._open(name) as file:
            for line in file:
                yield line
                pending += len(line)
                if pending > _PROGRESS_BYTES:
                    advance(pending)
                    pending = 0
        advance(pending)

    def blocks(self, name: str, advance: Callable[[float], None]) -> Iterator[bytes]:
        """The file in blocks of some megabytes, cut where lines end; the last line ends like the others.

        Raises:
            StartupError: the file can't be read to its end.
        """
        begun = b""
        with self._open(name) as file:
            while block := file.read(_BLOCK_BYTES):
                advance(len(block))
                end = block.rfind(b"\n") + 1
                if end:
                    yield begun + block[:end]
                    begun = block[end:]
                else:
                    begun += block
        if begun:
            yield begun + b"\n"

    @contextmanager
    def _open(self, name: str) -> Iterator[IO[bytes]]:
        try:
            with self.folder.joinpath(name).open("rb") as file:
                yield file
        # RuntimeError: the zip has a password, or an unknown compression.
        except (OSError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
            raise StartupError(f"{name} can't be read ({error}): get the data set again, or unpack it") from None


@contextmanager
def open_movielens(path: Path) -> Iterator[MovieLensFiles]:
    """The data set at `path`: a folder or a zip that has it, itself or in a folder within.

    Raises:
        StartupError: it isn't one, or can't be opened.
    """
    with ExitStack() as stack:
        try:
            root: _Folder = path
            if not path.is_dir():
                root = zipfile.Path(stack.enter_context(zipfile.ZipFile(path)))
            files = _find(path, root)
        except FileNotFoundError:
            raise StartupError(f"{path} does not exist: give the folder or zip of a MovieLens data set") from None
        except zipfile.BadZipFile:
            raise StartupError(f"{path} is neither a folder nor a zip: give one of a MovieLens data set") from None
        except OSError as error:
            raise StartupError(f"{path} can't be read ({error.strerror}): check its permissions") from None
        yield files


def _find(path: Path, root: _Folder) -> MovieLensFiles:
    within = (folder for folder in root.iterdir() if folder.is_dir())
    for folder in (root, *sorted(within, key=lambda folder: folder.name)):
        for format_, needed in _NEEDED.items():
            if all(folder.joinpath(name).is_file() for name in needed):
                return MovieLensFiles(format_, folder)
    wanted = " or ".join(" and ".join(needed) for needed in _NEEDED.values())
    raise StartupError(f"{path} is no MovieLens data set: looked for {wanted}, in it and in its folders")


def _size(file: _Folder) -> int:
    if isinstance(file, zipfile.Path):
        return file.root.getinfo(file.at).file_size
    return file.stat().st_size
