"""Filters and pages."""

from __future__ import annotations

import pytest


def ids(node, **query):
    return [package["id"] for package in node.data("/sms/list", query)["list"]]


def test_newest_first_and_by_id(node):
    packages = [node.send() for _ in range(3)]
    assert ids(node) == packages[::-1]
    assert ids(node, ids=[packages[0], packages[2], 1]) == [packages[2], packages[0]]
    assert ids(node, ids=[]) == []


def test_pages(node):
    packages = [node.send() for _ in range(12)][::-1]
    assert ids(node, pageSize=10) == packages[:10]
    assert ids(node, pageSize=10, pageIndex=1) == packages[10:]
    assert ids(node, pageSize=10, pageIndex=2) == []
    assert node.data("/sms/list", {"pageSize": 10, "pageIndex": 2})["stats"] == {"totalRecord": 12}


def test_a_page_has_100_unless_told(node):
    package = node.send(*(f"90551103{place:04}" for place in range(120)))
    data = node.data("/sms/list-item", {"pkgID": package})
    assert (len(data["list"]), data["stats"]) == (100, {"totalRecord": 120})
    assert len(node.items(package, pageIndex=1)) == 20
    assert len(node.items(package, pageSize=1000)) == 120


def test_status_filters(node):
    done = node.send()
    node.advance(301)
    processing = node.send()
    node.advance(101)
    cancelled, scheduled, periodic, queued = (
        node.send(),
        node.send(sendingDate=node.local(hours=1)),
        node.send(periodicSettings={"periodType": 1}),
        node.send(),
    )
    node.data("/sms/cancel", {"id": cancelled})
    by_status = [ids(node, status=status) for status in range(1, 8)]
    assert by_status == [[queued], [processing], [scheduled], [periodic], [done], [cancelled], []]
    assert len(ids(node, status=0)) == 6


def test_word_sender_and_custom_id_filters(node):
    first = node.send(content="Kargonuz yolda", customID="x.1")
    second = node.send(content="Randevunuz yarın")
    assert ids(node, keyword="KARGO") == [first]
    assert ids(node, keyword="yarın") == [second]
    assert ids(node, keyword="") == [second, first]
    assert ids(node, customIDs=["x.1", "nothing"]) == [first]
    assert ids(node, sender="BASLIK") == [second, first]
    assert ids(node, sender="TEST") == []


def test_the_word_is_also_looked_for_in_own_texts(node):
    package = node.send(sendingType=2, numbers=[{"nr": 905511034554, "msg": "Sayın Ayşe"}])
    assert ids(node, keyword="ayşe") == [package]


def test_date_filters(node):
    early = node.send()
    then = node.local()
    node.advance(3600)
    late = node.send()
    assert ids(node, startDate=node.local(minutes=-30)) == [late]
    assert ids(node, finishDate=then) == [early]
    assert ids(node, startDate=then, finishDate=node.local()) == [late, early]
    assert ids(node, startDate="", finishDate=None) == [late, early]
    assert node.data("/sms/summary", {"startDate": node.local(minutes=-30)})["rCount"] == 1


@pytest.mark.parametrize(
    ("query", "places"),
    [({"state": 3}, [0]), ({"state": 4}, [1, 2]), ({"target": "9055"}, [0]), ({"operator": 1}, [1]), ({"operator": 0}, [2])],
    ids=str,
)
def test_item_filters(node, query, places):
    package = node.send("905511034550", "905433404979", "905333404979")
    node.advance(301)
    everything = node.items(package)
    data = node.data("/sms/list-item", {"pkgID": package} | query)
    assert data == {"stats": {"totalRecord": len(places)}, "list": [everything[place] for place in places]}


def test_items_by_any_key(node):
    package = node.send(customID="k")
    uuid = node.package(package)["uuid"]
    wanted = node.items(package)
    for key in ({"customID": "k"}, {"uuid": uuid}, {"uuid": uuid.upper()}, {"pkgID": package, "uuid": uuid}):
        assert node.data("/sms/list-item", key)["list"] == wanted


def test_sender_filters(node):
    def titles(**query):
        return [sender["title"] for sender in node.data("/sms/list-sender", query)["list"]]

    assert titles(status=0) == ["BEKLEYEN"]
    assert titles(keyword="ddedi") == ["REDDEDILEN"]
    assert titles(keyword="bas", status=1) == ["BASLIK"]


def test_inquiry(node):
    package = node.send("905511034554", "905511034555")
    data = node.data("/sms/inquiry-number", {"gsm": "905511034555", "sender": "BASLIK"})
    assert [found["pkgID"] for found in data["list"]] == [package]
    assert node.data("/sms/inquiry-number", {"gsm": "905511034555", "sender": "TEST"})["list"] == []
    assert node.data("/sms/inquiry-number", {"gsm": "905511034550"})["stats"] == {"totalRecord": 0}
