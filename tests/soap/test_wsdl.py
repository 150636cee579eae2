"""The published WSDL: what clients see in it, the operator's own file, the address in both."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import zeep
from lxml import etree

from bridge.errors import SettingsError
from bridge.soap.contract import NAMESPACE, OPERATIONS, response
from bridge.soap.spyne_mend import mended
from bridge.soap.wsdl import (
    CACHED_ADDRESSES,
    DEFAULT_ADDRESS,
    ServiceNames,
    Wsdl,
    generate,
    is_wsdl_query,
    public_address,
)
from tests.soap.oracle import Oracle
from tests.soap.test_contract import EXPECTED, NAMES, described, sample

with mended():
    from spyne.interface.xml_schema import XmlSchema

PUBLISHED = Path(__file__).parents[2] / "wsdl" / "sms.wsdl"
NS = {
    "wsdl": "http://schemas.xmlsoap.org/wsdl/",
    "soap": "http://schemas.xmlsoap.org/wsdl/soap/",
    "xs": "http://www.w3.org/2001/XMLSchema",
}
XS_NAMES = {f"{{{NS['xs']}}}{name}": name for name in ("string", "int", "long", "boolean")}
ENVELOPE = "{http://schemas.xmlsoap.org/soap/envelope/}Envelope"


@pytest.fixture(scope="module")
def document():
    return etree.fromstring(generate())


@pytest.fixture(scope="module")
def schema(document):
    """The schema of the WSDL, ready to validate."""
    return etree.XMLSchema(etree.fromstring(etree.tostring(document.find(".//xs:schema", NS))))


@pytest.fixture(scope="module")
def oracle():
    return Oracle()


def members(sequence):
    """The elements of an xs:sequence in the words of the expected table."""

    def member(element):
        name, kind = element.get("name"), element.get("type").partition(":")[2]
        marks = ("" if element.get("minOccurs") == "0" else "!") + ("[]" if element.get("maxOccurs") == "unbounded" else "")
        return f"{name}{'' if kind == 'string' else ':' + kind}{marks}"

    return " ".join(member(element) for element in sequence)


# -- the file


def test_the_published_file_is_what_is_generated():
    assert PUBLISHED.read_bytes() == generate(), "run: smsbridge wsdl > wsdl/sms.wsdl"


def test_the_same_bytes_every_time():
    assert generate() == generate()


def test_schema_has_exactly_the_expected_types(document):
    types = {
        node.get("name"): members(node.find("xs:sequence", NS)) for node in document.iterfind(".//xs:schema/xs:complexType", NS)
    }
    wrappers = {
        node.get("name"): members(node.find(".//xs:sequence", NS)) for node in document.iterfind(".//xs:schema/xs:element", NS)
    }
    assert types | wrappers == EXPECTED
    assert list(wrappers) == [name + suffix for name in NAMES for suffix in ("", "Response")]


def test_schema_is_unqualified_and_has_no_nillable(document):
    schema = document.find(".//xs:schema", NS)
    assert dict(schema.attrib) == {
        "targetNamespace": NAMESPACE,
        "elementFormDefault": "unqualified",
        "attributeFormDefault": "unqualified",
    }
    assert not schema.xpath("//@nillable")


def test_each_type_stands_after_those_that_it_uses(document):
    seen = set()
    for node in document.iterfind(".//xs:schema/*", NS):
        used = {kind.removeprefix("tns:") for kind in node.xpath(".//@type") if kind.startswith("tns:")}
        assert used <= seen
        seen.add(node.get("name"))


def test_documentation_is_in_the_schema(document):
    texts = document.xpath("//xs:complexType[xs:annotation]/@name", namespaces=NS)
    assert sorted(texts) == ["NumberItem", "SmsError", "SmsPackageItem"]
    assert "<item>905591234567</item>" in document.findtext(
        ".//xs:complexType[@name='NumberItem']//xs:documentation", namespaces=NS
    )


def test_spyne_s_own_schema_says_the_same(document, oracle):
    theirs = XmlSchema(oracle.application.interface, element_form_default="unqualified")
    theirs.build_interface_document()
    (node,) = theirs.get_interface_document().values()
    assert node.get("elementFormDefault") == "unqualified"
    assert {one.get("name"): members(one.find("xs:sequence", NS)) for one in node.iterfind("xs:complexType", NS)} == EXPECTED


def test_messages_ports_and_binding(document):
    find = document.iterfind
    parts = [(m.get("name"), *(tuple(p.attrib.values()) for p in m)) for m in find("wsdl:message", NS)]
    assert parts[:2] == [
        ("sendOtpRequest", ("parameters", "tns:sendOtp")),
        ("sendOtpResponse", ("parameters", "tns:sendOtpResponse")),
    ]
    assert len(parts) == 2 * len(NAMES)
    assert [(o.get("name"), o[0].text) for o in find("wsdl:portType/wsdl:operation", NS)] == [
        (operation.name, operation.documentation) for operation in OPERATIONS.values()
    ]
    assert [o.get("soapAction") for o in find("wsdl:binding/wsdl:operation/soap:operation", NS)] == NAMES
    assert {o.get("style") for o in find("wsdl:binding//soap:*[@style]", NS)} == {"document"}
    assert {b.get("use") for b in find("wsdl:binding//soap:body", NS)} == {"literal"}
    assert len(list(find("wsdl:service/wsdl:port", NS))) == 1


# -- a client


def zeep_signature(element):
    """What zeep makes of an element's type, in the words of the expected table."""

    def member(name, item):
        kind = XS_NAMES.get(str(item.type.qname), item.type.name)
        marks = ("!" if item.min_occurs == 1 else "") + ("[]" if item.max_occurs == "unbounded" else "")
        return f"{name}{'' if kind == 'string' else ':' + kind}{marks}"

    return " ".join(member(name, item) for name, item in element.type.elements)


