"""The envelope: versions, headers, what stands in the Body, and which login counts."""

from __future__ import annotations

from base64 import b64encode

import pytest

from bridge.errors import CallError, CredentialsMissing, ErrorCode, FaultSide, ProtocolError
from bridge.soap.contract import NAMESPACE, OPERATIONS
from bridge.soap.credentials import basic_login, login_of
from bridge.soap.envelope import Login, read_call
from bridge.soap.writer import SOAP11, SOAP12
from bridge.soap.xml import XmlLimits

WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
PROFILE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0"
CREDIT = f'<s:getUserCredit xmlns:s="{NAMESPACE}"/>'


def envelope(body: str = CREDIT, header: str = "", version=SOAP11, around: str = "") -> str:
    head = f"<e:Header>{header}</e:Header>" if header else ""
    return f'<e:Envelope xmlns:e="{version.envelope}">{head}<e:Body>{body}</e:Body>{around}</e:Envelope>'


def read(document: str, versions: list | None = None):
    return read_call(document.encode(), None, XmlLimits(), (versions if versions is not None else []).append)


def fault(document: str) -> ProtocolError:
    with pytest.raises(ProtocolError) as caught:
        read(document)
    return caught.value


# -- versions and the Body


@pytest.mark.parametrize("version", [SOAP11, SOAP12])
@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_in_both_versions(version, name):
    versions = []
    call = read(envelope(f'<x:{name} xmlns:x="{NAMESPACE}"><username>a</username></x:{name}>', version=version), versions)
    assert (call.operation, call.version, call.namespace, call.values) == (name, version, NAMESPACE, {})
    assert call.body_login == Login("a", None)
    assert versions == [version]


@pytest.mark.parametrize("namespace", [NAMESPACE, "urn:x", "http://brand.example:9587/wsdl/sms", "http://localhost:9587/wsdl/SMS"])
def test_any_namespace_is_echoed(namespace):
    assert read(envelope(f'<getUserCredit xmlns="{namespace}"/>')).namespace == namespace
    assert read(envelope("<getUserCredit/>")).namespace is None


@pytest.mark.parametrize(
    ("document", "text", "versions"),
    [
        ("<a/>", "The request is not a SOAP envelope.", []),
        (CREDIT, "The request is not a SOAP envelope.", []),
        (envelope().replace("e:Envelope", "e:envelope"), "The request is not a SOAP envelope.", []),
        (f'<e:Envelope xmlns:e="{SOAP11.envelope}"/>', "The SOAP body is empty.", [SOAP11]),
        (f'<e:Envelope xmlns:e="{SOAP12.envelope}"><e:Header/></e:Envelope>', "The SOAP body is empty.", [SOAP12]),
        (envelope(""), "The SOAP body is empty.", [SOAP11]),
        (envelope(" \n <!-- nothing --> text"), "The SOAP body is empty.", [SOAP11]),
        (f'<e:Envelope xmlns:e="{SOAP11.envelope}"><Body>{CREDIT}</Body></e:Envelope>', "The SOAP body is empty.", [SOAP11]),
        (
            f'<e:Envelope xmlns:e="{SOAP11.envelope}"><b:Body xmlns:b="{SOAP12.envelope}">{CREDIT}</b:Body></e:Envelope>',
            "The SOAP body is empty.",
            [SOAP11],
        ),
        (envelope("<x/>"), "The SOAP body does not hold a known operation.", [SOAP11]),
        (envelope(f"<x/>{CREDIT}", version=SOAP12), "The SOAP body does not hold a known operation.", [SOAP12]),
        (envelope("<getusercredit/>"), "The SOAP body does not hold a known operation.", [SOAP11]),
        (envelope("<getUserCreditResponse/>"), "The SOAP body does not hold a known operation.", [SOAP11]),
        (envelope(CREDIT * 2), "The SOAP body holds more than one call.", [SOAP11]),
        (envelope(f"{CREDIT}<sendSms/>"), "The SOAP body holds more than one call.", [SOAP11]),
        (envelope(f"{CREDIT}<multiRef id='a'/><cancelSmsPackage/>"), "The SOAP body holds more than one call.", [SOAP11]),
        (envelope(around=f"<e:Body>{CREDIT}</e:Body>"), "The SOAP envelope holds more than one body.", [SOAP11]),
        (envelope("", around=f"<e:Body>{CREDIT}</e:Body>"), "The SOAP envelope holds more than one body.", [SOAP11]),
    ],
)
def test_what_is_no_call_is_a_fault_in_its_version(document, text, versions):
    told = []
    with pytest.raises(ProtocolError) as caught:
        read(document, told)
    assert (caught.value.text, caught.value.side) == (text, FaultSide.CLIENT)
    assert told == versions


