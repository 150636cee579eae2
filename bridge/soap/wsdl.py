"""The WSDL: made from the contract, or the operator's own file; only the address in it follows the request.

Facts, each found with real client toolchains:
- document/literal wrapped with unqualified elements puts the documented bytes on the wire; rpc/literal has no optional parameters.
- One port, SOAP 1.1, soapAction = operation name. A second one for SOAP 1.2 buys nothing and breaks strong-soap and svcutil.
- The wrappers' types are anonymous, as generators of "wrapped" code expect; spyne's own schema writer names them, makes an
  element of every type and orders by dependency depth, so the schema is written here from the same models.
- The names of service, port and portType are read by JAX-WS stubs at run time: an old program stops when they differ from
  what it was built with. So they can be set, or the old server's own file can be served.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, unquote_to_bytes
from xml.sax.saxutils import escape

from lxml import etree

from bridge.errors import SettingsError
from bridge.soap.contract import NAMESPACE, OPERATIONS, ComplexModel, response

__all__ = ["DEFAULT_ADDRESS", "DEFAULT_NAMES", "ServiceNames", "Wsdl", "generate", "is_wsdl_query", "public_address"]

WSDL = "http://schemas.xmlsoap.org/wsdl/"
SOAP = "http://schemas.xmlsoap.org/wsdl/soap/"
SOAP12 = "http://schemas.xmlsoap.org/wsdl/soap12/"
HTTP = "http://schemas.xmlsoap.org/wsdl/http/"
XS = "http://www.w3.org/2001/XMLSchema"
SOAP_OVER_HTTP = "http://schemas.xmlsoap.org/soap/http"

DEFAULT_ADDRESS = "http://localhost:9587/soap"


class ServiceNames(NamedTuple):
    """The names that generated client code has built in. The original's are not documented: these are a guess."""

    service: str = "SmsService"
    port: str = "SmsPort"
    port_type: str = "SmsPortType"
    namespace: str = NAMESPACE


DEFAULT_NAMES = ServiceNames()


def generate(names: ServiceNames = DEFAULT_NAMES, address: str = DEFAULT_ADDRESS) -> bytes:
    """
    The WSDL 1.1 document of the contract, in UTF-8, the same bytes for the same arguments.

    names: XML names (NCName) and the target namespace.
    address: where the service is, an absolute URL.
    """
    prefixes = {"tns": names.namespace, "wsdl": WSDL, "soap": SOAP, "xs": XS}
    root = etree.Element(f"{{{WSDL}}}definitions", {"name": names.service, "targetNamespace": names.namespace}, prefixes)
    _add_types(root, names.namespace)
    for operation in OPERATIONS.values():
        _add_message(root, f"{operation.name}Request", operation.name)
        _add_message(root, f"{operation.name}Response", f"{operation.name}Response")
    _add_port_type(root, names)
    _add_binding(root, names)
    service = _add(root, WSDL, "service", name=names.service)
    port = _add(service, WSDL, "port", name=names.port, binding=f"tns:{names.port}Binding")
    _add(port, SOAP, "address", location=address)
    etree.indent(root)
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + etree.tostring(root, encoding="utf-8") + b"\n"


def _add(parent: etree._Element, namespace: str, tag: str, text: str | None = None, **attributes: str) -> etree._Element:
    element = etree.SubElement(parent, f"{{{namespace}}}{tag}", attributes)
    element.text = text
    return element


def _add_types(root: etree._Element, namespace: str) -> None:
    forms = {"elementFormDefault": "unqualified", "attributeFormDefault": "unqualified"}
    schema = _add(_add(root, WSDL, "types"), XS, "schema", targetNamespace=namespace, **forms)
    for name, model in _named_types().items():
        _add_members(_add(schema, XS, "complexType", name=name), model)
    for operation in OPERATIONS.values():
        for model in (operation.request, response(operation)):
            element = _add(schema, XS, "element", name=model.get_type_name())
            _add_members(_add(element, XS, "complexType"), model)


def _named_types() -> dict[str, type[ComplexModel]]:
    """The types that the operations use, each after those that it uses itself."""
    types: dict[str, type[ComplexModel]] = {}

    def visit(model: type[Any]) -> None:
        if issubclass(model, ComplexModel) and model.get_type_name() not in types:
            for member in model._type_info.values():
                visit(member)
            types[model.get_type_name()] = model

    for operation in OPERATIONS.values():
        for member in (*operation.request._type_info.values(), operation.result):
            visit(member)
    return types


