"""Times as the tables have them: epoch milliseconds in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

__all__ = ["from_ms", "to_ms"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


def to_ms(moment: datetime) -> int:
    """Cuts what is below a millisecond. moment: aware."""
    # a whole millisecond may come as its float's neighbour below
    return int(moment.timestamp() * 1000 + 0.001)


def from_ms(ms: int) -> datetime:
    """In UTC."""
    return _EPOCH + ms * _MS
