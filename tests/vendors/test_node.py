"""What only Node has: brands, its own settings, reports in pages."""

from __future__ import annotations

from base64 import b64decode
from datetime import UTC, datetime

import orjson
import pytest
from pydantic import ValidationError

from bridge.domain.http import HttpResponse
from bridge.errors import CallError, ErrorCode
from bridge.vendors.node import PRESETS, Node, NodeCredentials, NodeSettings
from tests.vendors.node_cases import message, otp

BRANDS = {
    "ekomesaj": "http://panel4.ekomesaj.com:9587/",
    "telsam": "http://sms.telsam.com.tr:9587/",
    "voicetelekom": "http://smsvt.voicetelekom.com:9587/",
    "nac": "http://smslogin.nac.com.tr:9587/",
    "kobikom": "http://smsportal.kobikom.com.tr:9587/",
    "polidijital": "http://app.polidijital.com:9587/",
    "foniva": "http://sms.foniva.com.tr:9587/",
    "teknomart": "http://app.teknomart.com.tr:9587/",
    "tescom": "http://smspanel.tescom.com.tr:9587/",
    "evyapan": "http://panel2.evyapanltd.com.tr:9587/",
    "digicell": "http://toplusms.digicell.com.tr:9587/",
    "ataksms": "http://panel.ataksms.com:9587/",
}
LOGIN = NodeCredentials.from_login("user", "test")


def node(**settings) -> Node:
    return Node(NodeSettings(**({"base_url": "http://vendor.example/"} | settings)))


@pytest.mark.parametrize("preset", [*BRANDS, *PRESETS])
def test_a_brand_is_an_address(preset):
    vendor = node(base_url=None, preset=preset)
    assert next(vendor.credit(LOGIN)).url == f"{BRANDS[preset]}user/credit"


@pytest.mark.parametrize("base_url", ["https://vendor.example:9588", "https://vendor.example:9588/"])
def test_a_base_url_may_lack_its_slash(base_url):
    assert next(node(base_url=base_url).credit(LOGIN)).url == "https://vendor.example:9588/user/credit"


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"base_url": "http://vendor.example/", "preset": "nac"},
        {"preset": "unknown"},
        {"base_url": "ftp://vendor.example/"},
        {"base_url": "http://user:pass@vendor.example/"},
        {"base_url": "http://vendor.example/?key=1"},
        {"preset": "nac", "otp_path": "otp"},
        {"preset": "nac", "recipient_type": 3},
        {"preset": "nac", "gateway": "no-uuid"},
        {"preset": "nac", "max_recipients": 0},
        {"preset": "nac", "unknown": 1},
    ],
    ids=str,
)
def test_wrong_settings_are_refused(settings):
    with pytest.raises(ValidationError):
        NodeSettings(**settings)


@pytest.mark.parametrize("password", ["test", "with:colon", "şifre ğ €", ""])
def test_the_login_travels_as_basic_in_utf_8(password):
    request = next(node().credit(NodeCredentials.from_login("user", password)))
    (scheme, _, encoded) = dict(request.headers)["Authorization"].partition(" ")
    assert (scheme, b64decode(encoded).decode()) == ("Basic", f"user:{password}")


@pytest.mark.parametrize(("otp_path", "path"), [("create-otp", "sms/create-otp"), ("create", "sms/create")])
def test_otp_goes_where_the_setting_says_and_sms_does_not(otp_path, path):
    vendor = node(otp_path=otp_path)
    assert next(vendor.send(otp(), LOGIN)).url.endswith(path)
    assert next(vendor.send(message(), LOGIN)).url.endswith("sms/create")


def test_a_trust_date_that_the_path_cannot_carry_is_refused():
    trusting = otp(trust_at=datetime(2020, 12, 25, 9, tzinfo=UTC))
    node().check(trusting)
    with pytest.raises(CallError) as raised:
        node(otp_path="create").check(trusting)
    assert raised.value.code == ErrorCode.BAD_REQUEST


def test_a_report_is_read_to_its_last_page():
    exchange = node().report(222962, message(), LOGIN)
    request = next(exchange)
    sizes = [1000, 1000, 3]
    for page, size in enumerate(sizes):
        assert orjson.loads(request.body) == {"pkgID": 222962, "pageIndex": page, "pageSize": 1000}
        assert request.repeatable
        rows = [{"target": "905511034554", "state": 3, "deliveryDate": "2021-05-04T01:38:26"}] * size
        body = orjson.dumps({"err": None, "data": {"list": rows}})
        try:
            request = exchange.send(HttpResponse(200, {}, body))
        except StopIteration as end:
            assert page == len(sizes) - 1
            assert len(end.value) == sum(sizes)
            assert end.value[0].at == datetime(2021, 5, 3, 22, 38, 26, tzinfo=UTC)


def test_only_questions_may_be_asked_twice():
    vendor = node()
    assert not next(vendor.send(message(), LOGIN)).repeatable
    assert not next(vendor.send(otp(), LOGIN)).repeatable
    assert next(vendor.find(message(), LOGIN)).repeatable
    assert next(vendor.credit(LOGIN)).repeatable
