"""What vendors share: reading answers tolerantly (numbers as strings, missing keys, JSON or not), numbers, Basic authentication."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Annotated, Any
from uuid import NAMESPACE_URL, uuid5

import orjson
from pydantic import Field

from bridge.domain.http import HttpResponse
from bridge.domain.message import Encoding, Kind, Message
from bridge.domain.package import Page, Sender
from bridge.domain.query import SendersQuery
from bridge.domain.text import carry
from bridge.errors import BridgeError, CallError, ErrorCode, OutcomeUnknown, Reason, VendorRefused

__all__ = [
    "CODE_OF_STATUS",
    "ItemState",
    "basic",
    "given",
    "integer",
    "international",
    "json_object",
    "national",
    "refusal",
    "refuse_foreign",
    "senders_page",
    "sent_id",
    "text",
    "unreadable",
]

CODE_OF_STATUS: Mapping[int, ErrorCode] = MappingProxyType(
    {
        400: ErrorCode.BAD_REQUEST,
        401: ErrorCode.USER_NOT_AUTHORIZED,
        403: ErrorCode.UNAUTHORIZED_REQUEST,
        429: ErrorCode.CONCURRENT_REQUEST_LIMIT,
    }
)
"""What an HTTP status means when the body does not say. Source: live servers of the Node API; RFC 9110 for the others."""

ItemState = Annotated[int, Field(ge=-2, le=5)]
"""A setting's item state. Source: Node API v1.8.3, "Paket Öğesi Durumları"."""

FOREIGN = Reason("number: {vendor} yalnız Türkiye numaralarına gönderir.", "number: {vendor} sends to Turkish numbers only.")
# What vendors without public error texts are likely to say, in ASCII; the first that matches counts. Logins come late, for
# "Kullanıcının kredisi yetersiz" is no wrong one.
_WORDS = (
    (r"(sistem|sunucu|beklenmeyen|bilinmeyen) hata|exception|timeout|zaman asimi", ErrorCode.INTERNAL_SERVER),
    (r"kredi|bakiye|yetersiz", ErrorCode.USER_CREDIT_REQUIRED),
    (r"baslik|alfanumerik|gonderen|gonderici|sender|originat|orijinat|caption", ErrorCode.INVALID_SMS_SENDER),
    (r"numara|\bgsm\b|\balici|msisdn|tckn", ErrorCode.EMPTY_SMS_PACKAGE),
    (r"kullanici|sifre|parola|dogrulanamadi|sistem kodu|yetki|password|credential", ErrorCode.UNAUTHORIZED_REQUEST),
    (r"(kayit|gonderi|rapor|sonuc|mesaj)\w* (bulunama|yok)", ErrorCode.NOT_FOUND),
)
_TURKISH = re.compile(r"90[1-9][0-9]{9}")
_WRITTEN_TURKISH = re.compile(r"(?:90|0)?([1-9][0-9]{9})")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def basic(username: str, password: str) -> str:
    """The value of an Authorization header. Source: RFC 7617, in UTF-8."""
    return f"Basic {b64encode(f'{username}:{password}'.encode()).decode()}"


def given(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields that have a value: vendors read an absent key as "not given", a null not all of them."""
    return {name: value for name, value in fields.items() if value is not None}


def json_object(response: HttpResponse) -> dict[str, Any] | None:
    """The body as a JSON object, or None when it is anything else."""
    try:
        body = orjson.loads(response.body.removeprefix(_BYTE_ORDER_MARK))  # .NET and PHP servers write one
    except orjson.JSONDecodeError:
        return None
    return body if isinstance(body, dict) else None


def unreadable(response: HttpResponse, *, sending: bool) -> BridgeError:
    """What to raise for an answer whose body does not say what happened.

    A redirect or a 4xx is a refusal: the request was not carried out. Anything else leaves it open.
    """
    if 300 <= response.status < 500:
        failed = ErrorCode.SMS_PKG_CREATING_FAILED if sending else ErrorCode.INTERNAL_SERVER
        return VendorRefused(CODE_OF_STATUS.get(response.status, failed), message=f"HTTP {response.status}")
    return OutcomeUnknown(f"HTTP {response.status} with an answer that cannot be read")


def refusal(said: str, *, sending: bool, code: ErrorCode | None = None) -> BridgeError:
    """What to raise for a refusal whose text is all that a vendor says of it.

    said: the vendor's own words. code: what they mean, where a number of the vendor says so.
    A failure inside the vendor does not say how far it came, so that it leaves open whether a send was taken.
    """
    code = code or _code_of(said) or (ErrorCode.SMS_PKG_CREATING_FAILED if sending else ErrorCode.INTERNAL_SERVER)
    if sending and code is ErrorCode.INTERNAL_SERVER:
        return OutcomeUnknown("the vendor reports a failure of its own")
    return VendorRefused(code, message=said)


def _code_of(said: str) -> ErrorCode | None:
    folded = carry(said, Encoding.ASCII).text.lower()
    return next((code for pattern, code in _WORDS if re.search(pattern, folded)), None)


def national(number: str) -> str:
    """A Turkish number in ten digits, as some vendors want it; a national id as it is."""
    return number[2:] if _TURKISH.fullmatch(number) else number


def international(number: str) -> str:
    """The E.164 digits of a Turkish number that a vendor writes in ten digits; a national id as it is."""
    turkish = _WRITTEN_TURKISH.fullmatch(number)
    return f"90{turkish[1]}" if turkish else number


def refuse_foreign(message: Message, vendor: str) -> None:
    """Raises CallError ERR_BAD_REQUEST, naming the vendor, when a recipient's number is not Turkish."""
    if message.kind is not Kind.TCKN and not all(map(_TURKISH.fullmatch, message.numbers)):
        raise CallError(ErrorCode.BAD_REQUEST, FOREIGN, vendor=vendor)


def text(value: object) -> str | None:
    """str, or None for null."""
    return None if value is None else str(value)


def integer(value: object) -> int | None:
    """An xs:long, or None for what is none: a wrong cell must not lose the whole list. Booleans become 0 and 1."""
    try:
        number = int(value)  # type: ignore[call-overload]  # whatever it is, int() decides
    except (TypeError, ValueError, OverflowError):
        return None
    return number if -(2**63) <= number < 2**63 else None


def sent_id(value: object) -> int:
    """The vendor's id of a message that it says to have taken. Raises OutcomeUnknown when it is none, or was rounded."""
    number = None if isinstance(value, bool | float) else integer(value)
    if number is None or number <= 0:
        raise OutcomeUnknown("accepted without an id")
    return number


def senders_page(titles: Iterable[str], query: SendersQuery) -> Page[Sender]:
    """Filters and pages the titles of a vendor that gives them all at once; they are approved, else it would not list them."""
    keyword = (query.keyword or "").casefold()
    approved = 1
    wanted = [title for title in dict.fromkeys(titles) if keyword in title.casefold() and query.status in (None, approved)]
    first = query.page_index * query.page_size
    rows = wanted[first : first + query.page_size]
    # the vendor has no uuid: one that is always the same for the same title
    return Page(
        total_record=len(wanted),
        rows=tuple(Sender(uuid=str(uuid5(NAMESPACE_URL, f"sender:{row}")), status=approved, title=row) for row in rows),
    )
