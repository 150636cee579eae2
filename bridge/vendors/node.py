"""Node API v1.8.3 (22.10.2024), read 2026-11-22: the platform whose SOAP interface the bridge speaks, sold under many brands.

Facts (the document is silent or wrong about these; they are from vendor-made SDKs and live servers):
- A failure comes as HTTP 200 with `err` set, or as another status with the same body, in which `status` may be absent.
- A wrong password is HTTP 403 with err.status 401; HTTP 401 means "not permitted".
- N-N sends need a non-empty `content` although every recipient has a text; `title` is needed (5 to 50 characters).
- The key of an answer is `isScheduled`; `isScheculed` in the document is a slip, read all the same.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from itertools import count
from types import MappingProxyType
from typing import Any, ClassVar, Literal, Self
from uuid import UUID

from msgspec import Struct, field
from msgspec.json import Encoder
from msgspec.structs import replace
from pydantic import Field, SecretStr, field_validator, model_validator

from bridge.domain.capability import Feature
from bridge.domain.clock import format_minute, format_second, parse_datetime
from bridge.domain.custom_id import is_ours
from bridge.domain.http import Exchange, HttpRequest, HttpResponse
from bridge.domain.message import Encoding, Kind, Message
from bridge.domain.package import Package, PackageItem, Page, Sender, Statistics
from bridge.domain.query import ItemsQuery, PackageKey, PackagesQuery, SendersQuery
from bridge.domain.text import carry, measure
from bridge.errors import CallError, ErrorCode, OutcomeUnknown, Reason, VendorRefused
from bridge.settings import Url
from bridge.vendors.contract import Credentials, ItemReport, SendLimits, VendorSettings
from bridge.vendors.reading import CODE_OF_STATUS, basic, given, integer, json_object, sent_id, text, unreadable

__all__ = ["PRESETS", "Node", "NodeCredentials", "NodeSettings"]


# brands of the platform; port 9587 is plain HTTP, for 9588 (HTTPS) write a base_url
PRESETS: Mapping[str, str] = MappingProxyType(
    {
        "ataksms": "panel.ataksms.com",
        "digicell": "toplusms.digicell.com.tr",
        "ekomesaj": "panel4.ekomesaj.com",
        "evyapan": "panel2.evyapanltd.com.tr",
        "foniva": "sms.foniva.com.tr",
        "kobikom": "smsportal.kobikom.com.tr",
        "nac": "smslogin.nac.com.tr",
        "polidijital": "app.polidijital.com",
        "teknomart": "app.teknomart.com.tr",
        "telsam": "sms.telsam.com.tr",
        "tescom": "smspanel.tescom.com.tr",
        "voicetelekom": "smsvt.voicetelekom.com",
    }
)

NO_TRUST_DATE = Reason('otp_path "create" iken trustDate kullanılamaz.', 'trustDate cannot be used with otp_path "create".')
_MAX_PAGE = 1000
_ITEM_STATES = range(-2, 6)
_ENCODER = Encoder()
# err.code that does not say whether a send was taken
_UNSURE = frozenset({ErrorCode.INTERNAL_SERVER.value, ""})


class NodeSettings(VendorSettings):
    """[vendors.NAME] with kind = "node"."""

    base_url: Url | None = Field(None, description="http://HOST:9587/ or https://HOST:9588/; or a preset.")
    preset: str | None = Field(None, description=f"A brand in place of base_url: {', '.join(PRESETS)}.")
    otp_path: Literal["create-otp", "create"] = Field(
        "create-otp", description="Where sendOtp goes; create-otp needs an approval of its own at some brands."
    )
    skip_ahs_query: bool | None = Field(None, description="skipAhsQuery of every send, when set.")
    recipient_type: Literal[0, 1, 2] | None = Field(None, description="recipientType of every send (IYS), when set.")
    gateway: UUID | None = Field(None, description="gateway of every send, when set.")
    max_recipients: int = Field(20_000, ge=1, description="Recipients of one vendor message; a larger package is split.")

    @field_validator("preset")
    @classmethod
    def _known(cls, preset: str | None) -> str | None:
        if preset is not None and preset not in PRESETS:
            raise ValueError(f"there is no such brand; known: {', '.join(PRESETS)}")
        return preset

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.base_url is None) == (self.preset is None):
            raise ValueError("base_url: exactly one of base_url and preset is needed")
        return self

    def url(self) -> str:
        """The base URL, ending in a slash."""
        return f"http://{PRESETS[self.preset]}:9587/" if self.preset else str(self.base_url)


class NodeCredentials(Credentials):
    """[accounts.credentials] of a node account."""

    username: str = Field(min_length=1, description="Of the API user.")
    password: SecretStr = Field(description="Of the API user.")

    @classmethod
    def from_login(cls, username: str, password: str) -> NodeCredentials:
        return cls.model_construct(username=username, password=SecretStr(password))

    @cached_property
    def authorization(self) -> str:
        """The value of the header."""
        return basic(self.username, self.password.get_secret_value())


class Node:
    """The vendor "node"."""

    kind: ClassVar[str] = "node"
    features: ClassVar[frozenset[Feature]] = frozenset(Feature)
    keeps_packages: ClassVar[bool] = True
    settings_type: ClassVar[type[VendorSettings]] = NodeSettings
    credentials_type: ClassVar[type[Credentials]] = NodeCredentials

    def __init__(self, settings: NodeSettings) -> None:
        base = settings.url()
        self._urls = {
            path: f"{base}{path}"
            for path in (
                "sms/create",
                "sms/create-otp",
                "sms/list",
                "sms/list-item",
                "sms/list-sender",
                "sms/cancel",
                "user/credit",
            )
        }
        self._otp_path = f"sms/{settings.otp_path}"
        self.limits = SendLimits(settings.max_recipients, own_texts=True)
        self._settings = settings

    def check(self, message: Message) -> None:
        """The interface of the bridge is this vendor's own, but /sms/create has no trustDate."""
        if message.trust_at is not None and self._otp_path != "sms/create-otp":
            raise CallError(ErrorCode.BAD_REQUEST, NO_TRUST_DATE)

    def parts(self, text: str, encoding: Encoding) -> int:
        return measure(text, encoding).number

    def send(self, message: Message, credentials: NodeCredentials) -> Exchange[int]:
        otp = message.otp_call and self._otp_path == "sms/create-otp"
        body = (_otp_body if otp else _sms_body)(message, self._settings)
        answer = yield self._request(self._otp_path if message.otp_call else "sms/create", credentials, body)
        return sent_id(_data(answer, sending=True).get("pkgID"))

    def find(self, message: Message, credentials: NodeCredentials, others: Collection[int] = ()) -> Exchange[int | None]:
        answer = yield self._ask("sms/list", credentials, {"customIDs": [message.custom_id]})
        for row in _rows(_data(answer)):
            if row.get("customID") == message.custom_id:
                if not _could_be(row, message):
                    raise OutcomeUnknown("another message has this customID")
                return sent_id(row.get("id"))
        return None

    def report(self, sent: int, message: Message, credentials: NodeCredentials) -> Exchange[tuple[ItemReport, ...]]:
        reports: list[ItemReport] = []
        for page in count():
            query = {"pkgID": sent, "pageIndex": page, "pageSize": _MAX_PAGE}
            rows = _rows(_data((yield self._ask("sms/list-item", credentials, query))))
            reports += map(_report, rows)
            if len(rows) < _MAX_PAGE:
                break
        return tuple(reports)

    def cancel(self, package: PackageKey, credentials: NodeCredentials) -> Exchange[int]:
        body = given({"id": package.id, "uuid": package.uuid, "customID": package.custom_id})
        status = integer(_data((yield self._request("sms/cancel", credentials, body))).get("status"))
        return 1 if status is None else status

    def packages(self, query: PackagesQuery, credentials: NodeCredentials) -> Exchange[Page[Package]]:
        filters = {
            "ids": list(query.ids) or None,
            "customIDs": list(query.custom_ids) or None,
            "keyword": query.keyword,
            "sender": query.sender,
            "status": query.status,
            "startDate": query.start and format_minute(query.start),
            # the vendor knows minutes: round up, so that nothing of the last one is lost
            "finishDate": query.finish and format_minute(query.finish + timedelta(seconds=59)),
        }
        data = _data((yield self._ask("sms/list", credentials, _paged(filters, query))))
        return _page(data, tuple(_package(row) for row in _rows(data)))

    def items(self, query: ItemsQuery, credentials: NodeCredentials) -> Exchange[Page[PackageItem]]:
        key = query.package
        filters = {"pkgID": key.id, "uuid": key.uuid, "customID": key.custom_id}
        filters |= {"target": query.target, "operator": query.operator, "state": query.state}
        data = _data((yield self._ask("sms/list-item", credentials, _paged(filters, query))))
        return _page(data, tuple(_item(row) for row in _rows(data)))

    def senders(self, query: SendersQuery, credentials: NodeCredentials) -> Exchange[Page[Sender]]:
        filters = {"keyword": query.keyword, "status": query.status}
        data = _data((yield self._ask("sms/list-sender", credentials, _paged(filters, query))))
        rows = _rows(data)
        return _page(
            data,
            tuple(Sender(uuid=text(r.get("uuid")), status=integer(r.get("status")), title=text(r.get("title"))) for r in rows),
        )

    def credit(self, credentials: NodeCredentials) -> Exchange[int]:
        credit = integer(_data((yield self._ask("user/credit", credentials, {}))).get("credit"))
        if credit is None:
            raise OutcomeUnknown("the answer has no credit")
        return credit

    def _request(self, path: str, credentials: NodeCredentials, body: _Send | dict[str, Any]) -> HttpRequest:
        headers = (("Content-Type", "application/json"), ("Authorization", credentials.authorization))
        return HttpRequest("POST", self._urls[path], headers, _ENCODER.encode(body))

    def _ask(self, path: str, credentials: NodeCredentials, body: dict[str, Any]) -> HttpRequest:
        """A question: it may be asked twice."""
        return replace(self._request(path, credentials, body), repeatable=True)


