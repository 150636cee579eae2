"""The last resort against what must not be shown: it knows keys, shapes and types, and lets nothing through that it does not know.

Strategy: strings lose runs of ten or more digits and what stands behind a telling word; values under telling keys are dropped;
objects show their type only, for a repr may hold anything. Dates, IPv4 addresses and the bridge's own ids stay.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date
from enum import Enum
from functools import lru_cache
from pathlib import PurePath
from typing import Any, Final, Literal
from uuid import UUID

from bridge.domain.phone import mask

__all__ = ["REDACTED", "redact", "redact_text"]

REDACTED: Final = "[redacted]"

# written by the bridge itself; a random id may hold ten digits in a row
_TRUSTED_KEYS = frozenset({"timestamp", "level", "logger", "request_id"})
_SECRET_KEYS = re.compile(
    r"passw|parola|[sş]ifre|secret|token|authori[sz]|api[-_]?key|credential|cookie"
    r"|^(?:pass|pwd|contents?|texts?|msgs?|messages?|body|payload|title|keyword)$",
    re.IGNORECASE,
)
_NUMBER_KEYS = re.compile(r"^(?:numbers?|nr|nrs|target|gsm|msisdn|phone|tckn)$", re.IGNORECASE)

_MIN_DIGITS = 10
_MARKS = r"\xad\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff"  # invisible, from contact lists
_BETWEEN_DIGITS = rf"(?:[\s().+/_\u2010-\u2015{_MARKS}-]|%20|%2[BbDd]){{0,3}}"
_DIGITS = re.compile(rf"\d(?:{_BETWEEN_DIGITS}\d){{{_MIN_DIGITS - 1},}}")
# what has as many digits and is no number: a date with a time, an IPv4 address
_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_DATE_OR_ADDRESS = re.compile(
    rf"\b\d{{4}}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d(?:\.\d{{1,6}})?)?\b|(?<![\d.]){_OCTET}(?:\.{_OCTET}){{3}}(?![\d.])", re.ASCII
)

_TELLING_WORDS = r"(?:\w*(?:passw|parola|[sş]ifre|secret|token|authori[sz]|api[-_]?key)\w*|pass|pwd|content|text|msg|message)"
_MAY_HOLD_SECRET = re.compile(r"[=:>]|asic |earer ")
# (what the text in lower case must hold for the rule to be tried, the rule, what instead): the first is ten times cheaper
_SECRETS_IN_TEXT = (
    (re.compile(r"\?"), re.compile(r"(https?://[^\s?\"'<>]*\?)[^\s\"'<>]+", re.IGNORECASE), rf"\1{REDACTED}"),
    (re.compile(r"@"), re.compile(r"(://)[^\s/@]+@"), rf"\1{REDACTED}@"),
    (re.compile(r"basic|bearer"), re.compile(r"\b(basic|bearer)\s+[\w+/=.~-]{4,}", re.IGNORECASE), rf"\1 {REDACTED}"),
    (re.compile(r"<"), re.compile(rf"(<(?:\w+:)?{_TELLING_WORDS}\b[^<>]*>)[^<]+", re.IGNORECASE), rf"\1{REDACTED}"),
    (
        re.compile(r"pass|pwd|parola|[sş]ifre|secret|token|authori|api[-_]?key|content|text|msg|message"),
        re.compile(
            rf"(\b{_TELLING_WORDS}[\"']?\s*[=:]\s*)(\"(?:[^\"\\]|\\.)*\"?|'(?:[^'\\]|\\.)*'?|[^&<]+)",
            re.IGNORECASE,
        ),
        rf"\1{REDACTED}",
    ),
)

_MAX_TEXT = 2_000
_MAX_ITEMS = 20
_MAX_DEPTH = 4
_MAX_ID = 2**31  # package ids are below it, ten-digit mobiles above


def redact(event: MutableMapping[str, Any]) -> None:
    """Makes a log event fit to be shown, in place. What is left are strings, numbers, booleans, None, lists and dicts of these."""
    for key, value in event.items():
        if key in _TRUSTED_KEYS:
            continue
        if type(value) is str and _kind_of(key) == "other":  # what _safe_under does, without two calls
            event[key] = redact_text(value)
        else:
            event[key] = _safe_under(key, value, 0)


def redact_text(text: str) -> str:
    """The text with runs of ten or more digits masked and with what looks like a secret or a query replaced; at most 2,000 long.

    Numbers are also found when spelled with spaces, dashes, dots, parentheses or percent signs, and in any script's digits.
    """
    cut = len(text) > _MAX_TEXT
    if not cut and text.replace(" ", "").isalpha():  # most are such
        return text
    if cut:
        text = text[: _MAX_TEXT + 100]  # a number that the second cut would split is whole when it is masked
    if _DIGITS.search(text):
        text = _mask_digits(text)
    if _MAY_HOLD_SECRET.search(text):
        lowered = text.lower()
        for sign, pattern, replacement in _SECRETS_IN_TEXT:
            if sign.search(lowered):
                text = pattern.sub(replacement, text)
    if cut:
        text = text[:_MAX_TEXT] + ".."
    return text if text.isprintable() else _escape(text)


def _safe_under(key: str, value: object, depth: int) -> object:
    kind = _kind_of(key)
    if kind == "other":
        return _safe(value, depth)
    if kind == "number":
        return mask(redact_text(value)) if isinstance(value, str) else _safe(value, depth)
    return value if value is None or isinstance(value, bool) else REDACTED


@lru_cache(maxsize=1024)
def _kind_of(key: str) -> Literal["secret", "number", "other"]:
    if _SECRET_KEYS.search(key):
        return "secret"
    return "number" if _NUMBER_KEYS.search(key) else "other"


def _safe(value: object, depth: int) -> object:
    """A value that can be shown and rendered. A type that is not known here shows its name only."""
    if isinstance(value, str):
        return redact_text(value.value if isinstance(value, Enum) else value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (int, float)):
        return value if abs(value) < _MAX_ID else mask(str(value))
    return _safe_object(value, depth)


def _safe_object(value: object, depth: int) -> object:
    if isinstance(value, Enum):
        return _safe(value.value, depth)
    if isinstance(value, (Mapping, Sequence, AbstractSet)):
        return _safe_collection(value, depth)
    if isinstance(value, (PurePath, UUID, date)):
        return redact_text(str(value))
    return f"<{type(value).__name__}>"


def _safe_collection(value: Mapping[Any, Any] | Sequence[Any] | AbstractSet[Any], depth: int) -> object:
    if isinstance(value, (bytes, bytearray, memoryview)):
        return f"<{len(value)} bytes>"
    if depth == _MAX_DEPTH or len(value) > _MAX_ITEMS:
        return f"<{type(value).__name__} of {len(value)}>"
    if isinstance(value, Mapping):
        return {redact_text(str(key)): _safe_under(str(key), item, depth + 1) for key, item in value.items()}
    return [_safe(item, depth + 1) for item in value]


def _escape(text: str) -> str:
    """Shows control characters and half surrogate pairs as escapes: a line feed would begin a forged line in the console format."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)


def _mask_digits(text: str) -> str:
    """Masks runs of digits outside of dates and addresses."""
    out: list[str] = []
    end = 0
    for kept in _DATE_OR_ADDRESS.finditer(text):
        out += [_DIGITS.sub(_masked, text[end : kept.start()]), kept[0]]
        end = kept.end()
    return "".join([*out, _DIGITS.sub(_masked, text[end:])])


def _masked(match: re.Match[str]) -> str:
    return mask("".join(filter(str.isdigit, re.sub("%2[0BbDd]", "", match[0]))))
