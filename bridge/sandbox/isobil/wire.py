"""Bytes to operation and fields, and answers back to bytes: a raw text or one in a SOAP envelope, JSON or XML by the endpoint.

Facts: an .asmx operation takes one string, `data`, and answers one, `{operation}Result`. The document shows those strings alone, as
whole bodies. isobil_API_JSON.asmx has JSON in them, isobil_API_XML.asmx XML.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

import orjson
from starlette.requests import Request
from starlette.responses import Response

from bridge.sandbox.isobil import xml
from bridge.sandbox.isobil.refusal import Refusal

__all__ = ["ENDPOINTS", "Asked", "BrokenEnvelope", "answered", "asked_of", "faulted", "values_of"]

ENDPOINTS = {"isobil_api_json.asmx": False, "isobil_api_xml.asmx": True}  # by file name: whether it speaks XML
OWN = "https://api.isobil.com.tr"
BLANK = b"\xef\xbb\xbf \t\r\n"  # and the mark that .NET programs begin with
SOAP_11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP_12 = "http://www.w3.org/2003/05/soap-envelope"
TYPES = {SOAP_11: "text/xml", SOAP_12: "application/soap+xml"}
ACTION = re.compile(r'action="?([^";]*)')
ENVELOPE = '<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="{}"><soap:Body>{}</soap:Body></soap:Envelope>'
FAULTS = {
    SOAP_11: "<soap:Fault><faultcode>soap:Client</faultcode><faultstring>{}</faultstring><detail /></soap:Fault>",
    SOAP_12: (
        "<soap:Fault><soap:Code><soap:Value>soap:Sender</soap:Value></soap:Code>"
        '<soap:Reason><soap:Text xml:lang="en">{}</soap:Text></soap:Reason><soap:Detail /></soap:Fault>'
    ),
}


class BrokenEnvelope(Exception):
    """Raised when a SOAP request cannot be read as one. soap: the namespace to answer in."""

    def __init__(self, reason: str, soap: str) -> None:
        super().__init__(reason)
        self.soap = soap


class Asked(NamedTuple):
    """A request. as_xml: what `text` is. soap: namespace of the envelope. element: the envelope's content, by its local name."""

    as_xml: bool
    text: str | bytes
    operations: frozenset[str]
    soap: str | None = None
    element: str = ""


def asked_of(request: Request, body: bytes, *, as_xml: bool) -> Asked:
    """The request with everything that names its operation. Raises BrokenEnvelope."""
    named = _named(request)
    if not body.lstrip(BLANK).startswith(b"<"):
        return Asked(as_xml, body, named)
    soap = SOAP_12 if "soap+xml" in request.headers.get("content-type", "") else SOAP_11
    try:
        root = xml.parse(body)
    except xml.Unreadable as error:
        if as_xml:
            return Asked(as_xml, body, named)
        raise BrokenEnvelope(f"Server was unable to read request. ---> {error}", soap) from None
    if as_xml and not root.tag.endswith("}Envelope"):
        return Asked(as_xml, body, named)
    return _opened(root, named, soap, as_xml=as_xml)


def _opened(root: xml.Element, named: frozenset[str], soap: str, *, as_xml: bool) -> Asked:
    namespace = root.tag[1:].removesuffix("}Envelope")
    if namespace not in TYPES or root.tag != f"{{{namespace}}}Envelope":
        raise BrokenEnvelope("Request format is unrecognized: no SOAP Envelope.", soap)
    content = root.find(f"{{{namespace}}}Body/*")
    if content is None:
        raise BrokenEnvelope("Request format is unrecognized: no element in the SOAP Body.", namespace)
    local = content.tag.rpartition("}")[2]
    operation = local if content.tag == f"{{{OWN}}}{local}" else f'{local}, xmlns="{OWN}"'
    return Asked(as_xml, content.findtext(f"{{{OWN}}}data", ""), named | {operation}, namespace, local)


def _named(request: Request) -> frozenset[str]:
    """The operation by the query string, by SOAPAction, and by the action of SOAP 1.2's content type."""
    by_query = [value for key, value in request.query_params.multi_items() if key.lower() == "op"]
    by_header = request.headers.get("soapaction", "").strip('"')
    by_type = ACTION.search(request.headers.get("content-type", ""))
    actions = [by_header, by_type[1] if by_type else ""]
    return frozenset(filter(None, [*by_query, *(action.rpartition("/")[2] for action in actions)]))


def values_of(asked: Asked) -> dict[str, Any]:
    """The fields. Raises Refusal when the text is no JSON object, or no XML `Request`."""
    if asked.as_xml:
        return _from_xml(asked.text)
    try:
        values = orjson.loads(asked.text)  # refuses halves of surrogate pairs, as a strict server does
    except ValueError:
        raise Refusal("request", "JSON") from None
    if not isinstance(values, dict):
        raise Refusal("request", "JSON object")
    return values


def _from_xml(text: str | bytes) -> dict[str, Any]:
    try:
        root = xml.parse(text)
        values = xml.values_of(root)
    except xml.Unreadable:
        raise Refusal("request", "XML") from None
    if root.tag != "Request" or not isinstance(values, dict):
        raise Refusal("request", "XML Request")
    return values


def answered(asked: Asked, response: dict[str, Any], *, shell: bool, in_soap: bool) -> Response:
    """shell: JSON stands inside `Response`, as XML always does. in_soap: a SOAP request is answered with SOAP."""
    text = (
        xml.written("Response", response) if asked.as_xml else orjson.dumps({"Response": response} if shell else response).decode()
    )
    if asked.soap is None or not in_soap:
        return Response(text, media_type="text/xml" if asked.as_xml else "application/json; charset=utf-8")
    name = asked.element
    content = f'<{name}Response xmlns="{OWN}"><{name}Result>{escape(xml.legal(text))}</{name}Result></{name}Response>'
    return _soap(asked.soap, content, 200)


def faulted(broken: BrokenEnvelope) -> Response:
    return _soap(broken.soap, FAULTS[broken.soap].format(escape(str(broken))), 500)


def _soap(soap: str, content: str, status: int) -> Response:
    return Response(ENVELOPE.format(soap, content), status, media_type=f"{TYPES[soap]}; charset=utf-8")
