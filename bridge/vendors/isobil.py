"""isobil API v2, read 2026-11-22; SubmitOTP and the `asmx` dialect are from live clients of v5.

Facts (the document is silent or wrong about these):
- Bodies of several operations are identical, so the operation stands in the URL: ?op=Submit.
- The document shows bare JSON and XML; the one live client posts a SOAP 1.2 envelope whose `data` is the JSON. Answers are read
  tolerantly: JSON anywhere, with or without the `Response` shell.
- Status.Code 100 is success; no other code, and no message state, is public. Maps are settings; an unknown state stays raw.
- One MessageID has many packets: Query gives them as PackedID, QueryDetail wants PacketID. `Item` may be an object or a list.
- ValidityDate: whether a time or a duration is not known, so it is left empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar, Literal

from pydantic import Field, SecretStr

from bridge.domain.capability import Feature
from bridge.domain.clock import ISTANBUL
from bridge.domain.http import Exchange, HttpRequest, HttpResponse
from bridge.domain.message import Kind, Message
from bridge.domain.package import Page, Sender
from bridge.domain.query import SendersQuery
from bridge.domain.text import Alphabet, alphabet_of
from bridge.errors import CallError, ErrorCode, OutcomeUnknown, Reason, VendorRefused
from bridge.settings import Url
from bridge.vendors.contract import Credentials, ItemReport, SendLimits, VendorSettings
from bridge.vendors.isobil_wire import Dialect, read_answer, write_request
from bridge.vendors.ledgered import Ledgered
from bridge.vendors.reading import code_of_text, integer, national, senders_page, unreadable
from bridge.vendors.texts import refuse_uncarried, texts_by_number, texts_of

__all__ = ["Isobil", "IsobilCredentials", "IsobilSettings"]

NO_OTP_SERVICE = Reason("isobil hesabında otp_service_id tanımlı değil.", "The isobil account has no otp_service_id.")
_SUCCESS = 100
_DATE = "%Y%m%d%H%M%S"
# the words of Status.Description are not public: what they are likely to hold
_ERRORS = (
    (r"kullanıcı|şifre|sifre|sistem kodu|yetki|credential", ErrorCode.UNAUTHORIZED_REQUEST),
    (r"kredi|bakiye|yetersiz", ErrorCode.USER_CREDIT_REQUIRED),
    (r"başlık|gönderen|sender|orjinat|originat", ErrorCode.INVALID_SMS_SENDER),
    (r"numara|alıcı|msisdn|tckn", ErrorCode.EMPTY_SMS_PACKAGE),
)
# how far the vendor's clock may be from ours
_CLOCK_SKEW = timedelta(minutes=10)
# QueryMulti's classes by number of recipients: none yet, one, more than one
_SIZE_CLASSES = (0, 1, 2)
_KEYWORD_LENGTH = 20


class IsobilSettings(VendorSettings):
    """[vendors.NAME] with kind = "isobil"."""

    base_url: Url = Field("http://api.isobil.com.tr/v2/", description="Ends in the version.")
    dialect: Dialect = Field("json", description="json (the document), asmx (JSON in a SOAP envelope) or xml.")
    otp_operation: Literal["Submit", "SubmitOTP"] = Field("Submit", description="SubmitOTP exists from v5 on.")
    states: dict[str, int] = Field({}, description='Its message states: {"its number" = our item state}; none is public.')
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

    def send(self, message: Message, credentials: IsobilCredentials) -> Exchange[int]:
        operation = "SubmitMulti" if message.texts is not None else "Submit"
        if message.kind is Kind.TCKN:
            operation += "_TCKN"
        elif message.kind is Kind.OTP and message.texts is None:
            operation = self._settings.otp_operation
        body: dict[str, Any] = {"DataCoding": _coding(message), "Header": self._header(message, credentials)}
        groups = texts_by_number(message)
        if message.texts is None:
            ((text, numbers),) = groups.items()
            body |= {"Message": text, "To": [national(number) for number in numbers]}
        else:
            pairs = [{"Message": text, "To": national(number)} for text, numbers in groups.items() for number in numbers]
            body["Envelopes"] = {"Envelope": pairs}
        answer = self._read((yield self._request(operation, credentials, body)), sending=True)
        message_id = integer(answer.get("MessageID", answer.get("MessageId")))
        if message_id is None:
            raise OutcomeUnknown("the answer has no MessageID")
        return message_id

    def find(self, message: Message, credentials: IsobilCredentials) -> Exchange[int | None]:
        if message.texts is not None:
            raise OutcomeUnknown("the list does not show the texts of a SubmitMulti")
        (text,) = texts_of(message)
        criterion = {
            "BeginDate": f"{(message.accepted_at - _CLOCK_SKEW).astimezone(ISTANBUL):{_DATE}}",
            "EndDate": f"{(message.accepted_at + 2 * _CLOCK_SKEW).astimezone(ISTANBUL):{_DATE}}",
            "ServiceID": self._service(message, credentials),
            "Sender": message.sender,
            "Message": text[:_KEYWORD_LENGTH],
        }
        found: set[int | None] = set()
        for size in _SIZE_CLASSES:
            rows = _items((yield from self._ask("QueryMulti", credentials, {**criterion, "Limit": size})).get("Report"))
            found |= {
                integer(row.get("MessageID"))
                for row in rows
                if row.get("Sender") == message.sender
                and row.get("Message") == text
                and integer(row.get("SingleCount", row.get("Count"))) in (None, 0, len(message.numbers))
            }
        if len(found) > 1:
            raise OutcomeUnknown("more than one message could be it")
        return found.pop() if found else None

    def report(self, sent: int, message: Message, credentials: IsobilCredentials) -> Exchange[tuple[ItemReport, ...]]:
        packets = _items((yield from self._ask("Query", credentials, {"MessageID": sent})).get("Report"))
        reports: list[ItemReport] = []
        for packet in packets:
            criterion = {"MessageID": sent, "PacketID": integer(packet.get("PackedID", packet.get("PacketID")))}
            rows = _items((yield from self._ask("QueryDetail", credentials, criterion)).get("Report"))
            reports += (self._report(row) for row in rows)
        return tuple(reports)

    def senders(self, query: SendersQuery, credentials: IsobilCredentials) -> Exchange[Page[Sender]]:
        services = _items((yield from self._ask("GetServices", credentials, {"Process": 0})).get("Services"))
        titles: list[str] = []
        for service in services:
            criterion = {"ServiceID": integer(service.get("ServiceID"))}
            rows = _items((yield from self._ask("GetSenders", credentials, criterion)).get("Senders"))
            titles += (str(row["Sender"]) for row in rows if row.get("Sender"))
        return senders_page(titles, query)

    def credit(self, credentials: IsobilCredentials) -> Exchange[int]:
        account = (yield from self._ask("GetUserAccount", credentials, None)).get("UserAccount")
        credit = integer(account.get("Credit")) if isinstance(account, Mapping) else None
        if credit is None:
            raise OutcomeUnknown("the answer has no Credit")
        return credit

    def _service(self, message: Message, credentials: IsobilCredentials) -> int:
        if message.kind is Kind.TCKN:
            return credentials.service_id if credentials.tckn_service_id is None else credentials.tckn_service_id
        if message.kind is not Kind.OTP:
            return credentials.service_id
        if credentials.otp_service_id is None:
            raise CallError(ErrorCode.BAD_REQUEST, NO_OTP_SERVICE)
        return credentials.otp_service_id

    def _header(self, message: Message, credentials: IsobilCredentials) -> dict[str, Any]:
        service = self._service(message, credentials)
        return {"ServiceID": service, "From": message.sender, "ScheduledDeliveryDate": "", "ValidityDate": ""}

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
        return self._read((yield self._request(operation, credentials, body)._replace(repeatable=True)))

    def _read(self, response: HttpResponse, *, sending: bool = False) -> Mapping[str, Any]:
        """The answer without its shell. Raises VendorRefused for any code but 100, OutcomeUnknown for what cannot be read."""
        answer = read_answer(response) if response.status == 200 else None
        status = answer.get("Status") if answer else None
        code = integer(status.get("Code")) if isinstance(status, Mapping) else None
        if answer is None or code is None:
            raise unreadable(response, sending=sending)
        if code != _SUCCESS:
            said = str(status.get("Description") or "") if isinstance(status, Mapping) else ""
            otherwise = ErrorCode.SMS_PKG_CREATING_FAILED if sending else ErrorCode.INTERNAL_SERVER
            raise VendorRefused(
                self._settings.errors.get(str(code)) or code_of_text(said, _ERRORS, otherwise), message=said or f"{code}"
            )
        return answer

    def _report(self, row: Mapping[str, Any]) -> ItemReport:
        raw, number = str(row.get("State")), str(row.get("MSISDN") or "")
        return ItemReport(f"90{number}" if len(number) == 10 else number, self._settings.states.get(raw), raw)


def _coding(message: Message) -> str:
    """UCS2 when a text has what the GSM alphabet lacks; the whole message has one coding."""
    return "Default" if all(alphabet_of(text) is Alphabet.GSM for text in texts_of(message)) else "UCS2"


def _items(container: Any) -> list[Mapping[str, Any]]:
    """`Item` of a container, which may be an object, a list, or missing."""
    item = container.get("Item") if isinstance(container, Mapping) else None
    rows = item if isinstance(item, list) else [item]
    return [row for row in rows if isinstance(row, Mapping)]
