"""C# as Microsoft's svcutil writes it from a document/literal WSDL: python svcutil.py URL FILE.cs

Mono's svcutil stops at wrappers with unqualified members. What Microsoft's writes for them has a fixed form, made here from what is
served: XmlSerializerFormat on operations, a MessageContract with Order on its members for each wrapper, types with Order on theirs,
`xxxSpecified` beside each optional number, arrays for types with one repeated member.
"""

from __future__ import annotations

import sys
import urllib.request
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

WSDL, SOAP, XS = (
    "{http://schemas.xmlsoap.org/wsdl/}",
    "{http://schemas.xmlsoap.org/wsdl/soap/}",
    "{http://www.w3.org/2001/XMLSchema}",
)
BUILT_IN = {"string": "string", "int": "int", "long": "long", "boolean": "bool"}
KEYWORDS = {"operator"}


class Member(NamedTuple):
    """An element of a type or of a wrapper."""

    name: str
    type: str
    array_item: str | None  # the repeated element's name
    specified: bool

    @property
    def identifier(self) -> str:
        return f"@{self.name}" if self.name in KEYWORDS else self.name

    def variables(self) -> Iterator[tuple[str, str]]:
        """(type, identifier) of the member, and of the flag beside it."""
        yield self.type, self.identifier
        if self.specified:
            yield "bool", f"{self.name}Specified"


def _local(name: str) -> str:
    return name.rpartition(":")[2]


class Service:
    """What is read from the WSDL."""

    def __init__(self, document: bytes) -> None:
        self.root = ET.fromstring(document)
        self.namespace = self.root.attrib["targetNamespace"]
        self.types = {e.attrib["name"]: e for e in self.root.iter(f"{XS}complexType") if "name" in e.attrib}
        self.elements = {e.attrib["name"]: e for e in self.root.findall(f"{WSDL}types/{XS}schema/{XS}element")}
        self.port_type = self.root.find(f"{WSDL}portType").attrib["name"]
        operations = self.root.findall(f"{WSDL}binding/{WSDL}operation")
        self.actions = {e.attrib["name"]: e.find(f"{SOAP}operation").attrib["soapAction"] for e in operations}
        operations = self.root.findall(f"{WSDL}portType/{WSDL}operation")
        self.messages = {
            e.attrib["name"]: tuple(_local(e.find(f"{WSDL}{way}").attrib["message"]) for way in ("input", "output"))
            for e in operations
        }

    def members(self, parent: ET.Element) -> list[Member]:
        return [self._member(element) for element in parent.findall(f".//{XS}sequence/{XS}element")]

    def is_array(self, name: str) -> bool:
        elements = self.types[name].findall(f".//{XS}element")
        return len(elements) == 1 and elements[0].get("maxOccurs") == "unbounded"

    def _member(self, element: ET.Element) -> Member:
        name, kind = element.attrib["name"], _local(element.attrib["type"])
        if kind in self.types and self.is_array(kind):
            (item,) = self.members(self.types[kind])
            return Member(name, f"{item.type}[]", item.name, specified=False)
        kind = BUILT_IN.get(kind, kind)
        return Member(name, kind, None, specified=element.get("minOccurs") == "0" and kind in {"int", "long", "bool"})


UNQUALIFIED = "Form=System.Xml.Schema.XmlSchemaForm.Unqualified"


def serialization(member: Member, identifier: str, order: int | None) -> list[str]:
    """How a member is written, or the flag beside it. order: its place in a type; a wrapper has it elsewhere."""
    if identifier != member.identifier:
        return ["[System.Xml.Serialization.XmlIgnoreAttribute()]"]
    place = "" if order is None else f", Order={order}"
    if member.array_item is None:
        return [f"[System.Xml.Serialization.XmlElementAttribute({UNQUALIFIED}{place})]"]
    item = f'[System.Xml.Serialization.XmlArrayItemAttribute("{member.array_item}", {UNQUALIFIED}, IsNullable=false)]'
    return [f"[System.Xml.Serialization.XmlArrayAttribute({UNQUALIFIED}{place})]", item]