@pytest.fixture(scope="module")
def client():
    return zeep.Client(str(PUBLISHED))


def test_zeep_sees_the_seven_operations(client):
    (service,) = client.wsdl.services.values()
    (port,) = service.ports.values()
    assert (service.name, port.name, port.binding.name.localname) == ("SmsService", "SmsPort", "SmsPortBinding")
    assert port.binding_options["address"] == DEFAULT_ADDRESS
    assert list(port.binding.all()) == NAMES
    assert [operation.soapaction for operation in port.binding.all().values()] == NAMES


@pytest.mark.parametrize("name", EXPECTED)
def test_zeep_sees_the_members_of(client, name):
    qname = f"{{{NAMESPACE}}}{name}"
    found = client.get_element(qname) if name[0].islower() else client.get_type(qname)
    element = found if name[0].islower() else type("Holder", (), {"type": found})
    assert zeep_signature(element) == EXPECTED[name]


@pytest.mark.parametrize("name", NAMES)
def test_what_zeep_sends_is_valid_and_spyne_reads_it(client, schema, oracle, name):
    values = sample(OPERATIONS[name].request, name)
    nested = {key: {"item": value} if isinstance(value, list) else value for key, value in values.items()}
    envelope = client.create_message(client.service, name, **nested)
    assert envelope.tag == ENVELOPE
    schema.assertValid(envelope[0][0])
    assert oracle.decode_request(etree.tostring(envelope)) == (name, values)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("filled", [True, False])
def test_answers_of_spyne_are_valid(schema, oracle, name, filled):
    result = sample(OPERATIONS[name].result, name) if filled else {"err": {}, "data": {}}
    envelope = etree.fromstring(oracle.encode_response(name, result))
    schema.assertValid(envelope[0][0])


def test_other_names_work_in_zeep(tmp_path):
    names = ServiceNames("MesajServisi", "MesajPort", "Mesaj_Port.Type", "urn:baska:sms?a=1&b=2")
    (tmp_path / "other.wsdl").write_bytes(generate(names, "https://sms.example.com/soap?a=1&b=2"))
    client = zeep.Client(str(tmp_path / "other.wsdl"))
    port = client.wsdl.services["MesajServisi"].ports["MesajPort"]
    assert port.binding.port_type.name.localname == "Mesaj_Port.Type"
    assert port.binding_options["address"] == "https://sms.example.com/soap?a=1&b=2"
    envelope = client.create_message(client.service, "getUserCredit", username="a")
    assert envelope[0][0].tag == "{urn:baska:sms?a=1&b=2}getUserCredit"


@pytest.mark.parametrize("field", ["service", "port", "port_type"])
@pytest.mark.parametrize("name", ["", "Sms Service", "1sms", 'a"b', "a:b"])
def test_a_name_that_xml_does_not_allow_is_named(field, name):
    with pytest.raises(SettingsError) as caught:
        Wsdl.generated(ServiceNames(**{field: name}), "server.wsdl")
    assert caught.value.key == f"server.wsdl.{field}"


