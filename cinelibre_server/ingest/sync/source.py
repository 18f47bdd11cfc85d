"""What a source of the catalogue is to the runner: a list of ids in batches, and a description for each."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from cinelibre_server.store.sync import Alias, Failed, Found, Gone, Json, LeftOut, Outcome

__all__ = ["Alias", "Batch", "Failed", "Found", "Gone", "Json", "Known", "LeftOut", "Outcome", "Source", "new_ids"]


@dataclass(frozen=True, slots=True)
class Batch:
    """A part of a source's list.

    `refs` are to be read, `listed` were only come across; `after` is the cursor behind both, None at the end of the
    list. `unreadable` counts entries of the list that name no id.
    """

    refs: tuple[str, ...]
    after: Json | None
    listed: tuple[str, ...] = ()
    unreadable: int = 0


class Known(Protocol):
    """What a source may ask of our database."""

    async def books_to_describe(self, after: str, limit: int, *, again: bool) -> list[str]:
        """ISBNs after `after` of books that the source was not asked about yet; with `again` of all."""


class Source(Protocol):
    """A service that describes films or books.

    Batches must not depend on how much of the list was read before: a run that goes on from a cursor gives the same
    batches as one that was not cut off, as long as upstream stays as it is.
    """

    @property
    def name(self) -> str:
        """What it is called in the database and on the command line."""

    @property
    def title(self) -> str:
        """What it is called by people."""

    @property
    def unit(self) -> str:
        """What it describes, in the plural."""

    @property
    def attribution(self) -> str:
        """What its terms ask to be shown."""

    def first_cursor(self, bookmark: Json | None, today: date, *, full: bool) -> Json:
        """Where a new run begins: after the last finished one, or at the start of all without it or when `full`."""

    def bookmark(self, begun_at: Json) -> Json:
        """What a finished run, begun at this cursor, leaves for the next."""

    def lists_all(self, begun_at: Json) -> bool:
        """Whether such a run comes across all that the source has, so that what it misses has vanished."""

    async def count(self, cursor: Json) -> int | None:
        """About how many ids there are from the cursor on; None if nobody knows."""

    def batches(self, cursor: Json, known: Known, /) -> AsyncIterator[Batch]:
        """The list from the cursor on."""

    async def fetch(self, refs: Sequence[str]) -> list[Outcome]:
        """What the source says of these ids, one outcome for each."""

    async def close(self) -> None:
        """Ends the connections."""


def new_ids(values: Sequence[str | None]) -> tuple[tuple[str, ...], int]:
    """The ids of a list's page, each once, and how many entries had none."""
    return tuple(dict.fromkeys(value for value in values if value)), sum(1 for value in values if not value)
