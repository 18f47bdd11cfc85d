"""`cinelibre evaluate search` on a small catalogue and both kinds of query files."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cinelibre_server.cli import app
from cinelibre_server.errors import StartupError
from cinelibre_server.search.evaluation.files import LEAST_PLOT, read_catalogue, read_queries

PLOTS = {
    "Sholay": "Two crooks are hired by a former policeman to catch the bandit who terrorises a village.",
    "Dangal": "A father who once was a wrestler trains his two daughters until they win medals.",
    "Lagaan": "Villagers learn to play cricket to be free of the tax that the British officer wants of them.",
    "Eega": "A murdered young man is born again as a fly and takes revenge on the man who killed him.",
    "Charulata": "A lonely wife who wants to write grows fond of the young cousin of her husband, an editor.",
    "Drishyam": "The owner of a cable business hides a crime of his family from the police by memories of films.",
}
ORIGINALS = {"Sholay": "शोले", "Drishyam": "ദൃശ്യം", "Charulata": "চারুলতা"}
MEASURES = ("mrr_at_10", "recall_at_10", "recall_at_100", "ndcg_at_10")


def film(number: int, title: str, **more: Any) -> dict[str, Any]:
    return {
        "imdb_id": f"tt{number}",
        "title": title,
        "original_title": ORIGINALS.get(title),
        "plot": PLOTS[title],
        **more,
    }


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    """Six films, one of them twice, and two that can't be found: one without a plot, one without an id."""
    rows = [film(number, title) for number, title in enumerate(PLOTS)]
    rows[0] |= {
        "year": 1975,
        "language": "hi",
        "genres": ["Action"],
        "director": "Ramesh Sippy",
        "cast": ["Amjad Khan"],
    }
    rows[1] |= {"year": "2016", "language": "Hindi", "genres": "Sport", "cast": None}
    rows += [
        film(0, "Dangal"),
        {"id": "x", "title": "Short", "plot": "Too short."},
        {"title": "None", "plot": "x" * 99},
    ]
    path = tmp_path / "films.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\n\n", encoding="utf-8")
    return path


