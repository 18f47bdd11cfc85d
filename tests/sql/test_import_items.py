"""`cinelibre import items`: what is repaired, what is rejected, and that nothing changes the second time."""

import csv
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from cinelibre_server.errors import StartupError
from cinelibre_server.ingest.items.item_import import ItemOptions, ItemReport, import_items
from cinelibre_server.ingest.starter import load_starter
from cinelibre_server.store.catalog_load import LoadCounts
from cinelibre_server.store.database import Pool

DIRTY = """ID,MovieName,Year,Timing(min),Rating(10),Votes,Genre,Language,index
tt0398974,Dr. Shaitan,1960,-,-,-,-,hindi,1
tt0493437,Apna  Sapna &amp; Money,2006,134 min,5.3,"1,892","Comedy, Musical      ",hindi,2
tt8272296,A Mayalu Timi Lai,2018 Video,-,-,-,Short,nepali,3
tt0000001,Rogue,II 2017,-,-,-,-,telugu,4
tt0000002,Sholay,-2019,-,-,-,-,tulu,5
tt0398974,Again,1960,-,-,-,-,urdu,6
-,Jam,I,-,-,-,-,bengali,7
-,Jam,,-,-,-,-,bengali,8
x123y,Named by the file,1999,-,-,-,-,hindi,9
tt0000003,,1999,-,-,-,-,hindi,10
tt0000004,Too early,1066,-,-,-,-,hindi,11
tt0000005,Fields,1999
"""

_ROW_VERSIONS = """
select item_id, xmin::text, ctid::text from items
union all select movie_id, xmin::text, ctid::text from movies
union all select book_id, xmin::text, ctid::text from books
union all select item_id, xmin::text, ctid::text from item_external_ids
order by 1, 2, 3
"""


