"""AdminService: what admins do to the catalogue, and the list of what they did."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NoReturn, TypeAlias

import grpc
import structlog
from cinelibre.v1 import admin_pb2, admin_pb2_grpc, catalog_pb2, errors_pb2

from cinelibre_server.errors import (
    DomainError,
    FieldViolation,
    invalid_field,
    invalid_update_mask,
    item_not_found,
)
from cinelibre_server.interceptors.call import current_user
from cinelibre_server.search.engine import SearchEngine
from cinelibre_server.services.messages import ItemMessages, timestamp
from cinelibre_server.services.paging import PageTokens, page_size
from cinelibre_server.store.admin import AdminStore, AuditEntry, FieldValue, IdTakenError
from cinelibre_server.store.items import ItemKind, ItemStore
from cinelibre_server.store.recommend import RecommendStore

_log = structlog.get_logger(__name__)

EmbedItem = Callable[[ItemKind, int], Awaitable[None]]
_Context: TypeAlias = grpc.aio.ServicerContext[Any, Any]
_Entry: TypeAlias = admin_pb2.MovieEntry | admin_pb2.BookEntry

# What the contract has as 0 or "" when unknown.
_NULL_WHEN_UNKNOWN = frozenset({"year", "language", "runtime_minutes", "imdb_id", "page_count", "isbn13"})
_ACTIONS: dict[str, "admin_pb2.AuditAction.ValueType"] = {
    "create": admin_pb2.AUDIT_ACTION_CREATE,
    "update": admin_pb2.AUDIT_ACTION_UPDATE,
    "hide": admin_pb2.AUDIT_ACTION_HIDE,
    "unhide": admin_pb2.AUDIT_ACTION_UNHIDE,
}
_TYPES: dict[ItemKind | None, "catalog_pb2.ItemType.ValueType"] = {
    "movie": catalog_pb2.ITEM_TYPE_MOVIE,
    "book": catalog_pb2.ITEM_TYPE_BOOK,
    None: catalog_pb2.ITEM_TYPE_UNSPECIFIED,
}


class AdminService(admin_pb2_grpc.AdminServiceServicer):
    """See proto/cinelibre/v1/admin.proto for what each RPC promises."""

    def __init__(
        self,
        admin: AdminStore,
        items: ItemStore,
        recommend: RecommendStore,
        search: SearchEngine,
        messages: ItemMessages,
        tokens: PageTokens,
        embed_item: EmbedItem,
    ) -> None:
        self._admin = admin
        self._items = items
        self._recommend = recommend
        self._search = search
        self._messages = messages
        self._tokens = tokens
        self._embed_item = embed_item

    async def CreateMovie(
        self, request: admin_pb2.CreateMovieRequest, _context: _Context
    ) -> admin_pb2.CreateMovieResponse:
        return admin_pb2.CreateMovieResponse(movie=(await self._create("movie", request.movie)).movie)

    async def CreateBook(
        self, request: admin_pb2.CreateBookRequest, _context: _Context
    ) -> admin_pb2.CreateBookResponse:
        return admin_pb2.CreateBookResponse(book=(await self._create("book", request.book)).book)

    async def UpdateMovie(
        self, request: admin_pb2.UpdateMovieRequest, _context: _Context
    ) -> admin_pb2.UpdateMovieResponse:
        changes = _masked("movie", request.movie, request.update_mask.paths)
        return admin_pb2.UpdateMovieResponse(movie=(await self._update("movie", request.movie_id, changes)).movie)

    async def UpdateBook(
        self, request: admin_pb2.UpdateBookRequest, _context: _Context
    ) -> admin_pb2.UpdateBookResponse:
        changes = _masked("book", request.book, request.update_mask.paths)
        return admin_pb2.UpdateBookResponse(book=(await self._update("book", request.book_id, changes)).book)

    async def HideItem(self, request: admin_pb2.HideItemRequest, _context: _Context) -> admin_pb2.HideItemResponse:
        await self._set_hidden(request.item_id, hidden=True)
        return admin_pb2.HideItemResponse()

    async def UnhideItem(
        self, request: admin_pb2.UnhideItemRequest, _context: _Context
    ) -> admin_pb2.UnhideItemResponse:
        await self._set_hidden(request.item_id, hidden=False)
        return admin_pb2.UnhideItemResponse()

    async def ListAuditEntries(
        self, request: admin_pb2.ListAuditEntriesRequest, _context: _Context
    ) -> admin_pb2.ListAuditEntriesResponse:
        size = page_size(request.page_size)
        key = self._tokens.decode(request, 1)
        found = await self._admin.list_entries(request.item_id or None, size + 1, int(key[0]) if key else None)
        page = found[:size]
        return admin_pb2.ListAuditEntriesResponse(
            entries=[_entry_message(entry) for entry in page],
            next_page_token=self._tokens.encode(request, (page[-1].audit_entry_id,)) if len(found) > size else "",
        )

    async def _create(self, kind: ItemKind, entry: _Entry) -> catalog_pb2.Item:
        values = _values(entry)
        _check_title(kind, values)
        try:
            item_id = await self._admin.create(current_user().user_id, kind, values)
        except IdTakenError as error:
            _refuse_taken_id(kind, error)
        return await self._changed(kind, item_id)

    async def _update(self, kind: ItemKind, item_id: int, changes: Mapping[str, FieldValue]) -> catalog_pb2.Item:
        try:
            found = await self._admin.update(current_user().user_id, kind, item_id, changes)
        except IdTakenError as error:
            _refuse_taken_id(kind, error)
        if not found:
            raise item_not_found(kind, item_id)
        return await self._changed(kind, item_id)

    async def _set_hidden(self, item_id: int, *, hidden: bool) -> None:
        if not await self._admin.set_hidden(current_user().user_id, item_id, hidden=hidden):
            raise item_not_found("item", item_id)
        self._forget(item_id)

    async def _changed(self, kind: ItemKind, item_id: int) -> catalog_pb2.Item:
        """The item as it is now, which search finds by its new text."""
        try:
            await self._embed_item(kind, item_id)
        except Exception as error:  # the change is made: that its vector is late must not make it look failed
            _log.warning("not embedded: run `cinelibre embed`", item_id=item_id, cause=repr(error))
        finally:
            self._forget(item_id)
        return self._messages.of((await self._items.get_many([item_id]))[item_id])

    def _forget(self, item_id: int) -> None:
        self._items.forget(item_id)
        self._recommend.forget_lists()
        self._search.forget_lists()


def _values(entry: _Entry) -> dict[str, FieldValue]:
    """Every field of the entry as the store knows it."""
    values: dict[str, FieldValue] = {}
    for field in entry.DESCRIPTOR.fields:
        value = getattr(entry, field.name)
        if field.is_repeated:
            value = tuple(value)
        values[field.name] = None if field.name in _NULL_WHEN_UNKNOWN and not value else value
    return values


def _masked(kind: ItemKind, entry: _Entry, paths: Any) -> dict[str, FieldValue]:
    """The fields that the mask names."""
    values = _values(entry)
    unknown = [path for path in paths if path not in values]
    if unknown or not paths:
        raise invalid_update_mask(tuple(values), unknown)
    changes = {name: values[name] for name in paths}
    _check_title(kind, changes)
    return changes


def _check_title(kind: ItemKind, values: Mapping[str, FieldValue]) -> None:
    if "title" in values and not str(values["title"]).strip():
        raise invalid_field(f"{kind}.title", "must hold 1 to 500 characters, not only white space")


def _refuse_taken_id(kind: ItemKind, error: IdTakenError) -> NoReturn:
    field = f"{kind}.{error.field}"
    description = f"another {'film' if kind == 'movie' else 'book'}, maybe a hidden one, has {error.value}"
    raise DomainError(
        grpc.StatusCode.ALREADY_EXISTS,
        errors_pb2.ERROR_REASON_CONFLICT,
        f"{field}: {description}",
        violations=[FieldViolation(field, description)],
    )


def _entry_message(entry: AuditEntry) -> admin_pb2.AuditEntry:
    message = admin_pb2.AuditEntry(
        audit_entry_id=entry.audit_entry_id,
        create_time=timestamp(entry.created_at),
        user_id=entry.user_id or 0,
        email=entry.email or "",
        action=_ACTIONS[entry.action],
        item_id=entry.item_id,
        item_type=_TYPES[entry.item_type],
        title=entry.title or "",
    )
    message.before.update(entry.before)
    message.after.update(entry.after)
    return message