def _could_be(row: Mapping[str, Any], message: Message) -> bool:
    """Whether a package with the message's customID is this message: a client may have used its customID for another before."""
    if message.custom_id is None or is_ours(message.custom_id) or message.text is None:
        return True
    content = text(row.get("content"))
    return content is None or content in (message.text, carry(message.text, message.encoding).text)


def _paged(filters: dict[str, Any], query: PackagesQuery | ItemsQuery | SendersQuery) -> dict[str, Any]:
    return given(filters) | {"pageIndex": query.page_index, "pageSize": query.page_size}


class _Send(Struct, omit_defaults=True, kw_only=True, rename="camel"):
    """The body of /sms/create and /sms/create-otp. What is None is not in it: vendors do not all read null as "not given"."""

    sender: str
    encoding: Encoding
    validity: int
    content: str | None = None
    commercial: bool | None = None
    custom_id: str | None = field(default=None, name="customID")
    push_settings: dict[str, str] | None = None
    skip_ahs_query: bool | None = None
    recipient_type: int | None = None
    gateway: UUID | None = None
    number: str | None = None
    # of /sms/create alone
    type: Kind | None = None
    sending_type: int | None = None
    title: str | None = None
    numbers: Sequence[str | dict[str, str]] | None = None
    sending_date: str | None = None
    periodic_settings: dict[str, Any] | None = None
    # of /sms/create-otp alone
    trust_date: str | None = None

    def __repr__(self) -> str:
        return "<_Send>"


