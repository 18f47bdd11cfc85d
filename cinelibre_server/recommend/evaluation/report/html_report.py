"""An evaluation as one HTML page with plots, which needs no network."""

from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from cinelibre_server.recommend.evaluation.report import svg
from cinelibre_server.recommend.evaluation.report.page_style import STYLE
from cinelibre_server.recommend.evaluation.report.tables import (
    LOWER_IS_BETTER,
    MAIN_MEASURE,
    best_values,
    cold_start_rows,
    number,
    parameters,
)
from cinelibre_server.recommend.evaluation.score import Evaluation, Score
from cinelibre_server.recommend.evaluation.tasks import cold_start, stars

_OURS = "CineLibre"


def write_html(evaluation: Evaluation, path: Path) -> None:
    """Writes the page."""
    facts = evaluation.facts
    title = f"Recommendations on {facts['data']}"
    counts = ", ".join(f"{facts[name]:,} {name}" for name in ("ratings", "users", "films"))
    versions = ", ".join(
        f"{name} {value}" for name, value in facts.items() if name not in ("data", "ratings", "users", "films")
    )
    body = "\n".join(_body(evaluation))
    page = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>{STYLE}</style>
</head>
<body>
<main>
<h1>{escape(title)}</h1>
<p class="facts">{escape(counts)} · {escape(versions)}</p>
{body}
</main>
</body>
</html>
"""
    path.write_text(page, encoding="utf-8")


def _body(evaluation: Evaluation) -> Iterator[str]:
    for task in evaluation.tasks():
        if task == cold_start.TASK:
            rows = cold_start_rows(evaluation)
            yield _section(f"New users: {MAIN_MEASURE} after their first ratings", _cold_start_plot(rows), rows)
        else:
            rows = evaluation.means(task)
            measure = "RMSE" if task == stars.TASK else MAIN_MEASURE
            splits = len(evaluation.by_split(task))
            mean = f" (mean of {splits})" if splits > 1 else ""
            yield _section(f"{task[0].upper()}{task[1:]}: {measure}{mean}", _bars(rows, measure), rows)
    if evaluation.tunings:
        yield f"<section><h2>Parameters of other methods</h2>{_tunings(evaluation)}</section>"
    notes = "".join(f"<li>{escape(note)}</li>" for note in evaluation.notes)
    yield f"<section><h2>How it was measured</h2><ul>{notes}</ul></section>"


def _section(title: str, plot: str, rows: Sequence[Score]) -> str:
    return f"<section><h2>{escape(title)}</h2>{plot}{_table(rows)}</section>"


def _bars(rows: Sequence[Score], measure: str) -> str:
    lower = measure in LOWER_IS_BETTER
    ordered = sorted(rows, key=lambda row: row.measures[measure] if lower else -row.measures[measure])
    values = {row.method: row.measures[measure] for row in ordered}
    note = "smaller is better" if lower else "greater is better"
    return f'<p class="axis">{measure}, {note}</p>{svg.bars(values, 4, _ours(rows))}'


def _cold_start_plot(rows: Sequence[Score]) -> str:
    points = list(rows[0].measures)
    series = {row.method: list(row.measures.values()) for row in rows}
    return svg.lines(points, series, _ours(rows), MAIN_MEASURE)


def _table(rows: Sequence[Score]) -> str:
    best = best_values(rows)
    head = "".join(f"<th>{escape(measure)}</th>" for measure in rows[0].measures)
    lines = []
    for row in rows:
        cells = "".join(
            f'<td class="{"best" if best.get(measure) == value else ""}">{number(measure, value)}</td>'
            for measure, value in row.measures.items()
        )
        kind = "ours" if row.method in _ours(rows) else ""
        lines.append(f'<tr class="{kind}"><th>{escape(row.method)}</th>{cells}</tr>')
    return _grid("numbers", f"<th></th>{head}", lines)


def _tunings(evaluation: Evaluation) -> str:
    lines = [
        f"<tr><th>{escape(tuning.method)}</th><td>{escape(parameters(tuning.grid))}</td>"
        f"<td>{tuning.tried} of {tuning.points}</td><td>{escape(parameters(tuning.chosen))}</td>"
        f"<td>{tuning.ndcg:.4f}</td></tr>"
        for tuning in evaluation.tunings
    ]
    head = "<th></th><th>grid</th><th>tried</th><th>chosen</th><th>validation nDCG@10</th>"
    return _grid("text", head, lines)


def _grid(kind: str, head: str, lines: Sequence[str]) -> str:
    body = f"<thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody>"
    return f'<div class="wide"><table class="{kind}">{body}</table></div>'


def _ours(rows: Sequence[Score]) -> frozenset[str]:
    return frozenset(row.method for row in rows if row.method.startswith(_OURS))
