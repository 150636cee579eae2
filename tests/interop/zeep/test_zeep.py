"""zeep, with a client made from the WSDL that the running bridge serves. The same calls, whichever vendor is behind it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import requests
from zeep import Client
from zeep.transports import Transport

from bridge.sandbox import VENDORS

pytestmark = pytest.mark.parametrize("endpoint", VENDORS, indirect=True, scope="module")

LOGIN = {"username": "admin", "password": "123456"}
TURKISH = "Şişli'de ağaç gölgesi: ĞÜŞİÖÇ ığüşöç & <b> 5 > 3 €"
FIRST, SECOND = "905321234567", "905331234567"
SMS = {"type": 1, "title": "Deneme", "sender": "BASLIK", "encoding": 1}


def client_of(endpoint: str, auth: tuple[str, str] | None = None) -> Iterator[Any]:
    with requests.Session() as session:
        session.trust_env = False
        session.auth = auth
        with Client(f"{endpoint}?wsdl", transport=Transport(session=session, timeout=30, operation_timeout=30)) as client:
            yield client.service


@pytest.fixture(scope="module")
def service(endpoint: str) -> Iterator[Any]:
    yield from client_of(endpoint)


@pytest.fixture
def basic(endpoint: str) -> Iterator[Any]:
    """With the login in the HTTP header only."""
    yield from client_of(endpoint, ("admin", "123456"))


def succeeded(result: Any) -> Any:
    assert result.err is None or result.err.code is None, result.err
    return result.data


def code(result: Any) -> str:
    assert result.data is None or not any(vars(result.data).get("__values__", {}).values())
    return str(result.err.code)


def items(service: Any, package_id: int) -> set[tuple[str, str | None]]:
    page = succeeded(service.getSmsPackageItems(**LOGIN, pkgID=package_id))
    assert page.stats.totalRecord == len(page.list.item)
    return {(item.target, item.msg) for item in page.list.item}


def test_credit_and_senders(service):
    assert succeeded(service.getUserCredit(**LOGIN)).credit > 0
    page = succeeded(service.getSmsSenders(**LOGIN, status=1))
    assert [(sender.title, sender.status) for sender in page.list.item] == [("BASLIK", 1)]


def test_one_number(service):
    sent = succeeded(service.sendSms(**LOGIN, **SMS, sendingType=0, content=TURKISH, number=FIRST, customID="zeep-1"))
    (package,) = succeeded(service.getSmsPackages(**LOGIN, ids={"item": [sent.pkgID]})).list.item
    assert (package.id, package.content, package.customID) == (sent.pkgID, TURKISH, "zeep-1")
    assert (package.senders.item, package.statistics.rCount) == (["BASLIK"], 1)
    (package,) = succeeded(service.getSmsPackages(**LOGIN, customIDs={"item": ["zeep-1"]})).list.item
    assert package.id == sent.pkgID
    again = service.sendSms(**LOGIN, **SMS, sendingType=0, content=TURKISH, number=FIRST, customID="zeep-1")
    assert code(again) == "ERR_SMS_PKG_CUSTOM_ID_DUPLICATION"


@pytest.mark.parametrize("encoding", [0, 1, 2])
def test_turkish_letters(service, encoding):
    message = SMS | {"encoding": encoding}
    sent = succeeded(service.sendSms(**LOGIN, **message, sendingType=0, content=TURKISH, number=FIRST))
    (package,) = succeeded(service.getSmsPackages(**LOGIN, ids={"item": [sent.pkgID]})).list.item
    assert (package.content, package.encoding) == (TURKISH, encoding)


@pytest.mark.parametrize("numbers", [[{"nr": FIRST}, {"nr": SECOND}], [FIRST, SECOND]], ids=["nr", "plain"])
def test_one_text_for_many(service, numbers):
    sent = succeeded(service.sendSms(**LOGIN, **SMS, sendingType=1, content=TURKISH, numbers={"item": numbers}))
    assert items(service, sent.pkgID) == {(FIRST, None), (SECOND, None)}


def test_a_text_for_each(service):
    numbers = [{"nr": FIRST, "msg": TURKISH}, {"nr": SECOND, "msg": "B kişisine özel"}]
    sent = succeeded(service.sendSms(**LOGIN, **SMS, sendingType=2, content="-", numbers={"item": numbers}))
    assert items(service, sent.pkgID) == {(FIRST, TURKISH), (SECOND, "B kişisine özel")}


def test_otp(service):
    sent = succeeded(service.sendOtp(**LOGIN, content="Kodunuz: 123456", number=FIRST, sender="BASLIK", validity=3))
    (package,) = succeeded(service.getSmsPackages(**LOGIN, ids={"item": [sent.pkgID]})).list.item
    assert (package.type, package.validity) == (0, 3)


def test_cancel(service):
    tomorrow = f"{datetime.now(ZoneInfo('Europe/Istanbul')) + timedelta(days=1):%Y-%m-%d %H:%M}"
    sent = succeeded(service.sendSms(**LOGIN, **SMS, sendingType=0, content="x", number=FIRST, sendingDate=tomorrow))
    assert succeeded(service.cancelSmsPackage(**LOGIN, id=sent.pkgID)).status == 1
    (package,) = succeeded(service.getSmsPackages(**LOGIN, ids={"item": [sent.pkgID]})).list.item
    assert (package.state, package.isScheduled) == (-4, 1)
    assert code(service.cancelSmsPackage(**LOGIN, id=sent.pkgID)) == "ERR_SMS_PKG_NOT_CHANGEABLE"


def test_nothing_found(service):
    page = succeeded(service.getSmsPackages(**LOGIN, ids={"item": [1]}))
    assert page.stats.totalRecord == 0
    assert not (page.list and page.list.item)
    assert code(service.getSmsPackageItems(**LOGIN, pkgID=1)) == "ERR_SMS_PKG_NOT_FOUND"


def test_a_wrong_password(service):
    result = service.getUserCredit(username="admin", password="wrong")
    assert (code(result), result.err.status) == ("ERR_UNAUTHORIZED_REQUEST", 401)
    assert result.err.message


def test_http_basic_without_a_login_in_the_body(basic):
    assert succeeded(basic.getUserCredit()).credit > 0
