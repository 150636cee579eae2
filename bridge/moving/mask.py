"""What of a request or an answer may stand in a file: everything but logins, texts and telephone numbers.

Strategy: what is known to be harmless stays, all else is covered, character by character, so that lengths and
encodings stay. A number becomes another of the same shape, the same one each time, so that a recording can be replayed.
"""

from __future__ import annotations

import binascii
import hmac
import re
import secrets
from base64 import b64decode, b64encode

from bridge.domain.phone import is_tckn, normalise
from bridge.errors import OutcomeUnknown
from bridge.moving.http import Headers, Message
from bridge.moving.markup import NUMERIC_FIELDS, TEXT_FIELDS, Value, rewrite
from bridge.soap.body import media
from bridge.soap.wsdl import is_wsdl_query

__all__ = ["Masker"]

_MAX_PLAIN = 64 * 1024 * 1024  # bytes of a body without its content coding
_LOGINS = frozenset({"username", "password"})
_NUMBERS = frozenset({"number", "numbers", "nr", "target"})
_DATES = frozenset({"sendingDate", "trustDate", "startDate", "finishDate", "deliveryDate", "processingDate"})
_WORDS = frozenset({"uuid", "customID", "customIDs", "sender", "senders", "code", "faultcode", "Value", "Code"})
_NUMERIC = re.compile(r"\s*(?:[+-]?[0-9]{1,19}|true|false)\s*")
_DATE = re.compile(r"\s*\d{4}-\d\d-\d\d(?:[ T][\d:.]{4,15})?(?:Z|[+-]\d\d:?\d\d)?\s*", re.ASCII)
_WORD = re.compile(r"[^&<]{0,100}")
_LIKE_A_NUMBER = re.compile(r"\s*[+(]?(?:[0-9][\s().-]{0,2}){7,15}\s*")
_DIGITS = re.compile(r"[0-9]{10,}")
_REFERENCE = re.compile(r"&(?:#[xX](?P<hex>[0-9A-Fa-f]{1,6})|#(?P<decimal>[0-9]{1,7})|\w+);")
_SCHEME = re.compile(r"https?://", re.IGNORECASE)
_MAX_ID = 2**31  # package ids are below it, ten-digit mobiles above

# attributes and headers that say how something is written, not what
_ATTRIBUTES = frozenset(
    {"type", "href", "ref", "id", "Id", "nil", "root", "arrayType", "arraySize", "itemType", "encodingStyle", "mustUnderstand"}
) | {"actor", "role", "Type", "EncodingType", "lang", "version"}
_HEADERS = re.compile(
    r"host|content-(?:type|length|encoding)|soapaction|accept(?:-encoding|-charset|-language|-ranges)?|user-agent|connection|keep-alive"
    r"|transfer-encoding|te|expect|date|server|cache-control|pragma|vary|allow|www-authenticate|upgrade|http2-settings|retry-after"
    r"|expires|last-modified|mime-version|x-powered-by|x-request-id"
)


