"""Single values of foreign files: what is read, what is repaired, what is refused."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cinelibre_server.errors import StartupError
from cinelibre_server.ingest.book_titles import without_series
from cinelibre_server.ingest.items.entries import EntryMaker
from cinelibre_server.ingest.items.languages import language_code
from cinelibre_server.ingest.items.repairs import Finding, RepairLog, RowRejected
from cinelibre_server.ingest.items.schema import FIELDS, Columns, describe
from cinelibre_server.ingest.items.values import ValueReader
from cinelibre_server.ingest.own_ratings.formats import FORMATS, parse_ratings
from cinelibre_server.ingest.own_ratings.rows import OwnRating, UnusableContent, date_of, half_stars_of


def _reader(found: list[Finding]) -> ValueReader:
    return ValueReader(RepairLog(found.append), 7)


@pytest.mark.parametrize(
    ("value", "year", "kind"),
    [
        ("1955", 1955, None),
        (1955, 1955, None),
        (1955.0, 1955, "year cleaned"),
        ("I 2014", 2014, "year cleaned"),
        ("-2019", 2019, "year cleaned"),
        ("2018 Video", 2018, "year cleaned"),
        ("2010–2012", 2010, "year cleaned"),
        ("2014-05-01", 2014, "year cleaned"),
        ("XVII", None, "no year"),
        ("20140501", None, "no year"),
        ("0", None, "no year"),
        ("-", None, "placeholder"),
        ("", None, None),
        (None, None, None),
    ],
)
def test_years(value: Any, year: int | None, kind: str | None) -> None:
    found: list[Finding] = []
    reader = _reader(found)
    assert reader.year(value, "movie") == year
    reader.log.keep()
    assert [each.kind for each in found] == ([kind] if kind else [])


@pytest.mark.parametrize("value", ["1869", "2999", "1", 9999])
def test_years_that_no_film_has(value: Any) -> None:
    with pytest.raises(RowRejected, match="year not between 1870 and"):
        _reader([]).year(value, "movie")
    if value == "1":
        assert _reader([]).year(value, "book") == 1


@pytest.mark.parametrize(
    ("value", "number"),
    [("134", 134), ("134 min", 134), ("1,024", 1024), ("2h 14m", 134), ("2 hours", 120), ("2 h", 120), (134.0, 134),
     ("0", None), ("99999", None), ("long", None), ("-5", None), ("", None)],
)  # fmt: skip
def test_numbers(value: Any, number: int | None) -> None:
    assert _reader([]).number("runtime_minutes", value) == number


@pytest.mark.parametrize(
    ("text", "code"),
    [("hi", "hi"), ("Hindi", "hi"), ("HIN", "hi"), ("en-US", "en"), ("pt_BR", "pt"), ("oriya", "or"), ("odia", "or"),
     ("Northern Sami", "se"), ("bhojpuri", None), ("raj", None), ("xx", None), ("", None)],
)  # fmt: skip
def test_languages(text: str, code: str | None) -> None:
    assert language_code(text) == code


@pytest.mark.parametrize(
    ("value", "imdb_id"),
    [("tt0048473", "tt0048473"), ("48473", "tt0048473"), ("https://www.imdb.com/title/tt0048473/?ref_=x", "tt0048473"),
     ("-", None), ("", None)],
)  # fmt: skip
def test_imdb_ids(value: str, imdb_id: str | None) -> None:
    assert _reader([]).imdb_id(value) == imdb_id


@pytest.mark.parametrize("value", ["nm0000001", "tt", "tt0000000", "tt00484731234", "x48473"])
def test_what_is_no_imdb_id(value: str) -> None:
    with pytest.raises(RowRejected, match="bad IMDb id"):
        _reader([]).imdb_id(value)


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("Drama, Crime ", ("Drama", "Crime")),
        ("A|B, C", ("A", "B, C")),
        ("A; B", ("A", "B")),
        ('["A, B", "C"]', ("A, B", "C")),
        ("[sic]", ("[sic]",)),
        (["A", None, "A", " B "], ("A", "B")),
        ([{"id": 1, "name": "Drama"}], ("Drama",)),
        ("Robert Downey, Jr., Gwyneth Paltrow", ("Robert Downey, Jr.", "Gwyneth Paltrow")),
        ("-", ()),
    ],
)
def test_lists(value: Any, names: tuple[str, ...]) -> None:
    assert _reader([]).names("genres", value) == names


def test_the_schema_names_every_field_once() -> None:
    names = [name.replace("_", "") for field in FIELDS for name in (field.name, *field.aliases)]
    assert len(names) == len(set(names))
    assert all(f"\n{field.name} " in describe() for field in FIELDS)


def test_columns_by_any_of_their_names() -> None:
    columns = Columns({"Werk": "title", "id": "ignore"})
    sources = dict(columns.sources(["Werk", "id", "Timing(min)", "plot", "SYNOPSIS", "votes"]))
    assert sources == {"title": ("Werk",), "runtime_minutes": ("Timing(min)",), "synopsis": ("SYNOPSIS", "plot")}
    assert columns.unused == ["id", "votes"]
    with pytest.raises(StartupError, match="there is no field heading"):
        Columns({"Werk": "heading"})


# Other programs may need the processor as well.
_patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@_patient
@given(st.dictionaries(st.sampled_from([field.name for field in FIELDS]), _JSON), st.sampled_from(["movie", "book"]))
def test_whatever_a_row_holds_is_an_entry_or_rejected(values: dict[str, Any], item_type: Any) -> None:
    maker = EntryMaker(Columns({}), RepairLog(lambda _finding: None), item_type, None)
    try:
        entry = maker.entry(1, values)
    except RowRejected as rejected:
        assert rejected.field
        return
    assert 0 < len(entry.title) <= 500
    assert "\0" not in "".join((entry.title, entry.original_title, entry.synopsis, *entry.genres))
    assert entry.year is None or 0 < entry.year < 3000


@_patient
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode) | _JSON.map(json.dumps).map(str.encode))
def test_any_bytes_are_ratings_or_refused(content: bytes) -> None:
    try:
        _, rows = parse_ratings(content)
    except UnusableContent as error:
        assert str(error).startswith(("must", "is a zip"))
        return
    assert all(not isinstance(row, OwnRating) or 1 <= row.half_stars <= 10 for row in rows)


_ROWS = st.lists(st.lists(st.text(alphabet='",;\n\r a1é=', max_size=6), max_size=12), max_size=4)


@_patient
@given(_ROWS, st.sampled_from(["Date,Name,Year,Letterboxd URI,Rating", "Const,Your Rating,Title",
                               "Book Id,Title,Author,My Rating"]))  # fmt: skip
def test_any_rows_below_a_right_header(rows: list[list[str]], header: str) -> None:
    text = header + "\n" + "".join(",".join(row) + "\n" for row in rows)
    name, parsed = parse_ratings(text.encode())
    assert name in {each.name for each in FORMATS}
    assert all(row.line > 1 for row in parsed)


@pytest.mark.parametrize(
    ("text", "per_point", "half_stars"),
    [("4.5", 2, 9), ("4,5", 2, 9), ("0", 2, 0), ("", 2, 0), ("10", 1, 10), ("11", 1, None), ("4.2", 2, None),
     ("nan", 1, None), ("inf", 1, None), ("-1", 1, None), ("x", 1, None)],
)  # fmt: skip
def test_stars(text: str, per_point: int, half_stars: int | None) -> None:
    assert half_stars_of(text, per_point=per_point) == half_stars


@pytest.mark.parametrize(
    ("text", "day"),
    [("2020-01-02", "2020-01-02"), ("2020/01/02", "2020-01-02"), ("Sat Jan  5 00:00:00 2013", "2013-01-05"),
     ("2020-01-02T03:04:05.000Z", "2020-01-02"), ("2999-01-01", None), ("1066-01-01", None), ("", None), ("x", None)],
)  # fmt: skip
def test_dates(text: str, day: str | None) -> None:
    moment = date_of(text)
    assert (moment.date().isoformat() if moment else None) == day


def test_series_of_books() -> None:
    assert without_series("The Hunger Games (The Hunger Games, #1)") == "The Hunger Games"
    assert without_series("Dune (Dune Chronicles #1-3)") == "Dune"
    assert without_series("Catch (Twenty-Two)") == "Catch (Twenty-Two)"
    assert without_series("(Everything, #1)") == "(Everything, #1)"
