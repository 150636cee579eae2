"""Time: what "now" is, and the date spellings of the SOAP interface. Every datetime in the bridge is aware.

Facts:
- Requests carry `yyyy-MM-dd HH:mm` in Turkish local time; clients also send seconds, fractions, "T", and .NET an offset.
- Two datetimes of one zone are subtracted by their wall clocks, whatever daylight saving did between them: so UTC inside.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Final, Protocol
from zoneinfo import ZoneInfo

__all__ = ["ISTANBUL", "Clock", "SystemClock", "format_minute", "format_second", "parse_datetime"]

ISTANBUL: Final = ZoneInfo("Europe/Istanbul")
"""The zone of dates without an offset, unless a setting names another."""

# [0-9] and not \d, which takes the digits of every script
_DATETIME = re.compile(
    r"\s*([0-9]{4})-([0-9]{2})-([0-9]{2})(?:T|[ \t]+)([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,9}))?)?"
    r"(?:(Z)|([+-])([0-9]{2}):?([0-9]{2}))?\s*"
)


class Clock(Protocol):
    """Says what time it is; tests give a clock of their own."""

    def __call__(self) -> datetime:
        """Now, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def __call__(self) -> datetime:
        return datetime.now(UTC)


def parse_datetime(text: str, zone: tzinfo = ISTANBUL) -> datetime | None:
    """The moment in UTC, or None for what is not a date with a time, or a date that does not exist.

    text: `yyyy-MM-dd HH:mm[:ss[.fraction]]`, also with "T"; ASCII digits; white space around is ignored. An offset ("Z",
        "+03:00") at the end goes before `zone`. Of a fraction, six digits are kept.
    zone: where the text's wall clock hangs. Of an hour that occurs twice there, the first is meant.
    Source: Node API v1.8.3, sendingDate, startDate, finishDate, trustDate.
    """
    match = _DATETIME.fullmatch(text)
    if not match:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    microsecond = int((match[7] or "")[:6].ljust(6, "0"))
    try:
        offset = _offset(match) or zone
        return datetime(year, month, day, hour, minute, second, microsecond, offset).astimezone(UTC)
    except (ValueError, OverflowError):  # no such day or hour; before year 1 or after 9999 once in UTC
        return None


def format_minute(moment: datetime, zone: tzinfo = ISTANBUL) -> str:
    """`yyyy-MM-dd HH:mm` on the zone's wall clock. Raises ValueError for a naive datetime."""
    return _wall_clock(moment, zone).isoformat(" ", "minutes")


def format_second(moment: datetime, zone: tzinfo = ISTANBUL) -> str:
    """`yyyy-MM-dd HH:mm:ss` on the zone's wall clock. Raises ValueError for a naive datetime."""
    return _wall_clock(moment, zone).isoformat(" ", "seconds")


def _offset(match: re.Match[str]) -> tzinfo | None:
    """The offset that the text itself names. Raises ValueError for one of a day or more."""
    if match[8]:
        return UTC
    if not match[9]:
        return None
    offset = timedelta(hours=int(match[10]), minutes=int(match[11]))
    return timezone(-offset if match[9] == "-" else offset)


def _wall_clock(moment: datetime, zone: tzinfo) -> datetime:
    if moment.tzinfo is None:  # astimezone would take it for the machine's local time
        raise ValueError("a datetime without a zone")
    return moment.astimezone(zone).replace(tzinfo=None)
