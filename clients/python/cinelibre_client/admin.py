"""What admins do to the catalogue."""

from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING

from cinelibre.v1 import admin_pb2, catalog_pb2
from google.protobuf.field_mask_pb2 import FieldMask

from .caller import Caller

if TYPE_CHECKING:
    from cinelibre.v1.admin_pb2_grpc import AdminServiceAsyncStub


class AdminMethods:
    """The calls of AdminService. All raise CineLibreError with ERROR_REASON_ADMIN_REQUIRED when the user is no admin.

    An entry is a message: `admin_pb2.MovieEntry(title="Lagaan", year=2001)`, from `cinelibre.v1`.
    """

    _admin: "AdminServiceAsyncStub"
    _caller: Caller

    async def create_movie(self, movie: admin_pb2.MovieEntry) -> catalog_pb2.Movie:
        """Adds a film and returns it with its id.

        Raises CineLibreError: ERROR_REASON_INVALID_FIELD; ERROR_REASON_CONFLICT if another film has the IMDb id.
        """
        request = admin_pb2.CreateMovieRequest(movie=movie)
        return (await self._caller.unary(self._admin.CreateMovie, request, signed_in=True, idempotent=False)).movie

    async def create_book(self, book: admin_pb2.BookEntry) -> catalog_pb2.Book:
        """Adds a book and returns it with its id.

        Raises CineLibreError: ERROR_REASON_INVALID_FIELD; ERROR_REASON_CONFLICT if another book has the ISBN.
        """
        request = admin_pb2.CreateBookRequest(book=book)
        return (await self._caller.unary(self._admin.CreateBook, request, signed_in=True, idempotent=False)).book

    async def update_movie(
        self, movie_id: int, movie: admin_pb2.MovieEntry, fields: Sequence[str]
    ) -> catalog_pb2.Movie:
        """Gives the named fields of a film the values that the entry has, and returns the film.

        Raises CineLibreError: ERROR_REASON_ITEM_NOT_FOUND; ERROR_REASON_INVALID_FIELD or _UPDATE_MASK;
        ERROR_REASON_CONFLICT if another film has the IMDb id.
        """
        mask = FieldMask(paths=fields)
        request = admin_pb2.UpdateMovieRequest(movie_id=movie_id, movie=movie, update_mask=mask)
        return (await self._caller.unary(self._admin.UpdateMovie, request, signed_in=True)).movie

    async def update_book(self, book_id: int, book: admin_pb2.BookEntry, fields: Sequence[str]) -> catalog_pb2.Book:
        """Gives the named fields of a book the values that the entry has, and returns the book.

        Raises CineLibreError: ERROR_REASON_ITEM_NOT_FOUND; ERROR_REASON_INVALID_FIELD or _UPDATE_MASK;
        ERROR_REASON_CONFLICT if another book has the ISBN.
        """
        mask = FieldMask(paths=fields)
        request = admin_pb2.UpdateBookRequest(book_id=book_id, book=book, update_mask=mask)
        return (await self._caller.unary(self._admin.UpdateBook, request, signed_in=True)).book

    async def hide_item(self, item_id: int) -> None:
        """Hides a film or book from all lists; the ratings that it has stay.

        Raises CineLibreError: ERROR_REASON_ITEM_NOT_FOUND.
        """
        await self._caller.unary(self._admin.HideItem, admin_pb2.HideItemRequest(item_id=item_id), signed_in=True)

    async def unhide_item(self, item_id: int) -> None:
        """Shows a hidden film or book again.

        Raises CineLibreError: ERROR_REASON_ITEM_NOT_FOUND.
        """
        await self._caller.unary(self._admin.UnhideItem, admin_pb2.UnhideItemRequest(item_id=item_id), signed_in=True)

    async def audit_entries(self, *, item_id: int = 0, page_size: int = 100) -> AsyncIterator[admin_pb2.AuditEntry]:
        """Yields what admins changed, of one item or of all, the latest first, page after page.

        page_size: how many are fetched at once, 1 to 100.
        Raises CineLibreError: ERROR_REASON_INVALID_FIELD for a bad page size.
        """
        request = admin_pb2.ListAuditEntriesRequest(item_id=item_id, page_size=page_size)
        while True:
            page = await self._caller.unary(self._admin.ListAuditEntries, request, signed_in=True)
            for entry in page.entries:
                yield entry
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token
