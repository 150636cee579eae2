"""The SOAP envelope of a request: version, headers, and the call in its Body.

Facts:
- SOAPAction is quoted, bare, empty or missing: the call is the Body's first element, whatever the header says.
- rpc/encoded stacks put <multiRef> elements after the call.
- .NET Core always sends the header {http://schemas.microsoft.com/ws/2005/05/addressing/none}Action with mustUnderstand.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from types import MappingProxyType
from typing import Any, NamedTuple

from lxml import etree
from msgspec import Struct

from bridge.errors import ErrorCode, FaultSide, ProtocolError
from bridge.soap.contract import OPERATIONS
from bridge.soap.reader import References, compile_reader
from bridge.soap.writer import SOAP11, SOAP12, SoapVersion
from bridge.soap.xml import XmlLimits, parse

__all__ = ["ENVELOPES", "Call", "Login", "is_literal", "parts", "read_call"]

Element = etree._Element

WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
_PASSWORD_TEXT = "#PasswordText"  # noqa: S105  # the name of a token profile
_UNDERSTOOD = frozenset(
    {
        WSSE,
        "http://www.w3.org/2005/08/addressing",
        "http://schemas.xmlsoap.org/ws/2004/08/addressing",
        "http://schemas.microsoft.com/ws/2005/05/addressing/none",
    }
)
_LOGIN_NAMES = ("username", "password")
# roles that mean us; SOAP 1.1 4.2.2, SOAP 1.2 2.2
_OUR_ROLES = frozenset(
    {
        "",
        "http://schemas.xmlsoap.org/soap/actor/next",
        f"{SOAP12.envelope}/role/next",
        f"{SOAP12.envelope}/role/ultimateReceiver",
    }
)
# a request without any of these (href=, enc:ref=, base64 as an xsi:type) is literal: it needs no References
_REF, _BASE64 = re.compile(rb"ref\s*="), b"base64"
# elements that references may lead to: what honest stacks share is far below it, and a small body cannot make much work
_FREE_REFS, _BYTES_PER_REF = 1000, 8
# it is echoed, and kept for the next answer
_LONGEST_NAMESPACE = 1000
_READERS = MappingProxyType({name: compile_reader(operation.request) for name, operation in OPERATIONS.items()})


class _Tags(NamedTuple):
    """Of one version of SOAP."""

    version: SoapVersion
    # its namespace, as tags begin
    envelope: str
    header_tag: str
    body_tag: str


def _tags(version: SoapVersion) -> _Tags:
    envelope = f"{{{version.envelope}}}"
    return _Tags(version, envelope, f"{envelope}Header", f"{envelope}Body")


# by the tag of the root
ENVELOPES = MappingProxyType({f"{tags.envelope}Envelope": tags for tags in map(_tags, (SOAP11, SOAP12))})


class Login(Struct, frozen=True, gc=False):
    """A username and a password as a client sent them; either may be missing."""

    username: str | None
    password: str | None

    def __repr__(self) -> str:
        return "<Login>"


class Call(Struct, frozen=True, gc=False):
    """One call: which operation, how to answer it, and what was given."""

    operation: str
    version: SoapVersion
    # of the wrapper element; the answer's wrapper stands in the same
    namespace: str | None
    # {field: value} as bridge.soap.reader gives them, without the login
    values: dict[str, Any]
    # of the body, of a SOAP header, of WS-Security; those that were given, in this order
    body_login: Login
    header_logins: tuple[Login, ...]

    def __repr__(self) -> str:
        return f"<Call {self.operation}>"


def read_call(body: bytes, charset: str | None, limits: XmlLimits, answer_in: Callable[[SoapVersion], None]) -> Call:
    """Reads one request.

    answer_in: told the SOAP version as soon as it is known, so that a Fault after that is in the same version.
    Raises ProtocolError when the bytes are not an envelope with one known operation.
    """
    root = parse(body, charset, limits)
    tags = ENVELOPES.get(root.tag)
    if tags is None:
        raise _no_envelope(root)
    answer_in(tags.version)
    header, soap_body = parts(root, tags)
    wrapper = soap_body[0]
    deref = None if is_literal(body) else References(soap_body, min(limits.max_refs, _FREE_REFS + len(body) // _BYTES_PER_REF))
    namespace, _, operation = wrapper.tag.removeprefix("{").rpartition("}")
    read = _READERS.get(operation)
    if read is None:
        raise ProtocolError("The SOAP body does not hold a known operation.")
    if len(soap_body) > 1 and sum(other.tag.rpartition("}")[2] in _READERS for other in soap_body) > 1:
        raise ProtocolError("The SOAP body holds more than one call.")
    values = read(wrapper, deref)
    if len(namespace) > _LONGEST_NAMESPACE:
        raise ProtocolError("The namespace of the call is too long.", code=ErrorCode.REQUEST_PARAM_LIMIT)
    login = Login(values.pop("username", None), values.pop("password", None))
    logins = _read_headers(header, tags.envelope) if header is not None and len(header) else ()
    return Call(operation, tags.version, namespace or None, values, login, logins)


def is_literal(body: bytes) -> bool:
    """Whether a request bears no mark of rpc/encoded."""
    return _BASE64 not in body and not (b"ref" in body and _REF.search(body))


def _no_envelope(root: Element) -> ProtocolError:
    if root.tag.rpartition("}")[2] != "Envelope":
        return ProtocolError("The request is not a SOAP envelope.")
    return ProtocolError("The SOAP version is not supported.", FaultSide.VERSION_MISMATCH)


def parts(root: Element, tags: _Tags) -> tuple[Element | None, Element]:
    """Header and Body. Without ElementPath: `find` costs as much as reading the call."""
    header = body = None
    for part in root:
        tag = part.tag
        if tag == tags.body_tag:
            if body is not None:
                raise ProtocolError("The SOAP envelope holds more than one body.")
            body = part
        elif tag == tags.header_tag:
            header = part
    if body is None or not len(body):
        raise ProtocolError("The SOAP body is empty.")
    return header, body


def _read_headers(header: Element, envelope: str) -> tuple[Login, ...]:
    """The logins of the headers. Raises ProtocolError for a header that must be understood and is not."""
    plain, tokens = _login(header), []
    for block in header:
        namespace = block.tag.rpartition("}")[0][1:]
        if namespace == WSSE:
            tokens.append(_username_token(block))
        elif (login := _login(block)) is not None:
            plain = plain or login
        elif _must_understand(block, envelope) and namespace not in _UNDERSTOOD and _local(block) not in _LOGIN_NAMES:
            raise ProtocolError("A SOAP header that must be understood is not known.", FaultSide.MUST_UNDERSTAND)
    return tuple(login for login in (plain, *tokens) if login is not None)


def _must_understand(block: Element, envelope: str) -> bool:
    role = block.get(f"{envelope}actor") or block.get(f"{envelope}role") or ""
    return block.get(f"{envelope}mustUnderstand", "").strip() in ("1", "true") and role.strip() in _OUR_ROLES


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2].lower()


def _login(element: Element) -> Login | None:
    """username and password among the children, in any case and namespace: a .NET SoapHeader class nests them in a block."""
    found = {name: child.text for child in element if (name := _local(child)) in _LOGIN_NAMES}
    return Login(found.get("username"), found.get("password")) if found else None


def _username_token(security: Element) -> Login | None:
    """WS-Security UsernameToken with a password in text. A digest cannot be checked against a hash: it counts as wrong."""
    token = security.find(f"{{{WSSE}}}UsernameToken")
    if token is None:
        return None
    password = token.find(f"{{{WSSE}}}Password")
    text = password.text if password is not None and password.get("Type", _PASSWORD_TEXT).endswith(_PASSWORD_TEXT) else None
    return Login(token.findtext(f"{{{WSSE}}}Username"), text)
