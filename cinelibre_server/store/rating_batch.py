"""Ratings as arrays, and as the binary format in which PostgreSQL reads them fastest."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Final, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

Ints: TypeAlias = NDArray[np.int64]

# https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format"
COPY_HEADER: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
COPY_TRAILER: Final = b"\xff\xff"

_EPOCH_2000 = 946_684_800


@dataclass(frozen=True, slots=True)
class RatingBatch:
    """Ratings with our ids; `lines` is their place in the file, `rated_at` in seconds since 1970."""

    lines: Ints
    user_ids: Ints
    item_ids: Ints
    half_stars: Ints
    rated_at: Ints

    def __len__(self) -> int:
        return len(self.lines)

    def __getitem__(self, chosen: slice | Ints | NDArray[np.bool_]) -> Self:
        return type(self)(*(getattr(self, field.name)[chosen] for field in fields(self)))

    @classmethod
    def joined(cls, batches: Sequence["RatingBatch"]) -> Self:
        """All of them, one after the other."""
        empty = np.empty(0, dtype=np.int64)
        return cls(
            *(np.concatenate([empty, *(getattr(batch, field.name) for batch in batches)]) for field in fields(cls))
        )

    def as_ratings(self) -> bytes:
        """Rows of (user_id, item_id, half_stars, created_at, updated_at) for COPY, without header and trailer."""
        micros = (self.rated_at - _EPOCH_2000) * 1_000_000
        return _encode(
            (self.user_ids, ">i4"), (self.item_ids, ">i4"), (self.half_stars, ">i2"), (micros, ">i8"), (micros, ">i8")
        )

    def as_staged(self) -> bytes:
        """Rows of (line, user_id, item_id, half_stars, rated_at) for COPY, without header and trailer."""
        return _encode(
            (self.lines, ">i4"),
            (self.user_ids, ">i4"),
            (self.item_ids, ">i4"),
            (self.half_stars, ">i2"),
            (self.rated_at, ">i8"),
        )


def _encode(*columns: tuple[Ints, str]) -> bytes:
    """Each row: the number of its columns, and each column's size in bytes before its value."""
    parts = [("count", ">i2")]
    for number, (_, kind) in enumerate(columns):
        parts += [(f"size{number}", ">i4"), (f"value{number}", kind)]
    row_type = np.dtype(parts)
    encoded = np.empty(len(columns[0][0]), dtype=row_type)
    encoded["count"] = len(columns)
    for number, (values, kind) in enumerate(columns):
        encoded[f"size{number}"] = np.dtype(kind).itemsize
        encoded[f"value{number}"] = values
    return encoded.tobytes()
