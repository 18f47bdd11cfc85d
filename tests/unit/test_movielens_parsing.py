"""MovieLens files as they are, and as they should not be."""

import tempfile
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cinelibre_server.errors import StartupError
from cinelibre_server.ingest import movielens_files
from cinelibre_server.ingest import movielens_rows as rows
from cinelibre_server.ingest.import_report import BadRowLog
from cinelibre_server.ingest.movielens_files import open_movielens
from cinelibre_server.ingest.movielens_ratings import FileRatings, read_ratings
from cinelibre_server.ingest.movielens_rows import FileRating, RowReader, clean_tag, parse_imdb_id
from cinelibre_server.ingest.movielens_titles import Title, map_genres, parse_title


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Dangal (2016)", Title("Dangal", "Dangal", 2016)),
        ("Matrix, The (1999)", Title("The Matrix", "The Matrix", 1999)),
        ("Hate (Haine, La) (1995)", Title("Hate", "La Haine", 1995)),
        ("Star Maker, The (Uomo delle stelle, L') (1995)", Title("The Star Maker", "L'Uomo delle stelle", 1995)),
        (
            "Lord of the Rings: The Two Towers, The (2002)",
            Title("The Lord of the Rings: The Two Towers", "The Lord of the Rings: The Two Towers", 2002),
        ),
        (
            "Professional, The (a.k.a. Leon: The Professional) (Léon) (1994)",
            Title("The Professional", "Léon", 1994),
        ),
        ("Shree 420 (a.k.a. Mr. 420) (1955)", Title("Shree 420", "Mr. 420", 1955)),
        ("Seven (Se7en) (1995)", Title("Seven", "Seven", 1995)),
        ("(500) Days of Summer (2009)", Title("(500) Days of Summer", "(500) Days of Summer", 2009)),
        (
            "Birdman: Or (The Unexpected Virtue of Ignorance) (2014)",
            Title(
                "Birdman: Or (The Unexpected Virtue of Ignorance)",
                "Birdman: Or (The Unexpected Virtue of Ignorance)",
                2014,
            ),
        ),
        ("White Balloon, The (Badkonake Sefid ) (1995)", Title("The White Balloon", "Badkonake Sefid", 1995)),
        ("Two Friends (1986) ", Title("Two Friends", "Two Friends", 1986)),
        ("The Land Before Time III (1995) (V)", Title("The Land Before Time III", "The Land Before Time III", 1995)),
        ("Mahabharat (1988–1990)", Title("Mahabharat", "Mahabharat", 1988)),
        ("Mirzapur (2018– )", Title("Mirzapur", "Mirzapur", 2018)),
        ("I, Worst of All (Yo, la peor de todas) (1990)", Title("I, Worst of All", "Yo, la peor de todas", 1990)),
        ("Maybe, Maybe Not (1994)", Title("Maybe, Maybe Not", "Maybe, Maybe Not", 1994)),
        ("unknown", Title("unknown", "unknown", None)),
        ("1917 (2019)", Title("1917", "1917", 2019)),
        ("Nobody's Year (0000)", Title("Nobody's Year", "Nobody's Year", None)),
        ("  (1995)", Title("", "", 1995)),
    ],
)
def test_titles_are_taken_apart(text: str, expected: Title) -> None:
    assert parse_title(text) == expected


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["Children's", "Comedy"], ("Family", "Comedy")),
        (["Children", "Animation"], ("Family", "Animation")),
        (["Sci-Fi", "Film-Noir", "IMAX"], ("Science Fiction", "Film Noir")),
        (["(no genres listed)"], ()),
        (["unknown"], ()),
        (["Drama", "Drama"], ("Drama",)),
    ],
)
def test_genres_get_the_names_of_the_catalogue(names: list[str], expected: tuple[str, ...]) -> None:
    assert map_genres(names) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0114709", "tt0114709"),
        ("114709", "tt0114709"),
        ("tt5074352", "tt5074352"),
        ("12345678", "tt12345678"),
        ("", None),
        ("0", None),
        ("-1", None),
        ("12a", None),
    ],
)
def test_imdb_ids_get_their_prefix_and_zeros(text: str, expected: str | None) -> None:
    assert parse_imdb_id(text) == expected


