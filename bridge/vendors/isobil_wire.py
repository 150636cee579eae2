"""isobil's three ways to say the same: bare JSON, JSON in a SOAP 1.2 envelope (an ASMX service), and XML."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from typing import Any, Literal
from xml.sax.saxutils import escape

import orjson

from bridge.domain.http import HttpRequest, HttpResponse
from bridge.vendors.reading import json_object

__all__ = ["Dialect", "read_answer", "write_request"]

Dialect = Literal["json", "asmx", "xml"]

_NAMESPACE = "https://api.isobil.com.tr"
_SOAP12 = "http://www.w3.org/2003/05/soap-envelope"


def write_request(dialect: Dialect, base_url: str, operation: str, body: Mapping[str, Any]) -> HttpRequest:
    """A request of an operation. body: {name: value}; a list is a repeated element in XML."""
    page = "isobil_API_XML.asmx" if dialect == "xml" else "isobil_API_JSON.asmx"
    url = f"{base_url}{page}?op={operation}"
    if dialect == "json":
        return HttpRequest("POST", url, (("Content-Type", "application/json; charset=utf-8"),), orjson.dumps(body))
    headers = (("Content-Type", "text/xml; charset=utf-8"),)
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
    """The answer as an object, out of any of the three forms and without the `Response` shell; None when it is none of them."""
    answer = json_object(response)
    if answer is None and b"<!DOCTYPE" not in response.body:
        try:
            root = ET.fromstring(response.body)  # noqa: S314  # no DOCTYPE, so no entities
        except (ET.ParseError, ValueError, LookupError):
            return None
        answer = _embedded_json(root) or _object(root)
    shell = answer.get("Response") if answer is not None else None
    return shell if isinstance(shell, Mapping) else answer


def _embedded_json(root: ET.Element) -> Mapping[str, Any] | None:
    """The JSON that an ASMX service puts into <SubmitResult>."""
    texts = (text for element in root.iter() if (text := (element.text or "").strip()).startswith("{"))
    found = (json_object(HttpResponse(200, {}, text.encode())) for text in texts)
    return next((answer for answer in found if answer is not None), None)


def _object(element: ET.Element) -> Mapping[str, Any] | None:
    """Children as {name: text, object, or list of them when repeated}; None for a leaf."""
    fields: dict[str, Any] = {}
    for child in element:
        name = child.tag.rpartition("}")[2]
        value: Any = _object(child)
        value = (child.text or "") if value is None else value
        if name in fields:
            fields[name] = [*fields[name], value] if isinstance(fields[name], list) else [fields[name], value]
        else:
            fields[name] = value
    return fields or None
