"""Finds the files that ship with the program, in a checkout and in the wheel alike."""

from pathlib import Path

_PACKAGE = Path(__file__).parent
_ROOTS = (_PACKAGE / "_resources", _PACKAGE.parent)


def resource_path(*parts: str) -> Path:
    """The path of a shipped file or folder, such as `resource_path("sql", "queries")`.

    Raises:
        FileNotFoundError: it is in neither place, so the installation is incomplete.
    """
    for root in _ROOTS:
        path = root.joinpath(*parts)
        if path.exists():
            return path
    raise FileNotFoundError(f"{'/'.join(parts)} is missing: install cinelibre again")