def _add_members(complex_type: etree._Element, model: type[ComplexModel]) -> None:
    if documentation := model.get_documentation():
        _add(_add(complex_type, XS, "annotation"), XS, "documentation", documentation)
    sequence = _add(complex_type, XS, "sequence")
    for name, member in model._type_info.items():
        prefix = "tns" if issubclass(member, ComplexModel) else "xs"
        _add(sequence, XS, "element", name=name, type=f"{prefix}:{member.get_type_name()}", **_occurs(member.Attributes))


def _occurs(attributes: Any) -> dict[str, str]:
    """What differs from the schema's default of exactly one."""
    occurs = {} if attributes.min_occurs == 1 else {"minOccurs": str(attributes.min_occurs)}
    if attributes.max_occurs == math.inf:
        occurs["maxOccurs"] = "unbounded"
    return occurs


def _add_message(root: etree._Element, name: str, element: str) -> None:
    message = _add(root, WSDL, "message", name=name)
    _add(message, WSDL, "part", name="parameters", element=f"tns:{element}")


def _add_port_type(root: etree._Element, names: ServiceNames) -> None:
    port_type = _add(root, WSDL, "portType", name=names.port_type)
    for operation in OPERATIONS.values():
        element = _add(port_type, WSDL, "operation", name=operation.name)
        _add(element, WSDL, "documentation", operation.documentation)
        _add(element, WSDL, "input", message=f"tns:{operation.name}Request")
        _add(element, WSDL, "output", message=f"tns:{operation.name}Response")


def _add_binding(root: etree._Element, names: ServiceNames) -> None:
    binding = _add(root, WSDL, "binding", name=f"{names.port}Binding", type=f"tns:{names.port_type}")
    _add(binding, SOAP, "binding", style="document", transport=SOAP_OVER_HTTP)
    for name in OPERATIONS:
        operation = _add(binding, WSDL, "operation", name=name)
        _add(operation, SOAP, "operation", soapAction=name, style="document")
        for direction in ("input", "output"):
            _add(_add(operation, WSDL, direction), SOAP, "body", use="literal")


ADDRESS_TAGS = frozenset(f"{{{namespace}}}address" for namespace in (SOAP, SOAP12, HTTP))

# in a well-formed document without DOCTYPE: what can hold a "<" without being a tag, or a start tag with its attributes
MARKUP = re.compile(
    r"""<!--.*?--> | <!\[CDATA\[.*?\]\]> | <\?.*?\?> | </[^>]*> | (?P<start> < (?: [^<>"'] | "[^"]*" | '[^']*' )* >)""",
    re.DOTALL | re.VERBOSE,
)
ATTRIBUTE = re.compile(r"""(?P<name>[^\s=<"']+) \s* = \s* (?: "(?P<double>[^"]*)" | '(?P<single>[^']*)' )""", re.VERBOSE)
DECLARED_ENCODING = re.compile(r"""\A(\ufeff?<\?xml\s[^>]*?\sencoding\s*=\s*["'])[A-Za-z0-9._-]+""")
NCNAME = re.compile(r"[^\W\d][\w.-]*")

CACHED_ADDRESSES = 64  # the Host header makes them: a flood of invented names must not fill the memory


class Wsdl:
    """The WSDL that the server shows. Every soap:address in it is replaced, all else stays as it was read."""

    def __init__(self, document: bytes, key: str) -> None:
        """
        document: a whole WSDL 1.1 file, in any encoding that XML allows; it is served in UTF-8.
        key: the setting that it came from.

        Raises SettingsError when it is not well-formed, has a DOCTYPE, is not a WSDL or holds no address.
        """
        tree = _parse(document, key)
        self._pieces = _around_addresses(_text(document, tree.docinfo.encoding or "utf-8", key), tree.getroot())
        if len(self._pieces) == 1:
            raise SettingsError(key, "the WSDL has no soap:address")
        self._rendered = lru_cache(maxsize=CACHED_ADDRESSES)(self._fill)

    @classmethod
    def generated(cls, names: ServiceNames = DEFAULT_NAMES, key: str = "wsdl") -> Wsdl:
        """The contract's own. key: the setting that holds the names. Raises SettingsError for what cannot be a name in XML."""
        for field in ("service", "port", "port_type"):
            if not NCNAME.fullmatch(getattr(names, field)):
                raise SettingsError(f"{key}.{field}", "an XML name is needed: letters, digits, '.', '-', '_', not a digit first")
        if not names.namespace:
            raise SettingsError(f"{key}.namespace", "a URI is needed")
        try:
            return cls(generate(names), key)
        except ValueError as error:  # lxml's word for a URI that cannot be one
            raise SettingsError(f"{key}.namespace", str(error)) from error

    @classmethod
    def from_file(cls, path: Path, key: str) -> Wsdl:
        """The operator's file, read once. key: the setting that names it. Raises SettingsError also when it cannot be read."""
        try:
            return cls(path.read_bytes(), key)
        except OSError as error:
            raise SettingsError(key, f"cannot read {path}: {error.strerror}") from error

    def render(self, address: str) -> bytes:
        """The document in UTF-8 with this address."""
        return self._rendered(address)

    def _fill(self, address: str) -> bytes:
        return escape(address, {'"': "&quot;", "'": "&apos;"}).join(self._pieces).encode()