def test_tags_become_keywords() -> None:
    assert clean_tag("  Based on a  BOOK ") == "based on a book"
    assert clean_tag("x" * 61) == ""


def _tuples(block: FileRatings) -> list[FileRating]:
    columns = (block.lines, block.user_refs, block.item_ids, block.half_stars, block.rated_at)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def _read_ratings(folder: Path, ratings: bytes) -> tuple[list[FileRating], dict[str, tuple[str, ...]]]:
    """The good ratings of a ratings.csv whose known films are 10 and 20 (items 1 and 2), and the bad lines."""
    (folder / "movies.csv").write_bytes(b"movieId,title,genres\n")
    (folder / "ratings.csv").write_bytes(b"userId,movieId,rating,timestamp\n" + ratings)
    log = BadRowLog()
    with open_movielens(folder) as files:
        reader = RowReader(files, log, lambda _bytes: None)
        good = [rating for block in read_ratings(reader, rows.RATINGS_CSV, {10: 1, 20: 2}) for rating in _tuples(block)]
    return good, {bad.reason: bad.places for bad in log.rows()}


def test_ratings_of_every_allowed_form_are_read(tmp_path: Path) -> None:
    good, bad = _read_ratings(
        tmp_path,
        b'7,10,0.5,1\n7,20,5,2\r\n8,10,3.0,3\n8,20,4.50,4\n\n"9","10","2.5","1260759144"\n 9,20 ,1.5,1260759145',
    )
    assert good == [
        (2, 7, 1, 1, 1),
        (3, 7, 2, 10, 2),
        (4, 8, 1, 6, 3),
        (5, 8, 2, 9, 4),
        (7, 9, 1, 5, 1260759144),
        (8, 9, 2, 3, 1260759145),
    ]
    assert bad == {}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"1,10,4.0", rows.WRONG_FIELDS),
        (b"1,10,4.0,1,1", rows.WRONG_FIELDS),
        (b"one,10,4.0,1", rows.NOT_A_NUMBER),
        (b"1,ten,4.0,1", rows.NOT_A_NUMBER),
        (b"1,10,4.0,yesterday", rows.NOT_A_NUMBER),
        (b"-1,10,4.0,1", rows.NOT_A_NUMBER),
        (b"1_0,10,4.0,1", rows.NOT_A_NUMBER),
        (b"9999999999999999999,10,4.0,1", rows.NOT_A_NUMBER),
        (b"1,10,0,1", rows.BAD_STARS),
        (b"1,10,5.5,1", rows.BAD_STARS),
        (b"1,10,3.3,1", rows.BAD_STARS),
        (b"1,10,nan,1", rows.BAD_STARS),
        (b"1,10,inf,1", rows.BAD_STARS),
        (b"1,10,good,1", rows.BAD_STARS),
        (b"1,10,4.0,99999999999", rows.BAD_TIME),
        (b"1,30,4.0,1", rows.UNKNOWN_MOVIE),
        (b'1,10,"4.0,1', rows.BAD_QUOTES),
        (b"1,10,4.0,\xff", rows.BAD_TEXT),
        (b"1,10,4.0,\x00", rows.BAD_TEXT),
    ],
)
def test_a_bad_rating_is_named_by_its_line_and_spoils_no_other(tmp_path: Path, line: bytes, reason: str) -> None:
    good, bad = _read_ratings(tmp_path, b"1,10,4.0,1\n" + line + b"\n2,20,4.0,1\n")
    assert good == [(2, 1, 1, 8, 1), (4, 2, 2, 8, 1)]
    assert bad == {reason: ("ratings.csv:3",)}


_FIELDS = st.sampled_from(
    [b"1", b"0", b"10", b"20", b"30", b"007", b"999999999", b"1000000000", b"999999999999999999", b"9" * 19, b"-1", b"",
     b" 10", b"1_0", b"\xc2\xb2", b"0x1", b"4", b"4.0", b"4.5", b"0.5", b"5.0", b"5.5", b"0.0", b"4.50", b"4.", b".5",
     b"3:0", b"/.0", b"32503679999", b"32503680000", b'"10"', b'"', b"a", b"\0"]
)  # fmt: skip
_LINES = st.lists(
    st.one_of(
        st.just(b"1,10,4.0,978300760\n"),
        st.tuples(
            st.lists(_FIELDS, min_size=1, max_size=5).map(b",".join),
            st.sampled_from([b"\n", b"\r\n", b"\r\r\n", b",\n"]),
        ).map(b"".join),
    ),
    max_size=12,
)