@pytest.fixture(autouse=True)
def cache(model_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CINELIBRE_CACHE_DIR", str(model_cache))


def run(*arguments: str | Path) -> str:
    result = CliRunner().invoke(app, ["evaluate", "search", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def by_way(path: Path) -> dict[tuple[str, str], dict[str, Any]]:
    return {(row["way"], row["language"]): row for row in json.loads(path.read_text())}


def test_queries_in_columns_by_language(catalogue: Path, tmp_path: Path) -> None:
    queries, target = tmp_path / "queries.tsv", tmp_path / "out.json"
    lines = [
        "en\ta man comes back as an insect to take revenge\ttt3",
        "en\tcricket match against the British\ttt2,tt77",
        "hi\tशोले\ttt0",
        "ml\tദൃശ്യം\ttt5",
        "en\twhat nobody has\ttt99",
    ]
    queries.write_text("\n".join(lines) + "\n", encoding="utf-8")
    shown = run("--catalogue", catalogue, "--queries", queries, "--json", target)
    results = by_way(target)
    assert list(results) == [
        (way, language) for way in ("dense only", "lexical only", "served") for language in ("en", "hi", "ml", "all")
    ]
    # The query whose right item is not in the catalogue is not asked.
    assert [results["served", language]["queries"] for language in ("en", "hi", "ml", "all")] == [2, 1, 1, 4]
    assert {measure: results["served", "all"][measure] for measure in MEASURES} == dict.fromkeys(MEASURES, 1.0)
    # Words of a name in another script are the name's: its terms find it, its vector need not.
    assert results["lexical only", "hi"]["mrr_at_10"] == 1
    assert all(0 <= row[measure] <= 1 for row in results.values() for measure in MEASURES)
    for text in ("MRR@10", "Recall@100", "nDCG@10", "dense only", "served", "1.0000", "1 of 5 queries were left out"):
        assert text in shown


def test_queries_in_json(catalogue: Path, tmp_path: Path) -> None:
    queries, target = tmp_path / "queries.jsonl", tmp_path / "out.json"
    rows: list[dict[str, Any]] = [
        {"text": "I look for a film of a fly that kills", "title": "insect revenge", "movie_ids": ["tt3"]},
        {"text": "wrestling daughters", "language": "en", "movie_ids": ["tt1", "tt98"], "more": 1},
        {"text": "who hunts the bandit", "movie_ids": ["tt5"]},
    ]
    queries.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    run("--catalogue", catalogue, "--queries", queries, "--json", target)
    results = by_way(target)
    assert {language for _way, language in results} == {"en", "all"}
    assert results["served", "en"]["mrr_at_10"] == 1
    # A wrong answer on purpose: Drishyam has no bandit, so that not all are first.
    everything = results["served", "all"]
    assert everything["queries"] == 3
    assert 2 / 3 <= everything["mrr_at_10"] < 1
    assert everything["recall_at_100"] == 1


def test_files_are_read_with_what_they_have(catalogue: Path, tmp_path: Path) -> None:
    films = read_catalogue(catalogue)
    assert [entry.title for entry in films] == list(PLOTS)
    assert (films[0].year, films[0].language, films[0].genres) == (1975, "hi", ("Action",))
    assert (films[0].directors, films[0].cast, films[0].original_title) == (("Ramesh Sippy",), ("Amjad Khan",), "शोले")
    assert (films[1].year, films[1].language, films[1].genres) == (2016, None, ("Sport",))
    queries = tmp_path / "mixed"
    queries.write_text('\nta\tfly\ttt3,tt4\n{"title": "A", "text": "b", "movie_ids": [5]}\n', encoding="utf-8")
    columns, row = read_queries(queries)
    assert (columns.language, columns.text, columns.right) == ("ta", "fly", frozenset({"tt3", "tt4"}))
    assert (row.language, row.text, row.right) == ("all", "A. b", frozenset({"5"}))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "can't read .*films.bad: No such file"),
        (b"", f"has no item with an id, a title and a plot of {LEAST_PLOT} characters or more"),
        (b"\n\n", "has no item with an id"),
        (b'{"title": "A"}\n', "has no item with an id"),
        (b'{"id": 1, "title": "A"\n', "line 1: expected a JSON object"),
        (b'\n[1, 2]\n', "line 2: expected a JSON object"),
        (b'{"id": 1, "title": 5, "plot": 7, "language": 9}', "has no item with an id"),
        (b"\xff\xfe", "it is not UTF-8"),
    ],
)  # fmt: skip
def test_a_bad_catalogue_is_told(tmp_path: Path, content: bytes | None, message: str) -> None:
    films, queries = tmp_path / "films.bad", tmp_path / "queries.tsv"
    queries.write_text("en\tfly\ttt3\n")
    if content is not None:
        films.write_bytes(content)
    with pytest.raises(StartupError, match=message):
        run("--catalogue", films, "--queries", queries)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "can't read .*queries.bad: No such file"),
        (b"", "queries.bad has no queries"),
        (b"\n \n", "queries.bad has no queries"),
        (b"en\tfly\ttt3\nen\tfly\n", "line 2: expected language, query and right ids between tabs"),
        (b"en\t \ttt3\n", "line 1: expected language, query and right ids between tabs"),
        (b"en\tfly\ttt3\ttt4\n", "line 1: expected language, query"),
        (b'en\tfly\ttt3\n{"text": \n', "line 2: expected a JSON object"),
        (b'{"text": "fly", "movie_ids": "tt3"}', "line 1: expected a text, and a list of right ids as movie_ids"),
        (b'{"text": "fly", "movie_ids": 3}', "line 1: expected a text, and a list of right ids"),
        (b'{"text": "fly"}', "line 1: expected a text, and a list of right ids"),
        (b'{"text": ["fly"], "movie_ids": ["tt3"]}', "line 1: expected a text, and a list of right ids"),
        (b"en\t\xff\ttt3", "it is not UTF-8"),
    ],
)
def test_bad_queries_are_told(catalogue: Path, tmp_path: Path, content: bytes | None, message: str) -> None:
    queries = tmp_path / "queries.bad"
    if content is not None:
        queries.write_bytes(content)
    with pytest.raises(StartupError, match=message):
        run("--catalogue", catalogue, "--queries", queries)


def test_a_folder_that_is_not_there_is_told_before_the_work(catalogue: Path, tmp_path: Path) -> None:
    queries = tmp_path / "queries.tsv"
    queries.write_text("en\tfly\ttt3\n")
    with pytest.raises(StartupError, match="nowhere is no folder: make it first"):
        run("--catalogue", catalogue, "--queries", queries, "--json", tmp_path / "nowhere" / "out.json")
    with pytest.raises(StartupError, match="is a folder: name a file"):
        run("--catalogue", catalogue, "--queries", queries, "--json", tmp_path)


def test_queries_for_another_catalogue_are_told(catalogue: Path, tmp_path: Path) -> None:
    queries = tmp_path / "queries.tsv"
    queries.write_text("en\tfly\ttt99\nen\tshort\tx\n")
    with pytest.raises(
        StartupError, match=r"none of the right ids in .*queries\.tsv is of an item with a plot in .*films"
    ):
        run("--catalogue", catalogue, "--queries", queries)
