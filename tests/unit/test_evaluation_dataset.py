"""Folders in the MovieLens formats, and near to them, as an evaluation reads them."""

from pathlib import Path

import pytest

from cinelibre_server.errors import StartupError
from cinelibre_server.progress import silent
from cinelibre_server.recommend.evaluation.dataset import Dataset, read_dataset


def _read(folder: Path, **files: str) -> Dataset:
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text, encoding="latin-1" if name == "u__item" else "utf-8")
    return read_dataset(folder, silent)


def _ratings(dataset: Dataset) -> list[tuple[int, str, float, int]]:
    columns = dataset.ratings
    titles = [dataset.films[item].title for item in columns.items]
    return list(zip(columns.users.tolist(), titles, columns.stars.tolist(), columns.times.tolist(), strict=True))


def test_ml_100k_with_genres_and_ratings_in_file_order(tmp_path: Path) -> None:
    dataset = _read(
        tmp_path,
        u__data="9\t2\t3\t50\n4\t1\t5\t40\n9\t1\t1\t60\n",
        u__item="1|Amélie (2001)|||u|0|1|1\n2|Heat (1995)|||u|1|0|0\n3|Unrated (1990)|||u|0|0|0\n",
        u__genre="unknown|0\nComedy|1\nDrama|2\n\n",
    )
    assert _ratings(dataset) == [
        (1, "Heat (1995)", 3.0, 50),
        (0, "Amélie (2001)", 5.0, 40),
        (1, "Amélie (2001)", 1.0, 60),
    ]
    assert [film.genres for film in dataset.films] == [("Comedy", "Drama"), (), ()]
    assert (dataset.user_count, dataset.item_count, dataset.official) == (2, 3, ())


def test_ml_100k_with_its_own_splits(tmp_path: Path) -> None:
    lines = ["1\t1\t3\t1", "1\t2\t4\t2", "2\t1\t5\t3"]
    files = {"u__data": "\n".join(lines)}
    for number in range(1, 6):
        files |= {f"u{number}__base": f"{lines[2]}\n{lines[0]}\n", f"u{number}__test": lines[1]}
    dataset = _read(tmp_path, **files)
    assert [split.name for split in dataset.official] == ["u1", "u2", "u3", "u4", "u5"]
    assert dataset.official[4].training.tolist() == [2, 0]
    assert dataset.official[4].test.tolist() == [1]
    with pytest.raises(StartupError, match=r"u3.test has a rating by user 7 of film 1 that u.data has not"):
        _read(tmp_path, u3__test="7\t1\t3\t1\n")


def test_ml_latest_with_half_stars_in_a_folder_within(tmp_path: Path) -> None:
    (tmp_path / "ml-latest-small").mkdir()
    dataset = _read(
        tmp_path / "ml-latest-small",
        ratings__csv="userId,movieId,rating,timestamp\n1,30,4.5,1100\n1,10,0.5,1200\n",
        movies__csv='movieId,title,genres\n10,"American President, The (1995)",Comedy|Drama\n'
        "30,Rangeela,(no genres listed)\n",
    )
    assert _ratings(read_dataset(tmp_path, silent)) == [
        (0, "Rangeela", 4.5, 1100),
        (0, "American President, The (1995)", 0.5, 1200),
    ]
    assert [film.genres for film in dataset.films] == [("Comedy", "Drama"), ()]
    assert dataset.name == "ml-latest-small"


def test_ml_1m(tmp_path: Path) -> None:
    (tmp_path / "movies.dat").write_bytes("7::Les Misérables (1995)::Drama|Musical\n".encode("latin-1"))
    dataset = _read(tmp_path, ratings__dat="1::7::5::978300760\n2::8::3.5::978302109\n")
    assert _ratings(dataset) == [(0, "Les Misérables (1995)", 5.0, 978300760), (1, "Film 8", 3.5, 978302109)]


def test_other_columns_and_no_times(tmp_path: Path) -> None:
    dataset = _read(tmp_path, ratings_partial__csv="movie,user,rating\n5,1,4\n6,1,2\n")
    assert [(title, stars) for _, title, stars, _ in _ratings(dataset)] == [("Film 5", 4.0), ("Film 6", 2.0)]
    assert not dataset.has_times


def test_bad_lines_and_older_ratings_of_the_same_film_are_left_out_and_counted(tmp_path: Path) -> None:
    text = "userId,movieId,rating,timestamp\n1,5,4,30\n1,6,4.3,31\nx,5,4,1\n1,5\n\n1,5,2,20\n2,5,3,10\n2,5,3.5,10\n"
    text += "99999999999999999999,5,4,1\n1,-99999999999999999999,4,1\n"
    dataset = _read(tmp_path, ratings__csv=text)
    assert _ratings(dataset) == [(0, "Film 5", 4.0, 30), (1, "Film 5", 3.5, 10)]
    assert dataset.skipped == 7


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "is no MovieLens data set: looked for"),
        ({"ratings__csv": "who,what\n1,2\n"}, "expected columns userId, movieId, rating and timestamp"),
        ({"ratings__csv": "userId,movieId,rating\n"}, "has no rating that can be read"),
    ],
)
def test_what_is_no_data_set_is_named(tmp_path: Path, files: dict[str, str], message: str) -> None:
    with pytest.raises(StartupError, match=message):
        _read(tmp_path, **files)
