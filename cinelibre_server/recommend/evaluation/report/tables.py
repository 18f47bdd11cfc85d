"""An evaluation as tables on a terminal."""

from collections.abc import Iterator, Mapping, Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table

from cinelibre_server.recommend.evaluation.score import Evaluation, Score
from cinelibre_server.recommend.evaluation.tasks import cold_start

MAIN_MEASURE = "nDCG@10"
LOWER_IS_BETTER = frozenset({"RMSE", "MAE"})
# More of these is another kind of list, not a better one.
WITHOUT_BEST = frozenset({"popularity", "diversity", "coverage"})


def tables(evaluation: Evaluation) -> Iterator[Table]:
    """One a task; the best of each column stands out. Cold start: nDCG@10 by number of ratings."""
    for task in evaluation.tasks():
        if task == cold_start.TASK:
            yield _table(f"{task}: {MAIN_MEASURE} after", cold_start_rows(evaluation))
        else:
            yield _table(f"{task} (mean of {len(evaluation.by_split(task))})", evaluation.means(task))


def number(measure: str, value: float) -> str:
    """With the digits that make sense; a dash where nothing could be measured."""
    if value != value:
        return "–"
    return f"{value:,.0f}" if measure == "popularity" else f"{value:.4f}"


def best_values(rows: Sequence[Score]) -> dict[str, float]:
    """The best value of each measure that has one."""
    return {
        measure: (min if measure in LOWER_IS_BETTER else max)(row.measures[measure] for row in rows)
        for measure in rows[0].measures
        if measure not in WITHOUT_BEST
    }


def _table(title: str, rows: Sequence[Score]) -> Table:
    table = Table(title=title, box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("")
    best = best_values(rows)
    for measure in rows[0].measures:
        table.add_column(measure, justify="right")
    for row in rows:
        cells = (
            f"[bold]{number(measure, value)}[/]" if best.get(measure) == value else number(measure, value)
            for measure, value in row.measures.items()
        )
        table.add_row(row.method, *cells)
    return table


def cold_start_rows(evaluation: Evaluation) -> list[Score]:
    """The main measure of each method, with the numbers of ratings where other tasks have measures."""
    points = evaluation.by_split(cold_start.TASK)
    methods = [score.method for score in next(iter(points.values()))]
    columns = {
        point: {score.method: score.measures[MAIN_MEASURE] for score in scores} for point, scores in points.items()
    }
    return [
        Score(cold_start.TASK, "", method, {point: values[method] for point, values in columns.items()})
        for method in methods
    ]


def parameters(values: Mapping[str, object]) -> str:
    """Names and values, one after the other."""
    return "; ".join(
        f"{name}: {', '.join(map(str, value)) if isinstance(value, tuple) else value}" for name, value in values.items()
    )


def tuning_lines(evaluation: Evaluation) -> Iterator[str]:
    """What was tried for the methods of other libraries, and what was chosen."""
    for tuning in evaluation.tunings:
        yield (
            f"{tuning.method}: {tuning.tried} of {tuning.points} points in {tuning.seconds:.0f} s of the grid"
            f" {parameters(tuning.grid)}. Chosen: {parameters(tuning.chosen)}"
            f" (nDCG@10 {tuning.ndcg:.4f} in validation)."
        )
