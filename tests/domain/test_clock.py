"""Dates as clients write them."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.clock import ISTANBUL, SystemClock, format_minute, format_second, parse_datetime

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-22 13:05", datetime(2026, 11, 22, 10, 5, tzinfo=UTC)),
        ("2026-11-22T13:05", datetime(2026, 11, 22, 10, 5, tzinfo=UTC)),
        ("2026-11-22 13:05:06", datetime(2026, 11, 22, 10, 5, 6, tzinfo=UTC)),
        ("2026-11-22T13:05:06.5", datetime(2026, 11, 22, 10, 5, 6, 500_000, tzinfo=UTC)),
        ("2026-11-22 13:05:06.1234567", datetime(2026, 11, 22, 10, 5, 6, 123_456, tzinfo=UTC)),
        ("2026-11-22  13:05", datetime(2026, 11, 22, 10, 5, tzinfo=UTC)),
        ("\n\t 2026-11-22 13:05 \r\n", datetime(2026, 11, 22, 10, 5, tzinfo=UTC)),
        ("2026-11-22 00:30", datetime(2026, 11, 21, 21, 30, tzinfo=UTC)),
        ("2024-02-29 12:00", datetime(2024, 2, 29, 9, 0, tzinfo=UTC)),
        ("2015-01-15 12:00", datetime(2015, 1, 15, 10, 0, tzinfo=UTC)),  # Turkey had winter time until 2016
        ("2026-11-22T13:05:06Z", datetime(2026, 11, 22, 13, 5, 6, tzinfo=UTC)),
        ("2026-11-22T13:05:06.0000000+03:00", datetime(2026, 11, 22, 10, 5, 6, tzinfo=UTC)),
        ("2026-11-22T13:05-0130", datetime(2026, 11, 22, 14, 35, tzinfo=UTC)),
    ],
)
def test_parse(text, expected):
    moment = parse_datetime(text)
    assert moment == expected
    assert moment.tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "2026-11-22",
        "13:05",
        "22.11.2026 13:05",
        "2026-1-2 3:05",
        "2026-11-2213:05",
        "2026-11-22 13:05:",
        "2026-11-22 13:05:06.",
        "2026-11-22 13.05",
        "20261122130506",
        "2026-02-29 12:00",
        "2026-13-01 12:00",
        "2026-00-10 12:00",
        "2026-11-31 12:00",
        "2026-11-22 24:00",
        "2026-11-22 12:60",
        "2026-11-22 12:00:60",
        "0000-01-01 00:00",
        "0001-01-01 00:00",  # before year 1 in UTC
        "9999-12-31 23:00-05:00",
        "2026-11-22 12:00+99:00",
        "٢٠٢٦-١١-٢٢ ١٣:٠٥",
        "２０２６-11-22 13:05",
        "2026-11-22 13:05 x",
        "2026−11−22 13:05",  # minus signs
    ],
)
def test_not_a_date(text):
    assert parse_datetime(text) is None


def test_another_zone():
    assert parse_datetime("2026-07-01 12:00", BERLIN) == datetime(2026, 7, 1, 10, 0, tzinfo=UTC)
    assert parse_datetime("2026-10-25 02:30", BERLIN) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # the first of the two


def test_format():
    moment = datetime(2026, 11, 22, 22, 5, 6, 999_999, tzinfo=UTC)
    assert format_minute(moment) == "2026-11-23 01:05"
    assert format_second(moment) == "2026-11-23 01:05:06"
    assert format_second(moment, BERLIN) == "2026-11-22 23:05:06"
    assert format_minute(datetime(999, 1, 2, 3, 4, tzinfo=timezone(timedelta(hours=1))), UTC) == "0999-01-02 02:04"


@pytest.mark.parametrize("write", [format_minute, format_second])
def test_a_naive_datetime_is_a_mistake(write):
    with pytest.raises(ValueError, match="without a zone"):
        write(datetime(2026, 11, 22, 13, 5))  # noqa: DTZ001


@given(st.datetimes(datetime(1990, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_what_is_written_is_read_again(moment):
    moment = moment.replace(microsecond=0)
    again = parse_datetime(format_second(moment))
    assert again is not None
    # the hour that winter time repeats is read as its first pass
    assert again in {moment, moment - timedelta(hours=1)}
    assert format_second(again) == format_second(moment)


@given(st.one_of(st.text(), st.from_regex(r"\s*\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?")))
def test_any_text_is_a_date_or_none(text):
    moment = parse_datetime(text)
    assert moment is None or moment.tzinfo is UTC


def test_the_system_clock_is_aware():
    assert SystemClock()().tzinfo is UTC
    assert ISTANBUL.key == "Europe/Istanbul"
