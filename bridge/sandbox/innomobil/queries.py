"""The parameters of each operation.

Facts: the document's samples write numbers as text ("vperiod": "48") and as JSON numbers ("gate": 0); both are read everywhere.
What it calls optional may also be empty or null.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, TypeVar

import orjson
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from bridge.sandbox.innomobil.refusal import Refusal
from bridge.sandbox.sends import local_moment

__all__ = [
    "CreditQuery",
    "Login",
    "MessageQuery",
    "MultiQuery",
    "ReportByIdQuery",
    "ReportQuery",
    "ReportsQuery",
    "SendQuery",
    "SettingsOfSend",
    "json_of",
    "read",
]

DIGITS = re.compile(r"[0-9]{1,18}")
SENDING_DATE = "%Y%m%d%H%M%S"
MAX_HOURS = 48


def _number(value: object) -> object:
    if isinstance(value, bool):  # else a Literal[1] takes true
        raise ValueError("a number")  # noqa: TRY004  pydantic wants this one
    return int(value) if isinstance(value, str) and DIGITS.fullmatch(value) else value


def _switch(value: object) -> object:
    return 0 if value in ("", None) else _number(value)


def _hours(value: object) -> object:
    return MAX_HOURS if value in ("", None) else _number(value)


def _page(value: object) -> object:
    """Section 13: an empty or unfit value is page 1."""
    page = _number(value)
    return page if isinstance(page, int) and page > 0 else 1


def _sending_date(value: object) -> object:
    if value in ("", None):
        return None
    moment = local_moment(value, SENDING_DATE) if isinstance(value, str) else None
    if moment is None:
        raise ValueError("yyyyMMddHHmmss")
    return moment


def _unix_moment(value: object) -> object:
    if value in ("", None):
        return None
    seconds = _number(value)
    try:
        return datetime.fromtimestamp(seconds, UTC) if isinstance(seconds, int) else value
    except (ValueError, OverflowError, OSError):
        raise ValueError("unix seconds") from None


Number = Annotated[int, BeforeValidator(_number)]
Switch = Annotated[Literal[0, 1], BeforeValidator(_switch)]
Moment = Annotated[datetime | None, BeforeValidator(_unix_moment)]


class Query(BaseModel):
    """Parameters of one operation."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


class Login(Query):
    """What every request has."""

    username: str
    password: str


class MessageQuery(Query):
    """One text and its numbers."""

    sender: Annotated[str, Field(min_length=1)]
    text: Annotated[str, Field(min_length=1)]
    utf8: Annotated[Literal[0, 1], BeforeValidator(_number)]
    gsm: Annotated[list[str], Field(min_length=1)]


class CreditQuery(Query):
    """kredi"""

    gate: Annotated[Literal[0, 1, 8], BeforeValidator(_number)]


class SettingsOfSend(CreditQuery):
    """What both ways to send have. vperiod in hours."""

    sdate: Annotated[datetime | None, BeforeValidator(_sending_date)] = None
    vperiod: Annotated[int, BeforeValidator(_hours), Field(ge=1, le=MAX_HOURS)] = MAX_HOURS


class SendQuery(SettingsOfSend):
    """sendsms"""

    message: MessageQuery


class MultiQuery(SettingsOfSend):
    """multisend"""

    message: Annotated[list[MessageQuery], Field(min_length=1)]


class ReportQuery(Query):
    """report"""

    messageid: Number
    detailed: Switch = 0


class ReportByIdQuery(Query):
    """reportbyid"""

    reportid: list[str]


class ReportsQuery(Query):
    """reports"""

    sdate: Moment = None
    fdate: Moment = None
    page: Annotated[int, BeforeValidator(_page)] = 1
    alfanumerik: str | None = None
    tip: Switch = 0


Model = TypeVar("Model", bound=Query)


def json_of(body: bytes) -> dict[str, Any]:
    """Raises Refusal when the body is no JSON object."""
    try:
        values = orjson.loads(body)
    except ValueError:
        raise Refusal("json") from None
    if not isinstance(values, dict):
        raise Refusal("json")
    return values


def read(model: type[Model], values: dict[str, Any]) -> Model:
    """Raises Refusal, naming the first wrong parameter."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        raise Refusal("parameter", f"{'.'.join(str(step) for step in first['loc'])}: {first['msg']}") from None
