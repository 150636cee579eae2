"""How requests come and answers go: envelopes, content types, names of the operation."""

from __future__ import annotations

from xml.etree import ElementTree

import httpx
import orjson
import pytest

from bridge.sandbox import build
from bridge.sandbox.isobil import IsobilOptions

CREDENTIAL = '{"Credential": {"Username": "user", "Password": "test", "SystemCode": 1234}}'
AS_XML = (
    "<Request><Credential><Username>user</Username><Password>test</Password><SystemCode>1234</SystemCode></Credential></Request>"
)
ENVELOPE = (
    '<s:Envelope xmlns:s="{soap}"><s:Header/><s:Body><GetUserAccount xmlns="https://api.isobil.com.tr"><data>{data}</data>'
    "</GetUserAccount></s:Body></s:Envelope>"
)
SOAP_11, SOAP_12 = "http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"
RESULT = "{https://api.isobil.com.tr}GetUserAccountResponse/{https://api.isobil.com.tr}GetUserAccountResult"
JSON, XML = "/v2/isobil_API_JSON.asmx", "/v2/isobil_API_XML.asmx"


def code(answer: httpx.Response) -> int:
    assert answer.status_code == 200
    return answer.json()["Response"]["Status"]["Code"]


@pytest.mark.parametrize(("soap", "kind"), [(SOAP_11, "text/xml"), (SOAP_12, "application/soap+xml")], ids=["1.1", "1.2"])
def test_soap(isobil, soap, kind):
    body = ENVELOPE.format(soap=soap, data=f"<![CDATA[{CREDENTIAL}]]>")
    answer = isobil.http.post(f"{JSON}?op=GetUserAccount", content=body, headers={"content-type": "text/xml"})
    assert answer.headers["content-type"] == f"{kind}; charset=utf-8"
    result = ElementTree.fromstring(answer.content).findtext(f"{{{soap}}}Body/{RESULT}")
    assert orjson.loads(result)["Response"]["UserAccount"]["Credit"] == 316807


@pytest.mark.parametrize(("path", "data", "begin"), [(JSON, CREDENTIAL, "{"), (XML, AS_XML, "<Response>")], ids=["JSON", "XML"])
def test_data_may_be_escaped_and_the_operation_is_the_element(isobil, path, data, begin):
    escaped = data.replace("<", "&lt;").replace(">", "&gt;")
    answer = isobil.http.post(path, content=ENVELOPE.format(soap=SOAP_12, data=escaped))
    result = ElementTree.fromstring(answer.content).findtext(f"{{{SOAP_12}}}Body/{RESULT}")
    assert result.startswith(begin)
    assert "316807" in result


def test_xml_verbatim(isobil):
    answer = isobil.http.post(f"{XML}?op=GetUserAccount", content=f'<?xml version="1.0" encoding="utf-8"?>\n{AS_XML}')
    assert answer.headers["content-type"] == "text/xml; charset=utf-8"
    assert answer.text == (
        "<Response><Status><Code>100</Code><Description>İşlem başarılı.</Description></Status><UserAccount>"
        "<CompanyName>Örnek İletişim A.Ş.</CompanyName><LastName>Yılmaz</LastName><Name>Ayşe</Name>"
        "<Account>Prepaid</Account><Credit>316807</Credit></UserAccount></Response>"
    )


@pytest.mark.parametrize("path", [JSON, "/v5/isobil_api_json.ASMX", "/isobil_API_JSON.asmx", "/a/b/isobil_API_JSON.asmx"])
@pytest.mark.parametrize("query", ["op=GetUserAccount", "op=getuseraccount", "OP=GETUSERACCOUNT", "x=1&op=GetUserAccount"])
def test_any_prefix_and_any_case(isobil, path, query):
    assert code(isobil.http.post(f"{path}?{query}", content=CREDENTIAL)) == 100


@pytest.mark.parametrize(
    "headers",
    [
        {"SOAPAction": '"https://api.isobil.com.tr/GetUserAccount"'},
        {"SOAPAction": "https://api.isobil.com.tr/GetUserAccount"},
        {"Content-Type": 'application/soap+xml; charset=utf-8; action="https://api.isobil.com.tr/GetUserAccount"'},
    ],
)
def test_the_operation_by_a_header(isobil, headers):
    assert code(isobil.http.post(JSON, content=CREDENTIAL, headers=headers)) == 100
    assert code(isobil.http.post(f"{JSON}?op=Submit", content=CREDENTIAL, headers=headers)) == 110


def test_an_empty_soapaction_names_nothing(isobil):
    assert code(isobil.http.post(f"{JSON}?op=GetUserAccount", content=CREDENTIAL, headers={"SOAPAction": '""'})) == 100


@pytest.mark.parametrize("query", ["", "?op=", "?op=Nothing", "?op=AddGroup", "?op=Submit&op=Query"])
def test_unknown_operations(isobil, query):
    answer = isobil.http.post(f"{JSON}{query}", content=CREDENTIAL)
    assert code(answer) == 110
    assert answer.json()["Response"]["Status"]["Description"].startswith("Geçersiz metot.")


@pytest.mark.parametrize(
    "element", ['<Nothing xmlns="https://api.isobil.com.tr"/>', "<GetUserAccount/>", '<GetUserAccount xmlns="urn:other"/>']
)
def test_unknown_elements(isobil, element):
    body = f'<s:Envelope xmlns:s="{SOAP_12}"><s:Body>{element}</s:Body></s:Envelope>'
    answer = isobil.http.post(JSON, content=body)
    assert answer.status_code == 200
    assert '"Code":110' in answer.text


