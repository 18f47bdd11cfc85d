"""What a sync did, and what it could not read."""

from dataclasses import dataclass, field

from cinelibre_server.ingest.import_report import BadRowLog
from cinelibre_server.store.catalog_load import LoadCounts


@dataclass(slots=True)
class SyncReport:
    """The outcome of a run, or of as much of it as was done.

    `items` are those added, changed and unchanged; `vanished` counts ids that the source has no more; `left_out` and
    `failures` tell why. `finished` is False where a run was cut off and goes on with the next.
    """

    title: str
    unit: str
    items: LoadCounts = field(default_factory=lambda: LoadCounts(0, 0, 0))
    vanished: int = 0
    left_out: BadRowLog = field(default_factory=BadRowLog)
    failures: BadRowLog = field(default_factory=BadRowLog)
    seconds: float = 0.0
    finished: bool = False

    @property
    def read_count(self) -> int:
        """Items whose description was read."""
        return self.items.added + self.items.changed + self.items.unchanged

    @property
    def failed_count(self) -> int:
        """Ids that could not be read."""
        return sum(failure.count for failure in self.failures.rows())

    def lines(self) -> list[str]:
        """The report for people, a line a fact."""
        items = self.items
        left_out = sum(row.count for row in self.left_out.rows())
        lines = [
            f"{self.title}: {items.added:,} {self.unit} added, {items.changed:,} changed,"
            f" {items.unchanged:,} unchanged, {self.vanished:,} vanished upstream, {left_out:,} left out,"
            f" {self.failed_count:,} failed; {self.seconds:.1f} s",
        ]
        lines += [f"left out: {row.line(self.unit)}" for row in self.left_out.rows()]
        lines += [f"failed:   {row.line(self.unit)}" for row in self.failures.rows()]
        if self.failed_count:
            lines.append("The next run tries again what failed.")
        if not self.finished:
            lines.append("Not at the end yet: the same command goes on from here.")
        return lines
