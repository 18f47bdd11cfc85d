"""Finds a MovieLens or goodbooks data set in a folder or a zip, in any of its formats, and reads its files."""

import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal, TypeAlias

from cinelibre_server.errors import StartupError

Format: TypeAlias = Literal["movielens-100k", "movielens-1m", "movielens-10m", "movielens", "goodbooks-10k"]
_Folder: TypeAlias = Path | zipfile.Path

_PROGRESS_BYTES = 250_000
_BLOCK_BYTES = 4_000_000

# What makes a folder one of each format; the files come in the order in which they are read.
_NEEDED: dict[Format, tuple[str, ...]] = {
    "movielens-100k": ("u.item", "u.data"),
    "movielens-1m": ("movies.dat", "users.dat", "ratings.dat"),
    "movielens-10m": ("movies.dat", "ratings.dat"),
    "movielens": ("movies.csv", "ratings.csv"),
    "goodbooks-10k": ("books.csv", "ratings.csv"),
}
_OPTIONAL: dict[Format, tuple[str, ...]] = {
    "movielens-100k": ("u.user",),
    "movielens-1m": (),
    "movielens-10m": ("tags.dat",),
    "movielens": ("links.csv", "tags.csv"),
    "goodbooks-10k": ("tags.csv", "book_tags.csv"),
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


_MOVIELENS: tuple[Format, ...] = ("movielens-100k", "movielens-1m", "movielens-10m", "movielens")


@contextmanager
def open_movielens(path: Path) -> Iterator[MovieLensFiles]:
    """The MovieLens data set at `path`; see open_data_set."""
    with open_data_set(path, "MovieLens", _MOVIELENS) as files:
        yield files


@contextmanager
def open_data_set(path: Path, name: str, formats: Sequence[Format]) -> Iterator[MovieLensFiles]:
    """The data set at `path`: a folder or a zip that has it in one of the formats, itself or in a folder within.

    Raises:
        StartupError: it isn't one, or can't be opened.
    """
    with ExitStack() as stack:
        try:
            root: _Folder = path
            if not path.is_dir():
                root = zipfile.Path(stack.enter_context(zipfile.ZipFile(path)))
            files = _find(path, root, name, formats)
        except FileNotFoundError:
            raise StartupError(f"{path} does not exist: give the folder or zip of a {name} data set") from None
        except zipfile.BadZipFile:
            raise StartupError(f"{path} is neither a folder nor a zip: give one of a {name} data set") from None
        except OSError as error:
            raise StartupError(f"{path} can't be read ({error.strerror}): check its permissions") from None
        yield files


def _find(path: Path, root: _Folder, data_set: str, formats: Sequence[Format]) -> MovieLensFiles:
    within = (folder for folder in root.iterdir() if folder.is_dir())
    for folder in (root, *sorted(within, key=lambda folder: folder.name)):
        for format_ in formats:
            if all(folder.joinpath(name).is_file() for name in _NEEDED[format_]):
                return MovieLensFiles(format_, folder)
    wanted = " or ".join(" and ".join(_NEEDED[format_]) for format_ in formats)
    raise StartupError(f"{path} is no {data_set} data set: looked for {wanted}, in it and in its folders")


def _size(file: _Folder) -> int:
    if isinstance(file, zipfile.Path):
        return file.root.getinfo(file.at).file_size
    return file.stat().st_size
