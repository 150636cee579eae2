"""Reads forms and query strings.

Facts: a caller that builds a form by hand gets details wrong; what a strict parser finds wrong is refused here. Of a field given
twice the last counts, as in PHP.
"""

from __future__ import annotations

from email.message import EmailMessage, MIMEPart
from email.parser import BytesParser
from email.policy import HTTP
from urllib.parse import parse_qsl

from bridge.sandbox.toplusms.refusal import Refusal

__all__ = ["form_of", "query_of"]

PARSER = BytesParser(EmailMessage, policy=HTTP)


def form_of(content_type: str, body: bytes) -> dict[str, str]:
    """The fields of a form. Raises Refusal for any other body than multipart/form-data and application/x-www-form-urlencoded."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        return query_of(body)
    if kind == "multipart/form-data":
        return _multipart(content_type, body)
    raise Refusal("parameter", "Content-Type")


def query_of(text: bytes) -> dict[str, str]:
    """The fields of a query string or of an urlencoded body. Raises Refusal when they are not UTF-8."""
    try:
        return dict(parse_qsl(text.decode(), keep_blank_values=True, errors="strict"))
    except ValueError:
        raise Refusal("parameter", "UTF-8") from None


def _multipart(content_type: str, body: bytes) -> dict[str, str]:
    whole = PARSER.parsebytes(f"Content-Type: {content_type}\r\n\r\n".encode("latin-1") + body)
    if whole.defects or not whole.is_multipart():
        raise Refusal("parameter", "multipart/form-data")
    return dict(_field(part) for part in whole.iter_parts())


def _field(part: MIMEPart) -> tuple[str, str]:
    name = part.get_param("name", header="content-disposition")
    content = part.get_payload(decode=True)
    if not isinstance(name, str) or not isinstance(content, bytes):
        raise Refusal("parameter", "multipart/form-data")
    try:
        return name, content.decode()
    except UnicodeDecodeError:
        raise Refusal("parameter", "UTF-8") from None
