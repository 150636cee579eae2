"""One simulator of isobil on a real socket for all tests; each test finds it as new.

Its pace is slow (sent after 100 s, reported after 300 s), so that only the tests move its time.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

import httpx
import orjson
import pytest

from bridge.sandbox import Running, build, serve_in_thread
from bridge.sandbox.isobil import IsobilOptions
from tests.waiting import PATIENCE

OPTIONS = IsobilOptions(
    accounts={"user": "test", "other": "secret"},
    senders=("BASLIK", "DIGER"),
    packet_size=3,
    sent_after_seconds=100,
    reported_after_seconds=300,
)
CREDENTIAL = {"Username": "user", "Password": "test", "SystemCode": 1234}
OWN = "https://api.isobil.com.tr"
SOAP_12 = "http://www.w3.org/2003/05/soap-envelope"
TEXTS = {
    "Description", "CompanyName", "LastName", "Name", "Account", "ServiceName", "Sender", "UpdateDate", "MSISDN",
    "Message", "ScheduledDeliveryDate", "SendDate", "Username",
}  # fmt: skip


def envelope(operation: str, text: str, soap: str = SOAP_12) -> str:
    """As the one live client writes it."""
    return (
        f'<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="{soap}"><soap:Body>'
        f'<{operation} xmlns="{OWN}"><data><![CDATA[{text}]]></data></{operation}></soap:Body></soap:Envelope>'
    )


def opened(operation: str, body: bytes, soap: str = SOAP_12) -> str:
    """The text in a SOAP answer."""
    root = ElementTree.fromstring(body)
    assert root.tag == f"{{{soap}}}Envelope"
    path = f"{{{soap}}}Body/{{{OWN}}}{operation}Response/{{{OWN}}}{operation}Result"
    result = root.findtext(path)
    assert result is not None, body
    return result


def as_xml(name: str, value: Any) -> str:
    if isinstance(value, list):
        return "".join(as_xml(name, each) for each in value)
    if isinstance(value, dict):
        return f"<{name}>{''.join(as_xml(key, each) for key, each in value.items())}</{name}>"
    return f"<{name}>{escape(str(value))}</{name}>"


def from_xml(element: ElementTree.Element) -> Any:
    if not len(element) and element.tag not in {"Services", "Senders", "Report"}:
        return (element.text or "") if element.tag in TEXTS else int(element.text)
    values: dict[str, Any] = {"Item": []} if element.tag == "Report" else {}
    for child in element:
        if child.tag == "Item":
            values.setdefault("Item", []).append(from_xml(child))
        else:
            values[child.tag] = from_xml(child)
    return values


class Caller:
    """A caller of the simulator in one dialect: `json`, `asmx` or `xml`."""

    def __init__(self, http: httpx.Client, dialect: str) -> None:
        self.http, self.dialect = http, dialect
        self.path = f"/v2/isobil_API_{'XML' if dialect == 'xml' else 'JSON'}.asmx"

    def raw(self, operation: str, body: str | bytes, **more: Any) -> httpx.Response:
        return self.http.post(self.path, params={"op": operation}, content=body, **more)

    def post(self, operation: str, fields: dict[str, Any], **more: Any) -> httpx.Response:
        if self.dialect == "xml":
            return self.raw(operation, as_xml("Request", fields), **more)
        text = orjson.dumps(fields).decode()
        return self.raw(operation, text if self.dialect == "json" else envelope(operation, text), **more)

    def read(self, operation: str, answer: httpx.Response) -> dict[str, Any]:
        assert answer.status_code == 200, answer.text
        if self.dialect == "xml":
            root = ElementTree.fromstring(answer.content)
            assert root.tag == "Response"
            return from_xml(root)
        text = opened(operation, answer.content) if self.dialect == "asmx" else answer.text
        whole = orjson.loads(text)
        assert list(whole) == ["Response"]
        return whole["Response"]

    def ask(self, operation: str, fields: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
        whole = {"Credential": CREDENTIAL} | (fields or {})
        return self.read(operation, self.post(operation, whole, **more))

    def code(self, operation: str, fields: dict[str, Any] | None = None, **more: Any) -> int:
        return self.ask(operation, fields, **more)["Status"]["Code"]

    def data(self, operation: str, **criterion: Any) -> dict[str, Any]:
        answer = self.ask(operation, {"Criterion": criterion} if criterion else None)
        assert answer["Status"]["Code"] == 100, answer
        return answer

    def fields(self, *numbers: str, text: str = "Merhaba", coding: str = "Default", **header: Any) -> dict[str, Any]:
        """The fields of Submit."""
        head = {"ServiceID": 1, "From": "BASLIK", "ScheduledDeliveryDate": "", "ValidityDate": ""} | header
        return {"Message": text, "DataCoding": coding, "Header": head, "To": list(numbers or ["5320000001"])}

    def send(self, *numbers: str, **more: Any) -> int:
        answer = self.ask("Submit", self.fields(*numbers, **more))
        assert answer["Status"]["Code"] == 100, answer
        return answer["MessageID"]

    def packets(self, message: int) -> list[dict[str, Any]]:
        return self.data("Query", MessageID=message)["Report"]["Item"]

    def states(self, message: int) -> list[int]:
        """Of all numbers, packet by packet."""
        return [
            item["State"]
            for packet in self.packets(message)
            for item in self.data("QueryDetail", MessageID=message, PacketID=packet["PackedID"])["Report"]["Item"]
        ]

    def search(self, **criterion: Any) -> list[int]:
        """The ids that QueryMulti finds, among sends to one number unless told otherwise."""
        return [item["MessageID"] for item in self.data("QueryMulti", **{"Limit": 1} | criterion)["Report"]["Item"]]

    def control(self, path: str, body: Any = None) -> dict[str, Any]:
        answer = self.http.get(f"/_sandbox/{path}") if body is None else self.http.post(f"/_sandbox/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def sent(self) -> list[dict[str, str]]:
        return self.control("sent")["sent"]

    def advance(self, seconds: float) -> None:
        self.control("clock", {"advance_seconds": seconds})

    def option(self, name: str, value: Any) -> None:
        self.control("options", {"name": name, "value": value})

    def local(self, **shift: float) -> str:
        """A date as isobil writes them, so far from now in the simulator's time."""
        now = datetime.fromisoformat(self.control("clock")["now"]).astimezone(ZoneInfo("Europe/Istanbul"))
        return f"{now + timedelta(**shift):%Y%m%d%H%M%S}"


@pytest.fixture(scope="session")
def running() -> Iterator[Running]:
    with serve_in_thread(build("isobil", options=OPTIONS)) as running:
        yield running


@pytest.fixture(scope="session")
def client(running: Running) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=running.base_url, timeout=PATIENCE, trust_env=False, verify=False) as client:
        yield client


@pytest.fixture
def isobil(client: httpx.Client) -> Caller:
    """Speaks the document's raw JSON."""
    client.post("/_sandbox/reset")
    return Caller(client, "json")


@pytest.fixture(params=["json", "asmx", "xml"])
def caller(client: httpx.Client, request: pytest.FixtureRequest) -> Caller:
    """Speaks each of the three dialects in turn."""
    client.post("/_sandbox/reset")
    return Caller(client, request.param)
