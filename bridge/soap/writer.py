"""Answers to bytes: writers compiled once from the contract's types.

Facts (found with 12 client toolchains):
- The wrapper stands in the request's namespace, everything below in none, in the order of the WSDL.
- An empty element of a numeric type throws in .NET and gSOAP: it is left out. An empty text element is fine everywhere and is what
  the original writes, as are empty <err>, <data> and <list>.
- Without "charset=utf-8" in the Content-Type Mono garbles Turkish letters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

from bridge.errors import CallError, FaultSide, Language, ProtocolError
from bridge.soap.contract import NAMESPACE, OPERATIONS, ComplexModel, Integer
from bridge.soap.xml import NOT_XML

__all__ = ["SOAP11", "SOAP12", "SoapVersion", "write_call", "write_error", "write_fault", "write_result"]

Put = Callable[[str], None]
Write = Callable[[Any, Put], None]


class SoapVersion(NamedTuple):
    """What differs between SOAP 1.1 and 1.2 in an answer."""

    envelope: str  # namespace
    content_type: bytes
    fault_codes: Mapping[FaultSide, str]


SOAP11 = SoapVersion(
    "http://schemas.xmlsoap.org/soap/envelope/",
    b"text/xml; charset=utf-8",
    MappingProxyType({side: side.value for side in FaultSide}),
)
SOAP12 = SoapVersion(
    "http://www.w3.org/2003/05/soap-envelope",
    b"application/soap+xml; charset=utf-8",
    MappingProxyType(
        {
            FaultSide.CLIENT: "Sender",
            FaultSide.SERVER: "Receiver",
            FaultSide.VERSION_MISMATCH: "VersionMismatch",
            FaultSide.MUST_UNDERSTAND: "MustUnderstand",
        }
    ),
)

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;"}
# what must be escaped, and what XML 1.0 cannot hold (vendors' texts may)
_SPECIAL = re.compile(f'[&<>"\r{NOT_XML.pattern[1:-1]}]')
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def write_result(operation: str, version: SoapVersion, namespace: str | None, value: Any) -> bytes:
    """The answer of a call that succeeded.

    value: what the operation returned: int (package id, status, credit) or a Page. namespace: of the request's wrapper.
    """
    head, tail = _frame(operation, version.envelope, namespace)
    out = [head, "<err></err><data>"]
    _DATA[operation](value, out.append)
    out.append("</data>")
    out.append(tail)
    return "".join(out).encode()


def write_error(operation: str, version: SoapVersion, namespace: str | None, error: CallError, language: Language) -> bytes:
    """The answer of a call that was refused: a filled <err>, an empty <data>."""
    head, tail = _frame(operation, version.envelope, namespace)
    code, message = _escape(error.code), _escape(error.text(language))
    err = f"<err><status>{error.status}</status><code>{code}</code><message>{message}</message></err><data></data>"
    return f"{head}{err}{tail}".encode()


def write_fault(version: SoapVersion, error: ProtocolError) -> bytes:
    """A SOAP Fault. Without a detail element .NET raises the wrong exception class. Source: SOAP 1.1 4.4, SOAP 1.2 5.4."""
    code, text = version.fault_codes[error.side], _escape(error.text)
    detail = f"<code>{error.code.value}</code><message>{text}</message>"
    if version is SOAP12:
        fault = (
            f"<soapenv:Code><soapenv:Value>soapenv:{code}</soapenv:Value></soapenv:Code>"
            f'<soapenv:Reason><soapenv:Text xml:lang="en">{text}</soapenv:Text></soapenv:Reason>'
            f"<soapenv:Detail>{detail}</soapenv:Detail>"
        )
    else:
        fault = f"<faultcode>soapenv:{code}</faultcode><faultstring>{text}</faultstring><detail>{detail}</detail>"
    return f"{_envelope(version.envelope)}<soapenv:Fault>{fault}</soapenv:Fault></soapenv:Body></soapenv:Envelope>".encode()


def write_call(operation: str, values: Mapping[str, Any]) -> bytes:
    """A request, as `smsbridge call` and tests send it. values: {field: str, int, bool, dict or list of these}.

    Raises KeyError for an operation or a field that the contract does not have.
    """
    out = [_envelope(SOAP11.envelope), f'<sms:{operation} xmlns:sms="{NAMESPACE}">']
    _call_fields(OPERATIONS[operation].request, values, out.append)
    out.append(f"</sms:{operation}></soapenv:Body></soapenv:Envelope>")
    return "".join(out).encode()


def _call_fields(model: type[ComplexModel], values: Mapping[str, Any], put: Put) -> None:
    for name, value in values.items():
        kind = model._type_info[name]
        members = value if isinstance(value, list) and name == "item" else [value]
        for member in members:
            put(f"<{name}>")
            if isinstance(member, Mapping):
                _call_fields(kind, member, put)
            elif isinstance(member, list):
                _call_fields(kind, {"item": member}, put)
            elif member is not None:
                put(_escape(str(member).lower() if isinstance(member, bool) else str(member)))
            put(f"</{name}>")


def _escape(text: str) -> str:
    return _SPECIAL.sub(lambda match: _ENTITIES.get(match[0], "\ufffd"), text) if _SPECIAL.search(text) else text


def _envelope(namespace: str) -> str:
    return f'<?xml version="1.0" encoding="utf-8"?><soapenv:Envelope xmlns:soapenv="{namespace}"><soapenv:Body>'


@lru_cache(maxsize=256)  # bounded: the namespace is the client's
def _frame(operation: str, envelope: str, namespace: str | None) -> tuple[str, str]:
    """Everything before <err> and after </data>."""
    name, declaration = f"{operation}Response", ""
    if namespace is not None:
        name, declaration = f"sms:{name}", f' xmlns:sms="{_escape(namespace)}"'
    return (
        f"{_envelope(envelope)}<{name}{declaration}><result>",
        f"</result></{name}></soapenv:Body></soapenv:Envelope>",
    )


def _attribute(field: str) -> str:
    """The domain's name of a field: customID -> custom_id, rCount -> r_count."""
    return _CAMEL.sub("_", field).lower()


