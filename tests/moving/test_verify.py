"""`smsbridge verify` over real HTTP: a bridge against itself, and against one whose answers are changed on the way."""

from __future__ import annotations

import json
import re
import ssl
import subprocess
import sys

import pytest
import trustme
from click.testing import CliRunner, Result

from bridge.cli import main
from tests.moving.conftest import ENVIRONMENT, LOGIN
from tests.moving.peers import Connections, Reply, misbehave, read_request, tampered
from tests.program import environment, free_port

SECRETS = ("123456", "905551112233", "gizli metin")


def run(*arguments: str, login: bool = True, **more: object) -> Result:
    return CliRunner(env=ENVIRONMENT).invoke(main, [*arguments, *(LOGIN if login else ())], **more)


def compared(old: str, new: str, *more: str, login: bool = True) -> tuple[int, dict[str, str], dict]:
    """(exit status, level by place, the whole report)."""
    done = run("verify", old, new, "--json", *more, login=login)
    report = json.loads(done.stdout)
    return done.exit_code, {each["where"]: each["level"] for each in report["differences"]}, report


def url(port: int) -> str:
    return f"http://127.0.0.1:{port}/soap"


def test_a_bridge_is_like_itself(bridge, vendor):
    before = vendor.sent()
    status, found, report = compared(url(bridge.port), url(bridge.port))
    assert (status, found, report["notes"]) == (0, {}, [])
    wanted = {
        "WSDL",
        "getSmsPackageItems",
        "wrong password",
        "no credentials",
        "not XML",
        "empty body",
        "SOAP 1.2",
        "GET without ?wsdl",
    }
    assert wanted < set(report["calls"])
    assert len(report["calls"]) == 20
    assert vendor.sent() == before


def test_without_a_login_only_what_needs_none_is_compared(bridge):
    done = run("verify", url(bridge.port), url(bridge.port), "--json", login=False)
    assert json.loads(done.stdout)["calls"] == [
        "WSDL",
        "no credentials",
        "unknown operation",
        "not XML",
        "empty body",
        "GET without ?wsdl",
    ]


def order_changed(reply: Reply) -> Reply:
    body = re.sub(rb"(<err>.*?</err>|<err/>)(<data>.*</data>)", rb"\2\1", reply.body, flags=re.DOTALL)
    return reply._replace(body=body)


def qualified(reply: Reply) -> Reply:
    return reply.replace("<data><credit>", "<data><sms:credit>").replace("</credit></data>", "</sms:credit></data>")


def html(reply: Reply) -> Reply:
    page = b"<!DOCTYPE html><html><body>Error</body></html>"
    return Reply(500, {"content-type": "text/html"}, page) if b"<credit>" in reply.body else reply


def redirect(reply: Reply) -> Reply:
    return Reply(302, {"location": "https://elsewhere.example/soap"}, b"") if b"<credit>" in reply.body else reply


def one_row_without_a_state(reply: Reply) -> Reply:
    return reply._replace(body=re.sub(rb"<isScheduled>0</isScheduled>", b"", reply.body, count=1))


