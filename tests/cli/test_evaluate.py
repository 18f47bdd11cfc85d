"""`cinelibre evaluate recommendations` on a small folder in the ml-latest format."""

import json
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from typer.testing import CliRunner

from cinelibre_server.cli import app
from cinelibre_server.errors import StartupError
from cinelibre_server.recommend.evaluation.methods.product import product_name
from cinelibre_server.store.recommend import PersonalAlgorithm

USERS = 24
FILMS = 30


@pytest.fixture
def movielens(tmp_path: Path) -> Path:
    """Two tastes: even users like the first half of the films, odd ones the second; everybody rates 16 of them."""
    folder = tmp_path / "two-tastes"
    folder.mkdir()
    random = np.random.RandomState(0)
    films = [f"{film + 1},Film {film + 1} (1990),{'Comedy' if film < FILMS // 2 else 'Drama'}" for film in range(FILMS)]
    (folder / "movies.csv").write_text("\n".join(["movieId,title,genres", *films]))
    lines = ["userId,movieId,rating,timestamp"]
    for user in range(USERS):
        for time, film in enumerate(random.permutation(FILMS)[:16].tolist()):
            likes = (film < FILMS // 2) == (user % 2 == 0)
            stars = (4.5 if likes else 1.5) + random.choice([-0.5, 0, 0.5])
            lines.append(f"{user + 1},{film + 1},{stars},{1_000_000_000 + time * 100 + user}")
    (folder / "ratings.csv").write_text("\n".join(lines))
    return folder


def _run(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["evaluate", "recommendations", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def _means(document: dict[str, Any]) -> dict[str, dict[str, dict[str, float]]]:
    return {
        task["task"]: {method["method"]: method["mean"] for method in task["methods"]} for task in document["tasks"]
    }


def test_all_parts_with_all_our_algorithms(movielens: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.json"
    shown = _run("--data", str(movielens), "--json", str(target), "--no-embed")
    document = json.loads(target.read_text())
    assert document["facts"]["ratings"] == USERS * 16
    means = _means(document)
    assert list(means) == [
        "rating prediction",
        "ranking, five random folds",
        "ranking, last tenth in time",
        "cold start",
    ]
    ours = {product_name(algorithm) for algorithm in get_args(PersonalAlgorithm)}
    assert ours <= means["ranking, five random folds"].keys()
    assert ours <= means["cold start"].keys()
    stars = means["rating prediction"]
    collaborative = next(value for name, value in stars.items() if "collaborative" in name)
    # Taste explains nearly everything here, and a mean nothing of it.
    assert collaborative["RMSE"] < 0.7 * stars["user's mean"]["RMSE"]
    ranking = means["ranking, five random folds"]
    assert ranking["CineLibre collaborative"]["nDCG@10"] > 1.3 * ranking["most popular (by count)"]["nDCG@10"]
    assert 0 < ranking["CineLibre AUTO"]["diversity"] < 1
    points = document["tasks"][3]["methods"][0]["splits"]
    assert list(points) == ["1 rating", "2 ratings", "3 ratings", "5 ratings", "10 ratings"]
    assert "CineLibre AUTO" in shown
    assert "nDCG@10" in shown
    assert "CineLibre AUTO" in (tmp_path / "out.html").read_text(encoding="utf-8")


def test_new_ratings_count_without_another_training(movielens: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.json"
    _run("--data", str(movielens), "--json", str(target), "--no-embed", "--only", "cold-start")
    document = json.loads(target.read_text())
    assert list(_means(document)) == ["cold start"]
    methods = {method["method"]: method["splits"] for method in document["tasks"][0]["methods"]}
    assert methods["CineLibre collaborative"]["1 rating"]["nDCG@10"] == 0
    assert methods["CineLibre collaborative"]["10 ratings"]["nDCG@10"] > 0.5


def test_a_folder_in_the_place_of_a_file_is_told_before_the_work(movielens: Path, tmp_path: Path) -> None:
    with pytest.raises(StartupError, match="is a folder: name a file"):
        _run("--data", str(movielens), "--json", str(tmp_path))


def test_an_unknown_part_is_named(movielens: Path) -> None:
    with pytest.raises(StartupError, match="there is no part 'speed': --only takes stars, ranking, cold-start"):
        _run("--data", str(movielens), "--only", "speed")
