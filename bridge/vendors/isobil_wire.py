"""isobil's three ways to say the same: bare JSON, JSON in a SOAP 1.2 envelope (an ASMX service), and XML."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from typing import Any, Literal, Never
from xml.sax.saxutils import escape

import orjson

from bridge.domain.http import HttpRequest, HttpResponse

__all__ = ["Dialect", "read_answer", "write_request"]

Dialect = Literal["json", "asmx", "xml"]

_NAMESPACE = "https://api.isobil.com.tr"
_SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# what stands in every answer, and in nothing around one
_STATUS = "Status"
# things around an answer: a string, `d` of ASP.NET, `Response`
_MOST_LAYERS = 6


def write_request(dialect: Dialect, base_url: str, operation: str, body: Mapping[str, Any]) -> HttpRequest:
    """A request of an operation. body: {name: value}; a list is a repeated element in XML."""
    page = "isobil_API_XML.asmx" if dialect == "xml" else "isobil_API_JSON.asmx"
    url = f"{base_url}{page}?op={operation}"
    if dialect == "json":
        return HttpRequest("POST", url, (("Content-Type", "application/json; charset=utf-8"),), orjson.dumps(body))
    headers = (("Content-Type", "text/xml; charset=utf-8"),)  # also around SOAP 1.2, as the live client has it
    text = f"<Request>{_elements(body)}</Request>" if dialect == "xml" else _envelope(operation, body)
    return HttpRequest("POST", url, headers, f'<?xml version="1.0" encoding="utf-8"?>{text}'.encode())


def _envelope(operation: str, body: Mapping[str, Any]) -> str:
    data = orjson.dumps(body).decode().replace("]]>", "]]]]><![CDATA[>")  # a CDATA section cannot hold its own end
    return (
        f'<soap:Envelope xmlns:soap="{_SOAP12}"><soap:Body>'
        f'<{operation} xmlns="{_NAMESPACE}"><data><![CDATA[{data}]]></data></{operation}>'
        "</soap:Body></soap:Envelope>"
    )


def _elements(fields: Mapping[str, Any]) -> str:
    parts = []
    for name, value in fields.items():
        for member in value if isinstance(value, list) else [value]:
            inner = _elements(member) if isinstance(member, Mapping) else _text(str(member))
            parts.append(f"<{name}>{inner}</{name}>")
    return "".join(parts)


def _text(text: str) -> str:
    """Escaped; a carriage return by number, for an XML parser would make a line feed of it."""
    return escape(text, {"\r": "&#13;"})


def read_answer(response: HttpResponse) -> Mapping[str, Any] | None:
    """The answer as an object, out of any of the three forms and of what is around it; None when there is none."""
    try:
        return _answer_in(response.body.removeprefix(_BYTE_ORDER_MARK).strip(), _MOST_LAYERS)
    except RecursionError:  # elements by the thousand inside each other
        return None


def _answer_in(value: Any, layers: int) -> Mapping[str, Any] | None:
    """The object that has a Status, in a text of JSON or XML or in an object with a single name."""
    if layers == 0:
        return None
    if isinstance(value, Mapping):
        if _STATUS in value:
            return value
        inner = value.get("Response", next(iter(value.values())) if len(value) == 1 else None)
        return _answer_in(inner, layers - 1)
    if not isinstance(value, str | bytes):
        return None
    try:
        return _answer_in(orjson.loads(value), layers - 1)
    except ValueError:
        return _answer_in_xml(value, layers - 1)


def _answer_in_xml(text: str | bytes, layers: int) -> Mapping[str, Any] | None:
    try:
        root = _parsed(text)
    except (ET.ParseError, ValueError, LookupError):  # the latter two: encodings that it does not know
        return None
    for element in root.iter():
        if any(_name(child) == _STATUS for child in element):
            return _object(element)
        # the text that an ASMX service puts into <SubmitResult>
        inner = (element.text or "").strip()
        found = _answer_in(inner, layers) if inner[:1] in ("{", "<", '"') else None
        if found is not None:
            return found
    return None


class _Builder(ET.TreeBuilder):
    """Refuses a document type, and with it every entity."""

    def doctype(self, _name: str, _public: str | None, _system: str | None) -> Never:
        raise ValueError("DOCTYPE")


def _parsed(text: str | bytes) -> ET.Element:
    return ET.fromstring(text, ET.XMLParser(target=_Builder()))  # noqa: S314  # no DOCTYPE, so no entities


def _name(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _object(element: ET.Element) -> Mapping[str, Any]:
    """Children as {name: text, object, or list of them when repeated}."""
    fields: dict[str, Any] = {}
    for child in element:
        name, value = _name(child), _object(child) if len(child) else child.text or ""
        if name in fields:
            fields[name] = [*fields[name], value] if isinstance(fields[name], list) else [fields[name], value]
        else:
            fields[name] = value
    return fields
