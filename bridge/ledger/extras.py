"""What few messages have: one JSON column of `package` in place of seven that are nearly always null."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson

from bridge.domain.message import Message, Period, PeriodType

__all__ = ["dump", "in_portions", "load", "pushed_to"]


def dump(message: Message, *, push: bool) -> str:
    """The column's value; "" when the message has none of it. push: the bridge pushes in the vendor's place."""
    if (
        message.period is None
        and message.push_url is None
        and message.commercial is None
        and message.trust_at is None
        and not message.otp_call
    ):
        return ""
    period, trust_at = message.period, message.trust_at
    values = {
        "otp_call": message.otp_call or None,
        "period": period and [period.type.value, period.amount, period.interval_minutes],
        "push_url": message.push_url,
        "push": (push and message.push_url is not None) or None,
        "commercial": message.commercial,
        "trust_at": trust_at and trust_at.timestamp(),
    }
    return orjson.dumps({name: value for name, value in values.items() if value is not None}).decode()


def load(column: str | None) -> dict[str, Any]:
    """Arguments of Message."""
    values: dict[str, Any] = orjson.loads(column) if column else {}
    values.pop("push", None)
    if period := values.get("period"):
        values["period"] = Period(type=PeriodType(period[0]), amount=period[1], interval_minutes=period[2])
    if (trust_at := values.get("trust_at")) is not None:
        values["trust_at"] = datetime.fromtimestamp(trust_at, UTC)
    return values


def pushed_to(column: str | None) -> str | None:
    """Where the bridge pushes to; None when it does not."""
    values = orjson.loads(column) if column else {}
    return values["push_url"] if "push" in values else None


def in_portions(column: str | None) -> bool:
    """Whether the recipients are sent to in portions."""
    period = orjson.loads(column).get("period") if column else None
    return period is not None and period[0] == PeriodType.ONCE
