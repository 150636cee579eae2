"""When periodic packages are sent again."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.clock import ISTANBUL, parse_datetime
from bridge.domain.message import Period, PeriodType
from bridge.domain.period import following, portions

REPEATING = [PeriodType.DAILY, PeriodType.WEEKLY, PeriodType.MONTHLY, PeriodType.YEARLY]


def at(text: str) -> datetime:
    moment = parse_datetime(text)
    assert moment is not None
    return moment


@pytest.mark.parametrize(
    ("period", "first", "after", "expected"),
    [
        (PeriodType.DAILY, "2026-01-05 09:00", "2026-01-05 09:00", "2026-01-06 09:00"),
        (PeriodType.DAILY, "2026-01-05 09:00", "2026-01-09 08:59", "2026-01-09 09:00"),
        (PeriodType.DAILY, "2026-01-05 09:00", "2026-01-09 09:00", "2026-01-10 09:00"),
        (PeriodType.WEEKLY, "2026-01-05 09:00", "2026-01-05 10:00", "2026-01-12 09:00"),
        (PeriodType.WEEKLY, "2026-01-05 09:00", "2026-03-01 00:00", "2026-03-02 09:00"),
        (PeriodType.MONTHLY, "2026-01-31 09:00", "2026-01-31 09:00", "2026-02-28 09:00"),
        (PeriodType.MONTHLY, "2026-01-31 09:00", "2026-02-28 09:00", "2026-03-31 09:00"),
        (PeriodType.MONTHLY, "2026-12-15 23:59", "2026-12-15 23:59", "2027-01-15 23:59"),
        (PeriodType.YEARLY, "2024-02-29 12:00", "2024-02-29 12:00", "2025-02-28 12:00"),
        (PeriodType.YEARLY, "2024-02-29 12:00", "2027-02-28 12:00", "2028-02-29 12:00"),
        # before it began
        (PeriodType.DAILY, "2026-05-05 09:00", "2026-01-01 00:00", "2026-05-06 09:00"),
    ],
)
def test_next_time(period, first, after, expected):
    assert following(at(first), period, at(after)) == at(expected)


def test_the_wall_clock_counts_and_not_the_hours():
    zone = ZoneInfo("Europe/Berlin")
    first = datetime(2026, 3, 28, 9, 0, tzinfo=zone).astimezone(UTC)
    assert following(first, PeriodType.DAILY, first, zone) - first == timedelta(hours=23)


MOMENTS = st.integers(1_577_836_800, 4_102_444_800).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


@given(first=MOMENTS, after=MOMENTS, period=st.sampled_from(REPEATING))
def test_later_than_both_and_no_repeat_between(first, after, period):
    found = following(first, period, after)
    assert found > after
    assert found > first
    assert found.astimezone(ISTANBUL).time() == first.astimezone(ISTANBUL).time()
    longest = {PeriodType.DAILY: 1, PeriodType.WEEKLY: 7, PeriodType.MONTHLY: 31, PeriodType.YEARLY: 366}[period]
    assert found - max(first, after) <= timedelta(days=longest)


def test_behind_the_last_year_is_an_overflow():
    first = datetime(9999, 12, 31, 12, 0, tzinfo=UTC)
    for period in REPEATING:
        with pytest.raises(OverflowError):
            following(first, period, first)


def test_portions():
    start = at("2026-01-05 09:00")
    period = Period(type=PeriodType.ONCE, amount=2, interval_minutes=10)
    assert portions(range(5), start, period) == [
        (range(2), start),
        (range(2, 4), start + timedelta(minutes=10)),
        (range(4, 5), start + timedelta(minutes=20)),
    ]