ROWS = "wsdl/operation/getSmsPackages/response/element/result/element/data/element/list/element/item/element"
# name: (what is done to each answer, all places that differ and their levels)
TAMPERED = {
    "order": (order_changed, {"result/order": "breaking"}),
    "qualified child": (qualified, {"result/data/credit/namespace": "breaking"}),
    "missing element": (lambda reply: reply.replace("<credit>316807</credit>", ""), {"result/data/credit": "breaking"}),
    "empty number": (lambda reply: reply.replace("316807", ""), {"result/data/credit": "breaking"}),
    "text for a number": (lambda reply: reply.replace("316807", "many"), {"result/data/credit": "breaking"}),
    "number beyond 32 bits": (lambda reply: reply.replace("316807", "316807316807"), {"result/data/credit": "visible"}),
    "missing err": (lambda reply: reply.replace("<err></err>", ""), {"result/err": "breaking"}),
    "unknown element": (
        lambda reply: reply.replace("</credit></data>", "</credit><extra>1</extra></data>"),
        {"result/data/extra": "breaking"},
    ),
    "known element": (
        lambda reply: reply.replace("</credit></data>", "</credit><uuid>1</uuid></data>"),
        {"result/data/uuid": "visible"},
    ),
    "one row differs": (one_row_without_a_state, {"result/data/list/item/isScheduled": "visible"}),
    "date": (
        lambda reply: reply._replace(body=re.sub(rb"(\d{4})-(\d\d)-(\d\d)T", rb"\3.\2.\1 ", reply.body)),
        {
            "result/data/list/item/sendingDate": "breaking",
            "result/data/list/item/deliveryDate": "breaking",
            "result/data/list/item/processingDate": "breaking",
        },
    ),
    "prefix": (
        lambda reply: reply.replace("sms:", "ns1:").replace("xmlns:sms=", "xmlns:ns1="),
        {"wrapper/prefix": "harmless"},
    ),
    "envelope prefix": (lambda reply: reply.replace("soapenv", "S"), {"envelope/prefix": "harmless"}),
    "wrapper's namespace": (
        lambda reply: reply.replace('xmlns:sms="http://localhost:9587/wsdl/sms"', 'xmlns:sms="urn:other"'),
        {"wrapper/namespace": "breaking"},
    ),
    "wrapper's name": (
        lambda reply: reply.replace("sms:getUserCreditResponse", "sms:getUserCreditResult"),
        {"wrapper/name": "breaking"},
    ),
    "HTML page": (
        html,
        {"http/status": "breaking", "http/content-type": "breaking", "body": "breaking", "http/x-request-id": None},
    ),
    "redirect": (
        redirect,
        {"http/status": "breaking", "http/content-type": "breaking", "http/location": "breaking", "body": "breaking"},
    ),
    "fault without detail": (
        lambda reply: reply._replace(body=re.sub(rb"<(?:soapenv:)?([dD])etail>.*</(?:soapenv:)?\1etail>", b"", reply.body)),
        {"fault/detail": "breaking"},
    ),
    "faultcode": (lambda reply: reply.replace("soapenv:Client", "soapenv:Server"), {"fault/code": "visible"}),
    "faults with 200": (lambda reply: reply._replace(status=200) if b"Fault" in reply.body else reply, {"http/status": "visible"}),
    "err code": (
        lambda reply: reply.replace("ERR_UNAUTHORIZED_REQUEST", "ERR_USER_NOT_FOUND"),
        {"err/code": "breaking"},
    ),
    "err status": (lambda reply: reply.replace("<status>401</status>", "<status>417</status>"), {"err/status": "visible"}),
    "success for a refusal": (
        lambda reply: reply._replace(body=re.sub(rb"<err><status>401.*?</err>", b"<err></err>", reply.body)),
        {"err/code": "breaking"},
    ),
    "no challenge": (
        lambda reply: reply._replace(status=200).with_header("www-authenticate", None) if reply.status == 401 else reply,
        {"http/status": "breaking", "http/www-authenticate": "breaking"},
    ),
    "text/plain": (
        lambda reply: reply.with_header("content-type", "text/plain; charset=utf-8"),
        {"http/content-type": "breaking", "wsdl/content-type": "harmless"},
    ),
    "no charset": (
        lambda reply: reply.with_header("content-type", reply.headers["content-type"].partition(";")[0]),
        {"http/charset": "breaking"},
    ),
    "charset's spelling": (
        lambda reply: reply.with_header("content-type", reply.headers["content-type"].replace("utf-8", '"UTF-8"')),
        {"http/content-type": "harmless"},
    ),
    "a header more": (lambda reply: reply.with_header("x-powered-by", "Express"), {"http/x-powered-by": "harmless"}),
    "a cookie": (lambda reply: reply.with_header("set-cookie", "a=b"), {"http/set-cookie": "visible"}),
    "service's name": (
        lambda reply: reply.replace('<wsdl:service name="SmsService">', '<wsdl:service name="Other">'),
        {"wsdl/service": "breaking"},
    ),
    "operation missing": (
        lambda reply: reply._replace(
            body=re.sub(rb'<wsdl:operation name="sendOtp">.*?</wsdl:operation>', b"", reply.body, flags=re.DOTALL)
        ),
        {
            "wsdl/operation/sendOtp": "breaking",
        },
    ),
    "type": (
        lambda reply: reply.replace('name="credit" type="xs:long"', 'name="credit" type="xs:string"'),
        {"wsdl/operation/getUserCredit/response/element/result/element/data/element/credit": "breaking"},
    ),
    "required": (
        lambda reply: reply.replace('name="customID" type="xs:string" minOccurs="0"', 'name="customID" type="xs:string"'),
        {
            **{
                f"wsdl/operation/{name}/request/element/customID/minOccurs": "breaking"
                for name in ("sendSms", "sendOtp", "getSmsPackageItems", "cancelSmsPackage")
            },
            f"{ROWS}/customID/minOccurs": "visible",
        },
    ),
    "qualified in the WSDL": (
        lambda reply: reply.replace('elementFormDefault="unqualified"', 'elementFormDefault="qualified"'),
        "breaking",
    ),
    "rpc": (lambda reply: reply.replace('style="document"', 'style="rpc"'), "breaking"),
    "soapAction": (lambda reply: reply.replace('soapAction="', 'soapAction="urn:'), "harmless"),
}

