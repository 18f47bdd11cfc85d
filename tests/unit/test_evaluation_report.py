"""The HTML report of an evaluation: complete, self-contained, and safe with any name."""

import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

from cinelibre_server.recommend.evaluation.report.html_report import write_html
from cinelibre_server.recommend.evaluation.report.svg import bars, lines
from cinelibre_server.recommend.evaluation.score import Evaluation, Score, Tuning
from cinelibre_server.recommend.evaluation.tasks import cold_start, stars

VOID = {"meta", "rect", "line", "polyline", "circle"}


class _Page(HTMLParser):
    """Collects texts and links, and checks that elements are closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value or "" for name, value in attrs if name in {"src", "href"}]
        if tag not in VOID or tag in {"rect", "circle"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def _evaluation() -> Evaluation:
    scores = [
        Score(stars.TASK, split, method, {"RMSE": value, "MAE": value - 0.1})
        for split in ("fold 1", "fold 2")
        for method, value in (("CineLibre AUTO", 0.9), ("a <b> & c", 0.95))
    ]
    scores += [
        Score(cold_start.TASK, point, method, {"nDCG@10": value, "Recall@10": 0.1})
        for point in ("1 rating", "2 ratings")
        for method, value in (("CineLibre AUTO", 0.33), ("a <b> & c", 0.0))
    ]
    tuning = Tuning("a <b> & c", {"factors": (8, 16)}, 2, 2, {"factors": 16}, 0.25, 1.0)
    facts = {"data": "ml<x>", "ratings": 1200, "users": 10, "films": 20, "cinelibre": "1.0"}
    return Evaluation(facts, scores, (tuning,), ("A note.",))


def test_the_page_is_well_formed_and_needs_no_network(tmp_path: Path) -> None:
    write_html(_evaluation(), tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    page = _Page()
    page.feed(text)
    page.close()
    assert (page.open, page.links) == ([], [])
    assert not re.search(r"https?://|@import|url\(", text)
    shown = " ".join(page.texts)
    for expected in ("Recommendations on ml<x>", "1,200 ratings", "a <b> & c", "0.9500", "factors: 8, 16", "A note."):
        assert expected in shown
    assert text.count("<svg") == 2


def test_bars_start_at_zero_and_are_as_long_as_their_values() -> None:
    drawn = bars({"x": 0.5, "y": 1.0}, 2, frozenset({"x"}))
    one, other = (float(width) for width in re.findall(r'<rect class="bar \w+"[^>]* width="([\d.]+)"', drawn))
    assert abs(other - 2 * one) < 0.2
    assert '<rect class="bar ours"' in drawn


def test_labels_of_lines_that_end_together_do_not_overlap() -> None:
    series = {f"method {place}": [0.1, 0.2 + place * 1e-4] for place in range(9)}
    drawn = lines(["1 rating", "2 ratings"], series, frozenset(), "nDCG@10")
    heights = sorted(float(y) for y in re.findall(r'<text class="label other" x="\d+" y="([\d.]+)"', drawn))
    assert len(heights) == 9
    assert all(lower - upper > 15 for upper, lower in pairwise(heights))
    assert heights[-1] < 320
