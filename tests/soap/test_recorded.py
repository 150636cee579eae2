"""What six client toolchains really sent, from start to end, replayed against a vendor that numbers packages as it did then."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from lxml import etree

from bridge.sandbox import Clock, build, serve_in_thread
from bridge.sandbox.node import NodeOptions
from bridge.soap.contract import NAMESPACE
from bridge.soap.wsdl import generate
from tests.soap.serving import NOW, Vendor, serve, settings_for
from tests.soap.trees import assert_valid
from tests.soap.wire import exchange

FOLDER = Path(__file__).parent / "recorded"
# toolchain: id of the first package that it made
TOOLCHAINS = {"axis1": 222962, "jaxws": 222980, "mono-wsdl": 222992, "node-soap": 223004, "php": 223010, "zeep": 223072}
# err/code by the number of the call: a wrong password, and a customID for the second time
CODES = {16: "ERR_UNAUTHORIZED_REQUEST", 18: "ERR_SMS_PKG_CUSTOM_ID_DUPLICATION"}
TEXT = "ğüşöçıİĞÜŞÖÇ & < > €"
NUMBERS = ("type", "sendingType", "encoding", "validity")


class Replayed:
    """One toolchain's conversation: (operation, request's wrapper, answer) of each call, and the vendor that it went to."""

    def __init__(self, toolchain: str, port: int, vendor: Vendor) -> None:
        self.wsdls, self.calls, self.vendor = [], [], vendor
        for path in sorted((FOLDER / toolchain).iterdir()):
            raw = re.sub(rb" /l-[^/]+/soap", b" /soap", path.read_bytes(), count=1)
            answer = exchange(port, raw)
            operation = path.stem.partition("-")[2]
            if operation == "GET-wsdl":
                self.wsdls.append(answer)
            else:
                envelope = etree.fromstring(raw.partition(b"\r\n\r\n")[2])
                self.calls.append((operation, envelope[-1][0], answer))

    def answers(self, operation: str) -> list:
        return [answer for name, _, answer in self.calls if name == operation]


@pytest.fixture(scope="module", params=TOOLCHAINS)
def replayed(request):
    options = NodeOptions(first_package_id=TOOLCHAINS[request.param])
    with serve_in_thread(build("node", options=options, clock=Clock(lambda: NOW))) as running:
        vendor = Vendor(running.base_url)
        with serve(settings_for(running.base_url)) as bridge:
            yield Replayed(request.param, bridge.port, vendor)
        vendor.close()


def test_every_call_is_answered_as_it_was_then(replayed, schema):
    assert len(replayed.calls) == 18
    for number, (operation, _, answer) in enumerate(replayed.calls, 1):
        assert (answer.status, answer.code) == (200, CODES.get(number, "")), (number, operation, answer.body)
        assert answer.header("content-type") == "text/xml; charset=utf-8"
        wrapper = answer.xml[-1][0]
        assert wrapper.tag == f"{{{NAMESPACE}}}{operation}Response"
        assert_valid(schema, answer.xml)


def test_the_wsdl_is_served_with_the_address_that_the_client_used(replayed):
    assert replayed.wsdls
    for answer in replayed.wsdls:
        assert (answer.status, answer.header("content-encoding")) == (200, None)
        assert answer.body == generate(address="http://127.0.0.1:18587/soap")


def written(wrapper: etree._Element) -> dict:
    """What a send's XML says, in the words of the vendor's JSON."""
    fields = {etree.QName(child).localname: child.text for child in wrapper if not len(child)}
    said = {name: int(value) if name in NUMBERS else value for name, value in fields.items()}
    items = [{etree.QName(part).localname: part.text for part in item} for item in wrapper.iterfind("numbers/item")]
    if items:
        said["numbers"] = items if "msg" in items[0] else [item["nr"] for item in items]
    return {name: value for name, value in said.items() if name not in {"username", "password"}}


def test_the_vendor_received_what_the_xml_said(replayed):
    wanted = [written(wrapper) for operation, wrapper, _ in replayed.calls if operation in {"sendSms", "sendOtp"}]
    bodies = [body for path, body in replayed.vendor.bodies() if path.startswith("/sms/create")]
    for body in bodies:
        if body["customID"].startswith("bridge."):
            del body["customID"]
    assert bodies == wanted
    assert {body["content"] for body in bodies} == {TEXT}
    assert wanted[3]["numbers"][0]["msg"] == f"A {TEXT}"


def test_lists_show_what_was_sent(replayed):
    first, both, none, cancelled = replayed.answers("getSmsPackages")
    totals = [answer.find("totalRecord") for answer in (first, both, none, cancelled)]
    assert totals == ["1", "2", "0", "1"]
    assert (first.find("content"), first.find("customID"), cancelled.find("state")) == (TEXT, "", "-4")
    single, many, own = replayed.answers("getSmsPackageItems")
    assert [answer.find("totalRecord") for answer in (single, many, own)] == ["1", "2", "2"]
    assert [element.text for element in own.xml.iter("msg")] == [f"A {TEXT}", f"B {TEXT}"]


def test_what_was_not_cancelled_was_sent_once(replayed):
    assert len(replayed.vendor.sent()) == 1 + 1 + 2 + 2 + 1 + 1  # the cancelled one was taken, too