def _write(folder: Path, text: str, name: str = "films") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def _lines(*rows: dict[str, Any]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _findings(report: ItemReport) -> dict[tuple[str, str, str], tuple[int, int]]:
    """(Count, first line) by action, field and kind."""
    return {
        (each.first.action, each.first.field, each.first.kind): (each.count, each.first.line)
        for each in report.findings
    }


async def test_dirty_rows_are_repaired_or_rejected_and_each_is_told(
    database_url: str, pool: Pool, tmp_path: Path
) -> None:
    path, told = _write(tmp_path, DIRTY), tmp_path / "report.csv"
    report = await import_items(database_url, path, ItemOptions(report=told))
    assert report.items == LoadCounts(added=7, changed=0, unchanged=0)
    assert (report.rows, report.rejected) == (12, 5)
    assert report.unused_columns == ("Rating(10)", "Votes", "index")
    found = await pool.fetch(
        "select title, year, language, genres, runtime_minutes, imdb_id from items join movies on movie_id = item_id"
        " order by item_id"
    )
    assert [tuple(row) for row in found] == [
        ("Dr. Shaitan", 1960, "hi", [], None, "tt0398974"),
        ("Apna Sapna & Money", 2006, "hi", ["Comedy", "Musical"], 134, "tt0493437"),
        ("A Mayalu Timi Lai", 2018, "ne", ["Short"], None, "tt8272296"),
        ("Rogue", 2017, "te", [], None, "tt0000001"),
        ("Sholay", 2019, None, [], None, "tt0000002"),
        ("Jam", None, "bn", [], None, None),
        ("Named by the file", 1999, "hi", [], None, None),
    ]
    findings = _findings(report)
    assert findings["repaired", "year", "year cleaned"] == (3, 4)
    assert findings["repaired", "year", "no year"] == (1, 8)
    # Not of the row that has no title.
    assert findings["repaired", "genres", "placeholder"][0] == 7
    assert findings["repaired", "title", "HTML entities"] == (1, 3)
    assert findings["repaired", "title", "white space"] == (1, 3)
    assert findings["repaired", "language", "language without an ISO 639-1 code"] == (1, 6)
    assert {key: value for key, value in findings.items() if key[0] == "rejected"} == {
        ("rejected", "id", "the same id as an earlier row"): (2, 7),
        ("rejected", "title", "no title"): (1, 11),
        ("rejected", "year", "year not between 1870 and 2041"): (1, 12),
        ("rejected", "row", "wrong number of fields"): (1, 13),
    }
    with told.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == sum(count for count, _ in findings.values())
    assert {"line": "5", "action": "repaired", "kind": "year cleaned", "field": "year", "found": "II 2017",
            "used": "2017"} in rows  # fmt: skip
    assert {"line": "9", "action": "rejected", "kind": "the same id as an earlier row", "field": "id",
            "found": "line 8", "used": ""} in rows  # fmt: skip
    assert any("5 rejected" in line for line in report.lines())


async def test_importing_again_writes_no_row(database_url: str, pool: Pool, tmp_path: Path) -> None:
    path = _write(tmp_path, DIRTY)
    await import_items(database_url, path, ItemOptions())
    before = await pool.fetch(_ROW_VERSIONS)
    report = await import_items(database_url, path, ItemOptions(overwrite=True))
    assert report.items == LoadCounts(added=0, changed=0, unchanged=7)
    assert await pool.fetch(_ROW_VERSIONS) == before


async def test_json_lines_with_numbers_as_text_and_other_names(database_url: str, pool: Pool, tmp_path: Path) -> None:
    text = _lines(
        {"imdb_id": "tt0048473", "tmdb_id": "5801", "title": "Pather Panchali", "original_title": "পথের পাঁচালী",
         "year": "1955", "language": "bn", "languages": ["bn", "hi"], "genres": ["Drama"], "plot": "Apu.\n\nDurga.",
         "director": "Satyajit Ray", "cast": ["Kanu Bannerjee", "Robert Downey, Jr."], "has_plot": True},
        {"imdb_id": None, "title": None, "original_title": "Only the original", "year": 2001.0, "runtime": "2h 14m"},
        {"imdb_id": "nm0000001", "title": "A person", "year": "1999"},
        {"title": "x" * 501},
    ) + '{"title": "Half a pair \\ud800"}\nnot json\n[1]\n'  # fmt: skip
    path = tmp_path / "films.gz"
    path.write_bytes(gzip.compress(text.encode()))
    report = await import_items(database_url, path, ItemOptions())
    assert report.items.added == 2
    found = await pool.fetchrow(
        "select title, original_title, year, language, synopsis, directors, cast_names, imdb_id,"
        " array(select source || ':' || external_id from item_external_ids where item_id = 1 order by 1)"
        " from items join movies on movie_id = item_id where item_id = 1"
    )
    assert found is not None
    assert tuple(found) == (
        "Pather Panchali", "পথের পাঁচালী", 1955, "bn", "Apu.\n\nDurga.", ["Satyajit Ray"],
        ["Kanu Bannerjee", "Robert Downey, Jr."], "tt0048473", ["imdb:tt0048473", "tmdb:5801"],
    )  # fmt: skip
    other = await pool.fetchrow(
        "select title, year, runtime_minutes from items join movies on movie_id = item_id where item_id = 2"
    )
    assert other is not None
    assert tuple(other) == ("Only the original", 2001, 134)
    assert {key[1:] for key in _findings(report) if key[0] == "rejected"} == {
        ("imdb_id", "bad IMDb id"),
        ("title", "half of a surrogate pair"),
        ("title", "title longer than 500 characters"),
        ("row", "not a JSON object"),
    }


async def test_books_with_mapped_columns(database_url: str, pool: Pool, tmp_path: Path) -> None:
    text = (
        "Titel;Autor;Seiten;ISBN\r\n"
        "The Guide;R. K. Narayan;220;0-14-303964-4\r\n"
        "Malgudi Days;R. K. Narayan;no;1234567890\r\n"
    )
    mapping = {"Titel": "title", "Autor": "authors", "Seiten": "page_count"}
    report = await import_items(database_url, _write(tmp_path, "\ufeff" + text), ItemOptions(mapping=mapping))
    assert report.items.added == 2
    found = await pool.fetch(
        "select title, authors, page_count, isbn13 from items join books on book_id = item_id order by item_id"
    )
    assert [tuple(row) for row in found] == [
        ("The Guide", ["R. K. Narayan"], 220, "9780143039648"),
        ("Malgudi Days", ["R. K. Narayan"], None, None),
    ]


async def test_an_item_is_known_by_any_of_its_ids_and_keeps_what_it_has(
    database_url: str, starter_like: int, pool: Pool, tmp_path: Path
) -> None:
    known = await pool.fetchrow("select title, synopsis from items where item_id = $1", starter_like)
    assert known is not None
    imdb_id = await pool.fetchval("select imdb_id from movies where movie_id = $1", starter_like)
    row = {"imdb": imdb_id, "name": "Another name", "plot": "Other words.", "external_ids": {"tmdb": 77, "shelf": "a"}}
    report = await import_items(database_url, _write(tmp_path, _lines(row)), ItemOptions())
    assert report.items == LoadCounts(added=0, changed=0, unchanged=1)
    after = await pool.fetchrow("select title, synopsis from items where item_id = $1", starter_like)
    assert after == known
    by_tmdb = {"tmdb_id": 77, "title": "By TMDB", "year": 2001}
    report = await import_items(database_url, _write(tmp_path, _lines(by_tmdb)), ItemOptions(overwrite=True))
    assert report.items == LoadCounts(added=0, changed=1, unchanged=0)
    assert await pool.fetchval("select title from items where item_id = $1", starter_like) == "By TMDB"


async def test_new_items_can_be_hidden_and_those_there_are_stay_as_they_are(
    database_url: str, pool: Pool, tmp_path: Path
) -> None:
    rows = ({"id": 1, "title": "Kept back", "hidden": True}, {"id": 2, "title": "Shown", "hidden": "no"})
    report = await import_items(
        database_url, _write(tmp_path, _lines(*rows, {"title": "Odd", "hidden": "perhaps"})), ItemOptions()
    )
    assert report.items.added == 2
    assert ("rejected", "hidden", "neither true nor false") in _findings(report)
    await pool.execute("update items set hidden_at = case when hidden_at is null then now() end")
    again = await import_items(database_url, _write(tmp_path, _lines(*rows)), ItemOptions(overwrite=True))
    assert again.items == LoadCounts(added=0, changed=0, unchanged=2)
    assert await pool.fetchval("select title from items where hidden_at is not null") == "Shown"


@pytest.fixture
async def starter_like(pool: Pool) -> int:
    """A film of the starter catalogue that has an IMDb id."""
    await load_starter(pool)
    found: int = await pool.fetchval("select min(movie_id) from movies where imdb_id is not null")
    return found


async def test_own_ids_of_films_and_of_books_are_not_the_same(database_url: str, pool: Pool, tmp_path: Path) -> None:
    path = _write(tmp_path, "id,title,type\n1,A film,movie\n1,A book,book\n2,Neither,game\n")
    report = await import_items(database_url, path, ItemOptions())
    assert report.items.added == 2
    assert ("rejected", "type", "neither movie nor book") in _findings(report)
    again = await import_items(database_url, path, ItemOptions())
    assert again.items == LoadCounts(added=0, changed=0, unchanged=2)
    named = ItemOptions(source="shelf")
    first = await import_items(database_url, _write(tmp_path, "id,title\n1,A film\n"), named)
    other = await import_items(database_url, _write(tmp_path, "id,title,type\n1,A book,book\n"), named)
    assert (first.items.added, other.items.added) == (1, 0)
    assert ("rejected", "id", "the id of an item of the other type") in _findings(other)


async def test_an_imdb_id_of_two_items_stays_with_the_first(database_url: str, pool: Pool, tmp_path: Path) -> None:
    path = _write(tmp_path, "id,title,imdb_id\n1,First,tt0000009\n2,Second,tt0000009\n")
    report = await import_items(database_url, path, ItemOptions())
    assert report.items.added == 2
    assert _findings(report) == {("repaired", "imdb_id", "the id of another item"): (1, 3)}
    again = await import_items(database_url, path, ItemOptions())
    assert again.items == LoadCounts(added=0, changed=0, unchanged=2)


@pytest.mark.parametrize(
    ("content", "options", "says"),
    [
        (b"", {}, "is empty"),
        (b"\x00\x01\x02", {}, "is no text"),
        ("title\nX\n".encode("utf-16"), {}, "is in UTF-16: save it as UTF-8"),
        (b'[{"title": "X"}]', {}, "is one JSON array"),
        (b"PK\x03\x04....", {}, "is a zip: unpack it first"),
        (b"\x1f\x8bbroken", {}, "can't be unpacked"),
        (b"a,b\n1,2\n", {}, "no column is a title, of a, b: name it with --map COLUMN=title"),
        (b"a,a\n1,2\n", {}, "has two columns 'a'"),
        (b"title\nX\n", {"mapping": {"name": "title"}}, "the file has no column name, only title"),
        (b"title\nX\n", {"mapping": {"title": "heading"}}, "there is no field heading"),
        (b"title\nX\n", {"source": "a b"}, "--source a b: must be"),
    ],
)
async def test_a_file_that_cant_be_used_gets_one_line(
    database_url: str, tmp_path: Path, content: bytes, options: dict[str, Any], says: str
) -> None:
    path = tmp_path / "items"
    path.write_bytes(content)
    with pytest.raises(StartupError) as raised:
        await import_items(database_url, path, ItemOptions(**options))
    assert says in str(raised.value)
    assert "\n" not in str(raised.value)


async def test_a_file_that_is_not_there(database_url: str, tmp_path: Path) -> None:
    with pytest.raises(StartupError, match="does not exist"):
        await import_items(database_url, tmp_path / "nowhere", ItemOptions())


async def test_bytes_that_are_no_utf_8_and_quotes_that_never_end_cost_their_rows_only(
    database_url: str, tmp_path: Path
) -> None:
    path = tmp_path / "items"
    path.write_bytes(
        b'title,year\nFine,2001\nCaf\xe9,2002\nAlso fine,2003\n"Never ends,2004\n' + b"x" * 140_000 + b"\n"
    )
    report = await import_items(database_url, path, ItemOptions())
    assert report.items.added == 2
    assert set(_findings(report)) >= {
        ("rejected", "row", "not UTF-8"),
        ("rejected", "row", "quotation marks don't pair"),
    }


async def test_fifty_thousand_titles_with_dirty_years(database_url: str, pool: Pool, shared_data: Path) -> None:
    path = shared_data / "indian" / "titles_50k.csv"
    report = await import_items(database_url, path, ItemOptions())
    assert report.rows == 50_602
    assert report.items.added + report.rejected == report.rows
    assert report.items.added > 47_000
    assert {each.first.kind for each in report.findings if each.first.action == "rejected"} == {
        "the same id as an earlier row"
    }
    assert await pool.fetchval("select count(distinct language) from items") == 15
    again = await import_items(database_url, path, ItemOptions())
    assert again.items == LoadCounts(added=0, changed=0, unchanged=report.items.added)


async def test_films_of_several_lists(database_url: str, pool: Pool, shared_data: Path) -> None:
    path = shared_data / "indian" / "films.jsonl"
    report = await import_items(database_url, path, ItemOptions())
    assert report.rows == 8_691
    assert report.items.added + report.rejected == report.rows
    assert report.items.added > 8_600
    assert await pool.fetchval("select count(*) from items where synopsis <> ''") > 7_000
    again = await import_items(database_url, path, ItemOptions())
    assert again.items == LoadCounts(added=0, changed=0, unchanged=report.items.added)
