"""Envelopes that no honest client writes: each is a Fault in its SOAP version, or is read as it says."""

from __future__ import annotations

import pytest

from bridge.soap.contract import NAMESPACE
from bridge.soap.writer import SOAP11, SOAP12, write_call
from tests.hostile.serving import LOGIN, MARK, Bridge, envelope, sms
from tests.soap.wire import request

CALL = f'<s:getUserCredit xmlns:s="{NAMESPACE}"><username>admin</username><password>123456</password></s:getUserCredit>'
SEND = sms().partition("<e:Body>")[2].partition("</e:Body>")[0]
MUST = 'e:mustUnderstand="1"'
EMPTY, MANY, NONE = (
    "The SOAP body is empty.",
    "The SOAP body holds more than one call.",
    "The SOAP body does not hold a known operation.",
)
ENVELOPE, VERSION = "The request is not a SOAP envelope.", "The SOAP version is not supported."
HEADER = "A SOAP header that must be understood is not known."
BODIES = "The SOAP envelope holds more than one body."

ATTACKS = {
    "nothing": ("", "The request body is empty."),
    "no Body": (f'<e:Envelope xmlns:e="{SOAP11.envelope}"/>', EMPTY),
    "an empty Body": (envelope(""), EMPTY),
    "text in the Body": (envelope(MARK), EMPTY),
    "two calls": (envelope(CALL * 2), MANY),
    "two different calls": (envelope(CALL + SEND), MANY),
    "a call behind many things": (envelope(CALL + "<x/>" * 1000 + SEND), MANY),
    "two bodies": (envelope(CALL, around=f"<e:Body>{SEND}</e:Body>"), BODIES),
    "an empty body and another": (envelope("", around=f"<e:Body>{SEND}</e:Body>"), BODIES),
    "a body of the other version": (
        f'<e:Envelope xmlns:e="{SOAP11.envelope}"><o:Body xmlns:o="{SOAP12.envelope}">{CALL}</o:Body></e:Envelope>',
        EMPTY,
    ),
    "a body in no namespace": (f'<e:Envelope xmlns:e="{SOAP11.envelope}"><Body>{CALL}</Body></e:Envelope>', EMPTY),
    "an envelope in an envelope": (envelope(envelope(CALL)), NONE),
    "an operation that there is not": (envelope(f"<{MARK}/>"), NONE),
    "an operation by a method of Python": (envelope("<__init__/>"), NONE),
    "an answer": (envelope("<getUserCreditResponse/>"), NONE),
    "a Fault": (envelope("<e:Fault><faultcode>x</faultcode></e:Fault>"), NONE),
    "another root": (f"<{MARK}/>", ENVELOPE),
    "an HTML page": ("<html><body>x</body></html>", ENVELOPE),
    "an envelope of nobody": (envelope(CALL, namespace=f"urn:{MARK}"), VERSION),
    "an envelope of an old draft": (envelope(CALL, namespace="http://www.w3.org/2001/12/soap-envelope"), VERSION),
    "an envelope without a namespace": (f"<Envelope><Body>{CALL}</Body></Envelope>", VERSION),
    "a header that must be understood": (envelope(CALL, header=f'<{MARK} xmlns="urn:x" {MUST}/>'), HEADER),
    "a thousand headers that must be": (envelope(CALL, header=f'<x xmlns="urn:x" {MUST}/>' * 1000), HEADER),
    "a thousand headers that need not be": (envelope(CALL, header='<x xmlns="urn:x"/>' * 1000), ""),
    "two headers": (envelope(CALL, header="<x/>", around="<e:Header/>"), ""),
    "mustUnderstand of the other version": (
        envelope(CALL, header=f'<x xmlns="urn:x" xmlns:o="{SOAP12.envelope}" o:mustUnderstand="1"/>'),
        "",
    ),
    "an encoding style of nobody": (envelope(CALL.replace(" xmlns", f' e:encodingStyle="{MARK}" xmlns', 1)), ""),
    "things around the call": (envelope(f"<!-- x -->{CALL}<x>{MARK}</x>", around=f"<x>{MARK}</x>"), ""),
    "JSON": ('{"username": "admin"}', "The request is not well-formed XML."),
    "a form": ("username=admin&password=123456", "The request is not well-formed XML."),
    "a multipart": (f"--x\r\nContent-Type: text/xml\r\n\r\n{envelope(CALL)}\r\n--x--", "The request is not well-formed XML."),
}


