"""Importing goodbooks-10k: books with their ISBNs made whole, and ratings without times."""

import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cinelibre_server.errors import StartupError
from cinelibre_server.ingest.goodbooks import import_goodbooks
from cinelibre_server.ingest.isbn import isbn13_of, isbn13_of_float
from cinelibre_server.store.catalog_load import LoadCounts
from cinelibre_server.store.database import Pool
from cinelibre_server.store.rating_load import RatingCounts

BOOKS = """book_id,goodreads_book_id,best_book_id,work_id,books_count,isbn,isbn13,authors,original_publication_year,\
original_title,title,language_code,average_rating
1,2767052,2767052,2792775,272,439023483,9.78043902348e+12,Suzanne Collins,2008.0,The Hunger Games,\
"The Hunger Games (The Hunger Games, #1)",eng,4.34
2,1371,1371,3293141,1726,,9.78014027536e+12,"Homer, Robert Fagles",-750.0,Ἰλιάς,The Iliad,en-US,3.83
3,99,99,99,1,,,Nobody,,,  ,,1.0
3,100,100,100,1,,,Nobody,2001.0,,Twice,,1.0
4,41865,41865,3212258,226,316015849,9.78031601584e+12,Stephenie Meyer,2005.0,Twilight,"Twilight (Twilight, #1)",\
en-US,3.57
"""
RATINGS = "user_id,book_id,rating\n1,1,5\n1,2,4\n2,1,3\n2,1,4\n2,9,4\n2,2,6\n"
TAGS = "tag_id,tag_name\n7,to-read\n8,science-fiction\n9,classics\n"
BOOK_TAGS = "goodreads_book_id,tag_id,count\n2767052,7,900\n2767052,9,3\n2767052,8,50\n1371,9,-1\n5,8,1\n1371,8,many\n"


def _write(folder: Path) -> Path:
    for name, text in {"books": BOOKS, "ratings": RATINGS, "tags": TAGS, "book_tags": BOOK_TAGS}.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


async def test_books_users_and_ratings_arrive(database_url: str, pool: Pool, tmp_path: Path) -> None:
    report = await import_goodbooks(database_url, _write(tmp_path))
    assert report.source == "goodbooks-10k"
    assert report.items == LoadCounts(added=4, changed=0, unchanged=0)
    assert report.ratings == RatingCounts(added=3, duplicates=1)
    assert (report.users_added, report.user_ids) == (2, (1, 2))
    assert {(bad.reason, bad.places) for bad in report.bad_rows} == {
        ("no title", ("books.csv:4",)),
        ("unknown movie id", ("ratings.csv:6",)),
        ("stars are not 0.5 to 5.0 in halves", ("ratings.csv:7",)),
        ("a count is not a whole number", ("book_tags.csv:7",)),
    }
    assert report.lines()[0] == "books:   4 new, 0 changed, 0 unchanged"
    found = await pool.fetch(
        "select title, original_title, year, language, genres, authors, isbn13"
        " from items join books on book_id = item_id order by item_id"
    )
    assert [tuple(row) for row in found] == [
        ("The Hunger Games", "The Hunger Games", 2008, "en", ["Science Fiction", "Classics"], ["Suzanne Collins"],
         "9780439023481"),
        ("The Iliad", "Ἰλιάς", None, "en", ["Classics"], ["Homer", "Robert Fagles"], "9780140275360"),
        ("Twice", "Twice", 2001, None, [], ["Nobody"], None),
        ("Twilight", "Twilight", 2005, "en", [], ["Stephenie Meyer"], "9780316015844"),
    ]  # fmt: skip
    ratings = await pool.fetch("select half_stars, updated_at from ratings order by half_stars")
    assert [row["half_stars"] for row in ratings] == [8, 8, 10]
    assert {row["updated_at"] for row in ratings} == {datetime(2017, 9, 1, tzinfo=UTC)}


async def test_importing_again_from_a_zip_changes_nothing(database_url: str, pool: Pool, tmp_path: Path) -> None:
    await import_goodbooks(database_url, _write(tmp_path))
    archive = tmp_path / "goodbooks-10k.zip"
    with zipfile.ZipFile(archive, "w") as files:
        for name in ("books.csv", "ratings.csv", "tags.csv", "book_tags.csv"):
            files.write(tmp_path / name, f"goodbooks-10k-master/{name}")
    report = await import_goodbooks(database_url, archive)
    assert (report.items.added, report.items.changed) == (0, 0)
    assert report.ratings == RatingCounts(unchanged=3, duplicates=1)
    assert await pool.fetchval("select count(*) from users") == 2


@pytest.mark.parametrize(
    ("books", "says"),
    [
        (None, "is no goodbooks-10k data set: looked for books.csv and ratings.csv"),
        ("title\nX\n", "has no column book_id"),
    ],
)
async def test_something_else(database_url: str, tmp_path: Path, books: str | None, says: str) -> None:
    if books is not None:
        _write(tmp_path)
        (tmp_path / "books.csv").write_text(books)
    with pytest.raises(StartupError, match=says):
        await import_goodbooks(database_url, tmp_path)


@pytest.mark.parametrize(
    ("text", "isbn13"),
    [
        ("9780143039648", "9780143039648"),
        ("978-0-14-303964-8", "9780143039648"),
        ('="9780143039648"', "9780143039648"),
        ("9780143039648.0", "9780143039648"),
        ("0143039641", None),
        ("0143039644", "9780143039648"),
        ("143039644", "9780143039648"),
        ("080442957X", "9780804429573"),
        ("9780143039649", None),
        ("", None),
        ("no ISBN", None),
    ],
)
def test_isbns(text: str, isbn13: str | None) -> None:
    assert isbn13_of(text) == isbn13


@pytest.mark.parametrize(
    ("text", "isbn13"),
    [
        ("9.78014027536e+12", "9780140275360"),
        # 9780743273565 and 9780743273572 round to it.
        ("9.78074327357e+12", None),
        ("9780140275360", "9780140275360"),
        ("9.78e+13", None),
    ],
)
def test_an_isbn_that_was_rounded_is_told_or_left(text: str, isbn13: str | None) -> None:
    assert isbn13_of_float(text) == isbn13


def test_no_rounded_isbn_is_taken_for_another() -> None:
    whole = [isbn for first in range(978_014_303_000, 978_014_303_400) if (isbn := isbn13_of(_complete(first)))]
    told = [(isbn, found) for isbn in whole if (found := isbn13_of_float(f"{int(isbn):.11e}"))]
    assert len(told) > len(whole) / 4
    assert [isbn for isbn, _ in told] == [found for _, found in told]


def _complete(first_12: int) -> str:
    digits = [int(digit) for digit in str(first_12)]
    return f"{first_12}{-(sum(digits[::2]) + 3 * sum(digits[1::2])) % 10}"
