"""WSDLs as an old server may have had them, with names of its own: in a namespace of its own, or rpc/literal."""

from __future__ import annotations

from lxml import etree

from bridge.soap.wsdl import SOAP, WSDL, XS, ServiceNames, generate

__all__ = ["NAMES", "brand", "rpc"]

NAMES = ServiceNames(service="NodeSmsApi", port="NodeSmsApiPort", port_type="NodeSmsApiPortType")


def brand() -> bytes:
    """In the namespace of the brand that sold it."""
    return generate(NAMES._replace(namespace="http://sms.marka.example/wsdl/sms"))


def rpc() -> bytes:
    """In rpc/literal: each member of a wrapper is a part of the message."""
    root = etree.fromstring(generate(NAMES))
    wrappers = {
        element.get("name"): element for element in root.find(f"{{{WSDL}}}types/{{{XS}}}schema").findall(f"{{{XS}}}element")
    }
    for message in root.findall(f"{{{WSDL}}}message"):
        (wrapper,) = message
        message.remove(wrapper)
        for member in wrappers[wrapper.get("element").removeprefix("tns:")].iter(f"{{{XS}}}element"):
            if member.get("type"):
                etree.SubElement(message, f"{{{WSDL}}}part", name=member.get("name"), type=member.get("type"))
    for wrapper in wrappers.values():
        wrapper.getparent().remove(wrapper)
    for element in root.iter(f"{{{SOAP}}}binding", f"{{{SOAP}}}operation"):
        element.set("style", "rpc")
    for body in root.iter(f"{{{SOAP}}}body"):
        body.set("namespace", root.get("targetNamespace"))
    return etree.tostring(root, xml_declaration=True, encoding="utf-8")