@pytest.mark.parametrize("namespace", ["", "urn:a b", "urn:<a>", "urn:\x01", "http://[x"])
def test_a_namespace_that_is_no_uri_is_named(namespace):
    with pytest.raises(SettingsError) as caught:
        Wsdl.generated(ServiceNames(namespace=namespace), "server.wsdl")
    assert caught.value.key == "server.wsdl.namespace"


# -- the address


def test_generated_document_carries_the_address():
    wsdl = Wsdl.generated()
    assert wsdl.render(DEFAULT_ADDRESS) == generate()
    assert wsdl.render("https://a.example/soap") == generate(address="https://a.example/soap")


OWN_FILE = """\
<?xml version='1.0' encoding='UTF-8' ?>
<!-- <soap:address location="in a comment"/> -->
<definitions  name = "Eski" xmlns="http://schemas.xmlsoap.org/wsdl/"\r
   xmlns:s='http://schemas.xmlsoap.org/wsdl/soap/' xmlns:s12="http://schemas.xmlsoap.org/wsdl/soap12/"
   xmlns:h="http://schemas.xmlsoap.org/wsdl/http/" xmlns:x="urn:x" targetNamespace="urn:eski">
  <?pi <s:address location="in an instruction"/> ?>
  <documentation>Şifre &amp; ağ: &lt;s:address location="escaped"/> <![CDATA[<s:address location="in CDATA"/>]]></documentation>
  <service name="Eski">
    <port name="A" x:note="a > b"><s:address
        x:location="kept" note='location="kept"' location = "@" ></s:address></port>
    <port name="B"><s12:address location='@'/></port>
    <port name="C"><h:address location="@"/></port>
    <port name="D"><x:address location="another namespace"/></port>
  </service>
</definitions>
<!-- end -->
"""


@pytest.fixture
def own_file(tmp_path):
    path = tmp_path / "eski.wsdl"
    path.write_bytes(OWN_FILE.replace("@", "http://old.example/soap?a=1&amp;b=2").encode())
    return path


def test_only_the_addresses_of_the_operators_file_change(own_file):
    rendered = Wsdl.from_file(own_file, "server.wsdl_file").render("https://new.example/soap")
    assert rendered == OWN_FILE.replace("@", "https://new.example/soap").encode()


def test_the_published_file_is_served_unchanged_as_an_operators_file():
    assert Wsdl.from_file(PUBLISHED, "key").render(DEFAULT_ADDRESS) == PUBLISHED.read_bytes()


@pytest.mark.parametrize("address", ["http://h/?a=1&b=2", "http://h/'\"><x>", "http://ğ.example/&amp;"])
def test_the_address_is_escaped(own_file, address):
    root = etree.fromstring(Wsdl.from_file(own_file, "key").render(address))
    assert [node.get("location") for node in root.iter("{*}address")][:3] == [address] * 3


@pytest.mark.parametrize("encoding", ["UTF-16", "ISO-8859-9", "windows-1254"])
def test_another_encoding_is_served_in_utf8(encoding):
    text = OWN_FILE.replace("UTF-8", encoding)
    assert Wsdl(text.encode(encoding), "key").render("@") == OWN_FILE.encode()


def test_a_byte_order_mark_stays():
    assert Wsdl(OWN_FILE.encode("utf-8-sig"), "key").render("@") == OWN_FILE.encode("utf-8-sig")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "not well-formed"),
        (b"<definitions", "not well-formed"),
        (b"\xff\xfe\xfa", "not well-formed"),
        (b"<html/>", "not a WSDL 1.1 document: the root element is html"),
        (b'<description xmlns="http://www.w3.org/ns/wsdl"/>', "not a WSDL 1.1 document"),
        (b'<definitions xmlns="http://schemas.xmlsoap.org/wsdl/"/>', "no soap:address"),
        (
            b'<!DOCTYPE definitions [<!ENTITY a "b">]><definitions xmlns="http://schemas.xmlsoap.org/wsdl/">&a;</definitions>',
            "DOCTYPE",
        ),
        (b'<!DOCTYPE definitions SYSTEM "file:///etc/passwd"><definitions xmlns="http://schemas.xmlsoap.org/wsdl/"/>', "DOCTYPE"),
        ('<definitions xmlns="http://schemas.xmlsoap.org/wsdl/"/>'.encode("utf-16"), "encoding"),
    ],
)
def test_a_file_that_cannot_be_served_names_the_setting(tmp_path, content, why):
    path = tmp_path / "own.wsdl"
    path.write_bytes(content)
    with pytest.raises(SettingsError, match=re.escape(why)) as caught:
        Wsdl.from_file(path, "server.wsdl_file")
    assert caught.value.key == "server.wsdl_file"