@given(lines=_LINES, end=st.sampled_from([b"", b"2,20,0.5,1"]))
def test_blocks_are_read_as_their_lines_would_be(lines: list[bytes], end: bytes) -> None:
    text = b"".join(lines) + end
    with tempfile.TemporaryDirectory() as name:
        good, bad = _read_ratings(Path(name), text)
        (Path(name) / "ratings.csv").write_bytes(b"")
        log = BadRowLog()
        with open_movielens(Path(name)) as files:
            reader = RowReader(files, log, lambda _bytes: None)
            numbered = enumerate(BytesIO(text), start=2)
            assert list(reader.ratings(rows.RATINGS_CSV, numbered, {10: 1, 20: 2})) == good
        assert {row.reason: row.places for row in log.rows()} == bad


def test_lines_are_counted_across_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(movielens_files, "_BLOCK_BYTES", 64)
    lines = [b"1,10,9,1\n" if number % 50 == 0 else b"%d,10,4.0,1\n" % number for number in range(2, 1002)]
    good, bad = _read_ratings(tmp_path, b"".join(lines) + b"\n" + b"x" * 200 + b",1")
    assert [(line, user) for line, user, *_ in good] == [(n, n) for n in range(2, 1002) if n % 50]
    assert bad[rows.BAD_STARS] == tuple(f"ratings.csv:{line}" for line in range(50, 1001, 50))
    assert bad[rows.WRONG_FIELDS] == ("ratings.csv:1003",)


def test_ratings_between_double_colons(tmp_path: Path) -> None:
    (tmp_path / "movies.dat").write_bytes(
        "10::Léon (1994)::Crime|Drama\n".encode("latin-1") + "20::Été (1999)::\n".encode()
    )
    (tmp_path / "users.dat").touch()
    (tmp_path / "ratings.dat").write_bytes(
        b"1::10::5::978300760\n1::20::0.5::1\n1:10::5::978300760\n1::20::3:::1\n2::10::4::\n"
    )
    log = BadRowLog()
    with open_movielens(tmp_path) as files:
        assert files.format == "movielens-1m"
        reader = RowReader(files, log, lambda _bytes: None)
        assert [fields[1] for _, fields in reader.texts(rows.MOVIES_DAT)] == ["Léon (1994)", "Été (1999)"]
        good = [rating for block in read_ratings(reader, rows.RATINGS_DAT, {10: 1, 20: 2}) for rating in _tuples(block)]
    assert good == [(1, 1, 1, 10, 978300760), (2, 1, 2, 1, 1)]
    assert {bad.reason: bad.places for bad in log.rows()} == {
        rows.WRONG_FIELDS: ("ratings.dat:3",),
        rows.NOT_A_NUMBER: ("ratings.dat:4", "ratings.dat:5"),
    }


def test_an_empty_file_of_ratings_has_no_header(tmp_path: Path) -> None:
    (tmp_path / "movies.csv").touch()
    (tmp_path / "ratings.csv").touch()
    with open_movielens(tmp_path) as files, pytest.raises(StartupError, match=r"^ratings\.csv starts with ''"):
        list(read_ratings(RowReader(files, BadRowLog(), lambda _bytes: None), rows.RATINGS_CSV, {}))


def test_the_first_twenty_places_of_a_reason_are_kept(tmp_path: Path) -> None:
    _good, bad = _read_ratings(tmp_path, b"1,10,9,1\n" * 30 + b"1,10\n")
    assert bad[rows.BAD_STARS] == tuple(f"ratings.csv:{line}" for line in range(2, 22))
    assert bad[rows.WRONG_FIELDS] == ("ratings.csv:32",)