def write_type(service: Service, name: str) -> Iterator[str]:
    yield '[System.CodeDom.Compiler.GeneratedCodeAttribute("svcutil", "4.8.3928.0")]'
    yield "[System.SerializableAttribute()]"
    yield f'[System.Xml.Serialization.XmlTypeAttribute(Namespace="{service.namespace}")]'
    yield f"public partial class {name} {{"
    for order, member in enumerate(service.members(service.types[name])):
        for kind, identifier in member.variables():
            field = f"{identifier.lstrip('@')}Field"
            yield f"private {kind} {field};"
            yield from serialization(member, identifier, order)
            yield f"public {kind} {identifier} {{ get {{ return this.{field}; }} set {{ this.{field} = value; }} }}"
    yield "}"


def write_wrapper(service: Service, element: str, class_name: str) -> Iterator[str]:
    yield "[System.Diagnostics.DebuggerStepThroughAttribute()]"
    wrapper = f'WrapperName="{element}", WrapperNamespace="{service.namespace}", IsWrapped=true'
    yield f"[System.ServiceModel.MessageContractAttribute({wrapper})]"
    yield f"public partial class {class_name} {{"
    members = service.members(service.elements[element])
    order = 0
    for member in members:
        for kind, identifier in member.variables():
            yield f'[System.ServiceModel.MessageBodyMemberAttribute(Namespace="{service.namespace}", Order={order})]'
            yield from serialization(member, identifier, None)
            yield f"public {kind} {identifier};"
            order += 1
    yield f"public {class_name}() {{ }}"
    yield f"public {class_name}({parameters(members)}) {{"
    yield from (f"this.{identifier} = {identifier};" for member in members for _, identifier in member.variables())
    yield "}"
    yield "}"


def parameters(members: list[Member]) -> str:
    return ", ".join(f"{kind} {identifier}" for member in members for kind, identifier in member.variables())


def write_contract(service: Service) -> Iterator[str]:
    where = f'Namespace="{service.namespace}", ConfigurationName="{service.port_type}"'
    yield f"[System.ServiceModel.ServiceContractAttribute({where})]"
    yield f"public interface {service.port_type} {{"
    for operation, action in service.actions.items():
        request, response = service.messages[operation]
        yield f'[System.ServiceModel.OperationContractAttribute(Action="{action}", ReplyAction="*")]'
        yield "[System.ServiceModel.XmlSerializerFormatAttribute(SupportFaults=true)]"
        yield f"{response} {operation}({request} request);"
    yield "}"


def write_client(service: Service) -> Iterator[str]:
    contract = service.port_type
    yield f"public partial class {contract}Client : System.ServiceModel.ClientBase<{contract}>, {contract} {{"
    yield f"public {contract}Client("
    yield "System.ServiceModel.Channels.Binding binding, System.ServiceModel.EndpointAddress remoteAddress)"
    yield ": base(binding, remoteAddress) { }"
    for operation in service.actions:
        members = service.members(service.elements[operation])
        (result,) = service.members(service.elements[f"{operation}Response"])
        request, response = service.messages[operation]
        yield f"{response} {contract}.{operation}({request} request) {{ return base.Channel.{operation}(request); }}"
        yield f"public {result.type} {operation}({parameters(members)}) {{"
        yield f"{request} inValue = new {request}();"
        yield from (f"inValue.{identifier} = {identifier};" for member in members for _, identifier in member.variables())
        yield f"{response} retVal = (({contract})(this)).{operation}(inValue);"
        yield f"return retVal.{result.identifier};"
        yield "}"
    yield "}"


def write(service: Service) -> Iterator[str]:
    yield "namespace Sms {"
    for name in service.types:
        if not service.is_array(name):
            yield from write_type(service, name)
    for operation, (request, response) in service.messages.items():
        yield from write_wrapper(service, operation, request)
        yield from write_wrapper(service, f"{operation}Response", response)
    yield from write_contract(service)
    yield from write_client(service)
    yield "}"


if __name__ == "__main__":
    with urllib.request.urlopen(sys.argv[1], timeout=30) as answer:
        Path(sys.argv[2]).write_text("\n".join(write(Service(answer.read()))) + "\n", encoding="utf-8")
