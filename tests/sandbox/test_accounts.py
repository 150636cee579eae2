"""Accounts that know nothing of each other, and many callers at once."""

from __future__ import annotations

import asyncio

import httpx

OTHER = {"auth": ("other", "secret")}


def test_packages_are_the_account_s_own(node):
    package = node.send(customID="mine")
    uuid = node.package(package)["uuid"]
    assert node.data("/sms/list", **OTHER) == {"stats": {"totalRecord": 0}, "list": []}
    assert node.data("/sms/list", {"ids": [package]}, **OTHER)["list"] == []
    for key in ({"pkgID": package}, {"uuid": uuid}, {"customID": "mine"}):
        assert node.code("/sms/list-item", key, **OTHER) == "ERR_SMS_PKG_NOT_FOUND"
    assert node.code("/sms/cancel", {"id": package}, **OTHER) == "ERR_SMS_PKG_NOT_FOUND"
    assert node.data("/user/credit", **OTHER) == {"credit": 316807}
    assert node.data("/user/credit") == {"credit": 316806}


def test_custom_ids_are_unique_within_an_account_only(node):
    node.send(customID="same")
    assert node.data("/sms/create", node.sms(customID="same"), **OTHER) == {"pkgID": 222963}
    assert [taken["account"] for taken in node.control("sent")["sent"]] == ["user", "other"]


def test_senders_have_uuids_of_their_own(node):
    mine, theirs = node.data("/sms/list-sender")["list"], node.data("/sms/list-sender", **OTHER)["list"]
    assert not {sender["uuid"] for sender in mine} & {sender["uuid"] for sender in theirs}


async def test_of_twenty_at_once_with_one_custom_id_one_is_taken(node, running):
    async with httpx.AsyncClient(base_url=running.base_url, auth=("user", "test"), trust_env=False, verify=False) as client:
        sends = [client.post("/sms/create", json=node.sms(customID="race")) for _ in range(20)]
        answers = [answer.json() for answer in await asyncio.gather(*sends)]
    codes = [answer["err"] and answer["err"]["code"] for answer in answers]
    assert sorted(codes, key=str) == ["ERR_SMS_PKG_CUSTOM_ID_DUPLICATION"] * 19 + [None]
    assert len(node.control("sent")["sent"]) == 1
    assert sum(request["accepted"] for request in node.control("requests")["requests"]) == 1
