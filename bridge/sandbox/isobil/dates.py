"""Dates as isobil writes them: yyyyMMddHHmmss in the local time of Istanbul."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from bridge.sandbox.clock import ISTANBUL
from bridge.sandbox.isobil.refusal import Refusal

__all__ = ["given", "shown"]

FORM = "%Y%m%d%H%M%S"
DIGITS = re.compile(r"[0-9]{14}")  # strptime alone takes shorter ones


def given(text: str | None, name: str) -> datetime | None:
    """The moment in UTC, None when `text` is empty. Raises Refusal, naming the field."""
    if not text:
        return None
    try:
        if DIGITS.fullmatch(text):
            return datetime.strptime(text, FORM).replace(tzinfo=ISTANBUL).astimezone(UTC)
    except ValueError:
        pass
    raise Refusal("date", f"{name}: yyyyMMddHHmmss")


def shown(moment: datetime) -> str:
    return moment.astimezone(ISTANBUL).strftime(FORM)