def test_a_missing_file_names_the_setting(tmp_path):
    with pytest.raises(SettingsError, match="cannot read") as caught:
        Wsdl.from_file(tmp_path / "none.wsdl", "server.wsdl_file")
    assert caught.value.key == "server.wsdl_file"


def test_invented_hosts_do_not_fill_the_memory():
    wsdl = Wsdl.generated()
    first = wsdl.render("http://h0/soap")
    assert wsdl.render("http://h0/soap") is first
    for n in range(1, CACHED_ADDRESSES + 1):
        wsdl.render(f"http://h{n}/soap")
    assert wsdl.render("http://h0/soap") is not first


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("https://sms.example.com/x", "http", "h", "/soap", "http", "f"), "https://sms.example.com/x"),
        ((None, "http", "h.example:9587", "/soap"), "http://h.example:9587/soap"),
        ((None, "https", "10.0.0.1:9588", "/SOAP/"), "https://10.0.0.1:9588/SOAP/"),
        ((None, "http", "[2001:db8::1]:9587", "/soap"), "http://[2001:db8::1]:9587/soap"),
        ((None, "http", "sms_bridge", "/soap"), "http://sms_bridge/soap"),
        ((None, "http", "inner:9587", "/soap", "https", "sms.example.com"), "https://sms.example.com/soap"),
        ((None, "http", "inner:9587", "/soap", "HTTPS, http", "a.example, b.example"), "https://a.example/soap"),
        ((None, "http", "inner:9587", "/soap", "https", None), "https://inner:9587/soap"),
        ((None, "http", "inner:9587", "/soap", "javascript", "evil.example/x"), "http://inner:9587/soap"),
        ((None, "https", "inner:9588", "/soap", "gopher", None), "https://inner:9588/soap"),
        ((None, "http", None, "/soap"), "http://localhost:9587/soap"),
        ((None, "http", "h", "/a b\"<'&?#"), "http://h/a%20b%22%3C%27%26%3F%23"),
        ((None, "http", "h", "//evil.example/soap"), "http://h/evil.example/soap"),
        (("", "http", "h", "/soap", "", ""), "http://h/soap"),
    ],
)
def test_public_address(arguments, expected):
    assert public_address(*arguments) == expected


HOSTILE = [
    "",
    " ",
    "a b",
    'a"/><x',
    "a'b",
    "a<b>",
    "a&b",
    "a/b",
    "a\\b",
    "user@evil.example",
    "a?b",
    "a#b",
    "a\r\nX: y",
    "a:port",
    "a:1:2",
    "a:123456",
    "[::1",
    "::1]",
    "[x]",
    "ş.example",
    "a%2f",
    "a" * 254,
    "\x00",
]


@pytest.mark.parametrize("host", HOSTILE)
def test_a_hostile_host_is_not_echoed(host):
    assert public_address(None, "http", host, "/soap", port=9999) == "http://localhost:9999/soap"
    assert public_address(None, "http", "h", "/soap", None, host) == "http://h/soap"


@pytest.mark.parametrize(
    "query",
    b"wsdl WSDL Wsdl wsdl=1 WSDL= singleWsdl SINGLEWSDL xsd xsd=0 xsd=xsd0 wsdl&x=1 &wsdl ?wsdl %77sdl wsdl;x wsdl%20".split(),
)
def test_spellings_of_wsdl(query):
    assert is_wsdl_query(query)


@pytest.mark.parametrize(
    "query", [b"", b"=wsdl", b"x=wsdl", b"x&wsdl", b"wsdls", b"awsdl", b"%", b"\xff\xfe", b"op=sendSms", b"disco"]
)
def test_other_queries_are_not(query):
    assert not is_wsdl_query(query)


def test_every_answer_has_its_expected_wrapper():
    assert all(described(response(operation)) == EXPECTED[f"{operation.name}Response"] for operation in OPERATIONS.values())
