"""toplusms REST API v1, read 2026-11-22.

Facts (the document is silent or wrong about these; from public clients and by inference):
- Every answer is HTTP 200. A send succeeded when `queueId` is there and `status` is not "error". errorCode 3 is a wrong login;
  other codes are not public.
- `queueId` is a number on sending, "queue_id" a string in reports; all counters are strings.
- Of the statuses only "completed" and "delivered" are attested; the names of the counters imply the others.
- The URL form (apikey) has neither validity nor schedule, and calls the sender `title`.
- The Authorization header in the document's sample is of another user and password than it says.
- The URL form "converts numbers of any form to ten digits": of a foreign number that leaves somebody else's. The other form takes
  ten digits only. So foreign numbers are refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Self
from urllib.parse import urlencode

from msgspec.structs import replace
from pydantic import Field, SecretStr, model_validator

from bridge.domain.capability import Feature
from bridge.domain.clock import parse_datetime
from bridge.domain.http import Exchange, HttpRequest, HttpResponse
from bridge.domain.message import Message
from bridge.domain.package import Page, Sender
from bridge.domain.query import SendersQuery
from bridge.domain.text import Alphabet, fits
from bridge.errors import CallError, ErrorCode, OutcomeUnknown, Reason
from bridge.settings import Url
from bridge.vendors.contract import Credentials, ItemReport, SendLimits, VendorSettings
from bridge.vendors.ledgered import Ledgered
from bridge.vendors.reading import (
    ItemState,
    basic,
    integer,
    international,
    json_object,
    national,
    refusal,
    refuse_foreign,
    senders_page,
    sent_id,
    unreadable,
)
from bridge.vendors.texts import carried_texts, refuse_uncarried

__all__ = ["Toplusms", "ToplusmsCredentials", "ToplusmsSettings"]

TOO_RICH = Reason(
    "content: toplusms bu metni taşıyamaz (yalnız GSM alfabesi ve Türkçe harfler).",
    "content: toplusms cannot carry this text (only the GSM alphabet and Turkish letters).",
)
# hours, at most
_LONGEST_VALIDITY = 48
# their word: our item state; see "Facts"
_STATES: Mapping[str, int] = MappingProxyType({"delivered": 3, "not_delivered": 4, "sent": 2, "waiting": 2})
_ERRORS: Mapping[str, ErrorCode] = MappingProxyType({"3": ErrorCode.UNAUTHORIZED_REQUEST})


class ToplusmsSettings(VendorSettings):
    """[vendors.NAME] with kind = "toplusms"."""

    base_url: Url = Field("https://panel.toplusms.tc/api/v1/", description="Ends in /api/v1/.")
    senders: tuple[str, ...] = Field((), description="The account's titles: the vendor has no list of them.")
    statuses: dict[str, ItemState] = Field(
        {}, description='Its words for a number\'s status beyond the known: {"word" = our item state}.'
    )
    errors: dict[str, ErrorCode] = Field({}, description='Its errorCodes beyond the known: {"its number" = "ERR_.."}.')
    max_recipients: int = Field(
        400, ge=1, description="Recipients of one vendor message; a larger package is split. With an apikey all stand in one URL."
    )


class ToplusmsCredentials(Credentials):
    """[accounts.credentials] of a toplusms account: username and password, or an API key."""

    username: str | None = Field(None, min_length=1, description="As for the vendor's web site.")
    password: SecretStr | None = Field(None, description="In the clear; the bridge makes the MD5 that the vendor asks for.")
    apikey: SecretStr | None = Field(None, description="In place of username and password: the URL form.")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        login = (self.username is not None, self.password is not None)
        if login != ((True, True) if self.apikey is None else (False, False)):
            raise ValueError("either username and password, or apikey")
        return self

    @classmethod
    def from_login(cls, username: str, password: str) -> ToplusmsCredentials:
        return cls.model_construct(username=username, password=SecretStr(password), apikey=None)


class Toplusms(Ledgered):
    """The vendor "toplusms"."""

    kind: ClassVar[str] = "toplusms"
    features: ClassVar[frozenset[Feature]] = frozenset(
        {Feature.ONE_TEXT, Feature.OWN_TEXTS, Feature.OTP, Feature.CREDIT, Feature.SENDERS, Feature.REPORTS}
    )
    settings_type: ClassVar[type[VendorSettings]] = ToplusmsSettings
    credentials_type: ClassVar[type[Credentials]] = ToplusmsCredentials

    def __init__(self, settings: ToplusmsSettings) -> None:
        self._settings = settings
        self._states = {**_STATES, **settings.statuses}
        self._errors = {**_ERRORS, **settings.errors}
        self.limits = SendLimits(settings.max_recipients, own_texts=False)

    def check(self, message: Message) -> None:
        refuse_uncarried(message)
        refuse_foreign(message, self.kind)
        if not all(fits(text, Alphabet.TURKISH) for text in set(carried_texts(message))):
            raise CallError(ErrorCode.BAD_REQUEST, TOO_RICH)

    def alphabet(self, text: str) -> Alphabet:
        """encoding en or tr."""
        return Alphabet.GSM if text.isascii() else Alphabet.TURKISH

    def send(self, message: Message, credentials: ToplusmsCredentials) -> Exchange[int]:
        text = carried_texts(message)[0]
        numbers = ",".join(map(national, message.numbers))
        encoding = "en" if self.alphabet(text) is Alphabet.GSM else "tr"
        if credentials.apikey is not None:
            fields = {"encoding": encoding, "title": message.sender, "numbers": numbers, "message": text}
            request = replace(self._get("sms/send", credentials, fields), repeatable=False)
        else:
            request = self._form(message, credentials, {"message": text, "senddate": "", "numbers": numbers, "encoding": encoding})
        return sent_id(self._answer((yield request), sending=True).get("queueId"))

    def report(self, sent: int, message: Message, credentials: ToplusmsCredentials) -> Exchange[tuple[ItemReport, ...]]:
        rows = self._answer((yield self._get(f"sms/reports/{sent}", credentials))).get("numbers")
        return tuple(self._report(row) for row in rows if isinstance(row, Mapping)) if isinstance(rows, list) else ()

    def _report(self, row: Mapping[str, Any]) -> ItemReport:
        number, raw = international(str(row.get("number") or "")), str(row.get("status"))
        at = parse_datetime(str(row.get("updated_datetime") or row.get("sent_datetime") or ""))
        return ItemReport(number, self._states.get(raw), raw, at)

    def senders(self, query: SendersQuery, credentials: ToplusmsCredentials) -> Exchange[Page[Sender]]:
        yield from ()  # nothing to ask: they are in the configuration
        return senders_page(self._settings.senders, query)

    def credit(self, credentials: ToplusmsCredentials) -> Exchange[int]:
        credit = integer(self._answer((yield self._get("user/profileDetails", credentials))).get("balance_credit"))
        if credit is None:
            raise OutcomeUnknown("the answer has no balance_credit")
        return credit

    def _form(self, message: Message, credentials: ToplusmsCredentials, fields: Mapping[str, str]) -> HttpRequest:
        hours = min(-(-message.validity_minutes // 60), _LONGEST_VALIDITY)
        form = _encoded({"caption": message.sender, "validity": str(hours), **fields})
        headers = (("Content-Type", "application/x-www-form-urlencoded"), *_login(credentials))
        return HttpRequest("POST", f"{self._settings.base_url}sms/send/normal", headers, form.encode())

    def _get(self, path: str, credentials: ToplusmsCredentials, fields: Mapping[str, str] = MappingProxyType({})) -> HttpRequest:
        url = f"{self._settings.base_url}{path}"
        if credentials.apikey is not None:
            url += f"?{_encoded({'apikey': credentials.apikey.get_secret_value(), **fields})}"
        return HttpRequest("GET", url, _login(credentials), repeatable=True)

    def _answer(self, response: HttpResponse, *, sending: bool = False) -> Mapping[str, Any]:
        """The JSON object of an answer. Raises VendorRefused for status "error", OutcomeUnknown for what cannot be read."""
        body = json_object(response) if response.status == 200 else None
        if body is None:
            raise unreadable(response, sending=sending)
        if str(body.get("status", "")).lower() == "error":
            code = self._errors.get(str(body.get("errorCode")))
            raise refusal(str(body.get("errorMessage") or ""), sending=sending, code=code)
        return body


def _encoded(fields: Mapping[str, str]) -> str:
    return urlencode(fields, safe=",")


def _login(credentials: ToplusmsCredentials) -> tuple[tuple[str, str], ...]:
    """HTTP Basic with the MD5 of the password, as the document asks; nothing with an API key."""
    if credentials.password is None:
        return ()
    digest = hashlib.md5(credentials.password.get_secret_value().encode(), usedforsecurity=False).hexdigest()
    return (("Authorization", basic(str(credentials.username), digest)),)
