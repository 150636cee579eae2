"""innomobil API v1, read 2026-11-22.

Facts (the document is silent or wrong about these; from its one public client and by inference):
- Numbers come as strings or numbers, `messageid` as "120" or ["120"], `gsm` as `gms` in one answer; on failure `result` is [] or 0.
- A failure has two styles: status "error"; or status "ok" with an empty result and the text in `error`.
- `sdate` is yyyyMMddHHmmss in sends, but unix seconds in /reports, which has pages without a page size.
- With utf8 0 the caller transliterates Turkish letters. Whether £ or é pass then is not known, so only ASCII is sent so.
- Numbers begin with the country's code, so a foreign one can be said; whether it is served is the vendor's to know.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from itertools import count
from types import MappingProxyType
from typing import Any, ClassVar

import orjson
from pydantic import Field, SecretStr

from bridge.domain.capability import Feature
from bridge.domain.clock import parse_datetime
from bridge.domain.http import Exchange, HttpRequest, HttpResponse
from bridge.domain.message import Kind, Message
from bridge.domain.package import Page, Sender
from bridge.domain.query import SendersQuery
from bridge.domain.text import Alphabet, alphabet_of
from bridge.errors import ErrorCode, OutcomeUnknown, VendorRefused
from bridge.settings import Url
from bridge.vendors.contract import Credentials, ItemReport, SendLimits, VendorSettings
from bridge.vendors.ledgered import Ledgered
from bridge.vendors.reading import integer, json_object, refusal, senders_page, sent_id, unreadable
from bridge.vendors.texts import alike, refuse_uncarried, texts_by_number

__all__ = ["Innomobil", "InnomobilCredentials", "InnomobilSettings"]

# vperiod: hours, at most and by default
_LONGEST_VALIDITY = 48
# section 7: 1 Bekleyen, 2 Başarısız, 3 İletildi
_STATES: Mapping[str, int] = MappingProxyType({"1": 2, "2": 4, "3": 3})
# reports: tip of messages that were not scheduled
_AT_ONCE = 0
# of a list without a page size; a guard, not a limit that is met
_MOST_PAGES = 100


class InnomobilSettings(VendorSettings):
    """[vendors.NAME] with kind = "innomobil"."""

    base_url: Url = Field("http://s.innomobil.com/api/v1/", description="Ends in /api/v1/.")
    gate: int = Field(0, ge=0, description="Gate of normal messages: 0 innomobil, 1 Turkcell.")
    otp_gate: int = Field(0, ge=0, description="Gate of sendOtp and of type 0.")
    tckn_gate: int = Field(8, ge=0, description="Gate of type 2 (national id).")
    max_recipients: int = Field(1000, ge=1, description="Recipients of one vendor message; a larger package is split.")


class InnomobilCredentials(Credentials):
    """[accounts.credentials] of an innomobil account."""

    username: str = Field(min_length=1, description="As for the vendor's web site.")
    password: SecretStr = Field(description="As for the vendor's web site.")

    @classmethod
    def from_login(cls, username: str, password: str) -> InnomobilCredentials:
        return cls.model_construct(username=username, password=SecretStr(password))


class Innomobil(Ledgered):
    """The vendor "innomobil"."""

    kind: ClassVar[str] = "innomobil"
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
    settings_type: ClassVar[type[VendorSettings]] = InnomobilSettings
    credentials_type: ClassVar[type[Credentials]] = InnomobilCredentials

    def __init__(self, settings: InnomobilSettings) -> None:
        self._settings = settings
        self.limits = SendLimits(settings.max_recipients, own_texts=True)

    def check(self, message: Message) -> None:
        refuse_uncarried(message)

    def alphabet(self, text: str) -> Alphabet:
        """utf8 0 or 1."""
        return Alphabet.GSM if text.isascii() and alphabet_of(text) is Alphabet.GSM else Alphabet.UCS2

    def send(self, message: Message, credentials: InnomobilCredentials) -> Exchange[int]:
        envelopes = [self._envelope(message.sender, text, numbers) for text, numbers in texts_by_number(message).items()]
        body = {
            "sdate": "",
            "vperiod": str(min(-(-message.validity_minutes // 60), _LONGEST_VALIDITY)),
            "gate": self._gate(message),
            "message": envelopes[0] if message.texts is None else envelopes,
        }
        path = "sendsms" if message.texts is None else "multisend"
        result = _result((yield self._request(path, credentials, body)), sending=True)
        ids = result.get("messageid") if isinstance(result, Mapping) else None
        return sent_id(ids[0] if isinstance(ids, list) and ids else ids)

    def find(self, message: Message, credentials: InnomobilCredentials, others: Collection[int] = ()) -> Exchange[int | None]:
        since, until = self._window(message)
        dates = {"sdate": str(int(since.timestamp())), "fdate": str(int(until.timestamp()))}
        seen: set[tuple[str, str]] = set()
        listed: list[tuple[int, str]] = []
        for page in count(1):
            body = {**dates, "page": str(page), "alfanumerik": message.sender, "tip": _AT_ONCE}
            result = _result((yield self._request("reports", credentials, body, repeatable=True)), listing=True)
            rows = _rows(result)
            if result and not rows:
                raise OutcomeUnknown("a list that cannot be read")
            # a page that does not exist may be the first, or the last, once more; a multisend has many lines
            fresh = {(str(row.get("messageid")), str(row.get("text") or "")): row for row in rows}
            fresh = {key: row for key, row in fresh.items() if key not in seen}
            if not fresh:
                own = [entry for entry in listed if entry[0] not in others]
                return (yield from self._confirmed(own, message, credentials))
            seen |= fresh.keys()
            listed += [(sent_id(sent), text) for (sent, text), row in fresh.items() if _could_be(row, message, since, until)]
            if page == _MOST_PAGES:
                break
        raise OutcomeUnknown("the list does not end")

    def report(self, sent: int, message: Message, credentials: InnomobilCredentials) -> Exchange[tuple[ItemReport, ...]]:
        body = {"messageid": str(sent), "detailed": "0"}
        rows = _rows(_result((yield self._request("report", credentials, body, repeatable=True))))
        return tuple(_report(row) for row in rows)

    def senders(self, query: SendersQuery, credentials: InnomobilCredentials) -> Exchange[Page[Sender]]:
        result = _result((yield self._request("alfanumerik", credentials, {}, repeatable=True)), listing=True)
        return senders_page(map(str, result) if isinstance(result, list) else (), query)

    def credit(self, credentials: InnomobilCredentials) -> Exchange[int]:
        result = _result((yield self._request("kredi", credentials, {"gate": self._settings.gate}, repeatable=True)))
        credit = integer(result)  # -1: postpaid
        if credit is None:
            raise OutcomeUnknown("the answer has no credit")
        return credit

    def _envelope(self, sender: str, text: str, numbers: Sequence[str]) -> dict[str, Any]:
        utf8 = "0" if self.alphabet(text) is Alphabet.GSM else "1"
        return {"sender": sender, "text": text, "utf8": utf8, "gsm": list(numbers)}

    def _gate(self, message: Message) -> int:
        by_kind = {Kind.OTP: self._settings.otp_gate, Kind.TCKN: self._settings.tckn_gate}
        return by_kind.get(message.kind, self._settings.gate)

    def _request(
        self, path: str, credentials: InnomobilCredentials, body: dict[str, Any], *, repeatable: bool = False
    ) -> HttpRequest:
        login = {"username": credentials.username, "password": credentials.password.get_secret_value()}
        url, headers = f"{self._settings.base_url}{path}", (("Content-Type", "application/json"),)
        return HttpRequest("POST", url, headers, orjson.dumps(login | body), repeatable)


def _result(response: HttpResponse, *, sending: bool = False, listing: bool = False) -> Any:
    """The `result` of an answer.

    listing: an empty result is an empty list also when `error` says that there is nothing.
    Raises VendorRefused for either style of failure, OutcomeUnknown for what cannot be read.
    """
    body = json_object(response) if response.status == 200 else None
    if body is None or "status" not in body:
        raise unreadable(response, sending=sending)
    said, result = str(body.get("error") or ""), body.get("result")
    empty = result in (None, [], {}, "", 0, "0")
    # an empty list without an error is an empty list; a credit of 0 is a credit; but a send always has a result
    if str(body["status"]).lower() == "ok" and not (empty and (said or sending)):
        return result
    error = refusal(said, sending=sending)
    if listing and isinstance(error, VendorRefused) and error.code == ErrorCode.NOT_FOUND:
        return []
    raise error


def _rows(result: Any) -> list[Mapping[str, Any]]:
    """The rows of a list, or of an object such as PHP makes of a list with holes."""
    members = list(result.values()) if isinstance(result, Mapping) else result
    return [row for row in members if isinstance(row, Mapping)] if isinstance(members, list) else []


def _report(row: Mapping[str, Any]) -> ItemReport:
    raw = str(row.get("status"))
    return ItemReport(str(row.get("gsm") or row.get("gms") or ""), _STATES.get(raw), raw)


def _could_be(row: Mapping[str, Any], message: Message, since: datetime, until: datetime) -> bool:
    """Whether a row of /reports, which the vendor chose by time and sender, is not surely another message's."""
    when = parse_datetime(str(row.get("datetime") or ""))
    in_time = when is None or since <= when <= until
    of_sender = alike(message.sender, str(row.get("sender") or ""))
    return in_time and of_sender and (integer(row.get("gsmcount")) or 0) <= len(message.numbers)
