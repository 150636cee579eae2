"""The fields of each call, checked: what is wrong in itself is ERR_BAD_REQUEST naming the field.

Field names in messages are the WSDL's. What needs the clock, the account or a vendor is checked by the use case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from bridge.errors import CallError, ErrorCode, Reason

__all__ = [
    "BAD_FIELD",
    "CancelSmsPackage",
    "GetSmsPackageItems",
    "GetSmsPackages",
    "GetSmsSenders",
    "PeriodicSettings",
    "SendOtp",
    "SendSms",
    "parse",
]

BAD_FIELD = Reason("Alan: {field}.", "Field: {field}.")

# far beyond what any vendor takes; whatever is longer would only weigh on logs, indices and searches
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]
SenderName = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)]
CustomId = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z0-9._-]{1,100}$")]
# ids are xs:long; PHP's SoapClient makes 0 of an empty one
PackageId = Annotated[int, Field(ge=0, le=2**63 - 1)]
Encoding = Annotated[int, Field(ge=0, le=2)]
SmallInt = Annotated[int, Field(ge=-(2**31), le=2**31 - 1)]


class Request(BaseModel):
    """Base: the codec has typed the values already, so nothing is converted; what it could not read has no type and is refused."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", hide_input_in_errors=True)

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:  # texts and numbers never reach a log
        return ()


R = TypeVar("R", bound=Request)


class PushSettingsRequest(Request):
    """pushSettings."""

    url: Text | None = None


class PeriodicSettings(Request):
    """periodicSettings."""

    period_type: Annotated[int, Field(alias="periodType", ge=0, le=4)]
    amount: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    interval: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None


class Sending(Request):
    """What sendSms and sendOtp share."""

    sender: SenderName
    content: str | None = None
    number: str | None = None
    encoding: Encoding = 0
    validity: SmallInt | None = None
    push_settings: Annotated[PushSettingsRequest | None, Field(alias="pushSettings")] = None
    commercial: bool | None = None
    custom_id: Annotated[CustomId | None, Field(alias="customID")] = None


class SendSms(Sending):
    """sendSms."""

    type: Annotated[int, Field(ge=0, le=2)]
    sending_type: Annotated[int, Field(alias="sendingType", ge=0, le=2)]
    title: Text | None = None
    numbers: list[Any] | None = None  # str or {nr, msg}
    periodic_settings: Annotated[PeriodicSettings | None, Field(alias="periodicSettings")] = None
    sending_date: Annotated[str | None, Field(alias="sendingDate")] = None


class SendOtp(Sending):
    """sendOtp."""

    trust_date: Annotated[str | None, Field(alias="trustDate")] = None


class Paged(Request):
    """pageIndex from 0; pageSize 10 to 1000, clamped; absent, empty or 0: 100."""

    page_index: Annotated[int, Field(alias="pageIndex", ge=0, le=2**31 - 1)] = 0
    page_size: Annotated[SmallInt, Field(alias="pageSize")] = 0

    def size(self) -> int:
        return min(max(self.page_size, 10), 1000) if self.page_size else 100


class GetSmsPackages(Paged):
    """getSmsPackages."""

    ids: list[PackageId] | None = None
    custom_ids: Annotated[list[CustomId] | None, Field(alias="customIDs")] = None
    keyword: Text | None = None
    sender: SenderName | None = None
    status: Annotated[int, Field(ge=0, le=7)] | None = None
    start_date: Annotated[str | None, Field(alias="startDate")] = None
    finish_date: Annotated[str | None, Field(alias="finishDate")] = None


class GetSmsPackageItems(Paged):
    """getSmsPackageItems."""

    pkg_id: Annotated[PackageId | None, Field(alias="pkgID")] = None
    uuid: Text | None = None
    custom_id: Annotated[Text | None, Field(alias="customID")] = None
    target: Text | None = None
    operator: Annotated[int, Field(ge=0, le=3)] | None = None
    state: Annotated[int, Field(ge=-2, le=5)] | None = None


class GetSmsSenders(Paged):
    """getSmsSenders."""

    keyword: Text | None = None
    status: Annotated[int, Field(ge=0, le=3)] | None = None


class CancelSmsPackage(Request):
    """cancelSmsPackage."""

    id: PackageId | None = None
    uuid: Text | None = None
    custom_id: Annotated[Text | None, Field(alias="customID")] = None


@cache
def _validator(model: type[Request]) -> Callable[[Mapping[str, Any]], Any]:
    """model_validate without its options, which cost a third of it."""
    return TypeAdapter(model).validator.validate_python


def parse(model: type[R], values: Mapping[str, Any]) -> R:
    """Checks the fields of a call. Raises CallError ERR_BAD_REQUEST naming the first that is missing or wrong."""
    try:
        request: R = _validator(model)(values)
    except ValidationError as error:
        where = error.errors(include_url=False, include_context=False, include_input=False)[0]["loc"]
        field = ".".join(str(part) for part in where if isinstance(part, str))
        raise CallError(ErrorCode.BAD_REQUEST, BAD_FIELD, field=field) from None
    return request