# a third of the calls is enough for these
SEEN_WITHOUT_LOGIN = {
    *("envelope prefix", "fault without detail", "faultcode", "faults with 200", "no challenge", "text/plain", "no charset"),
    *("charset's spelling", "a header more", "a cookie", "service's name", "operation missing", "type", "required"),
    *("qualified in the WSDL", "rpc", "soapAction"),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_each_change_is_found_and_classed(name, bridge):
    tamper, expected = TAMPERED[name]
    with tampered(bridge.port, tamper) as other:
        status, found, report = compared(url(bridge.port), other, login=name not in SEEN_WITHOUT_LOGIN)
    if isinstance(expected, str):
        assert set(found.values()) == {expected}, report
    else:
        assert found == {where: level for where, level in expected.items() if level}, report
    assert status == int("breaking" in found.values())
    for each in report["differences"]:
        assert each["why"]
        assert each["calls"]


# what is said, and what is not


def test_the_report_is_read_in_a_terminal(bridge):
    with tampered(bridge.port, TAMPERED["empty number"][0]) as other:
        done = run("verify", url(bridge.port), other)
    assert done.exit_code == 1
    assert done.stdout == (
        f"old: {url(bridge.port)}\nnew: {other}\n"
        "20 calls compared; differences: 1 breaking, 0 visible, 0 harmless\n\n"
        "BREAKING result/data/credit: integer -> empty\n"
        "    an empty number is an exception in .NET and gSOAP\n"
        "    in getUserCredit, SOAP 1.2\n"
    )


def test_what_is_to_be_ignored(bridge):
    def tamper(reply: Reply) -> Reply:
        return TAMPERED["service's name"][0](TAMPERED["empty number"][0](reply))

    with tampered(bridge.port, tamper) as other:
        found = compared(url(bridge.port), other, "--ignore", "wsdl/*", "--ignore", "getUserCredit")
        assert found[:2] == (1, {"result/data/credit": "breaking"})
        assert found[2]["differences"][0]["calls"] == ["SOAP 1.2"]
        assert compared(url(bridge.port), other, "--ignore", "wsdl/*", "--ignore", "result/data/*")[:2] == (0, {})


def test_a_server_without_a_wsdl_and_without_packages(bridge):
    def tamper(reply: Reply) -> Reply:
        if b"wsdl:definitions" in reply.body:
            return Reply(404, {"content-type": "text/html"}, b"<html></html>")
        return reply._replace(body=re.sub(rb"<list>.*</list>", b"<list></list>", reply.body))

    with tampered(bridge.port, tamper) as other:
        status, found, report = compared(other, url(bridge.port))
        assert (status, found) == (0, {})
        # whether the packages of the simulator's day are found by the dates of today depends on the day
        notes = [note for note in report["notes"] if not note.startswith("getSmsPackages by dates")]
        assert len(notes) == 5, notes
        assert compared(url(bridge.port), other)[1] == {"wsdl": "breaking"}


def test_a_call_in_soap_1_2_that_one_side_answers_in_1_1(bridge):
    """As node-soap does. The bridge answers as it was asked."""

    def tamper(reply: Reply) -> Reply:
        return reply.replace("http://www.w3.org/2003/05/soap-envelope", "http://schemas.xmlsoap.org/soap/envelope/")

    with tampered(bridge.port, tamper) as other:
        assert compared(other, url(bridge.port))[1] == {"envelope/namespace": "visible"}
        assert compared(url(bridge.port), other)[1] == {"envelope/namespace": "breaking"}


def test_documents_that_would_take_for_ever(bridge):
    """A type of types that hold each other, and an answer of nothing but different elements."""
    members = "".join(f'<xs:element name="e{n}" type="tns:NumberItem"/>' for n in range(50))
    names = "".join(f"<e{n}></e{n}>" for n in range(50_000))

    def tamper(reply: Reply) -> Reply:
        reply = reply.replace('<xs:element name="nr" type="xs:string" minOccurs="0"/>', members)
        return reply.replace("</credit></data>", f"</credit>{names}</data>")

    with tampered(bridge.port, tamper) as other:
        assert compared(url(bridge.port), other)[0] == 1


def test_the_rules_of_another_brand(bridge):
    """Its own namespace and soapAction are used for both."""

    def tamper(reply: Reply) -> Reply:
        return reply.replace("http://localhost:9587/wsdl/sms", "urn:brand") if b"wsdl:definitions" in reply.body else reply

    with tampered(bridge.port, tamper) as other:
        assert compared(other, url(bridge.port))[1] == {"wsdl/namespace": "breaking"}


# a message that is really sent


def send(bridge, *more: str, **options: object) -> Result:
    sms = ("--send-to", "905551112233", "--sender", "BASLIK", "--text", "gizli metin")
    return run("verify", url(bridge.port), url(bridge.port), *sms, *more, **options)


def test_a_message_is_sent_once_by_each_and_only_when_it_is_meant(bridge, vendor):
    before = len(vendor.sent())
    refused = send(bridge, input="n\n")
    assert refused.exit_code == 1
    assert len(vendor.sent()) == before
    done = send(bridge, "--yes")
    assert done.exit_code == 0
    assert vendor.sent()[before:] == [("905551112233", "gizli metin")] * 2
    for shown in (refused.output, done.output):
        assert not [secret for secret in SECRETS if secret in shown]


def test_nothing_secret_is_shown_when_everything_differs(bridge):
    def echo(reply: Reply) -> Reply:
        return reply.replace("<err>", "<err><extra>123456 905551112233 gizli metin</extra>").replace(
            "<faultstring>", "<faultstring>123456"
        )

    with tampered(bridge.port, echo) as other:
        done = run("verify", url(bridge.port), other, "--json")
        assert done.exit_code == 1
        assert not [secret for secret in SECRETS if secret in done.output]


# what cannot be compared


def cannot(done: Result, *words: str) -> None:
    assert done.exit_code == 2, done.output
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    for word in words:
        assert word in done.stderr


def test_a_server_that_is_not_there(bridge):
    nowhere = url(free_port())
    cannot(run("verify", nowhere, url(bridge.port)), "old", nowhere, "connection refused")
    cannot(run("verify", url(bridge.port), nowhere), "new", nowhere, "connection refused")
    cannot(run("verify", "http://host.invalid/soap", url(bridge.port)), "old", "host name not found")


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("ftp://host/soap", "http://host/soap"), "OLD_URL"),
        (("http://host/soap", "host"), "NEW_URL"),
        (("http://admin:123456@host/soap", "http://host/soap"), "OLD_URL"),
        (("http://host/soap", "http://host:x/soap"), "NEW_URL"),
        (("http://host/soap", "http://host/soap", "--username", "admin"), "--password-env"),
        (("http://host/soap", "http://host/soap", "--username", "admin", "--password-env", "NOT_SET"), "NOT_SET"),
        (("http://host/soap", "http://host/soap", "--username", "admin", "--password-file", "/nowhere"), "/nowhere"),
        (("http://host/soap", "http://host/soap", "--send-to", "905551112233"), "--sender"),
        (("http://host/soap", "http://host/soap", "--send-to", "905551112233", "--sender", "A", "--text", "B"), "login"),
    ],
)
def test_what_is_asked_wrongly(arguments, word):
    done = run("verify", *arguments, login=False)
    cannot(done, word)
    assert "123456" not in done.output