class Masker:
    """Masks the messages of one recording; a number becomes the same other one in all of them."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)  # never written: who has the files cannot try out numbers

    def message(self, message: Message) -> Message:
        """The message without its codings, with nothing in it that must not be in a file."""
        headers, body = message.headers, message.body
        try:
            body = message.plain(_MAX_PLAIN)
            headers = tuple(pair for pair in headers if pair[0].lower() not in {"content-encoding", "transfer-encoding"})
            masked = self.body(body, media((message.header("content-type") or "").encode("latin-1"))[1])
        except OutcomeUnknown:
            masked = None
        if masked is None:
            masked = f"[{len(body)} bytes that are no XML, {self._digest(body)[:16]}]".encode()
        return Message(self._start(message.start), message.status, self._headers(headers, len(masked)), masked)

    def body(self, body: bytes, charset: str | None) -> bytes | None:
        """The masked document, None for what cannot be read as one. A WSDL stays as it is."""
        if not body or _is_wsdl(body):
            return body
        return rewrite(body, charset, self._value, attribute=self._attribute, aside=lambda raw: _cover(raw, secret=True))

    def _digest(self, data: bytes) -> str:
        return hmac.digest(self._key, data, "sha256").hex()

    def _start(self, line: str) -> str:
        """Without what stands in a query other than ?wsdl."""
        target, mark, rest = line.partition("?")
        query, blank, version = rest.rpartition(" ")
        return (
            line if not mark or is_wsdl_query(query.encode("latin-1")) else f"{target}?{_cover(query, secret=True)}{blank}{version}"
        )

    def _headers(self, headers: Headers, length: int) -> Headers:
        """The headers, with the length that the body has now."""
        fitted = [
            (name, str(length) if name.lower() == "content-length" else self._header(name.lower(), value))
            for name, value in headers
        ]
        has_length = any(name.lower() == "content-length" for name, _ in headers)
        return tuple(fitted) if has_length or not length else (*fitted, ("Content-Length", str(length)))

    def _header(self, name: str, value: str) -> str:
        if _HEADERS.fullmatch(name):
            return value
        scheme, blank, rest = value.partition(" ")
        if name != "authorization" or not blank:
            return _cover(value, secret=True)
        return f"{scheme} {_cover_basic(rest) if scheme.lower() == 'basic' else _cover(rest, secret=True)}"

    def _attribute(self, name: str, raw: str) -> str:
        return raw if name in _ATTRIBUTES else _cover(raw, secret=True)

    def _value(self, value: Value) -> str:
        if value.is_base64:
            return self._encoded(value)
        field, raw = value.field, value.raw
        if field.lower() in _LOGINS:
            return _cover(raw, secret=True, literal=value.is_literal)
        if field in _NUMBERS or (not self._is_harmless(field, raw) and _LIKE_A_NUMBER.fullmatch(raw)):
            return self._number(raw, value.is_literal)
        if self._is_harmless(field, raw):
            return raw if field in _DATES else _DIGITS.sub(lambda match: self._long_number(match[0]), raw)
        return _cover(raw, literal=value.is_literal)

    def _is_harmless(self, field: str, raw: str) -> bool:
        if field == "key":  # of a map: the name of a field
            return raw.strip() in TEXT_FIELDS | NUMERIC_FIELDS
        if field in _DATES:
            return bool(_DATE.fullmatch(raw))
        return bool((field in NUMERIC_FIELDS and _NUMERIC.fullmatch(raw)) or (field in _WORDS and _WORD.fullmatch(raw)))

    def _encoded(self, value: Value) -> str:
        """SOAP::Lite writes any text that is not ASCII as base64."""
        try:
            text = b64decode(value.raw, validate=False).decode()
        except ValueError:
            return _cover(value.raw, secret=True)
        return b64encode(self._value(Value(value.field, text, is_literal=True)).encode()).decode()

    def _long_number(self, digits: str) -> str:
        return digits if int(digits) < _MAX_ID else self._number(digits, literal=True)

    def _number(self, raw: str, literal: bool) -> str:
        """Another number of the same shape."""
        digits = "".join(each for each in raw if each in "0123456789")
        if len(digits) < 7 or not raw.isascii() or "&" in raw:
            return _cover(raw, literal=literal)
        fake = iter(self._fake(digits))
        return "".join(next(fake) if each in "0123456789" else _cover(each, literal=True) for each in raw)

    def _fake(self, digits: str) -> str:
        if is_tckn(digits):
            return self._fake_tckn(digits)
        mobile = normalise(digits)
        # of a Turkish mobile all behind the 5: its operator does not matter. Of others the country stays
        count = 9 if mobile and mobile.startswith("905") and len(mobile) == 12 else 7 if len(digits) >= 10 else len(digits) - 1
        subscriber = digits[-count:]
        return digits[:-count] + f"{int(self._digest(subscriber.encode()), 16) % 10**count:0{count}}"

    def _fake_tckn(self, digits: str) -> str:
        nine = f"{int(self._digest(digits.encode()), 16) % 900_000_000 + 100_000_000}"
        odd, even = sum(map(int, nine[0::2])), sum(map(int, nine[1::2]))
        tenth = (7 * odd - even) % 10
        return f"{nine}{tenth}{(odd + even + tenth) % 10}"


def _is_wsdl(body: bytes) -> bool:
    """Whether the document is a WSDL or a schema: no client's data is in them."""
    start = re.sub(rb"<\?.*?\?>|<!--.*?-->", b"", body[:4096], flags=re.DOTALL).lstrip(b"\xef\xbb\xbf \t\r\n")
    return bool(re.match(rb"<(?:[\w.-]+:)?(?:definitions|schema)[\s>]", start))


def _cover_basic(encoded: str) -> str:
    try:
        login = b64decode(encoded.strip(), validate=True).decode("latin-1")
    except (binascii.Error, ValueError):
        return _cover(encoded, secret=True)
    username, colon, password = login.partition(":")
    return b64encode(f"{'x' * len(username)}{colon}{'x' * len(password)}".encode("latin-1")).decode()


def _cover(raw: str, *, secret: bool = False, literal: bool = False) -> str:
    """The text with each letter and digit replaced by one that stands for its kind.

    secret: marks too. literal: & begins no reference.
    """
    scheme = _SCHEME.match(raw) if not secret else None
    out, done = [scheme[0] if scheme else ""], scheme.end() if scheme else 0
    for match in () if literal else _REFERENCE.finditer(raw, done):
        out += [_cover_plain(raw[done : match.start()], secret), _cover_reference(match, secret)]
        done = match.end()
    return "".join([*out, _cover_plain(raw[done:], secret)])


def _cover_plain(raw: str, secret: bool) -> str:
    return raw.translate(_STAND_INS[secret])


class _StandIns(dict[int, str]):
    """Code point -> what stands for it, filled as they come: a table is a hundred times faster than a call for each character."""

    def __init__(self, *, secret: bool) -> None:
        super().__init__()
        self._secret = secret

    def __missing__(self, code: int) -> str:
        if len(self) > 10_000:  # no client's alphabet
            self.clear()
        return self.setdefault(code, _stand_in(chr(code), self._secret))


_STAND_INS = (_StandIns(secret=False), _StandIns(secret=True))


def _stand_in(char: str, secret: bool) -> str:
    """A character of the same kind, with as many bytes in UTF-8 and at home in the same character sets."""
    if char < "\x80":
        kinds = (("0", char.isdigit()), ("X", char.isupper()), ("x", char.isalpha() or (secret and not char.isspace())))
        return next((stand_in for stand_in, fits in kinds if fits), char)
    upper = char.isupper()
    if char < "\u0100":
        return "Ü" if upper else "ü"
    if char < "\u0800":
        return "Ş" if upper else "ş"
    return "€" if char < "\U00010000" else "😀"


def _cover_reference(match: re.Match[str], secret: bool) -> str:
    """A reference of the same length: to another letter, or for a mark to itself."""
    number = match["hex"] or match["decimal"]
    if number is None:
        return "x" * len(match[0]) if secret else match[0]
    base, form = (16, "X") if match["hex"] else (10, "d")
    code = int(number, base)
    stand_in = _stand_in(chr(code), secret) if code < 0x110000 else "x"
    digits = f"{ord(stand_in):{form}}"
    digits = digits if len(digits) <= len(number) else f"{ord('x'):{form}}"[-len(number) :]
    return f"{match[0][: -len(number) - 1]}{digits.zfill(len(number))};"
