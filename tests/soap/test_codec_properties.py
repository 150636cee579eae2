"""Our reader and writer against spyne's own SOAP 1.1 codec, over generated values; references against the same without them.

Blank text is "not given" to our reader, and white space around a text is the operations' business: generated texts have none.
"""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from lxml import etree
from msgspec.structs import asdict

from bridge.domain.package import Package, PackageItem, Page, Sender, Statistics
from bridge.errors import CallError, ErrorCode, Language, ProtocolError
from bridge.soap.contract import NAMESPACE, OPERATIONS, Boolean, ComplexModel, Integer
from bridge.soap.envelope import read_call
from bridge.soap.reader import INVALID, References, compile_reader
from bridge.soap.writer import SOAP11, SOAP12, SoapVersion, write_call, write_error, write_result
from bridge.soap.xml import XmlLimits

NAMES = list(OPERATIONS)
LIMITS = XmlLimits()
quick = settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow], database=None)

# what XML 1.0 can hold; a line feed stays one, a carriage return must be escaped to stay
CHARACTERS = st.characters(codec="utf-8", exclude_categories=["Cs"], exclude_characters="\0\ufffe\uffff").filter(
    lambda c: c >= " " or c in "\t\n\r"
)
TEXTS = st.text(CHARACTERS, min_size=1, max_size=30).map(str.strip).filter(bool) | st.sampled_from(
    ["ğüşöçıİĞÜŞÖÇ", "€ & < > \" '", "]]>", "<!DOCTYPE a>", "&amp;", "a\r\nb\tc", "href=", "base64", "👍", "0", "12345678910"]
)


def values_of(kind: type) -> st.SearchStrategy:
    """Values for a type of the contract: str, int, bool, dict of what is given, list."""
    if issubclass(kind, ComplexModel):
        members = kind._type_info
        if list(members) == ["item"]:
            return st.lists(values_of(members["item"]), max_size=4)
        return st.fixed_dictionaries({}, optional={name: values_of(inner) for name, inner in members.items()})
    if issubclass(kind, Integer):
        bits = 63 if kind.get_type_name() == "long" else 31
        return st.integers(-(2**bits), 2**bits - 1) | st.integers(0, 5)
    return st.booleans() if issubclass(kind, Boolean) else TEXTS


requests = {name: values_of(operation.request) for name, operation in OPERATIONS.items()}


def said(value: Any) -> Any:
    """The same without what says nothing: None, "", empty structures and lists."""
    if isinstance(value, dict):
        return {name: inner for name, one in value.items() if (inner := said(one)) not in (None, "", {}, [])}
    if isinstance(value, list):
        return [inner for one in value if (inner := said(one)) not in (None, "", {}, [])]
    return value


def read(document: bytes) -> dict[str, Any]:
    """What our reader makes of a request, with the login among the fields."""
    call = read_call(document, None, LIMITS, lambda version: None)
    return said({**call.values, **asdict(call.body_login)})


# -- requests


@pytest.mark.parametrize("name", NAMES)
@quick
@given(data=st.data())
def test_what_spyne_writes_we_read(oracle, name, data):
    values = data.draw(requests[name])
    document = oracle.encode_request(name, values)
    assert read(document) == said(values)
    assert read(document) == said(oracle.decode_request(document)[1])


@pytest.mark.parametrize("name", NAMES)
@quick
@given(data=st.data())
def test_what_we_write_as_a_client_we_and_spyne_read(oracle, name, data):
    values = data.draw(requests[name])
    document = write_call(name, values)
    call = read_call(document, "utf-8", LIMITS, lambda version: None)
    assert (call.operation, call.version, call.namespace, call.header_logins) == (name, SOAP11, NAMESPACE, ())
    assert read(document) == said(values)
    # spyne reads an empty element of a structure as "" or as an empty one: said() makes no difference of that
    assert said(oracle.decode_request(document)[1]) == said(values)


# -- answers: our writer takes domain values, spyne gives the elements