def _compile(model: type[ComplexModel]) -> Write:
    """A writer of all fields of a structure, read from the attributes of a domain value."""
    fields = [(_attribute(name), *_compile_field(name, kind)) for name, kind in model._type_info.items()]

    def write(value: Any, put: Put) -> None:
        for attribute, opening, closing, inner, empty in fields:
            member = getattr(value, attribute)
            if member is None:
                put(empty)
                continue
            put(opening)
            if inner is None:
                put(_escape(member))
            else:
                inner(member, put)
            put(closing)

    return write


def _compile_field(name: str, kind: Any) -> tuple[str, str, Write | None, str]:
    """(opening tag, closing tag, writer of what is between: None for text, what stands for None)."""
    opening, closing = f"<{name}>", f"</{name}>"
    if issubclass(kind, ComplexModel):
        inner = _compile_list(kind) if list(kind._type_info) == ["item"] else _compile(kind)
        return opening, closing, inner, opening + closing
    if issubclass(kind, Integer):
        return opening, closing, lambda value, put: put(str(value)), ""
    return opening, closing, None, opening + closing


def _compile_list(model: type[ComplexModel]) -> Write:
    opening, closing, inner, _ = _compile_field("item", model._type_info["item"])

    def write(values: Any, put: Put) -> None:
        for value in values:
            put(opening)
            if inner is None:
                put(_escape(value))
            else:
                inner(value, put)
            put(closing)

    return write


def _compile_data(operation: str) -> Write:
    """The writer of <data>: one number, or a page of rows."""
    data = OPERATIONS[operation].result._type_info["data"]
    fields = data._type_info
    if len(fields) == 1:
        ((name, _),) = fields.items()
        return lambda value, put: put(f"<{name}>{value}</{name}>")
    rows = _compile_list(fields["list"])

    def write(page: Any, put: Put) -> None:
        put(f"<stats><totalRecord>{page.total_record}</totalRecord></stats><list>")
        rows(page.rows, put)
        put("</list>")

    return write


_DATA = {name: _compile_data(name) for name in OPERATIONS}