@pytest.mark.parametrize(
    "namespace", ["http://www.w3.org/2001/12/soap-envelope", "http://schemas.xmlsoap.org/soap/envelope", "urn:x"]
)
def test_an_unknown_version_is_a_version_mismatch(namespace):
    error = fault(envelope().replace(SOAP11.envelope, namespace))
    assert (error.side, error.text) == (FaultSide.VERSION_MISMATCH, "The SOAP version is not supported.")
    assert fault("<Envelope><Body/></Envelope>").side == FaultSide.VERSION_MISMATCH


def test_things_beside_the_call_and_around_the_body_do_not_matter():
    assert (
        read(envelope(f'{CREDIT}<multiRef id="id0">1</multiRef>', around="<x:more xmlns:x='urn:x'/>")).operation == "getUserCredit"
    )
    assert read(envelope(f"\n<!-- a -->\n  {CREDIT}\n")).operation == "getUserCredit"
    assert read(envelope().replace("<e:Body>", '<e:Body id="a" xmlns:w="urn:w" w:Id="b">')).operation == "getUserCredit"


# -- headers


def block(attributes: str = "", name: str = "t:Transaction", inner: str = "5") -> str:
    return f'<{name} xmlns:t="urn:t" {attributes}>{inner}</{name}>'


UNDERSTAND = 'e:mustUnderstand="1"'
NEXT11 = "http://schemas.xmlsoap.org/soap/actor/next"
ROLE12 = f"{SOAP12.envelope}/role"


@pytest.mark.parametrize(
    ("header", "version"),
    [
        (block(UNDERSTAND), SOAP11),
        (block('e:mustUnderstand="true"'), SOAP11),
        (block('e:mustUnderstand=" 1 "'), SOAP11),
        (block(UNDERSTAND, "Transaction"), SOAP11),
        (block(f'{UNDERSTAND} e:actor=""'), SOAP11),
        (block(f'{UNDERSTAND} e:actor="{NEXT11}"'), SOAP11),
        (block(UNDERSTAND), SOAP12),
        (block('e:mustUnderstand="true"'), SOAP12),
        (block(f'{UNDERSTAND} e:role="{ROLE12}/next"'), SOAP12),
        (block(f'{UNDERSTAND} e:role="{ROLE12}/ultimateReceiver"'), SOAP12),
        (block() + block(UNDERSTAND), SOAP12),
        (f'<a:To xmlns:a="http://www.w3.org/2005/08/addressing">x</a:To>{block(UNDERSTAND)}', SOAP11),
        (block(UNDERSTAND, "t:Security"), SOAP11),  # of another namespace
    ],
)
def test_an_unknown_header_that_must_be_understood(header, version):
    error = fault(envelope(header=header, version=version))
    assert (error.side, error.text) == (FaultSide.MUST_UNDERSTAND, "A SOAP header that must be understood is not known.")


