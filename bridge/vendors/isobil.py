"""isobil API v2, read 2026-11-22; SubmitOTP, the `asmx` dialect and fields beyond the document are from a live client of v5.

Facts (the document is silent or wrong about these):
- Bodies of several operations are identical, so the operation stands in the URL: ?op=Submit.
- The document shows bare JSON and XML; the one live client posts a SOAP 1.2 envelope whose `data` is the JSON. Answers are read
  tolerantly: JSON anywhere, with or without the `Response` shell.
- Status.Code 100 is success; no other code, and no message state, is public. Maps are settings; an unknown state stays raw.
- One MessageID has many packets: Query gives them as PackedID, QueryDetail wants PacketID. `Item` may be an object or a list.
- ValidityDate: whether a time or a duration is not known, so it is left empty.
- Numbers have ten digits in the document and 90 before them in v5's client. Nowhere has one a country's code but Turkey's: a
  foreign number could be taken for a Turkish one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, ClassVar, Literal

from msgspec.structs import replace
from pydantic import Field, SecretStr

from bridge.domain.capability import Feature
from bridge.domain.clock import ISTANBUL
from bridge.domain.http import Exchange, HttpRequest, HttpResponse
from bridge.domain.message import Kind, Message
from bridge.domain.package import Page, Sender
from bridge.domain.query import SendersQuery
from bridge.domain.text import Alphabet, alphabet_of
from bridge.errors import ErrorCode, OutcomeUnknown, VendorRefused
from bridge.settings import Url
from bridge.vendors.contract import Credentials, ItemReport, SendLimits, VendorSettings
from bridge.vendors.isobil_wire import Dialect, read_answer, write_request
from bridge.vendors.ledgered import Ledgered
from bridge.vendors.reading import (
    ItemState,
    integer,
    international,
    national,
    refusal,
    refuse_foreign,
    senders_page,
    sent_id,
    unreadable,
)
from bridge.vendors.texts import alike, carried_texts, refuse_uncarried

__all__ = ["Isobil", "IsobilCredentials", "IsobilSettings"]

NO_OTP_SERVICE = "isobil hesabında otp_service_id tanımlı değil."
_SUCCESS = 100
_DATE = "%Y%m%d%H%M%S"
# GetServices: Process of normal services
_NORMAL = 0
# QueryMulti: ServiceID of all services
_ALL_SERVICES = 0
# QueryMulti: Limit, a class by number of recipients: none (yet), one, more than one
_SIZE_CLASSES = (0, 1, 2)


class IsobilSettings(VendorSettings):
    """[vendors.NAME] with kind = "isobil"."""

    base_url: Url = Field("http://api.isobil.com.tr/v2/", description="Ends in the version.")
    dialect: Dialect = Field("json", description="json (the document), asmx (JSON in a SOAP envelope) or xml.")
    otp_operation: Literal["Submit", "SubmitOTP"] = Field("Submit", description="SubmitOTP exists from v5 on.")
    number_prefix: Literal["", "90"] = Field("", description='What stands before the ten digits; "90" in v5.')
    extra: dict[str, str] = Field(
        {}, description='More fields of every send; in v5 { MessageType = "BILGILENDIRME", BlackListControl = "false" }.'
    )
    states: dict[str, ItemState] = Field({}, description='Its message states: {"its number" = our item state}; none is public.')
    errors: dict[str, ErrorCode] = Field({}, description='Its Status codes: {"its number" = "ERR_.."}; none but 100 is public.')
    max_recipients: int = Field(1000, ge=1, description="Recipients of one vendor message; a larger package is split.")


class IsobilCredentials(Credentials):
    """[accounts.credentials] of an isobil account."""

    username: str = Field(min_length=1, description="For API access.")
    password: SecretStr = Field(description="For API access.")
    system_code: int = Field(description="SystemCode.")
    service_id: int = Field(description="ServiceID of normal messages.")
    otp_service_id: int | None = Field(None, description="ServiceID of sendOtp and of type 0.")
    tckn_service_id: int | None = Field(None, description="ServiceID of type 2; default: service_id.")


class Isobil(Ledgered):
    """The vendor "isobil"."""

    kind: ClassVar[str] = "isobil"
    features: ClassVar[frozenset[Feature]] = frozenset(
        {
            Feature.ONE_TEXT,
            Feature.OWN_TEXTS,
            Feature.OTP,
            Feature.TCKN,
            Feature.CREDIT,
            Feature.SENDERS,
            Feature.REPORTS,
            Feature.LOOK_UP,
        }
    )
    settings_type: ClassVar[type[VendorSettings]] = IsobilSettings
    credentials_type: ClassVar[type[Credentials]] = IsobilCredentials

    def __init__(self, settings: IsobilSettings) -> None:
        self._settings = settings
        self.limits = SendLimits(settings.max_recipients, own_texts=True)

    def check(self, message: Message) -> None:
        refuse_uncarried(message)
        refuse_foreign(message, self.kind)

    def alphabet(self, text: str) -> Alphabet:
        """Default is GSM 03.38, without a national table. One text in UCS2 makes all texts of its message so."""
        return Alphabet.GSM if alphabet_of(text) is Alphabet.GSM else Alphabet.UCS2

    def send(self, message: Message, credentials: IsobilCredentials) -> Exchange[int]:
        texts = carried_texts(message)
        prefix = "" if message.kind is Kind.TCKN else self._settings.number_prefix
        numbers = [prefix + national(number) for number in message.numbers]
        coding = "Default" if all(self.alphabet(text) is Alphabet.GSM for text in set(texts)) else "UCS2"
        body: dict[str, Any] = {"DataCoding": coding, "Header": _header(message, credentials)}
        if message.texts is None:
            body = {"Message": texts[0], **body, "To": numbers}
        else:
            pairs = zip(texts, numbers, strict=True)
            body["Envelopes"] = {"Envelope": [{"Message": text, "To": number} for text, number in pairs]}
        request = self._request(self._operation(message), credentials, {**self._settings.extra, **body})
        return sent_id(_message_id(self._read((yield request), sending=True)))

    def find(self, message: Message, credentials: IsobilCredentials, others: Collection[int] = ()) -> Exchange[int | None]:
        since, until = (f"{moment.astimezone(ISTANBUL):{_DATE}}" for moment in self._window(message))
        # a keyword of the text, or one service, could hide the message: how the vendor compares them is not known
        criterion = {"BeginDate": since, "EndDate": until, "ServiceID": _ALL_SERVICES, "Sender": message.sender, "Message": ""}
        listed: list[tuple[int, str]] = []
        for size in _SIZE_CLASSES:
            rows = yield from self._list("QueryMulti", credentials, {**criterion, "Limit": size}, "Report")
            listed += (
                (sent_id(_message_id(row)), str(row.get("Message") or ""))
                for row in rows
                if alike(message.sender, str(row.get("Sender") or ""))
                and (integer(row.get("SingleCount")) or 0) <= len(message.numbers)
            )
        return (yield from self._confirmed([entry for entry in listed if entry[0] not in others], message, credentials))

    def report(self, sent: int, message: Message, credentials: IsobilCredentials) -> Exchange[tuple[ItemReport, ...]]:
        packets = _items((yield from self._ask("Query", credentials, {"MessageID": sent})).get("Report"))
        reports: list[ItemReport] = []
        for packet in packets:
            criterion = {"MessageID": sent, "PacketID": integer(packet.get("PackedID", packet.get("PacketID")))}
            rows = _items((yield from self._ask("QueryDetail", credentials, criterion)).get("Report"))
            reports += (self._report(row) for row in rows)
        return tuple(reports)

    def senders(self, query: SendersQuery, credentials: IsobilCredentials) -> Exchange[Page[Sender]]:
        services = yield from self._list("GetServices", credentials, {"Process": _NORMAL}, "Services")
        titles: list[str] = []
        for service in services:
            criterion = {"ServiceID": integer(service.get("ServiceID"))}
            rows = yield from self._list("GetSenders", credentials, criterion, "Senders")
            titles += (str(row["Sender"]) for row in rows if row.get("Sender"))
        return senders_page(titles, query)

    def credit(self, credentials: IsobilCredentials) -> Exchange[int]:
        account = (yield from self._ask("GetUserAccount", credentials, None)).get("UserAccount")
        credit = integer(account.get("Credit")) if isinstance(account, Mapping) else None
        if credit is None:
            raise OutcomeUnknown("the answer has no Credit")
        return credit

    def _operation(self, message: Message) -> str:
        operation = "Submit" if message.texts is None else "SubmitMulti"
        if message.kind is Kind.TCKN:
            return f"{operation}_TCKN"
        # there is no SubmitMulti of OTP: the ServiceID alone says it
        return self._settings.otp_operation if message.kind is Kind.OTP and message.texts is None else operation

    def _request(self, operation: str, credentials: IsobilCredentials, body: Mapping[str, Any]) -> HttpRequest:
        login = {
            "Username": credentials.username,
            "Password": credentials.password.get_secret_value(),
            "SystemCode": credentials.system_code,
        }
        return write_request(self._settings.dialect, self._settings.base_url, operation, {"Credential": login, **body})

    def _ask(
        self, operation: str, credentials: IsobilCredentials, criterion: Mapping[str, Any] | None
    ) -> Exchange[Mapping[str, Any]]:
        """A question: it may be asked twice."""
        body = {} if criterion is None else {"Criterion": criterion}
        return self._read((yield replace(self._request(operation, credentials, body), repeatable=True)))

    def _list(
        self, operation: str, credentials: IsobilCredentials, criterion: Mapping[str, Any], container: str
    ) -> Exchange[list[Mapping[str, Any]]]:
        """A question for what there may be none of, and a code may say so."""
        try:
            answer = yield from self._ask(operation, credentials, criterion)
        except VendorRefused as refused:
            if refused.code == ErrorCode.NOT_FOUND:
                return []
            raise
        return _items(answer.get(container))

    def _read(self, response: HttpResponse, *, sending: bool = False) -> Mapping[str, Any]:
        """The answer without its shell. Raises VendorRefused for any code but 100, OutcomeUnknown for what cannot be read."""
        answer = read_answer(response) if response.status == 200 else None
        status = answer.get("Status") if answer else None
        code = integer(status.get("Code")) if isinstance(status, Mapping) else None
        if answer is None or not isinstance(status, Mapping) or code is None:
            raise unreadable(response, sending=sending)
        if code == _SUCCESS:
            return answer
        if sending and integer(_message_id(answer)):
            raise OutcomeUnknown(f"Status.Code {code}, but with a MessageID")
        raise refusal(str(status.get("Description") or code), sending=sending, code=self._settings.errors.get(str(code)))

    def _report(self, row: Mapping[str, Any]) -> ItemReport:
        raw = str(row.get("State"))
        return ItemReport(international(str(row.get("MSISDN") or "")), self._settings.states.get(raw), raw)


def _header(message: Message, credentials: IsobilCredentials) -> dict[str, Any]:
    service = credentials.service_id
    if message.kind is Kind.TCKN and credentials.tckn_service_id is not None:
        service = credentials.tckn_service_id
    elif message.kind is Kind.OTP:
        if credentials.otp_service_id is None:
            # `check` knows no credentials; to whoever sends, it is as if the vendor had said it
            raise VendorRefused(ErrorCode.BAD_REQUEST, message=NO_OTP_SERVICE)
        service = credentials.otp_service_id
    return {"ServiceID": service, "From": message.sender, "ScheduledDeliveryDate": "", "ValidityDate": ""}


def _message_id(row: Mapping[str, Any]) -> Any:
    return row.get("MessageID", row.get("MessageId"))


def _items(container: Any) -> list[Mapping[str, Any]]:
    """`Item` of a container, which may be an object, a list, or missing. Raises OutcomeUnknown for a part of a list."""
    item = container.get("Item") if isinstance(container, Mapping) else container
    rows = [row for row in (item if isinstance(item, list) else [item]) if isinstance(row, Mapping)]
    if isinstance(container, Mapping) and integer(container.get("ReportCount")) not in (None, len(rows)):
        raise OutcomeUnknown("the list is not whole")
    return rows
