"""When a periodic package is sent again. Source: Node API v1.8.3, "Periyod Tipi"; what it leaves open is said here.

- By the wall clock of the zone: at nine o'clock stays at nine o'clock.
- Counted from the first time: the 31st is the last day of shorter months, and the 31st again after them; February 29 likewise.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo

from bridge.domain.clock import ISTANBUL
from bridge.domain.message import Period, PeriodType

__all__ = ["following", "portions"]

_DAYS = {PeriodType.DAILY: 1, PeriodType.WEEKLY: 7}
_MONTHS = {PeriodType.MONTHLY: 1, PeriodType.YEARLY: 12}


def following(first: datetime, period: PeriodType, after: datetime, zone: tzinfo = ISTANBUL) -> datetime:
    """The first repeat that is later than `after`, in UTC.

    first: when it was sent first. period: not ONCE. Raises OverflowError behind the year 9999.
    """
    start = first.astimezone(zone)
    turn = max(1, _turns(start.date(), period, after.astimezone(zone).date()) - 1)
    while (moment := _moment(start, period, turn)) <= max(first, after):
        turn += 1
    return moment.astimezone(UTC)


def _turns(start: date, period: PeriodType, end: date) -> int:
    """How many repeats there are about until then."""
    if period in _DAYS:
        return (end - start).days // _DAYS[period]
    return ((end.year - start.year) * 12 + end.month - start.month) // _MONTHS[period]


def _moment(start: datetime, period: PeriodType, turn: int) -> datetime:
    """The repeat of that number."""
    if period in _DAYS:
        day = start.date() + timedelta(days=turn * _DAYS[period])
    else:
        months = start.year * 12 + start.month - 1 + turn * _MONTHS[period]
        year, month = divmod(months, 12)
        if year > date.max.year:
            raise OverflowError
        day = date(year, month + 1, min(start.day, monthrange(year, month + 1)[1]))
    return datetime.combine(day, start.timetz())


def portions(positions: Sequence[int], start: datetime, period: Period) -> list[tuple[Sequence[int], datetime]]:
    """Recipients (their positions) in portions, and when each is sent. period: ONCE with both numbers.

    Raises OverflowError when the last one is behind the year 9999.
    """
    assert period.amount is not None
    assert period.interval_minutes is not None
    firsts = range(0, len(positions), period.amount)
    step = timedelta(minutes=period.interval_minutes)
    return [(positions[first : first + period.amount], start + place * step) for place, first in enumerate(firsts)]
