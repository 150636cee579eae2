"""The fields of each operation, with the names and types of the document's samples.

Facts: samples say ScheduledDeliveryDate and ValidityDate, explanations ..Time and ..Period; the samples count. Envelopes
is an object with the list Envelope in the sample of the request, and a list in the explanation; either is taken. JSON is taken at
its word (an int is a JSON integer); in XML all is text, so there text is read as the type.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_pascal

from bridge.sandbox.isobil.refusal import Refusal

__all__ = [
    "Envelope",
    "Header",
    "MessageKey",
    "Model",
    "MultiRequest",
    "PacketKey",
    "ScheduledKey",
    "Search",
    "SenderFilter",
    "ServiceFilter",
    "Signed",
    "SubmitRequest",
    "read",
]


class Fields(BaseModel):
    """Fields of a request, or of an object within it."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", alias_generator=to_pascal)


class Credential(Fields):
    username: str
    password: str
    system_code: int


class Signed(Fields):
    """What every request has."""

    credential: Credential


class Header(Fields):
    """validity_date: time or duration, in a form that nobody knows; anything is taken."""

    service_id: Annotated[int, Field(alias="ServiceID")]
    sender: Annotated[str, Field(alias="From")]
    scheduled_delivery_date: str | None = None
    validity_date: str | None = None


class SendFields(Fields):
    data_coding: Literal["Default", "UCS2"]
    header: Header


class SubmitRequest(SendFields):
    """Submit, SubmitOTP, Submit_TCKN. The simulated accounts have no groups, so `groups` adds nobody."""

    message: str
    to: list[str] = []
    groups: list[int] = []


class Envelope(Fields):
    message: str
    to: str


class Envelopes(Fields):
    envelope: list[Envelope]


class MultiRequest(SendFields):
    """SubmitMulti, SubmitMulti_TCKN."""

    envelopes: Annotated[Envelopes, BeforeValidator(lambda value: {"Envelope": value} if isinstance(value, list) else value)]


class ServiceFilter(Fields):
    process: int = 0


class SenderFilter(Fields):
    service_id: Annotated[int, Field(alias="ServiceID")]


class MessageKey(Fields):
    message_id: Annotated[int, Field(alias="MessageID")]


class PacketKey(MessageKey):
    packet_id: Annotated[int, Field(alias="PacketID")]


class ScheduledKey(Fields):
    message_id: Annotated[int, Field(alias="ScheduledMessageID")]


class Search(Fields):
    """QueryMulti. limit: a class of sizes."""

    begin_date: str | None = None
    end_date: str | None = None
    service_id: Annotated[int, Field(alias="ServiceID")] = 0
    sender: str | None = None
    message: str | None = None
    limit: Annotated[int, Field(ge=0, le=13)] = 0


Model = TypeVar("Model", bound=Fields)


def read(model: type[Model], values: Any, *, textual: bool) -> Model:
    """textual: the values come from XML. Raises Refusal, naming the first wrong field."""
    try:
        return model.model_validate(values, strict=False if textual else None)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(step) for step in first["loc"])
        raise Refusal("request", f"{place}: {first['msg']}") from None