INT, LONG = st.none() | st.integers(-(2**31), 2**31 - 1), st.none() | st.integers(0, 2**63 - 1)
ANY_TEXT = st.none() | TEXTS | st.text(st.characters(codec="utf-8"), max_size=10)  # vendors' texts may hold anything
STATISTICS = st.builds(Statistics, total=INT, credit=INT, r_count=INT, delivered=INT, undelivered=INT)
PACKAGES = st.builds(
    Package,
    id=LONG,
    custom_id=ANY_TEXT,
    type=INT,
    uuid=ANY_TEXT,
    error=ANY_TEXT,
    state=INT,
    title=ANY_TEXT,
    content=ANY_TEXT,
    senders=st.lists(TEXTS, max_size=3).map(tuple),
    encoding=INT,
    validity=INT,
    statistics=STATISTICS,
    is_scheduled=INT,
    sending_date=ANY_TEXT,
)
ITEMS = st.builds(
    PackageItem,
    id=ANY_TEXT,
    msg=ANY_TEXT,
    error=ANY_TEXT,
    credit=INT,
    state=INT,
    sender=ANY_TEXT,
    target=ANY_TEXT,
    set_state=INT,
    sending_date=ANY_TEXT,
    delivery_date=ANY_TEXT,
    processing_date=ANY_TEXT,
)
SENDERS = st.builds(Sender, uuid=ANY_TEXT, status=INT, title=ANY_TEXT)


def pages(rows: st.SearchStrategy) -> st.SearchStrategy:
    return st.builds(Page, total_record=st.integers(0, 2**31 - 1), rows=st.lists(rows, max_size=3).map(tuple))


NUMBERS = st.integers(-(2**31), 2**31 - 1)
RESULTS = {
    "sendOtp": ("pkgID", st.integers(0, 2**63 - 1)),
    "sendSms": ("pkgID", st.integers(0, 2**63 - 1)),
    "getSmsPackages": (None, pages(PACKAGES)),
    "getSmsPackageItems": (None, pages(ITEMS)),
    "getSmsSenders": (None, pages(SENDERS)),
    "cancelSmsPackage": ("status", NUMBERS),
    "getUserCredit": ("credit", st.integers(-(2**63), 2**63 - 1)),
}
# the domain's names where they are not the element's in other letters
ELEMENTS = {
    "custom_id": "customID",
    "is_scheduled": "isScheduled",
    "sending_date": "sendingDate",
    "delivery_date": "deliveryDate",
    "processing_date": "processingDate",
    "set_state": "setState",
    "r_count": "rCount",
}


def xml_can_hold(text: str) -> str:
    """The text with a replacement character where XML 1.0 has no way to say it."""
    good = {"\t", "\n", "\r"}
    return "".join(c if (c >= " " and c not in "\ufffe\uffff") or c in good else "\ufffd" for c in text)


def elements_of(row: Any) -> dict[str, Any]:
    """A domain row as a dict of elements."""
    values = {ELEMENTS.get(name, name): getattr(row, name) for name in row.__slots__}
    if "statistics" in values:
        values["statistics"] = elements_of(values["statistics"])
        values["senders"] = list(values["senders"])
    return {name: xml_can_hold(value) if isinstance(value, str) else value for name, value in values.items()}


@pytest.mark.parametrize("name", NAMES)
@quick
@given(data=st.data())
def test_answers_that_we_write_spyne_reads(oracle, schema, name, data):
    element, strategy = RESULTS[name]
    value = data.draw(strategy)
    document = write_result(name, SOAP11, NAMESPACE, value)
    if element:
        wanted = {"data": {element: value}}
    else:
        page = {"stats": {"totalRecord": value.total_record}, "list": [elements_of(row) for row in value.rows]}
        wanted = said({"data": page})
    got = oracle.decode_response(document)
    assert said(got) == wanted
    schema.assertValid(etree.fromstring(document)[0][0])


ERRORS = st.builds(
    CallError,
    st.sampled_from(list(ErrorCode)) | TEXTS,
    status=st.none() | st.integers(100, 599),
    message=st.just("") | TEXTS,
)