def _body(message: Message, settings: NodeSettings) -> _Send:
    """What both have."""
    return _Send(
        sender=message.sender,
        content=message.text,
        encoding=message.encoding,
        validity=message.validity_minutes,
        commercial=message.commercial,
        custom_id=message.custom_id,
        push_settings={"url": message.push_url} if message.push_url else None,
        skip_ahs_query=settings.skip_ahs_query,
        recipient_type=settings.recipient_type,
        gateway=settings.gateway,
    )


def _sms_body(message: Message, settings: NodeSettings) -> _Send:
    body = _body(message, settings)
    body.type = message.kind
    # the vendor wants one; its own SDKs give the time
    body.title = message.title or format_second(message.accepted_at)
    if message.send_at is not None:
        body.sending_date = format_minute(message.send_at + timedelta(seconds=59))
    period = message.period
    if period is not None:
        fields = {"periodType": period.type.value, "interval": period.interval_minutes, "amount": period.amount}
        body.periodic_settings = given(fields)
    numbers = [*message.numbers, *message.invalid_numbers]
    if message.texts is not None:
        texts = [*message.texts, *(message.invalid_texts or ())]
        pairs = zip(numbers, texts, strict=True)
        body.sending_type, body.numbers = 2, [{"nr": number, "msg": text} for number, text in pairs]
        body.content = message.text or texts[0]
    elif len(numbers) == 1:
        body.sending_type, body.number = 0, numbers[0]
    else:
        body.sending_type, body.numbers = 1, numbers
    return body


