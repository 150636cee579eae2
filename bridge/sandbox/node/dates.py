"""Dates as the Node API writes them: local time of Istanbul, without a zone."""

from __future__ import annotations

from datetime import UTC, datetime

from bridge.sandbox.clock import ISTANBUL

__all__ = ["MINUTES", "SECONDS", "parse", "shown", "shown_exactly"]

MINUTES = "%Y-%m-%d %H:%M"
SECONDS = "%Y-%m-%d %H:%M:%S"
LENGTHS = {MINUTES: len("2020-12-25 12:00"), SECONDS: len("2020-12-25 12:00:00")}


def parse(text: str, form: str) -> datetime | None:
    """The moment in UTC, or None when `text` is not exactly of that form (strptime alone takes "2020-1-5 9:00")."""
    if len(text) != LENGTHS[form]:
        return None
    try:
        return datetime.strptime(text, form).replace(tzinfo=ISTANBUL).astimezone(UTC)
    except ValueError:
        return None


def shown(moment: datetime | None) -> str | None:
    """`2021-05-04T01:38:20`"""
    return f"{moment.astimezone(ISTANBUL):%Y-%m-%dT%H:%M:%S}" if moment else None


def shown_exactly(moment: datetime | None) -> str | None:
    """`2021-05-04T01:38:22.25607`: the fraction without the zeros at its end, and no point when nothing is left."""
    if moment is None:
        return None
    return f"{moment.astimezone(ISTANBUL):%Y-%m-%dT%H:%M:%S.%f}".rstrip("0").rstrip(".")
