"""The parameters of each call, with the types and ranges of the document.

Facts: the document's types are taken at their word (an int is a JSON integer); a query string has only text, so there text is read
as the type. null means "not given" everywhere, "" for the dates and objects of which clients are known to send it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from bridge.sandbox.node.refusal import bad_request

__all__ = [
    "CancelQuery",
    "CreateQuery",
    "InquiryQuery",
    "ItemQuery",
    "ListQuery",
    "Model",
    "OtpQuery",
    "PackageKey",
    "Paged",
    "Periodic",
    "Query",
    "Ranged",
    "SenderQuery",
    "read",
]


def _blank_is_absent(value: object) -> object:
    return None if value == "" else value


Text = Annotated[str, StringConstraints(min_length=1)]
CustomID = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.-]{1,100}$")]
Date = Annotated[str | None, BeforeValidator(_blank_is_absent)]
Constant = Annotated[int, Field(ge=0)]


class Query(BaseModel):
    """Parameters of one call."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


class Push(Query):
    """pushSettings"""

    url: Annotated[str, StringConstraints(pattern=r"^https?://\S+$")]


class Periodic(Query):
    """periodicSettings. Source: POST /sms/create; `interval` in minutes."""

    period_type: Annotated[int, Field(alias="periodType", ge=0, le=4)]
    interval: Annotated[int, Field(ge=1)] | None = None
    amount: Annotated[int, Field(ge=1000, multiple_of=1000)] | None = None


class SendQuery(Query):
    """What both ways to send have."""

    number: str | int | None = None
    sender: Text
    content: Text
    encoding: Annotated[int, Field(ge=0, le=2)] | None = None
    validity: int | None = None
    push: Annotated[Push | None, Field(alias="pushSettings"), BeforeValidator(_blank_is_absent)] = None
    commercial: bool | None = None
    custom_id: Annotated[CustomID | None, Field(alias="customID")] = None


class OtpQuery(SendQuery):
    """POST /sms/create-otp"""

    trust_date: Annotated[str | None, Field(alias="trustDate")] = None


class CreateQuery(SendQuery):
    """POST /sms/create"""

    type: Annotated[int, Field(ge=0, le=2)]
    sending_type: Annotated[int, Field(alias="sendingType", ge=0, le=2)]
    numbers: list[Any] | None = None
    title: Annotated[str, StringConstraints(min_length=5, max_length=50)]
    sending_date: Annotated[Date, Field(alias="sendingDate")] = None
    periodic: Annotated[Periodic | None, Field(alias="periodicSettings"), BeforeValidator(_blank_is_absent)] = None


class Paged(Query):
    """pageIndex and pageSize: the document gives 10 and 1000 as limits, and no default."""

    page_index: Annotated[int | None, Field(alias="pageIndex", ge=0)] = None
    page_size: Annotated[int | None, Field(alias="pageSize", ge=10, le=1000)] = None


class Ranged(Query):
    """startDate and finishDate (/sms/summary has nothing else)."""

    start_date: Annotated[Date, Field(alias="startDate")] = None
    finish_date: Annotated[Date, Field(alias="finishDate")] = None


class ListQuery(Paged, Ranged):
    """/sms/list"""

    ids: list[int] | None = None
    custom_ids: Annotated[list[str] | None, Field(alias="customIDs")] = None
    keyword: str | None = None
    sender: str | None = None
    status: Annotated[int | None, Field(ge=0, le=7)] = None


class PackageKey(Query):
    """What names one package. `id` is called pkgID in /sms/list-item and id in /sms/cancel."""

    id: int | None = None
    uuid: str | None = None
    custom_id: Annotated[str | None, Field(alias="customID")] = None


class CancelQuery(PackageKey):
    """/sms/cancel"""


class ItemQuery(PackageKey, Paged):
    """/sms/list-item"""

    id: Annotated[int | None, Field(alias="pkgID")] = None
    target: str | None = None
    operator: Annotated[int | None, Field(ge=0, le=3)] = None
    state: Annotated[int | None, Field(ge=-2, le=5)] = None


class SenderQuery(Paged):
    """/sms/list-sender"""

    keyword: str | None = None
    status: Annotated[int | None, Field(ge=0, le=3)] = None


class InquiryQuery(Ranged):
    """/sms/inquiry-number"""

    gsm: Text
    sender: str | None = None


Model = TypeVar("Model", bound=Query)


def read(model: type[Model], parameters: Mapping[str, Any], *, textual: bool) -> Model:
    """textual: the parameters come from a query string. Raises Refusal, naming the first wrong parameter."""
    try:
        return model.model_validate(parameters, strict=False if textual else None)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(step) for step in first["loc"])
        raise bad_request(f"{place}: {first['msg']}") from None
