"""The films and books, and the state of the server."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cinelibre.v1 import catalog_pb2, search_pb2, system_pb2

from .arguments import CatalogOrder, ItemType, catalog_order_value, item_type_value
from .caller import Caller

if TYPE_CHECKING:
    from cinelibre.v1.catalog_pb2_grpc import CatalogServiceAsyncStub
    from cinelibre.v1.search_pb2_grpc import SearchServiceAsyncStub
    from cinelibre.v1.system_pb2_grpc import SystemServiceAsyncStub


class CatalogMethods:
    """The calls of CatalogService, SearchService and SystemService. None of them needs a signed-in user.

    Filters are combined with AND: one of `languages` (ISO 639-1) and one of `genres` (case ignored) must fit;
    `year_from` and `year_to` are included, 0 is no limit. A page holds 1 to 100 entries; `next_page_token`
    and the same filters give the next one.
    """

    _catalog: "CatalogServiceAsyncStub"
    _search: "SearchServiceAsyncStub"
    _system: "SystemServiceAsyncStub"
    _caller: Caller

    async def movies(
        self,
        *,
        languages: Sequence[str] = (),
        genres: Sequence[str] = (),
        year_from: int = 0,
        year_to: int = 0,
        title_contains: str = "",
        order: CatalogOrder = "added",
        page_size: int = 20,
        page_token: str = "",
    ) -> catalog_pb2.ListMoviesResponse:
        """Returns a page of films.

        Raises CineLibreError: ERROR_REASON_INVALID_FIELD for a bad filter, ERROR_REASON_INVALID_PAGE_TOKEN.
        """
        request = catalog_pb2.ListMoviesRequest(
            languages=languages,
            genres=genres,
            year_from=year_from,
            year_to=year_to,
            title_contains=title_contains,
            order=catalog_order_value(order),
            page_size=page_size,
            page_token=page_token,
        )
        return await self._caller.unary(self._catalog.ListMovies, request)

    async def movie(self, movie_id: int) -> catalog_pb2.Movie:
        """Returns a film.

        Raises CineLibreError: ERROR_REASON_ITEM_NOT_FOUND, also when the id is a book's.
        """
        request = catalog_pb2.GetMovieRequest(movie_id=movie_id)
        return (await self._caller.unary(self._catalog.GetMovie, request)).movie

    async def books(
        self,
        *,
        languages: Sequence[str] = (),
        genres: Sequence[str] = (),
        year_from: int = 0,
        year_to: int = 0,
        title_contains: str = "",
        order: CatalogOrder = "added",
        page_size: int = 20,
        page_token: str = "",
    ) -> catalog_pb2.ListBooksResponse:
        """Returns a page of books.

        Raises CineLibreError: ERROR_REASON_INVALID_FIELD for a bad filter, ERROR_REASON_INVALID_PAGE_TOKEN.
        """
        request = catalog_pb2.ListBooksRequest(
            languages=languages,
            genres=genres,
            year_from=year_from,
            year_to=year_to,
            title_contains=title_contains,
            order=catalog_order_value(order),
            page_size=page_size,
            page_token=page_token,
        )
        return await self._caller.unary(self._catalog.ListBooks, request)

    async def book(self, book_id: int) -> catalog_pb2.Book:
        """Returns a book.

        Raises CineLibreError: ERROR_REASON_ITEM_NOT_FOUND, also when the id is a film's.
        """
        request = catalog_pb2.GetBookRequest(book_id=book_id)
        return (await self._caller.unary(self._catalog.GetBook, request)).book

    async def search(
        self,
        query: str,
        *,
        item_type: ItemType | None = None,
        languages: Sequence[str] = (),
        genres: Sequence[str] = (),
        year_from: int = 0,
        year_to: int = 0,
        limit: int = 20,
        page_token: str = "",
    ) -> search_pb2.SemanticSearchResponse:
        """Returns a page of what is nearest in meaning to the query, in any language, the best first.

        Raises CineLibreError: ERROR_REASON_INVALID_FIELD for a query not of 1 to 4,000 characters or a bad
        filter; ERROR_REASON_INVALID_PAGE_TOKEN.
        """
        request = search_pb2.SemanticSearchRequest(
            q=query,
            item_type=item_type_value(item_type),
            languages=languages,
            genres=genres,
            year_from=year_from,
            year_to=year_to,
            limit=limit,
            page_token=page_token,
        )
        return await self._caller.unary(self._search.SemanticSearch, request)

    async def health(self) -> system_pb2.GetHealthResponse:
        """Returns the state of the server and its parts; it answers also while parts are down.

        Raises CineLibreError: UNAVAILABLE when nobody answers.
        """
        return await self._caller.unary(self._system.GetHealth, system_pb2.GetHealthRequest())
