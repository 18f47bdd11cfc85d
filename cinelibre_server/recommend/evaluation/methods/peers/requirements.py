"""Whether the other libraries are there, and which versions."""

from importlib.metadata import PackageNotFoundError, version

from cinelibre_server.errors import StartupError

LIBRARIES = ("scikit-surprise", "implicit", "lenskit")


def peer_versions() -> dict[str, str]:
    """The version of each library.

    Raises:
        StartupError: one is not installed.
    """
    versions = {}
    for library in LIBRARIES:
        try:
            versions[library] = version(library)
        except PackageNotFoundError:
            raise StartupError(f"--peers needs {library}: pip install 'cinelibre[peers]'") from None
    return versions