def _otp_body(message: Message, settings: NodeSettings) -> _Send:
    body = _body(message, settings)
    body.number = message.numbers[0]
    if message.trust_at is not None:
        body.trust_date = format_second(message.trust_at)
    return body


def _data(response: HttpResponse, *, sending: bool = False) -> dict[str, Any]:
    """The `data` of an answer.

    Raises VendorRefused for a filled err or a 3xx or 4xx status; OutcomeUnknown for what cannot be read, and, when sending, for a
    failure that does not say whether the message was taken.
    """
    body = json_object(response)
    err = body.get("err") if body else None
    if isinstance(err, dict):
        code = str(err.get("code") or "")
        if sending and code in _UNSURE and response.status not in CODE_OF_STATUS:
            raise OutcomeUnknown(f"HTTP {response.status} with a server error")
        status = integer(err.get("status")) or (response.status if response.status >= 300 else None)
        code = code or CODE_OF_STATUS.get(response.status, ErrorCode.INTERNAL_SERVER).value
        raise VendorRefused(code, status=status, message=str(err.get("message") or ""))
    data = body.get("data") if body and response.status == 200 else None
    if not isinstance(data, dict):
        raise unreadable(response, sending=sending)
    return data


def _rows(data: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    rows = data.get("list")
    return [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []


def _page(data: Mapping[str, Any], rows: tuple[Any, ...]) -> Page[Any]:
    stats = data.get("stats")
    total = integer(stats.get("totalRecord")) if isinstance(stats, Mapping) else None
    return Page(total_record=len(rows) if total is None else total, rows=rows)


def _package(row: Mapping[str, Any]) -> Package:
    custom_id = text(row.get("customID"))
    senders, statistics = row.get("senders"), row.get("statistics")
    return Package(
        id=integer(row.get("id")),
        custom_id=None if custom_id is not None and is_ours(custom_id) else custom_id,
        type=integer(row.get("type")),
        uuid=text(row.get("uuid")),
        error=text(row.get("error")),
        state=integer(row.get("state")),
        title=text(row.get("title")),
        content=text(row.get("content")),
        senders=tuple(str(sender) for sender in senders) if isinstance(senders, list) else (),
        encoding=integer(row.get("encoding")),
        validity=integer(row.get("validity")),
        statistics=_statistics(statistics if isinstance(statistics, Mapping) else {}),
        is_scheduled=integer(row.get("isScheduled", row.get("isScheculed"))),
        sending_date=text(row.get("sendingDate")),
    )


def _statistics(row: Mapping[str, Any]) -> Statistics:
    return Statistics(
        total=integer(row.get("total")),
        credit=integer(row.get("credit")),
        r_count=integer(row.get("rCount")),
        delivered=integer(row.get("delivered")),
        undelivered=integer(row.get("undelivered")),
    )


def _item(row: Mapping[str, Any]) -> PackageItem:
    return PackageItem(
        id=text(row.get("id")),
        msg=text(row.get("msg")),
        error=text(row.get("error")),
        credit=integer(row.get("credit")),
        state=integer(row.get("state")),  # int or string
        sender=text(row.get("sender")),
        target=text(row.get("target")),
        set_state=integer(row.get("setState")),
        sending_date=text(row.get("sendingDate")),
        delivery_date=text(row.get("deliveryDate")),
        processing_date=text(row.get("processingDate")),
    )


def _report(row: Mapping[str, Any]) -> ItemReport:
    item = _item(row)
    at = parse_datetime(item.delivery_date or item.processing_date or "")
    state = item.state if item.state in _ITEM_STATES else None
    return ItemReport(item.target or "", state, str(row.get("state")), at, item.msg)
