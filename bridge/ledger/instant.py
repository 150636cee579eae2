"""Times as the tables have them: epoch milliseconds in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

__all__ = ["from_ms", "to_ms"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


def to_ms(moment: datetime) -> int:
    """Cuts what is below a millisecond. moment: aware."""
    since = moment - _EPOCH  # by its parts: to divide it takes half as long again, and a float is not exact
    return since.days * 86_400_000 + since.seconds * 1000 + since.microseconds // 1000


def from_ms(ms: int) -> datetime:
    """In UTC."""
    return _EPOCH + ms * _MS
