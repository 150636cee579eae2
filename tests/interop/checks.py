"""The checks of the clients in Python. What differs between them is how a client is made, with or without HTTP Basic."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

URL, USERNAME, PASSWORD, SENDER, TAG = sys.argv[1:]
LOGIN = {"username": USERNAME, "password": PASSWORD}
TURKISH = "Şişli'de ağaç gölgesi: ĞÜŞİÖÇ ığüşöç & <b> 5 > 3 €"
FIRST, SECOND = "905321234567", "905331234567"
SMS = {"type": 1, "title": "Deneme", "sender": SENDER, "encoding": 1}
SCHEDULED = "2040-01-01 10:00"

# what a WSDL's address and a login for HTTP Basic give: an object with the operations as methods
ServiceOf = Callable[[str, tuple[str, str] | None], AbstractContextManager[Any]]


def run(service_of: ServiceOf, fault_of: Callable[[str, dict[str, str]], str]) -> None:
    """All checks.

    service_of: makes a client. fault_of: of a WSDL's address and a login, calls getUserCredit with a header that the server must
    understand and does not; gives the text of the fault that the stack raises.
    """

    def basic(_service: Any) -> None:
        with service_of(f"{URL}?wsdl", (USERNAME, PASSWORD)) as service:
            assert data(service.getUserCredit()).credit > 0

    def fault(_service: Any) -> None:
        assert fault_of(f"{URL}?wsdl", LOGIN) == "A SOAP header that must be understood is not known."

    with service_of(f"{URL}?wsdl", None) as service:
        for name, check in (CHECKS | {"getUserCredit basic": basic, "getUserCredit fault": fault}).items():
            try:
                check(service)
            except Exception as error:  # noqa: BLE001  # whatever it is, it is the reason
                print(f"CHECK {name} FAIL {error!r}".replace("\n", " "))
            else:
                print(f"CHECK {name} ok")
    print("DONE")


# An empty element is None to zeep and an empty text to suds, where the WSDL has an object.


def data(result: Any) -> Any:
    assert not getattr(result.err, "code", None), result.err
    return result.data


def refusal(result: Any, code: str, status: int) -> None:
    assert not any(getattr(result.data, name, None) for name in ("pkgID", "stats", "list", "status", "credit"))
    assert (result.err.code, result.err.status) == (code, status), result.err
    assert result.err.message


def rows(page: Any) -> list[Any]:
    found = getattr(page.list, "item", None) or []
    assert page.stats.totalRecord == len(found)
    return list(found)


def package_of(service: Any, **filters: Any) -> Any:
    (package,) = rows(data(service.getSmsPackages(**LOGIN, **filters)))
    return package


def items_of(service: Any, package_id: int) -> set[tuple[str, str | None]]:
    items = rows(data(service.getSmsPackageItems(**LOGIN, pkgID=package_id)))
    assert all(isinstance(item.state, int) and isinstance(item.id, str) for item in items)
    return {(item.target, item.msg) for item in items}


def one(service: Any, word: str, **more: Any) -> Any:
    fields = LOGIN | SMS | {"sendingType": 0, "content": f"{TAG} {word}: {TURKISH}", "number": FIRST}
    return service.sendSms(**fields | more)


def many(service: Any, word: str, items: list[Any]) -> Any:
    return service.sendSms(**LOGIN, **SMS, sendingType=1, content=f"{TAG} {word}: {TURKISH}", numbers={"item": items})


def send_one(service: Any) -> None:
    assert data(one(service, "one", customID=f"{TAG}-1")).pkgID > 0


def send_many(service: Any) -> None:
    sent = data(many(service, "many", [{"nr": FIRST}, {"nr": SECOND}]))
    assert items_of(service, sent.pkgID) == {(FIRST, None), (SECOND, None)}


def send_plain(service: Any) -> None:
    sent = data(many(service, "plain", [FIRST, SECOND]))
    assert items_of(service, sent.pkgID) == {(FIRST, None), (SECOND, None)}


def send_each(service: Any) -> int:
    texts = [f"{TAG} first: {TURKISH}", f"{TAG} second: {TURKISH}"]
    numbers = {"item": [{"nr": FIRST, "msg": texts[0]}, {"nr": SECOND, "msg": texts[1]}]}
    package_id = data(service.sendSms(**LOGIN, **SMS, sendingType=2, content="-", numbers=numbers)).pkgID
    assert package_id > 0
    return int(package_id)


def send_encodings(service: Any) -> None:
    for encoding in (0, 1, 2):
        sent = data(one(service, f"encoding {encoding}", encoding=encoding))
        package = package_of(service, ids={"item": [sent.pkgID]})
        assert (package.content, package.encoding) == (f"{TAG} encoding {encoding}: {TURKISH}", encoding)


def send_duplicate(service: Any) -> None:
    refusal(one(service, "one", customID=f"{TAG}-1"), "ERR_SMS_PKG_CUSTOM_ID_DUPLICATION", 417)


def send_empty(service: Any) -> None:
    refusal(many(service, "empty", []), "ERR_EMPTY_SMS_PACKAGE", 417)


def send_refused(service: Any) -> None:
    refusal(one(service, "refused", type=7), "ERR_BAD_REQUEST", 400)


def otp(service: Any, **more: Any) -> Any:
    return service.sendOtp(
        **LOGIN | {"content": f"{TAG} otp: {TURKISH}", "number": FIRST, "sender": SENDER, "encoding": 1, "validity": 3} | more
    )


def otp_sent(service: Any) -> None:
    package = package_of(service, ids={"item": [data(otp(service)).pkgID]})
    assert (package.type, package.validity) == (0, 3)


def otp_refused(service: Any) -> None:
    refusal(otp(service, validity=30), "ERR_BAD_REQUEST", 400)


def packages_by_id(service: Any) -> None:
    sent = data(one(service, "package", customID=f"{TAG}-2"))
    package = package_of(service, ids={"item": [sent.pkgID]})
    assert (package.id, package.customID, package.senders.item) == (sent.pkgID, f"{TAG}-2", [SENDER])
    assert package.content == f"{TAG} package: {TURKISH}"
    assert (package.statistics.rCount, package.statistics.total > 0) == (1, True)


def packages_by_custom_id(service: Any) -> None:
    assert package_of(service, customIDs={"item": [f"{TAG}-2"]}).content == f"{TAG} package: {TURKISH}"


def packages_none(service: Any) -> None:
    assert rows(data(service.getSmsPackages(**LOGIN, ids={"item": [1]}))) == []


def items_both(service: Any) -> None:
    texts = [f"{TAG} A: {TURKISH}", f"{TAG} B: {TURKISH}"]
    numbers = {"item": [{"nr": FIRST, "msg": texts[0]}, {"nr": SECOND, "msg": texts[1]}]}
    sent = data(service.sendSms(**LOGIN, **SMS, sendingType=2, content="-", numbers=numbers))
    assert items_of(service, sent.pkgID) == {(FIRST, texts[0]), (SECOND, texts[1])}


def items_refused(service: Any) -> None:
    refusal(service.getSmsPackageItems(**LOGIN, pkgID=1), "ERR_SMS_PKG_NOT_FOUND", 417)


def senders(service: Any) -> None:
    found = rows(data(service.getSmsSenders(**LOGIN, status=1)))
    assert [(sender.title, sender.status) for sender in found] == [(SENDER, 1)]


def cancel(service: Any) -> None:
    package_id = data(one(service, "scheduled", customID=f"{TAG}-3", sendingDate=SCHEDULED)).pkgID
    assert data(service.cancelSmsPackage(**LOGIN, id=package_id)).status == 1
    package = package_of(service, ids={"item": [package_id]})
    assert (package.state, package.isScheduled) == (-4, 1)


def cancel_refused(service: Any) -> None:
    refusal(service.cancelSmsPackage(**LOGIN, customID=f"{TAG}-3"), "ERR_SMS_PKG_NOT_CHANGEABLE", 417)


def credit(service: Any) -> None:
    assert data(service.getUserCredit(**LOGIN)).credit > 0


def wrong_password(service: Any) -> None:
    refusal(service.getUserCredit(username=USERNAME, password="wrong"), "ERR_UNAUTHORIZED_REQUEST", 401)


CHECKS: dict[str, Callable[[Any], object]] = {
    "sendSms one": send_one,
    "sendSms many": send_many,
    "sendSms plain": send_plain,
    "sendSms each": send_each,
    "sendSms encodings": send_encodings,
    "sendSms duplicate": send_duplicate,
    "sendSms empty": send_empty,
    "sendSms refused": send_refused,
    "sendOtp sent": otp_sent,
    "sendOtp refused": otp_refused,
    "getSmsPackages by-id": packages_by_id,
    "getSmsPackages by-customID": packages_by_custom_id,
    "getSmsPackages none": packages_none,
    "getSmsPackageItems both": items_both,
    "getSmsPackageItems refused": items_refused,
    "getSmsSenders list": senders,
    "cancelSmsPackage scheduled": cancel,
    "cancelSmsPackage refused": cancel_refused,
    "getUserCredit credit": credit,
    "getUserCredit wrong-password": wrong_password,
}