@pytest.mark.parametrize(
    ("path", "word"), [("garbage", "not HTTP"), ("cut", "breaks off"), ("slow", "within 0.5 s"), ("huge", "too large")]
)
def test_a_server_that_misbehaves(path, word, bridge):
    bad = Connections(misbehave)
    try:
        cannot(
            run("verify", f"http://127.0.0.1:{bad.port}/{path}", url(bridge.port), "--timeout", "0.5" if path == "slow" else "30"),
            word,
        )
        assert run("verify", f"http://127.0.0.1:{bad.port}/html", f"http://127.0.0.1:{bad.port}/html").exit_code == 0
    finally:
        bad.close()


def test_a_certificate_that_cannot_be_checked(bridge):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)

    def serve(connection) -> None:
        with context.wrap_socket(connection, server_side=True) as secure:
            read_request(secure)
            secure.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")

    server = Connections(serve)
    try:
        old = f"https://127.0.0.1:{server.port}/soap"
        cannot(run("verify", old, url(bridge.port)), "old", "TLS certificate not valid")
        assert run("verify", old, old, "--insecure").exit_code == 0
    finally:
        server.close()


def test_what_serves_does_not_load_it():
    code = "import sys, bridge.cli, bridge.commands; sys.exit(any(name.startswith('bridge.moving') for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], env=environment(), check=False).returncode == 0
