"""The imports of RatingsService: a person's own ratings, in one message or in parts."""

from collections.abc import AsyncIterator, Mapping, Sequence

from cinelibre.v1 import ratings_pb2

from cinelibre_server.errors import invalid_field
from cinelibre_server.ingest.own_ratings.formats import MAX_BYTES
from cinelibre_server.ingest.own_ratings.matching import NoMatch, Problem
from cinelibre_server.ingest.own_ratings.own_import import ImportedRating, OwnRatingImport, OwnReport
from cinelibre_server.ingest.own_ratings.rows import FormatName, UnusableContent
from cinelibre_server.services.messages import timestamp
from cinelibre_server.store.items import ItemDetails, ItemStore
from cinelibre_server.store.ratings import ImportOutcome

_MOST_LISTED = 1_000

_FORMATS: Mapping[ratings_pb2.RatingsFormat.ValueType, FormatName] = {
    ratings_pb2.RATINGS_FORMAT_LETTERBOXD: "letterboxd",
    ratings_pb2.RATINGS_FORMAT_IMDB: "imdb",
    ratings_pb2.RATINGS_FORMAT_GOODREADS: "goodreads",
    ratings_pb2.RATINGS_FORMAT_TRAKT: "trakt",
}
_FORMAT_VALUES = {name: value for value, name in _FORMATS.items()}
_OUTCOMES: Mapping[ImportOutcome, ratings_pb2.ImportOutcome.ValueType] = {
    "new": ratings_pb2.IMPORT_OUTCOME_NEW,
    "changed": ratings_pb2.IMPORT_OUTCOME_CHANGED,
    "kept": ratings_pb2.IMPORT_OUTCOME_KEPT,
}
_PROBLEMS: Mapping[Problem, ratings_pb2.ImportProblem.ValueType] = {
    "not found": ratings_pb2.IMPORT_PROBLEM_NOT_FOUND,
    "ambiguous": ratings_pb2.IMPORT_PROBLEM_AMBIGUOUS,
    "not supported": ratings_pb2.IMPORT_PROBLEM_NOT_SUPPORTED,
    "unreadable": ratings_pb2.IMPORT_PROBLEM_UNREADABLE,
}


class RatingImports:
    """Runs imports and makes their reports."""

    def __init__(self, imports: OwnRatingImport, items: ItemStore) -> None:
        self._imports = imports
        self._items = items

    async def run(
        self, user_id: int, field: str, content: bytes, options: ratings_pb2.ImportOptions
    ) -> ratings_pb2.ImportReport:
        """Imports `content`, which the caller sent in `field`.

        Raises:
            DomainError: INVALID_ARGUMENT; it is in none of the formats, or too large.
        """
        wanted = _FORMATS.get(options.format)
        try:
            report = await self._imports.run(user_id, content, wanted, preview=options.preview)
        except UnusableContent as error:
            raise invalid_field(field, str(error)) from None
        if not options.preview:
            for each in report.imported:
                self._items.forget(each.item_id)
        listed = report.imported[:_MOST_LISTED]
        items = await self._items.get_many([each.item_id for each in listed])
        return _report_message(report, options.preview, listed, items)


async def read_parts(
    requests: AsyncIterator[ratings_pb2.ImportMyRatingsRequest],
) -> tuple[ratings_pb2.ImportOptions, bytes]:
    """The options of the first message and the bytes of all others.

    Raises:
        DomainError: INVALID_ARGUMENT; the messages come in another order, or are too large together.
    """
    options: ratings_pb2.ImportOptions | None = None
    content, size = bytearray(), 0
    async for request in requests:
        is_options = request.WhichOneof("part") == "options"
        if is_options == (options is not None):
            raise invalid_field("options", "must be in the first message and in no other")
        if is_options:
            options = request.options
            continue
        size += len(request.chunk)
        if size <= MAX_BYTES:
            content += request.chunk
        elif size > 2 * MAX_BYTES:
            break
    # Not at once: clients may lose the answer of a call that ends while they still send.
    if size > MAX_BYTES:
        raise invalid_field("chunk", f"must be at most {MAX_BYTES // 1024**2} MiB in all messages together")
    if options is None:
        raise invalid_field("options", "must be in the first message and in no other")
    return options, bytes(content)


def _report_message(
    report: OwnReport, preview: bool, listed: Sequence[ImportedRating], items: Mapping[int, ItemDetails]
) -> ratings_pb2.ImportReport:
    return ratings_pb2.ImportReport(
        format=_FORMAT_VALUES[report.format],
        preview=preview,
        new_count=report.count("new"),
        changed_count=report.count("changed"),
        kept_count=report.count("kept"),
        repeated_count=report.repeated,
        unrated_count=report.unrated,
        unmatched_count=len(report.unmatched),
        matches=[_match_message(each, items[each.item_id]) for each in listed if each.item_id in items],
        unmatched=[_unmatched_message(each) for each in report.unmatched[:_MOST_LISTED]],
    )


def _match_message(imported: ImportedRating, item: ItemDetails) -> ratings_pb2.ImportedRating:
    rating = imported.rating
    return ratings_pb2.ImportedRating(
        line=rating.line,
        title=_bounded(rating.title),
        item_id=imported.item_id,
        item_title=item.title,
        stars=rating.half_stars / 2,
        rate_time=timestamp(rating.rated_at) if rating.rated_at else None,
        outcome=_OUTCOMES[imported.outcome],
    )


def _unmatched_message(row: NoMatch) -> ratings_pb2.UnmatchedRow:
    return ratings_pb2.UnmatchedRow(
        line=row.line, title=_bounded(row.title), problem=_PROBLEMS[row.problem], detail=_bounded(row.detail)
    )


def _bounded(text: str) -> str:
    return text if len(text) <= 300 else text[:299] + "…"
