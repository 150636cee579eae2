"""XML trees: equal or not, and valid by the schema of the published WSDL."""

from __future__ import annotations

from pathlib import Path

from lxml import etree

from bridge.soap.contract import NAMESPACE

WSDL = Path(__file__).parents[2] / "wsdl" / "sms.wsdl"
XS = "{http://www.w3.org/2001/XMLSchema}"
FAULTS = ("{http://schemas.xmlsoap.org/soap/envelope/}Fault", "{http://www.w3.org/2003/05/soap-envelope}Fault")


def assert_nodes_equal(got: etree._Element, expected: etree._Element, where: str = "") -> None:
    """Same names, attributes, texts and order. Prefixes, comments and the white space between elements do not matter."""
    where = f"{where}/{etree.QName(got).localname}"
    assert got.tag == expected.tag, where
    assert dict(got.attrib) == dict(expected.attrib), where
    children, wanted = [list(element.iterchildren(etree.Element)) for element in (got, expected)]
    assert [child.tag for child in children] == [child.tag for child in wanted], where
    if children:
        assert not "".join(got.xpath("text()")).strip(), f"{where}: text between elements"
    else:
        assert (got.text or "") == (expected.text or ""), where
    for one, other in zip(children, wanted, strict=True):
        assert_nodes_equal(one, other, where)


def load_schema() -> etree.XMLSchema:
    """The schema inside of the WSDL."""
    schema = etree.parse(WSDL).find(f".//{XS}schema")
    return etree.XMLSchema(etree.fromstring(etree.tostring(schema)))


def assert_valid(schema: etree.XMLSchema, envelope: etree._Element) -> None:
    """The call's answer keeps to the WSDL. Brands have namespaces of their own: the wrapper is looked at as if it had ours."""
    wrapper = etree.fromstring(etree.tostring(envelope[-1][0]))
    wrapper.tag = f"{{{NAMESPACE}}}{etree.QName(wrapper).localname}"
    schema.assertValid(wrapper)


def is_fault(envelope: etree._Element) -> bool:
    return envelope[-1][0].tag in FAULTS