@pytest.mark.parametrize("name", NAMES)
@quick
@given(error=ERRORS, language=st.sampled_from(Language))
def test_errors_that_we_write_spyne_reads(oracle, schema, name, error, language):
    document = write_error(name, SOAP11, NAMESPACE, error, language)
    wanted = {"err": {"status": error.status, "code": str(error.code), "message": error.text(language)}}
    assert said(oracle.decode_response(document)) == said(wanted)
    schema.assertValid(etree.fromstring(document)[0][0])


@quick
@given(
    namespace=st.none() | st.sampled_from([NAMESPACE, "urn:a&b", "urn:<x>'\"", "http://brand.example/wsdl/sms"]),
    name=st.sampled_from(NAMES),
)
def test_the_wrapper_stands_in_the_request_s_namespace(namespace, name):
    for version in (SOAP11, SOAP12):
        frame = write_error(name, version, namespace, CallError("ERR_X"), Language.TURKISH)
        wrapper = etree.fromstring(frame, etree.XMLParser(recover=True))[0][0]  # "<" in a namespace is a warning of libxml2's
        assert (etree.QName(wrapper).namespace, etree.QName(wrapper).localname) == (namespace, f"{name}Response")
        assert {element.tag for element in wrapper.iter()} - {wrapper.tag} == {"result", "err", "status", "code", "message", "data"}


# -- the two ways to read

READERS = {name: compile_reader(operation.request) for name, operation in OPERATIONS.items()}
HREF, SOAP12_REF = "href", "{http://www.w3.org/2003/05/soap-encoding}ref"
SOAP12_ID = "{http://www.w3.org/2003/05/soap-encoding}id"
XSI = "{http://www.w3.org/2001/XMLSchema-instance}"


def body_of(document: bytes) -> etree._Element:
    return etree.fromstring(document)[0]


@pytest.mark.parametrize("name", NAMES)
@quick
@given(data=st.data())
def test_without_references_both_ways_read_the_same(name, data):
    body = body_of(write_call(name, data.draw(requests[name])))
    wrapper = body[0]
    for element in list(wrapper.iter()):  # things that no reader may mind
        what = data.draw(st.sampled_from(["nothing"] * 4 + ["type", "nil", "unknown", "space", "prefix", "rename"]))
        if what == "type":
            element.set(XSI + "type", data.draw(st.sampled_from(["xsd:string", "soapenc:long", "ns2:Map", "x", ""])))
        elif what == "nil" and not len(element) and not element.text:
            element.set(XSI + "nil", "true")
        elif what == "unknown" and element is wrapper:
            etree.SubElement(element, "bilinmeyen").text = "5"
        elif what == "space":
            element.text = (element.text or "") + " \n" if not len(element) else "\n  "
        elif what == "prefix" and element is not wrapper:
            element.tag = f"{{{NAMESPACE}}}{element.tag}"
        elif what == "rename" and element.tag == "item":
            element.tag = "Item"
    literal = READERS[name](wrapper, None)
    assert READERS[name](wrapper, References(body, 1000)) == literal


def move_out(element: etree._Element, body: etree._Element, number: int, soap12: bool) -> None:
    """Puts an element's content into a multiRef beside the call and a reference in its place, as rpc/encoded stacks do."""
    shared = etree.SubElement(body, "multiRef" if number % 2 else f"{{{NAMESPACE}}}Anything")
    shared.set(SOAP12_ID if soap12 else "id", f"id{number}")
    shared.text, element.text = element.text, None
    shared.extend(list(element))
    element.set(SOAP12_REF if soap12 else HREF, f"#id{number}")


@pytest.mark.parametrize("name", NAMES)
@quick
@given(data=st.data(), soap12=st.booleans())
def test_what_is_moved_into_references_reads_the_same(name, data, soap12):
    body = body_of(write_call(name, data.draw(requests[name])))
    before = READERS[name](body[0], None)
    for number, element in enumerate(list(body[0].iterdescendants())):
        if data.draw(st.booleans()):
            move_out(element, body, number, soap12)
    assert READERS[name](body[0], References(body, 1000)) == before


# -- references by hand


