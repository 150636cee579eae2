"""Packages and items in time."""

from __future__ import annotations

from datetime import datetime

import pytest

DELIVERED, FAILS, SILENT = "905511034550", "905511034559", "905511034558"


def test_a_package_passes_all_states(node):
    package = node.send(DELIVERED, "905511034551", FAILS)
    seen = [node.states(package)]
    for seconds in (50, 50, 100, 100):
        node.advance(seconds)
        seen.append(node.states(package))
    assert seen == [(1, [0, 0, 0]), (3, [1, 1, 1]), (4, [2, 2, 2]), (5, [3, 2, 2]), (6, [3, 3, 4])]
    assert node.package(package)["statistics"] == {"total": 3, "credit": 3, "rCount": 3, "delivered": 2, "undelivered": 1}


def test_set_states_follow(node):
    package = node.send(DELIVERED, FAILS)
    seen = []
    for seconds in (0, 50, 50, 100, 100):
        node.advance(seconds)
        seen.append(node.items(package)[0]["setState"])
    assert seen == [0, 1, 2, 3, 5]


def test_dates_of_a_delivered_item(node):
    package = node.send(DELIVERED)
    item = node.items(package)[0]
    assert (item["deliveryDate"], item["processingDate"]) == (None, None)
    node.advance(301)
    item = node.items(package)[0]
    sent, worked_on, delivered = (datetime.fromisoformat(item[key]) for key in ("sendingDate", "processingDate", "deliveryDate"))
    assert sent < worked_on < delivered
    assert (delivered - sent).total_seconds() == 300


def test_what_fails_has_no_delivery_date(node):
    package = node.send(FAILS)
    node.advance(301)
    item = node.items(package)[0]
    assert (item["state"], item["error"], item["deliveryDate"]) == (4, 0, None)


def test_what_nobody_reports_times_out(node):
    package = node.send(DELIVERED, SILENT, validity=60)
    node.advance(301)
    assert node.states(package) == (5, [3, 2])
    node.advance(120 * 60 - 302)
    assert node.states(package) == (5, [3, 2])
    node.advance(2)
    assert node.states(package) == (6, [3, 5])
    assert node.package(package)["statistics"]["undelivered"] == 1


def test_invalid_numbers_among_valid_ones_are_rejected_items(node):
    package = node.send("5511034554", DELIVERED, "905")
    node.advance(301)
    assert node.states(package) == (6, [-1, 3, -1])
    items = node.items(package)
    assert [item["target"] for item in items] == ["5511034554", DELIVERED, "905"]
    assert [bool(item["error"]) for item in items] == [True, False, True]
    assert [item["credit"] for item in items] == [0, 1, 0]
    assert node.package(package)["statistics"] == {"total": 3, "credit": 1, "rCount": 3, "delivered": 1, "undelivered": 2}
    assert [taken["number"] for taken in node.control("sent")["sent"]] == [DELIVERED]


@pytest.mark.parametrize("number", ["10000000146", 10000000146])
def test_national_ids(node, number):
    package = node.data("/sms/create", node.sms(type=2, number=number))["pkgID"]
    node.advance(301)
    assert node.states(package) == (6, [3])


def test_scheduled(node):
    package = node.send(sendingDate=node.local(hours=2))
    listed = node.package(package)
    assert (listed["isScheduled"], listed["state"]) == (1, 1)
    assert listed["sendingDate"] == node.local(hours=2).replace(" ", "T") + ":00"
    node.advance(100 * 60)
    assert node.states(package) == (1, [0])
    node.advance(20 * 60 + 301)
    assert node.states(package) == (6, [3])


def test_cancel_scheduled_and_waiting(node):
    packages = [node.send(sendingDate=node.local(hours=2)), node.send(customID="c.1"), node.send()]
    uuid = node.package(packages[2])["uuid"]
    for key in ({"id": packages[0]}, {"customID": "c.1"}, {"uuid": uuid}):
        assert node.data("/sms/cancel", key) == {"status": 1}
    assert node.data("/user/credit") == {"credit": 316807}
    node.advance(301)
    assert [node.states(package) for package in packages] == [(-4, [-2])] * 3


def test_cancel_too_late_or_twice(node):
    package = node.send()
    node.advance(51)
    assert node.code("/sms/cancel", {"id": package}) == "ERR_SMS_PKG_NOT_CHANGEABLE"
    waiting = node.send()
    node.data("/sms/cancel", {"id": waiting})
    assert node.code("/sms/cancel", {"id": waiting}) == "ERR_SMS_PKG_NOT_CHANGEABLE"


def test_all_given_keys_must_name_the_same_package(node):
    package = node.send(customID="a")
    assert node.code("/sms/cancel", {"id": package, "customID": "b"}) == "ERR_SMS_PKG_NOT_FOUND"
    assert node.data("/sms/cancel", {"id": package, "customID": "a"}) == {"status": 1}


def test_a_yearly_package_waits(node):
    package = node.send(periodicSettings={"periodType": 4})
    node.advance(301)
    assert node.states(package) == (1, [0])
    assert node.data("/sms/cancel", {"id": package}) == {"status": 1}


def test_a_package_in_portions(node):
    numbers = [f"9055110{place:04}0" for place in range(1001)]
    package = node.send(*numbers, periodicSettings={"periodType": 0, "interval": 60, "amount": 1000})
    node.advance(301)
    assert node.package(package)["state"] == 3
    assert node.data("/sms/list-item", {"pkgID": package, "state": 0})["list"][0]["target"] == numbers[-1]
    node.advance(3600)
    assert node.package(package)["state"] == 6
