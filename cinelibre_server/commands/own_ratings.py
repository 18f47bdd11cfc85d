"""What `cinelibre import ratings` does and prints for one person's ratings."""

import csv
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from rich.console import Console
from rich.table import Table

from cinelibre_server.errors import StartupError
from cinelibre_server.ingest.own_ratings.formats import MAX_BYTES
from cinelibre_server.ingest.own_ratings.own_import import OwnRatingImport, OwnReport
from cinelibre_server.ingest.own_ratings.rows import FormatName, UnusableContent
from cinelibre_server.store.database import open_pool
from cinelibre_server.store.items import ItemStore
from cinelibre_server.store.rating_matches import RatingMatches
from cinelibre_server.store.ratings import RatingStore
from cinelibre_server.store.users import UserStore

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cinelibre_server.store.items import ItemDetails

_STATEMENT_SECONDS = 600.0
_MOST_SHOWN = 25


async def import_for_user(
    url: str, path: Path, email: str, name: str | None, report: Path | None, *, preview: bool, out: Console
) -> None:
    """Imports a file of Letterboxd, IMDb, Goodreads or Trakt for the account with this email, and prints the outcome.

    Raises:
        StartupError: no such account or file, or the file is in none of the formats.
    """
    content = _read(path)
    pool = await open_pool(url, size=2, statement_timeout_seconds=_STATEMENT_SECONDS)
    try:
        account = await UserStore(pool).find_credentials(email)
        if account is None:
            raise StartupError(f"there is no account {email}: give the email of one with --user")
        imports = OwnRatingImport(RatingMatches(pool), RatingStore(pool))
        done = await imports.run(account.user.user_id, content, _format(name), preview=preview)
        items = await ItemStore(pool).get_many([each.item_id for each in done.imported])
    except UnusableContent as error:
        raise StartupError(f"{path}: {error}") from None
    finally:
        await pool.close()
    if preview:
        out.print(_matches_table(done, items))
    if done.unmatched:
        out.print(_unmatched_table(done))
    for line in (*done.lines(), *(["nothing is stored: this was a preview"] if preview else [])):
        out.print(line, markup=False, highlight=False)
    if report:
        _write_report(report, done, items)
        out.print(f"every row: {report}", markup=False, highlight=False)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise StartupError(f"{path} can't be read ({error.strerror}): give a file of ratings") from None


def _format(name: str | None) -> FormatName | None:
    for known in get_args(FormatName):
        if name == known:
            return known  # type: ignore[no-any-return]
    if name is not None:
        raise StartupError(f"--format {name}: must be one of {', '.join(get_args(FormatName))}")
    return None


def _matches_table(done: OwnReport, items: "Mapping[int, ItemDetails]") -> Table:
    table = Table("line", "in the file", "stars", "item", "in the catalogue", "outcome", title="Matches")
    for each in done.imported[:_MOST_SHOWN]:
        item, rating = items[each.item_id], each.rating
        stars = f"{rating.half_stars / 2:.1f}"
        found = f"{item.title} ({item.year})" if item.year else item.title
        table.add_row(str(rating.line), rating.title, stars, str(each.item_id), found, each.outcome)
    table.caption = _more(len(done.imported))
    return table


def _unmatched_table(done: OwnReport) -> Table:
    table = Table("line", "in the file", "why", title="No match")
    for row in done.unmatched[:_MOST_SHOWN]:
        table.add_row(str(row.line), row.title, f"{row.problem}: {row.detail}")
    table.caption = _more(len(done.unmatched))
    return table


def _more(count: int) -> str | None:
    return f"and {count - _MOST_SHOWN:,} more: --report writes all" if count > _MOST_SHOWN else None


def _write_report(path: Path, done: OwnReport, items: "Mapping[int, ItemDetails]") -> None:
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("line", "title", "stars", "item_id", "item_title", "outcome", "detail"))
            for each in done.imported:
                rating = each.rating
                title = items[each.item_id].title
                writer.writerow(
                    (rating.line, rating.title, rating.half_stars / 2, each.item_id, title, each.outcome, "")
                )
            for row in done.unmatched:
                writer.writerow((row.line, row.title, "", "", "", row.problem, row.detail))
    except OSError as error:
        raise StartupError(f"--report {path} can't be written ({error.strerror}): choose another file") from None