def send(fields: str, beside: str = "", *, header: str = "", version: SoapVersion = SOAP11, declaration: str = "") -> bytes:
    """A sendSms. beside: what stands in the Body after it. header: a whole one."""
    call = f'<s:sendSms xmlns:s="{NAMESPACE}">{fields}</s:sendSms>'
    document = f'<e:Envelope xmlns:e="{version.envelope}">{header}<e:Body>{call}{beside}</e:Body></e:Envelope>'
    return f"{declaration}{document}".encode()


def fields_of(document: bytes, limits: XmlLimits = LIMITS) -> dict[str, Any]:
    return read_call(document, None, limits, lambda version: None).values


def test_what_is_shared_twice_is_read_twice():
    shared = '<x id="a">merhaba</x><x id="l"><item><nr href="#n"/><msg href="#a"/></item></x><x id="n">905511034554</x>'
    got = fields_of(send('<title href="#a"/><content href="#a"/><numbers href="#l"/><number href="#n"/>', shared))
    items = [{"nr": "905511034554", "msg": "merhaba"}]
    assert got == {"title": "merhaba", "content": "merhaba", "numbers": items, "number": "905511034554"}


@pytest.mark.parametrize("href", ["#nowhere", "nowhere", "#", "http://example.com/#a", "cid:part1@example.com"])
def test_a_missing_id_is_not_given(href):
    assert fields_of(send(f'<title href="{href}"/><numbers href="{href}"/><pushSettings href="{href}"/><type>1</type>')) == {
        "type": 1
    }


@pytest.mark.parametrize(
    "document",
    [
        send('<title id="a" href="#a"/>'),
        send('<title href="#a"/>', '<x id="a" href="#b"/><x id="b" href="#a"/>'),
        send('<title href="#a"/>', '<x id="a" href="#b"/><x id="b" href="#c"/><x id="c" href="#b"/>'),
        send('<numbers href="#a"/>', '<x id="a"><item href="#a"/></x>'),
        send('<numbers><item href="#a"/></numbers>', '<x id="a"><Item href="#b"/></x><x id="b"><Item href="#a"/></x>'),
        send('<numbers id="a"><item><item href="#a"/></item></numbers>'),
        send('<pushSettings href="#p"/>', '<x id="p"><url href="#u"/></x><x id="u" href="#u"/>'),
    ],
)
def test_a_circle_is_a_fault(document):
    with pytest.raises(ProtocolError, match="circular"):
        fields_of(document)


def ladder(width: int, depth: int) -> bytes:
    """Each step holds `width` references to the next: width ** depth members."""
    steps = "".join(f'<x id="s{n}">{f"""<item href="#s{n + 1}"/>""" * width}</x>' for n in range(depth))
    return send('<numbers href="#s0"/>', f'{steps}<x id="s{depth}">905511034554</x>')


@pytest.mark.parametrize(("width", "depth"), [(2, 40), (10, 10), (100, 4), (1000, 3), (5000, 2)])
def test_sharing_does_not_multiply_without_bound(width, depth):
    document = ladder(width, depth)
    start = time.thread_time()
    try:
        members = fields_of(document)["numbers"]
    except ProtocolError as error:
        assert error.code == ErrorCode.REQUEST_PARAM_LIMIT
    else:
        assert INVALID in members  # deeper than arrays may stand in arrays
    assert time.thread_time() - start < 0.5


def test_a_long_chain_is_followed_in_linear_time():
    chain = "".join(f'<x id="i{n}" href="#i{n + 1}"/>' for n in range(20_000))
    start = time.thread_time()
    assert fields_of(send('<title href="#i0"/>', f'{chain}<x id="i20000">son</x>')) == {"title": "son"}
    assert time.thread_time() - start < 1


def test_the_limit_of_references_is_a_setting():
    document = ladder(10, 2)
    assert fields_of(document)["numbers"] == ["905511034554"] * 100
    with pytest.raises(ProtocolError):
        fields_of(document, LIMITS._replace(max_refs=100))


