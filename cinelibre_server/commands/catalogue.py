"""`cinelibre catalogue`: what the catalogue holds, by language and decade, as a table in Markdown."""

from collections import Counter
from collections.abc import Iterator, Sequence

from cinelibre_server.store.database import open_pool
from cinelibre_server.store.items import ItemCount, ItemStore

_STATEMENT_SECONDS = 60.0
_UNKNOWN = "unknown"
_EARLIER_THAN = 1950
_EARLIER = "earlier"
_TITLES = {"movie": "films", "book": "books"}


async def describe_catalogue(url: str) -> list[str]:
    """The lines of a table: languages down, the most frequent first; decades across."""
    pool = await open_pool(url, size=1, statement_timeout_seconds=_STATEMENT_SECONDS)
    try:
        counts = await ItemStore(pool).count()
    finally:
        await pool.close()
    return [line for item_type in _TITLES for line in (*_table(item_type, counts), "")][:-1]


def _table(item_type: str, counts: Sequence[ItemCount]) -> Iterator[str]:
    cells: Counter[tuple[str, str]] = Counter()
    for each in counts:
        if each.item_type == item_type:
            cells[each.language or _UNKNOWN, _column(each.decade)] += each.item_count
    columns = sorted(
        {column for _, column in cells}, key=lambda column: (column == _UNKNOWN, column != _EARLIER, column)
    )
    rows: Counter[str] = Counter()
    for (language, _), count in cells.items():
        rows[language] += count
    yield _line(_TITLES[item_type], [*columns, "all"])
    yield "|---" * (len(columns) + 2) + "|"
    for language, count in sorted(rows.items(), key=lambda row: (-row[1], row[0])):
        yield _line(language, [*(_shown(cells[language, column]) for column in columns), _shown(count)])
    totals = [sum(cells[language, column] for language in rows) for column in columns]
    yield _line("all", [*map(_shown, totals), _shown(sum(totals))])


def _column(decade: int | None) -> str:
    if decade is None:
        return _UNKNOWN
    return f"{decade}s" if decade >= _EARLIER_THAN else _EARLIER


def _shown(count: int) -> str:
    return f"{count:,}" if count else ""


def _line(first: str, others: Sequence[str]) -> str:
    return "| " + " | ".join([first, *others]) + " |"