def test_quoted_titles_keep_their_commas_and_quotes(tmp_path: Path) -> None:
    (tmp_path / "movies.csv").write_text(
        'movieId,title,genres\n1,"Lagaan, ""Once"" (2001)",Drama\n2,"open (2000),Drama\n3,Sholay (1975),Action\n'
    )
    (tmp_path / "ratings.csv").touch()
    log = BadRowLog()
    with open_movielens(tmp_path) as files:
        movies = list(RowReader(files, log, lambda _bytes: None).texts(rows.MOVIES_CSV))
    assert movies == [(2, ["1", 'Lagaan, "Once" (2001)', "Drama"]), (4, ["3", "Sholay (1975)", "Action"])]
    assert [(bad.reason, bad.places) for bad in log.rows()] == [(rows.BAD_QUOTES, ("movies.csv:3",))]


def test_another_header_is_refused(tmp_path: Path) -> None:
    (tmp_path / "movies.csv").write_text("movieId,title,genres\n")
    (tmp_path / "ratings.csv").write_text("user_id,movie_id,rating,timestamp\n")
    with (
        open_movielens(tmp_path) as files,
        pytest.raises(StartupError, match=r"^ratings\.csv starts with 'user_id,.*expected userId,movieId"),
    ):
        list(read_ratings(RowReader(files, BadRowLog(), lambda _bytes: None), rows.RATINGS_CSV, {}))


def test_a_byte_order_mark_and_quoted_header_are_fine(tmp_path: Path) -> None:
    (tmp_path / "movies.csv").write_bytes(b'\xef\xbb\xbf"movieId","title","genres"\r\n1,Sholay (1975),Action\r\n')
    (tmp_path / "ratings.csv").touch()
    with open_movielens(tmp_path) as files:
        movies = list(RowReader(files, BadRowLog(), lambda _bytes: None).texts(rows.MOVIES_CSV))
    assert movies == [(2, ["1", "Sholay (1975)", "Action"])]


@pytest.mark.parametrize("inside", ["", "ml-latest-small/"])
@pytest.mark.parametrize("zipped", [True, False])
def test_a_data_set_is_found_in_folders_and_zips(tmp_path: Path, inside: str, zipped: bool) -> None:
    contents = {"movies.csv": "movieId,title,genres\n1,Sholay (1975),Action\n", "ratings.csv": "x" * 100}
    path = tmp_path / ("data.zip" if zipped else "data")
    if zipped:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in contents.items():
                archive.writestr(inside + name, text)
    else:
        (path / inside).mkdir(parents=True)
        for name, text in contents.items():
            (path / inside / name).write_text(text)
    read: list[float] = []
    with open_movielens(path) as files:
        assert files.format == "movielens"
        assert files.has("ratings.csv")
        assert not files.has("tags.csv")
        assert files.total_bytes == sum(len(text) for text in contents.values())
        for name in contents:
            assert b"".join(files.lines(name, read.append)).decode() == contents[name]
    assert sum(read) == files.total_bytes


def test_the_100k_format_is_told_by_its_files(tmp_path: Path) -> None:
    (tmp_path / "u.data").touch()
    (tmp_path / "u.item").touch()
    with open_movielens(tmp_path) as files:
        assert files.format == "movielens-100k"


def _make_nothing(folder: Path) -> Path:
    (folder / "ratings.csv").touch()
    return folder


def _make_text(folder: Path) -> Path:
    path = folder / "ratings.zip"
    path.write_text("not a zip")
    return path


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (_make_nothing, "looked for u.item and u.data or movies.dat and users.dat and ratings.dat or"),
        (_make_text, "is neither a folder nor a zip"),
        (lambda folder: folder / "absent", "does not exist"),
    ],
)
def test_anything_else_is_one_clear_line(tmp_path: Path, make: object, message: str) -> None:
    assert callable(make)
    with pytest.raises(StartupError, match=message) as caught, open_movielens(make(tmp_path)):
        pass
    assert "\n" not in str(caught.value)


def test_a_damaged_zip_is_one_clear_line(tmp_path: Path) -> None:
    path = tmp_path / "data.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("movies.csv", "movieId,title,genres\n" + "1,Sholay (1975),Action\n" * 100)
        archive.writestr("ratings.csv", "")
    path.write_bytes(path.read_bytes().replace(b"1,Sholay", b"1,Sh0lay", 1))
    with open_movielens(path) as files, pytest.raises(StartupError, match=r"^movies\.csv can't be read"):
        list(files.lines("movies.csv", lambda _bytes: None))
