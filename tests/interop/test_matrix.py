"""The matrix tells what failed and what a toolchain rules out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.interop import matrix as module
from tests.interop.clients import CHECKS, Client, named
from tests.interop.matrix import Results, matrix

RULED_OUT = ("getUserCredit", "basic")
ALL = {f"{at} {name}": None for at, names in CHECKS.items() for name in names if (at, name) != RULED_OUT}


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Client:
    one = replace(named("gsoap 1.1"), name="one", title="One", cannot={RULED_OUT: "it has no HTTP Basic"})
    monkeypatch.setattr(module, "CLIENTS", (one,))
    return one


def row(results: Results) -> list[str]:
    return [cell.strip() for cell in matrix(results).splitlines()[2].strip("|").split("|")]


def test_what_failed_at_one_vendor_has_failed(client):
    wrong = ALL | {"sendSms many": "FAIL 1 is not 2", "sendSms each": "FAIL"}
    results = Results({"one": {"node": ALL, "innomobil": wrong}})
    assert row(results) == ["One", "4 of 6", "ok", "ok", "ok", "ok", "ok", "3 of 4"]
    assert results.missing() == []


def test_what_a_toolchain_rules_out_is_told(client):
    shown = matrix(Results({"one": {"node": ALL, "innomobil": ALL}}))
    assert shown.splitlines()[-1] == "- One, getUserCredit basic: cannot, it has no HTTP Basic"


def test_a_vendor_that_was_left_out_is_missing(client):
    assert Results({"one": {"node": ALL}}).missing() == ["one"]
    assert row(Results()) == ["One", *["not run"] * 7]


def test_a_client_that_printed_nothing_is_not_ok(client):
    assert row(Results({"one": {"node": {}, "innomobil": ALL}}))[1] == "0 of 6"