def test_what_is_behind_a_reference_counts_each_time():
    document = send("<numbers>" + '<item href="#a"/>' * 20 + "</numbers>", f'<x id="a">{"<item>5</item>" * 50}</x>')
    assert len(fields_of(document)["numbers"]) == 1000
    with pytest.raises(ProtocolError):
        fields_of(document, LIMITS._replace(max_refs=1000))


def test_many_honest_references_are_read():
    beside = "".join(f'<x id="i{n}"><nr href="#n{n}"/></x><x id="n{n}">90551{n:07}</x>' for n in range(10_000))
    items = "".join(f'<item href="#i{n}"/>' for n in range(10_000))
    members = fields_of(send(f"<numbers>{items}</numbers>", beside))["numbers"]
    assert (len(members), members[9_999]) == (10_000, {"nr": "905510009999"})


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        ("<item><key>nr</key><value>1</value></item><item><key>msg</key><value>A</value></item>", {"nr": "1", "msg": "A"}),
        ("<entry><value>1</value><key>nr</key></entry>", {"nr": "1"}),
        ("<item><key>nr</key><value>1</value></item><item><key>xid</key><value>x</value></item>", {"nr": "1"}),
        ("<item><key>nr</key><value>1</value></item><item><key>msg</key><value/></item>", {"nr": "1"}),
        ('<item><key>nr</key><value href="#v"/></item>', {"nr": "9"}),
    ],
)
def test_maps(inner, expected):
    got = fields_of(send(f"<numbers><item>{inner}</item></numbers>", '<x id="v">9</x>' if "href" in inner else ""))
    assert got["numbers"] == [expected]


@pytest.mark.parametrize(
    ("type_", "text", "expected"),
    [
        ("xsd:base64Binary", "xJ/DvMWf", "ğüş"),
        ("soapenc:base64", "xJ/D\n vMWf ", "ğüş"),
        ("xsd:base64Binary", "xJ/DvMW", INVALID),
        ("xsd:base64Binary", "/w==", INVALID),  # not UTF-8
        ("xsd:string", "xJ/DvMWf", "xJ/DvMWf"),
        ("xsd:base64Binary", "", None),
    ],
)
def test_base64(type_, text, expected):
    got = fields_of(send(f'<content xmlns:xsi="{XSI[1:-1]}" xsi:type="{type_}">{text}</content>'))
    assert got == ({} if expected is None else {"content": expected})


@example("")
@example(" ")
@example("1.0")
@example("+5")
@example("-0")
@example("٣")
@example("9" * 19)
@example("9" * 20)
@example("1 2")
@example("0x1")
@example("1e3")
@given(text=st.text(st.sampled_from("0123456789+- .,eE\n٣²"), max_size=22))
@settings(quick, max_examples=200)
def test_numbers_are_read_as_xs_int_or_not_at_all(text):
    got = fields_of(send(f"<validity>{text}</validity>")).get("validity")
    stripped = text.strip(" \t\r\n")
    digits = stripped[1:] if stripped[:1] in ("+", "-") else stripped
    if not stripped:
        assert got is None
    elif digits.isascii() and digits.isdigit() and len(digits) < 20:
        assert got == int(stripped)
    else:
        assert got is INVALID


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("true", True),
        ("1", True),
        ("True", True),
        (" TRUE\n", True),
        ("false", False),
        ("0", False),
        ("yes", INVALID),
        ("2", INVALID),
    ],
)
def test_flags(text, expected):
    assert fields_of(send(f"<commercial>{text}</commercial>"))["commercial"] is expected


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ("<title>a</title><title>b</title>", "title"),
        ("<title>a</title><s:title>a</s:title>", "title"),
        ("<numbers>905511034554</numbers>", "numbers"),
        ("<pushSettings>http://a</pushSettings>", "pushSettings"),
        ("<content>a<b>c</b></content>", "content"),
        ("<type><x>1</x></type>", "type"),
        ("<numbers><item>1</item></numbers><numbers><item>2</item></numbers>", "numbers"),
    ],
)
def test_what_cannot_be_read_is_marked(fields, field):
    for beside in ("", '<x id="a"/><x href="#a"/>'):
        assert fields_of(send(fields, beside))[field] is INVALID
