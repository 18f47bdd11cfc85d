"""The sources there are, by the names that the command line knows them by."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from cinelibre_server import __version__
from cinelibre_server.config import Settings
from cinelibre_server.errors import StartupError
from cinelibre_server.ingest.sync.client import ServiceClient
from cinelibre_server.ingest.sync.googlebooks import GoogleBooksSource, googlebooks_service
from cinelibre_server.ingest.sync.openlibrary import OpenLibrarySource, openlibrary_service
from cinelibre_server.ingest.sync.source import Source
from cinelibre_server.ingest.sync.tmdb import TmdbSource, tmdb_service
from cinelibre_server.ingest.sync.wikidata import WikidataSource, wikidata_service


def open_source(name: str, settings: Settings, requests_per_second: float | None) -> Source:
    """The source `name`, asked at most so often; without a number as often as it allows.

    Raises:
        StartupError: there is no such source, or it wants a setting that is not there.
    """
    if name not in SOURCES:
        raise StartupError(f"there is no source {name!r}: choose {', '.join(SOURCES)}")
    return SOURCES[name](settings, requests_per_second)


def _tmdb(settings: Settings, requests_per_second: float | None) -> Source:
    token = settings.tmdb_token.get_secret_value().strip()
    return TmdbSource(ServiceClient(tmdb_service(settings.tmdb_url, token, requests_per_second, _user_agent(settings))))


def _wikidata(settings: Settings, requests_per_second: float | None) -> Source:
    service = wikidata_service(settings.wikidata_url, requests_per_second, _user_agent(settings))
    return WikidataSource(ServiceClient(service))


def _openlibrary(settings: Settings, requests_per_second: float | None) -> Source:
    service = openlibrary_service(
        settings.openlibrary_url,
        requests_per_second,
        _user_agent(settings),
        identified=bool(settings.sync_contact),
    )
    return OpenLibrarySource(ServiceClient(service))


def _googlebooks(settings: Settings, requests_per_second: float | None) -> Source:
    key = settings.google_books_key.get_secret_value().strip()
    service = googlebooks_service(settings.google_books_url, key, requests_per_second, _user_agent(settings))
    return GoogleBooksSource(ServiceClient(service))


def _user_agent(settings: Settings) -> str:
    """Says who asks, as the sources want it."""
    return f"CineLibre/{__version__} ({settings.sync_contact or 'self-hosted recommender'})"


SOURCES: Final[Mapping[str, Callable[[Settings, float | None], Source]]] = MappingProxyType(
    {"tmdb": _tmdb, "wikidata": _wikidata, "openlibrary": _openlibrary, "googlebooks": _googlebooks}
)