@pytest.mark.parametrize("name", ATTACKS)
@pytest.mark.parametrize("content_type", ["text/xml", "application/soap+xml", "multipart/related; type=x", MARK])
def test_attack(bridge: Bridge, name: str, content_type: str) -> None:
    body, said = ATTACKS[name]
    answer = bridge.refuses(request(body, headers=(f"Content-Type: {content_type}; charset=utf-8",)))
    assert (answer.find("faultstring") or answer.find("Text") or "") == said, answer.body
    assert answer.status == (500 if said else 200)


@pytest.mark.parametrize("version", [SOAP11, SOAP12])
def test_the_header_and_the_envelope_are_of_different_versions(bridge: Bridge, version) -> None:
    """The envelope counts, also for a Fault."""
    other = SOAP12 if version is SOAP11 else SOAP11
    headers = (f"Content-Type: {other.content_type.decode()}",)
    for body, status in ((CALL, 200), ("<x/>", 500)):
        answer = bridge.refuses(request(envelope(body, namespace=version.envelope), headers=headers))
        assert (answer.status, answer.header("content-type")) == (status, version.content_type.decode())
        assert answer.xml.tag == f"{{{version.envelope}}}Envelope"


ACTIONS = ["", '""', "sendSms", f"urn:{MARK}", "x" * 10_000, "../../etc/passwd", "<x/>", "ş", "'; drop table packages; --"]


@pytest.mark.parametrize("action", ACTIONS)
def test_the_action_is_of_no_account(bridge: Bridge, action: str) -> None:
    raw = request(write_call("getUserCredit", LOGIN), headers=("Content-Type: text/xml", "SOAPAction: %"))
    assert bridge.refuses(raw.replace(b"%", action.encode())).find("credit") is not None


LOGINS = {
    "twice": ("<username>admin</username><username>admin</username><password>123456</password>", "ERR_UNAUTHORIZED_REQUEST"),
    "markup": ("<username><b>admin</b></username><password>123456</password>", "ERR_UNAUTHORIZED_REQUEST"),
    "long": (f"<username>{MARK * 100_000}</username><password>{MARK * 100_000}</password>", "ERR_UNAUTHORIZED_REQUEST"),
    "in other letters": ("<username>ａｄｍｉｎ</username><password>123456</password>", "ERR_UNAUTHORIZED_REQUEST"),
    "in capitals": ("<username>ADMIN</username><password>123456</password>", "ERR_UNAUTHORIZED_REQUEST"),
    "with more": ("<username>admin' or '1'='1</username><password>' or '1'='1</password>", "ERR_UNAUTHORIZED_REQUEST"),
    "with line breaks": ("<username>admin&#13;&#10;X: y</username><password>123456</password>", "ERR_UNAUTHORIZED_REQUEST"),
    "with digits of another script": ("<username>admin</username><password>١٢٣٤٥٦</password>", "ERR_UNAUTHORIZED_REQUEST"),
    "nested": ("<username>admin</username><x><password>123456</password></x>", "ERR_UNAUTHORIZED_REQUEST"),
}


@pytest.mark.parametrize("name", LOGINS)
def test_logins(bridge: Bridge, vendor, name: str) -> None:
    inner, code = LOGINS[name]
    answer = bridge.refuses(request(envelope(f'<s:getUserCredit xmlns:s="{NAMESPACE}">{inner}</s:getUserCredit>')))
    assert (answer.status, answer.code) == (200, code), answer.body
    assert [path for path, _ in vendor.bodies()] == ["/user/credit"] * 2  # the good ones


AUTHORIZATIONS = [
    *("Basic", "Basic =", "Basic YQ==", "Basic " + "QUJD" * 10_000, "Bearer x", "Digest username=admin", "basic\t", "\xff\xfe"),
    "Basic YWRtaW4AOjEyMzQ1Ng==",  # NUL
    "Basic YWRtaW46MTIzNDU2DQpYOiB5",  # CR LF
    "Basic OjoKOjo6",
]


@pytest.mark.parametrize("header", AUTHORIZATIONS)
def test_authorization(bridge: Bridge, vendor, header: str) -> None:
    raw = request(write_call("getUserCredit", {}), headers=("Content-Type: text/xml", f"Authorization: {header}"))
    answer = bridge.refuses(raw)
    assert answer.status in {200, 401} and answer.code == "ERR_UNAUTHORIZED_REQUEST", answer.body
    assert [path for path, _ in vendor.bodies()] == ["/user/credit"] * 2  # the good ones
