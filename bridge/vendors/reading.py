"""What vendors share: reading answers tolerantly (numbers as strings, missing keys, JSON or not), and Basic authentication."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import orjson

from bridge.domain.http import HttpResponse
from bridge.domain.package import Page, Sender
from bridge.domain.query import SendersQuery
from bridge.errors import BridgeError, ErrorCode, OutcomeUnknown, VendorRefused

__all__ = [
    "CODE_OF_STATUS",
    "basic",
    "code_of_text",
    "given",
    "integer",
    "json_object",
    "national",
    "senders_page",
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


def basic(username: str, password: str) -> str:
    """The value of an Authorization header. Source: RFC 7617, in UTF-8."""
    return f"Basic {b64encode(f'{username}:{password}'.encode()).decode()}"


def given(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields that have a value: vendors read an absent key as "not given", a null not all of them."""
    return {name: value for name, value in fields.items() if value is not None}


def json_object(response: HttpResponse) -> Mapping[str, Any] | None:
    """The body as a JSON object, or None when it is anything else."""
    try:
        body = orjson.loads(response.body)
    except orjson.JSONDecodeError:
        return None
    return body if isinstance(body, Mapping) else None


def unreadable(response: HttpResponse, *, sending: bool) -> BridgeError:
    """What to raise for an answer whose body does not say what happened.

    A redirect or a 4xx is a refusal: the request was not carried out. Anything else leaves it open.
    """
    if 300 <= response.status < 500:
        failed = ErrorCode.SMS_PKG_CREATING_FAILED if sending else ErrorCode.INTERNAL_SERVER
        return VendorRefused(CODE_OF_STATUS.get(response.status, failed), message=f"HTTP {response.status}")
    return OutcomeUnknown(f"HTTP {response.status} with an answer that cannot be read")


def national(number: str) -> str:
    """A Turkish mobile in ten digits, as some vendors want it; anything else as it is."""
    return number[2:] if len(number) == 12 and number.startswith("905") else number


def text(value: object) -> str | None:
    """str, or None for null."""
    return None if value is None else str(value)


def integer(value: object) -> int | None:
    """int, or None for what is none: a wrong cell must not lose the whole list. Booleans become 0 and 1."""
    try:
        return int(value)  # type: ignore[call-overload,no-any-return]  # whatever it is, int() decides
    except (TypeError, ValueError, OverflowError):
        return None


def code_of_text(said: str, patterns: Sequence[tuple[str, ErrorCode]], otherwise: ErrorCode) -> ErrorCode:
    """The code of the first pattern (a regular expression, any case) that the vendor's own words match."""
    folded = said.replace("İ", "i").replace("I", "ı") + "\n" + said  # Turkish capitals, and English ones
    return next((code for pattern, code in patterns if re.search(pattern, folded, re.IGNORECASE)), otherwise)


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