@pytest.mark.parametrize(
    "body",
    [
        "<",
        "<a><b></a>",
        AS_XML,
        "<Envelope/>",
        '<s:Envelope xmlns:s="urn:other"><s:Body><a/></s:Body></s:Envelope>',
        f'<s:Envelope xmlns:s="{SOAP_12}"/>',
        f'<s:Envelope xmlns:s="{SOAP_12}"><s:Body/></s:Envelope>',
        f'<!DOCTYPE a [<!ENTITY e "x">]>{ENVELOPE.format(soap=SOAP_12, data="&e;")}',
        '<?xml version="1.0" encoding="nonsense"?><a/>',
        '<?xml version="1.0" encoding="utf-7"?><a/>',
    ],
)
def test_broken_envelopes_are_soap_faults(isobil, body):
    answer = isobil.http.post(f"{JSON}?op=GetUserAccount", content=body)
    assert answer.status_code == 500
    soap = SOAP_12 if 's="http://www.w3' in body and "DOCTYPE" not in body else SOAP_11
    fault = ElementTree.fromstring(answer.content).find(f"{{{soap}}}Body/{{{soap}}}Fault")
    assert "".join(fault.itertext()).strip()
    assert isobil.control("requests")["requests"][-1]["accepted"] is False


def test_faults_of_soap_1_2_by_content_type(isobil):
    answer = isobil.http.post(JSON, content="<", headers={"content-type": "application/soap+xml"})
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/soap+xml; charset=utf-8")
    assert "<soap:Reason>" in answer.text


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b'{"a": "\\ud800"}', b'{"Credential": NaN}', b"Username=user"])
def test_bodies_that_are_no_json_object(isobil, body):
    assert code(isobil.http.post(f"{JSON}?op=Query", content=body)) == 105


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{}",
        "<",
        "<Request>",
        "<Other/>",
        "<Request/>",
        "<Request>text</Request>",
        '<!DOCTYPE Request SYSTEM "file:///etc/passwd"><Request/>',
        "<Request>" + "<a>" * 100 + "</a>" * 100 + "</Request>",
        AS_XML.replace("1234", "x"),
    ],
)
def test_bodies_that_are_no_xml_request(isobil, body):
    answer = isobil.http.post(f"{XML}?op=GetUserAccount", content=body)
    assert answer.status_code == 200
    assert ElementTree.fromstring(answer.content).findtext("Status/Code") == "105"


def test_data_that_is_no_json_is_refused_inside_the_envelope(isobil):
    for data in ("", "<x/>", "nonsense"):
        answer = isobil.http.post(JSON, content=ENVELOPE.format(soap=SOAP_12, data=data))
        assert answer.status_code == 200
        assert '"Code":105' in ElementTree.fromstring(answer.content).findtext(f"{{{SOAP_12}}}Body/{RESULT}")


def test_a_byte_order_mark_before_an_envelope(isobil):
    body = ENVELOPE.format(soap=SOAP_12, data=CREDENTIAL).encode("utf-8-sig")
    assert '"Code":100' in isobil.http.post(JSON, content=body).text


def test_other_addresses(isobil):
    assert isobil.http.post("/v2/other.asmx?op=Submit", content=CREDENTIAL).status_code == 404
    page = isobil.http.get(JSON)
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "SubmitMulti_TCKN" in page.text
    assert isobil.http.put(JSON).status_code == 405


def test_a_text_that_xml_cannot_say(isobil):
    isobil.send(text="a\fb\rc")
    fields = "<Criterion><Limit>1</Limit></Criterion></Request>"
    answer = isobil.http.post(f"{XML}?op=QueryMulti", content=AS_XML.replace("</Request>", fields))
    assert ElementTree.fromstring(answer.content).findtext("Report/Item/Message") == "a?b\rc"


def test_one_item_as_an_object(isobil):
    isobil.option("single_item_as_object", True)
    message = isobil.send()
    report = isobil.data("Query", MessageID=message)["Report"]
    assert (report["Item"]["PackedID"], report["Count"]) == (9300001, 1)
    assert isobil.data("QueryDetail", MessageID=message, PacketID=9300001)["Report"]["Item"] == {"MSISDN": "5320000001", "State": 1}
    assert isobil.data("QueryMulti", Limit=0)["Report"]["Item"] == []
    assert len(isobil.data("GetServices")["Services"]["Item"]) == 2


def test_json_without_its_shell_and_without_soap(isobil):
    isobil.option("response_shell", False)
    body = ENVELOPE.format(soap=SOAP_12, data=CREDENTIAL)
    in_soap = ElementTree.fromstring(isobil.http.post(JSON, content=body).content)
    assert list(orjson.loads(in_soap.findtext(f"{{{SOAP_12}}}Body/{RESULT}"))) == ["Status", "UserAccount"]
    isobil.option("soap_answers", False)
    answer = isobil.http.post(JSON, content=body)
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert list(answer.json()) == ["Status", "UserAccount"]


async def test_senders_of_their_own_for_a_service_and_codes_of_one_s_own():
    codes = dict(IsobilOptions().codes) | {"sender": 77}
    options = IsobilOptions(service_senders={2: ("KOD",)}, codes=codes)
    transport = httpx.ASGITransport(build("isobil", options=options))
    fields = orjson.loads(CREDENTIAL) | {"Message": "1", "DataCoding": "Default", "To": ["5320000001"]}
    async with httpx.AsyncClient(transport=transport, base_url="http://isobil") as http:
        answers = [
            (await http.post(f"{JSON}?op=Submit", json=fields | {"Header": {"ServiceID": service, "From": sender}})).json()
            for service, sender in ((1, "BASLIK"), (1, "KOD"), (2, "KOD"), (2, "BASLIK"))
        ]
    assert [answer["Response"]["Status"]["Code"] for answer in answers] == [100, 77, 100, 77]
