"""Requests as real programs write them, and what they are answered.

A folder is one sample, `<operation>__<what it shows>`:

    request.http    head and body, byte for byte as they go over the socket
    response.xml    the answer; its first line says the HTTP status when that is not 200
    vendor.json     [path, JSON body] of each request that the vendor must have received; [] for none
    answer.json     what the vendor answers, where the simulator shall not (samples from the document)

All samples find the same vendor (`packages`), and both clocks at noon of 22 November 2026.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from lxml import etree

from bridge.soap.contract import OPERATIONS
from tests.soap.trees import assert_nodes_equal, assert_valid, is_fault
from tests.soap.wire import Wire, exchange

FOLDER = Path(__file__).parent / "samples"
SAMPLES = sorted(path.name for path in FOLDER.iterdir())

# what differs each time: the element's text, or the JSON key's value, that is replaced when it matches
VOLATILE = {
    "uuid": (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "(uuid)"),  # of packages, made by the vendor
    "customID": (re.compile(r"bridge\.[0-9a-f]{24}\.[0-9]+"), "(made by the bridge)"),  # where the client gave none
}


@pytest.fixture
def packages(vendor):
    """What the vendor knows: three reported packages (one number could not be reached) and one for tomorrow."""
    text = "Test mesajı içeriğidir, dikkate almayınız."
    vendor.send(sendingType=0, number="905511034554", content=f"{text} > & abc")
    vendor.send(sendingType=1, numbers=["905511034554", "905433404979"], content=text)
    own = [{"nr": "905511034554", "msg": "A kişisine özel mesaj."}, {"nr": "905433404971", "msg": "B kişisine özel mesaj."}]
    vendor.send(sendingType=2, numbers=own, content=text, customID="a1b2c3")
    vendor.advance(400)
    vendor.send(sendingType=0, number="905511034554", content=text, customID="yarin-1", sendingDate="2026-11-23 12:00")
    vendor.credit(316807)


def steady(values: dict[str, str]) -> dict[str, str]:
    """The values without what differs each time."""
    for name, (pattern, word) in VOLATILE.items():
        if isinstance(value := values.get(name), str) and pattern.fullmatch(value):
            values[name] = word
    return values


def expected_status(document: str) -> int:
    marked = re.match(r"<!-- HTTP ([0-9]{3}) -->", document)
    return int(marked[1]) if marked else 200


def assert_head_fits(answer, request):
    """What holds for every answer, by what its request was."""
    head = request.partition(b"\r\n\r\n")[0].lower()
    soap12 = b"http://www.w3.org/2003/05/soap-envelope" in answer.body
    assert answer.header("content-type") == ("application/soap+xml" if soap12 else "text/xml") + "; charset=utf-8"
    assert answer.header("content-length") == str(len(answer.body))
    assert answer.header("transfer-encoding") is None
    stays = b" http/1.1" in head and not re.search(rb"\r\nconnection:[^\r]*close", head)
    assert answer.header("connection") == (None if stays else "close")


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.usefixtures("packages")
def test_sample(name, bridge, vendor, schema):
    folder = FOLDER / name
    request, expected = (folder / "request.http").read_bytes(), (folder / "response.xml").read_text(encoding="utf-8")
    if (folder / "answer.json").exists():
        vendor.play("answer", body=(folder / "answer.json").read_text(encoding="utf-8"))

    answer = exchange(bridge.port, request)

    envelope = answer.xml
    for element in envelope.iter(*VOLATILE):
        element.text = steady({element.tag: element.text})[element.tag]
    assert_nodes_equal(envelope, etree.fromstring(expected.encode()))
    assert answer.status == expected_status(expected)
    assert_head_fits(answer, request)
    if not is_fault(envelope):
        assert_valid(schema, envelope)
    received = [[path, steady(body)] for path, body in vendor.bodies()]
    assert received == json.loads((folder / "vendor.json").read_text(encoding="utf-8"))


def test_every_sample_is_of_an_operation_and_every_operation_has_one():
    assert {name.partition("__")[0] for name in SAMPLES} == set(OPERATIONS)


def test_a_socket_is_used_again_for_all_that_allow_it(bridge):
    """One connection for all samples whose client keeps it: no answer may leave anything of itself behind."""
    with Wire(bridge.port) as wire:
        for name in SAMPLES:
            request = (FOLDER / name / "request.http").read_bytes()
            head = request.partition(b"\r\n\r\n")[0].lower()
            if b"close" in head or b" http/1.0" in head or b"100-continue" in head:
                continue
            wire.send(request)
            assert wire.answer().status in {200, 401, 500}, name
        assert wire.silent(0.05)