@pytest.mark.parametrize(
    ("header", "version"),
    [
        (block(), SOAP11),
        (block('e:mustUnderstand="0"'), SOAP11),
        (block('e:mustUnderstand="false"'), SOAP12),
        (block('mustUnderstand="1"'), SOAP11),  # of no namespace: says nothing
        (block(f'xmlns:o="{SOAP12.envelope}" o:mustUnderstand="1"'), SOAP11),  # of the other version
        (block(f'{UNDERSTAND} e:actor="http://proxy.example/"'), SOAP11),
        (block(f'{UNDERSTAND} e:role="{ROLE12}/none"'), SOAP12),
        (f'<Action xmlns="http://schemas.microsoft.com/ws/2005/05/addressing/none" {UNDERSTAND}>sendSms</Action>', SOAP11),
        (f'<a:Action xmlns:a="http://www.w3.org/2005/08/addressing" {UNDERSTAND}>x</a:Action>', SOAP12),
        (f'<a:To xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" {UNDERSTAND}>x</a:To>', SOAP12),
        (f'<w:Security xmlns:w="{WSSE}" {UNDERSTAND}/>', SOAP11),
        (f'<w:Security xmlns:w="{WSSE}" {UNDERSTAND}><u:Timestamp xmlns:u="{WSU}"/></w:Security>', SOAP12),
        (f"<username {UNDERSTAND}>a</username><password {UNDERSTAND}>b</password>", SOAP11),
        (block(UNDERSTAND, "t:Auth", "<username>a</username><password>b</password>"), SOAP11),
        (" \n <!-- nothing --> ", SOAP11),
    ],
)
def test_headers_that_do_not_stop_a_call(header, version):
    assert read(envelope(header=header, version=version)).operation == "getUserCredit"


LOGIN = "<username>admin</username><password>123456</password>"


def token(password: str = "123456", type_: str | None = "#PasswordText", username: str = "<w:Username>admin</w:Username>") -> str:
    kind = "" if type_ is None else f' Type="{PROFILE}{type_}"'
    inner = f"{username}<w:Password{kind}>{password}</w:Password>" if password is not None else username
    return f'<w:Security xmlns:w="{WSSE}"><w:UsernameToken>{inner}</w:UsernameToken></w:Security>'


@pytest.mark.parametrize(
    ("header", "logins"),
    [
        (LOGIN, [("admin", "123456")]),
        (
            f'<s:username xmlns:s="{NAMESPACE}">admin</s:username><s:password xmlns:s="{NAMESPACE}">123456</s:password>',
            [("admin", "123456")],
        ),
        ("<Password>123456</Password><Username>admin</Username>", [("admin", "123456")]),
        ("<USERNAME>admin</USERNAME>", [("admin", None)]),
        ("<password>123456</password>", [(None, "123456")]),
        (f"<AuthHeader>{LOGIN}</AuthHeader>", [("admin", "123456")]),
        (f'<AuthHeader xmlns="urn:x">{LOGIN}</AuthHeader>', [("admin", "123456")]),
        ("<x>5</x><AuthHeader><UserName/><username>admin</username><Password>1</Password></AuthHeader>", [("admin", "1")]),
        ("<AuthHeader><username/><password/></AuthHeader>", [(None, None)]),
        (token(), [("admin", "123456")]),
        (token(type_=None), [("admin", "123456")]),
        (token(type_="#PasswordDigest"), [("admin", None)]),
        (token(type_="#Other"), [("admin", None)]),
        (token(username=""), [(None, "123456")]),
        (token(password=None), [("admin", None)]),
        (token().replace("w:Username>", "w:Username >"), [("admin", "123456")]),
        (f'<w:Security xmlns:w="{WSSE}"/>', []),
        (f"{token('x')}{LOGIN}", [("admin", "123456"), ("admin", "x")]),
        (f"<A>{LOGIN}</A><B><username>b</username></B>", [("admin", "123456")]),
        (block(), []),
    ],
)
def test_logins_in_headers(header, logins):
    assert read(envelope(header=header)).header_logins == tuple(Login(*each) for each in logins)


# -- which login counts


def call(body: str = "", header: str = ""):
    return read(envelope(f"<getUserCredit>{body}</getUserCredit>", header))


