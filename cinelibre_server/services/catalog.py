"""CatalogService: films and books to read."""

from typing import Any

import grpc
from cinelibre.v1 import catalog_pb2, catalog_pb2_grpc

from cinelibre_server.errors import item_not_found
from cinelibre_server.interceptors.call import AuthenticatedUser, find_current_user
from cinelibre_server.services.messages import ItemMessages, item_filter
from cinelibre_server.services.paging import PageTokens, page_size
from cinelibre_server.store.items import ItemDetails, ItemKind, ItemStore, ListKey, ListOrder
from cinelibre_server.store.recommend import RecommendStore

_ORDERS: dict[int, ListOrder] = {
    catalog_pb2.CATALOG_ORDER_UNSPECIFIED: "id",
    catalog_pb2.CATALOG_ORDER_ADDED: "id",
    catalog_pb2.CATALOG_ORDER_TITLE: "title",
    catalog_pb2.CATALOG_ORDER_NEWEST: "newest",
}
_Context = grpc.aio.ServicerContext[Any, Any]


class CatalogService(catalog_pb2_grpc.CatalogServiceServicer):
    """Listings and single entries."""

    def __init__(self, items: ItemStore, recommend: RecommendStore, messages: ItemMessages, tokens: PageTokens) -> None:
        self._items = items
        self._recommend = recommend
        self._messages = messages
        self._tokens = tokens

    async def ListMovies(
        self, request: catalog_pb2.ListMoviesRequest, _context: _Context
    ) -> catalog_pb2.ListMoviesResponse:
        found, token = await self._list(request, "movie")
        return catalog_pb2.ListMoviesResponse(
            movies=[self._messages.of(item).movie for item in found], next_page_token=token
        )

    async def ListBooks(
        self, request: catalog_pb2.ListBooksRequest, _context: _Context
    ) -> catalog_pb2.ListBooksResponse:
        found, token = await self._list(request, "book")
        return catalog_pb2.ListBooksResponse(
            books=[self._messages.of(item).book for item in found], next_page_token=token
        )

    async def GetMovie(self, request: catalog_pb2.GetMovieRequest, _context: _Context) -> catalog_pb2.GetMovieResponse:
        item = await self._get(request.movie_id, "movie")
        user = find_current_user()
        stars = await self._predicted_stars(user, item) if user else None
        return catalog_pb2.GetMovieResponse(movie=self._messages.of(item).movie, predicted_stars=stars)

    async def GetBook(self, request: catalog_pb2.GetBookRequest, _context: _Context) -> catalog_pb2.GetBookResponse:
        item = await self._get(request.book_id, "book")
        user = find_current_user()
        stars = await self._predicted_stars(user, item) if user else None
        return catalog_pb2.GetBookResponse(book=self._messages.of(item).book, predicted_stars=stars)

    async def _get(self, item_id: int, kind: ItemKind) -> ItemDetails:
        item = await self._items.get(item_id)
        if item is None or item.item_type != kind:
            raise item_not_found(kind, item_id)
        return item

    async def _predicted_stars(self, user: AuthenticatedUser, item: ItemDetails) -> float | None:
        return (await self._recommend.predicted_stars(user.user_id, [item.item_id])).get(item.item_id)

    async def _list(
        self, request: catalog_pb2.ListMoviesRequest | catalog_pb2.ListBooksRequest, kind: ItemKind
    ) -> tuple[list[ItemDetails], str]:
        key = self._tokens.decode(request, 2)
        found, more = await self._items.list_page(
            item_filter(request, kind),
            _ORDERS[request.order],
            page_size(request.page_size),
            title_contains=request.title_contains,
            after=ListKey(str(key[0]), int(key[1])) if key else None,
        )
        return found, self._tokens.encode(request, (more.key, more.item_id)) if more else ""
