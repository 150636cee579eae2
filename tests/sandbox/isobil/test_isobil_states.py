"""Messages in time, and what QueryMulti finds."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import httpx
import orjson
import pytest

from bridge.sandbox import Clock, build

JSON = "/v2/isobil_API_JSON.asmx"
DELIVERED, FAILS, SILENT = "5320000001", "5320000009", "5320000008"


def counts(packet):
    return [packet[name] for name in ("Count", "Delivered", "Undelivered", "Expired", "Completed")]


def test_magic_numbers(caller):
    message = caller.send(DELIVERED, FAILS, SILENT)
    seen = [caller.states(message)]
    for seconds in (101, 200, 48 * 3600 - 302, 2):
        caller.advance(seconds)
        seen.append(caller.states(message))
    assert seen == [[1, 1, 1], [2, 2, 2], [3, 4, 2], [3, 4, 2], [3, 4, 5]]


def test_packets(caller):
    message = caller.send(*[DELIVERED] * 3, *[FAILS] * 3, SILENT)
    first, second, third = caller.packets(message)
    assert [packet["PackedID"] for packet in (first, second, third)] == [9300001, 9300002, 9300003]
    assert [counts(packet) for packet in (first, second, third)] == [[3, 0, 0, 0, 0], [3, 0, 0, 0, 0], [1, 0, 0, 0, 0]]
    caller.advance(301)
    assert [counts(packet) for packet in caller.packets(message)] == [[3, 3, 0, 0, 1], [3, 0, 3, 0, 1], [1, 0, 0, 0, 0]]
    caller.advance(48 * 3600)
    assert counts(caller.packets(message)[2]) == [1, 0, 0, 1, 1]
    details = caller.data("QueryDetail", MessageID=message, PacketID=9300002)["Report"]["Item"]
    assert details == [{"MSISDN": FAILS, "State": 4}] * 3


async def test_update_date_is_that_of_the_last_change():
    now = datetime(2021, 5, 3, 22, 38, 20, 250000, tzinfo=UTC)
    sandbox = build("isobil", clock=Clock(lambda: now))
    signed = {"Credential": {"Username": "user", "Password": "test", "SystemCode": 1234}}
    fields = signed | {"Message": "a", "DataCoding": "Default", "To": [DELIVERED], "Header": {"ServiceID": 1, "From": "BASLIK"}}
    seen = []
    async with httpx.AsyncClient(transport=httpx.ASGITransport(sandbox), base_url="http://isobil") as http:
        await http.post(f"{JSON}?op=Submit", json=fields)
        for seconds in (0, 1, 1, 1, 3600):
            sandbox.simulator.clock.advance(seconds)
            answer = await http.post(f"{JSON}?op=Query", content=orjson.dumps(signed | {"Criterion": {"MessageID": 7100001}}))
            seen.append(answer.json()["Response"]["Report"]["Item"][0]["UpdateDate"])
    assert seen == ["20210504013820", "20210504013821", "20210504013821", "20210504013823", "20210504013823"]


def test_statu(isobil):
    message = isobil.send(DELIVERED, FAILS)
    seen = []
    for seconds in (0, 101, 200):
        isobil.advance(seconds)
        (item,) = isobil.data("QueryMulti", Limit=2)["Report"]["Item"]
        seen.append([item[name] for name in ("Statu", "Scheduled", "Delivered", "Undelivered")])
    assert item["MessageID"] == message
    assert seen == [[1, 2, 0, 0], [2, 2, 0, 0], [3, 0, 1, 1]]


def test_scheduled(caller):
    date = caller.local(hours=2)
    message = caller.send(ScheduledDeliveryDate=date)
    caller.advance(2 * 3600 - 10)
    assert caller.states(message) == [1]
    assert caller.data("QueryMulti", Limit=1)["Report"]["Item"][0]["SendDate"] == date
    caller.advance(10 + 301)
    assert caller.states(message) == [3]


def test_any_validity_is_taken(caller):
    for validity in ("60", "20351019123028", "x"):
        caller.send(ValidityDate=validity)
    assert len(caller.sent()) == 3
    assert "20351019123028" in caller.control("requests")["requests"][-2]["body"]


def test_find_by_time_sender_and_text(caller):
    """As the bridge looks for a send whose outcome it does not know."""
    before = caller.send(text="Kodunuz: 1")
    caller.advance(60)
    begin = caller.local()
    wanted = caller.send(text="Kodunuz: 1")
    others = [
        caller.send(text="Kodunuz: 2"),
        caller.send(text="Kodunuz: 1", From="DIGER"),
        caller.send(text="Kodunuz: 1", ServiceID=2),
    ]
    end = caller.local()
    caller.advance(60)
    after = caller.send(text="Kodunuz: 1")
    found = {"BeginDate": begin, "EndDate": end, "ServiceID": 1, "Sender": "BASLIK", "Message": "Kodunuz: 1", "Limit": 1}
    assert caller.search(**found) == [wanted]
    assert caller.search() == [after, *reversed(others), wanted, before]
    assert caller.search(Sender="dig") == [others[1]]
    assert caller.search(Message="kodunuz: 2", ServiceID=0) == [others[0]]
    assert caller.search(ServiceID=2) == [others[2]]
    assert caller.search(EndDate=end) == [*reversed(others), wanted, before]
    assert caller.search(BeginDate=caller.local(seconds=1)) == []
    assert caller.search(**found | {"Message": "Kodunuz: 3"}) == []


def test_a_search_for_nothing_but_the_last_three_days(isobil):
    old = isobil.send()
    isobil.advance(3 * 86400 + 60)
    new = isobil.send()
    assert isobil.search() == [new]
    assert isobil.search(EndDate=isobil.local(days=-3)) == []
    assert isobil.search(BeginDate=isobil.local(days=-4)) == [new, old]


def test_dates_of_a_search(caller):
    for wrong in ({"BeginDate": "2015"}, {"EndDate": "x"}, {"BeginDate": caller.local(hours=1), "EndDate": caller.local()}):
        assert caller.code("QueryMulti", {"Criterion": wrong}) == 109


@pytest.mark.parametrize(
    ("limit", "expected"), [(None, []), (0, []), (1, [1]), (2, [51, 11, 2]), (3, [51, 11]), (4, [51]), (5, [51]), (6, []), (13, [])]
)
def test_limit_is_a_class_of_sizes(isobil, limit, expected):
    for count in (1, 2, 11, 51):
        isobil.send(*[DELIVERED] * count)
    criterion = {} if limit is None else {"Limit": limit}
    report = isobil.ask("QueryMulti", {"Criterion": criterion})["Report"]
    assert [item["SingleCount"] for item in report["Item"]] == expected
    assert (report["ReportCount"], report["SingleCount"]) == (len(expected), sum(expected))


def test_counts_of_parts(isobil):
    isobil.option("count_parts", True)
    message = isobil.send(DELIVERED, FAILS, SILENT, text="a" * 161)
    isobil.advance(301)
    assert counts(isobil.packets(message)[0]) == [6, 2, 2, 0, 0]
    report = isobil.data("QueryMulti", Limit=2)["Report"]
    sums = {"SingleCount": 3, "Count": 6, "Delivered": 2, "Undelivered": 2, "Expired": 0, "Scheduled": 2}
    assert {name: report[name] for name in sums} == {name: report["Item"][0][name] for name in sums} == sums


def test_reset_forgets_everything(isobil):
    first = isobil.send()
    isobil.advance(1000)
    isobil.option("count_parts", True)
    isobil.control("reset", {})
    assert isobil.sent() == []
    assert isobil.code("Query", {"Criterion": {"MessageID": first}}) == 106
    assert isobil.send() == first
    assert isobil.http.post("/_sandbox/credit", json={"account": "nobody", "credit": 1}).status_code == 400


async def test_of_twenty_at_once_the_credit_is_enough_for_five(isobil, running):
    isobil.control("credit", {"account": "user", "credit": 5})
    fields = {"Credential": {"Username": "user", "Password": "test", "SystemCode": 1234}} | isobil.fields()
    async with httpx.AsyncClient(base_url=running.base_url, trust_env=False, verify=False) as http:
        sends = [http.post(isobil.path, params={"op": "Submit"}, json=fields) for _ in range(20)]
        answers = [answer.json()["Response"] for answer in await asyncio.gather(*sends)]
    assert sorted(answer["Status"]["Code"] for answer in answers) == [100] * 5 + [102] * 15
    assert len({answer["MessageID"] for answer in answers}) == 6
    assert len(isobil.sent()) == 5
