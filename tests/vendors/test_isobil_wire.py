"""isobil's answers are found in whatever is around them, and nothing that comes in their place does harm."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.http import HttpResponse
from bridge.vendors.isobil_wire import read_answer, write_request

ANSWER = {"MessageID": 7, "Status": {"Code": 100, "Description": "Tamam"}}
TEXTUAL = {"MessageID": "7", "Status": {"Code": "100", "Description": "Tamam"}}
JSON = '{"MessageID":7,"Status":{"Code":100,"Description":"Tamam"}}'
SHELL = f'{{"Response":{JSON}}}'
XML = "<Response><MessageID>7</MessageID><Status><Code>100</Code><Description>Tamam</Description></Status></Response>"
DECLARED = f'<?xml version="1.0" encoding="utf-8"?>\r\n{XML}'
SOAP11 = '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>{}</s:Body></s:Envelope>'
RESULT = '<SubmitResponse xmlns="https://api.isobil.com.tr"><SubmitResult>{}</SubmitResult></SubmitResponse>'


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def read(body: str | bytes):
    return read_answer(HttpResponse(200, {}, body if isinstance(body, bytes) else body.encode()))


@pytest.mark.parametrize(
    "body",
    [
        JSON,
        SHELL,
        f"\r\n {SHELL}\n",
        b"\xef\xbb\xbf" + SHELL.encode(),
        orjson.dumps(SHELL),  # a string that holds it
        orjson.dumps({"d": SHELL}),  # ASP.NET's way to answer JSON with JSON
        f'{{"d":{SHELL}}}',
        f'{{"Response":{JSON},"Time":1}}',
        SOAP11.format(RESULT.format(escaped(SHELL))),
        SOAP11.format(RESULT.format(f"<![CDATA[{JSON}]]>")),
        b"\xef\xbb\xbf" + f'<?xml version="1.0"?>{SOAP11.format(RESULT.format(SHELL))}'.encode(),
        f'<string xmlns="https://api.isobil.com.tr">{SHELL}</string>',
        f'<string xmlns="https://api.isobil.com.tr">{escaped(orjson.dumps(SHELL).decode())}</string>',
    ],
)
def test_json_is_found(body):
    assert read(body) == ANSWER


@pytest.mark.parametrize(
    "body",
    [
        XML,
        DECLARED,
        XML.replace("<Response>", '<Response xmlns="https://api.isobil.com.tr">'),
        SOAP11.format(RESULT.format(XML)),
        SOAP11.format(RESULT.format(escaped(XML))),
        # .NET's StringWriter says utf-16 of what is no bytes yet
        SOAP11.format(RESULT.format(escaped(DECLARED.replace("utf-8", "utf-16")))),
        f"<string>{escaped(DECLARED)}</string>",
        DECLARED.replace("utf-8", "utf-16").encode("utf-16"),
        DECLARED.replace("utf-8", "windows-1254").replace("Tamam", "Şifre").encode("windows-1254"),
    ],
)
def test_xml_is_found(body):
    found = read(body)
    assert found in (TEXTUAL, {**TEXTUAL, "Status": {"Code": "100", "Description": "Şifre"}})


def test_a_repeated_element_is_a_list():
    items = "".join(f"<Item><Sender>{name}</Sender></Item>" for name in "ABC")
    body = f"<Response><Status><Code>100</Code></Status><Senders>{items}<Count>3</Count></Senders></Response>"
    assert read(body)["Senders"] == {"Item": [{"Sender": "A"}, {"Sender": "B"}, {"Sender": "C"}], "Count": "3"}


BILLION = '<!DOCTYPE r [<!ENTITY a "aaaa">]><Response><Status><Code>100</Code><Description>&a;</Description></Status></Response>'


@pytest.mark.parametrize(
    "body",
    [
        "",
        "null",
        "[]",
        "7",
        '"x"',
        "{}",
        '{"a":1,"b":2}',
        '{"Response":null}',
        '{"Response":[]}',
        "<",
        "<a/>",
        "<html><body>Bakım</body></html>",
        BILLION,
        BILLION.encode("utf-16"),
        f"<string>{escaped(BILLION)}</string>",
        b'<?xml version="1.0" encoding="klingon"?><a/>',
        b"\xff\xfe\x00",
        "<a>" * 100_000 + "</a>" * 100_000,
        f"<Response><Status><Code>1</Code></Status>{'<a>' * 5000}{'</a>' * 5000}</Response>",
        '{"a":' * 5000 + "1" + "}" * 5000,
        '{"d":' * 20 + JSON + "}" * 20,
        SOAP11.format("<s:Fault><faultcode>s:Server</faultcode><faultstring>x</faultstring></s:Fault>"),
    ],
    ids=lambda body: repr(body[:40]),
)
def test_what_is_no_answer_is_none(body):
    assert read(body) is None


@given(st.one_of(st.binary(max_size=80), st.text(alphabet='<>/{}[]":&;ab!?\r\n', max_size=80).map(str.encode)))
def test_nothing_makes_it_fail(body):
    read(body)


# what XML can say
TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"), max_size=40) | st.sampled_from(
    ["]]>", "<![CDATA[", "&amp;", "a\r\nb\tc", '"\\', "<!--", "👍"]
)


@given(TEXTS, TEXTS)
def test_every_text_arrives_in_every_dialect(message, sender):
    body = {"Message": message, "Header": {"From": sender}, "To": ["1", "2"]}
    assert orjson.loads(write_request("json", "http://vendor.example/", "Submit", body).body) == body
    envelope = ET.fromstring(write_request("asmx", "http://vendor.example/", "Submit", body).body)
    assert orjson.loads(envelope.findtext(".//{https://api.isobil.com.tr}data")) == body
    request = ET.fromstring(write_request("xml", "http://vendor.example/", "Submit", body).body)
    assert (request.findtext("Message"), request.findtext("Header/From")) == (message, sender)
    assert [element.text for element in request.findall("To")] == ["1", "2"]