def basic(text: str, encoding: str = "utf-8") -> bytes:
    return b"Basic " + b64encode(text.encode(encoding))


BODY, HEADER, TOKEN, BASIC = (
    "<username>body</username><password>1</password>",
    "<username>header</username><password>2</password>",
    token("3", username="<w:Username>token</w:Username>"),
    basic("basic:4"),
)


@pytest.mark.parametrize(
    ("body", "authorization", "header", "expected"),
    [
        (BODY, BASIC, HEADER + TOKEN, ("body", "1")),
        (BODY, None, "", ("body", "1")),
        ("", BASIC, HEADER + TOKEN, ("basic", "4")),
        ("", None, HEADER + TOKEN, ("header", "2")),
        ("", None, TOKEN + HEADER, ("header", "2")),
        ("", None, TOKEN, ("token", "3")),
        ("<username>body</username>", BASIC, "", ("basic", "4")),  # a part of one is none
        ("<password>1</password>", None, TOKEN, ("token", "3")),
        ("<username/><password/>", BASIC, "", ("basic", "4")),
        ("", b"Bearer abc", HEADER, ("header", "2")),
        ("", basic("a:b:c"), "", ("a", "b:c")),
        ("", basic(":"), "", ("", "")),
        ("", basic("kullanıcı:şifre"), "", ("kullanıcı", "şifre")),
        ("", basic("kullanıcı:şifre", "iso-8859-9"), "", ("kullanıcı", "şifre")),
        ("", b"basic  " + b64encode(b"a:b") + b" ", "", ("a", "b")),
        ("<username> body\n</username><password> 1 </password>", None, "", ("body", " 1 ")),  # a password is what it is
        ("<username>ş&amp;&lt;</username><password><![CDATA[<&>]]></password>", None, "", ("ş&<", "<&>")),
    ],
)
def test_order_of_places(body, authorization, header, expected):
    assert login_of(call(body, header), authorization) == expected


@pytest.mark.parametrize(
    ("body", "authorization", "header"),
    [
        ("<username>a</username>", None, ""),
        ("<password>a</password>", None, ""),
        ("<username>a</username>", None, "<password>b</password>"),  # parts of two places make no login
        ("<username>a</username><password/>", b"Bearer x", ""),
        ("<username>a</username><username>b</username><password>c</password>", None, ""),
        ("<username>a</username><password>b<x/></password>", None, ""),
        ("", None, token(type_="#PasswordDigest")),
        ("", None, "<username>a</username>"),
    ],
)
def test_a_part_is_a_wrong_login(body, authorization, header):
    with pytest.raises(CallError) as caught:
        login_of(call(body, header), authorization)
    assert (caught.value.code, caught.value.status) == (ErrorCode.UNAUTHORIZED_REQUEST, 401)


@pytest.mark.parametrize(
    ("body", "authorization", "header"),
    [
        ("", None, ""),
        ("<username/><password></password>", None, ""),
        ("<username> </username><password>\n</password>", None, ""),
        ("", b"", ""),
        ("", b"Bearer abc", ""),
        ("", b"Basic", ""),
        ("", b"Basic !!!", ""),
        ("", b"Basic " + b64encode(b"no colon"), ""),
        ("", b"Negotiate " + b64encode(b"a:b"), ""),
        ("", None, "<AuthHeader><username/><password/></AuthHeader>"),
        ("", None, f'<w:Security xmlns:w="{WSSE}"/>'),
    ],
)
def test_none_at_all_is_asked_for(body, authorization, header):
    with pytest.raises(CredentialsMissing):
        login_of(call(body, header), authorization)


@pytest.mark.parametrize("header", [b"Basic", b"Basic ", b"basic \xff\xfe", b"Basic YQ", b"\xff", b"", b" "])
def test_a_broken_authorization_is_none(header):
    assert basic_login(header) == Login(None, None)


def test_no_login_shows_itself():
    read_ = call(BODY, HEADER)
    assert "body" not in repr(read_) and repr(read_.body_login) == "<Login>"