def _parse(document: bytes, key: str) -> etree._ElementTree:
    parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True)
    try:
        tree = etree.ElementTree(etree.fromstring(document, parser))
    except etree.XMLSyntaxError as error:
        raise SettingsError(key, f"not well-formed XML: {error}") from error
    if tree.docinfo.internalDTD is not None:
        raise SettingsError(key, "a WSDL with a DOCTYPE is not served")
    if (tag := tree.getroot().tag) != f"{{{WSDL}}}definitions":  # type: ignore[unreachable]  # the stubs know only None
        raise SettingsError(key, f"not a WSDL 1.1 document: the root element is {tag}")
    return tree


def _text(document: bytes, encoding: str, key: str) -> str:
    """The characters of the document. Encodings other than UTF-8 end here, for it is served as UTF-8."""
    try:
        text = document.decode(encoding)
    except (LookupError, UnicodeDecodeError) as error:
        raise SettingsError(key, f"the encoding {encoding} cannot be read here, save the file in UTF-8") from error
    return text if encoding.upper() == "UTF-8" else DECLARED_ENCODING.sub(r"\1UTF-8", text)


def _around_addresses(text: str, root: etree._Element) -> tuple[str, ...]:
    """The text cut before and after each address's location. The parser knows the elements' names, the text their places."""
    tags = (match for match in MARKUP.finditer(text) if match["start"])
    pieces, done = [], 0
    for tag, element in zip(tags, root.iter("*"), strict=True):
        if element.tag in ADDRESS_TAGS:
            for start, end in _locations(text, *tag.span()):
                pieces.append(text[done:start])
                done = end
    return (*pieces, text[done:])


def _locations(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Where the value of `location` stands in a start tag."""
    found = (match for match in ATTRIBUTE.finditer(text, start, end) if match["name"] == "location")
    return [match.span("single" if match["double"] is None else "double") for match in found]


HOST = re.compile(r"(?:\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(?::[0-9]{1,5})?")


def public_address(  # noqa: PLR0913, PLR0917  # each is one header or setting
    public_url: str | None,
    scheme: str,
    host: str | None,
    path: str,
    forwarded_proto: str | None = None,
    forwarded_host: str | None = None,
    *,
    port: int = 9587,
) -> str:
    """
    The address under which the client reaches this service, for the WSDL.

    public_url: the setting; it wins when given.
    scheme, host, path: of the request; host is the Host header, which anybody can fill with anything.
    forwarded_proto, forwarded_host: X-Forwarded-Proto and X-Forwarded-Host, only when a trusted proxy sent them.
    port: of the listening socket, for `localhost:port` when no usable host is there.
    """
    if public_url:
        return public_url
    hosts = (_first(forwarded_host), _first(host))
    authority = next((name for name in hosts if HOST.fullmatch(name)), f"localhost:{port}")
    proto = _first(forwarded_proto).lower()
    return f"{proto if proto in ('http', 'https') else scheme}://{authority}/{quote(path.lstrip('/'))}"


def _first(header: str | None) -> str:
    """The first of a header's values: proxies in a row append theirs."""
    return (header or "").partition(",")[0].strip()


def is_wsdl_query(query_string: bytes) -> bool:
    """Whether a GET asks for the WSDL: ?wsdl, ?WSDL, ?wsdl=1, ?singleWsdl, ?xsd=0 .. (the one document holds the schema too)."""
    name = re.split(rb"[=&;]", query_string.lstrip(b"?&"), maxsplit=1)[0]
    return unquote_to_bytes(name).strip().lower() in {b"wsdl", b"singlewsdl", b"xsd"}
