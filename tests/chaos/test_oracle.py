"""The oracle sees what it is there for: each finding, made by hand, and nothing in a run where all is right."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from bridge.domain.status import ItemState, SubmissionState
from tests.chaos.oracle import (
    ACKNOWLEDGED,
    CANCELLED,
    DUPLICATE,
    FAULT,
    LOST,
    NOT_CHANGEABLE,
    REFUSED,
    Answer,
    Findings,
    Package,
    Row,
    judge,
)

NUMBER, SECOND, ID = "905321234510", "905321234520", 1_500_000_007


def found(
    *answers: tuple[str, str],
    vendor: str = "toplusms",
    state: SubmissionState | None = SubmissionState.ACCEPTED,
    item: ItemState | None = None,
    taken: int = 1,
    rows: int = 1,
    shown: dict[str, Any] | None = None,
    **more: Any,
) -> Findings:
    """Of one package to one number, with the customID `mine`."""
    package = Package(vendor, (NUMBER,), "mine", [Answer(*answer) for answer in answers or ((ACKNOWLEDGED, str(ID)),)], **more)
    ledger = [Row(ID + each, None, vendor, "mine", NUMBER, item, state) for each in range(rows)]
    seen = {str(ID): {NUMBER: 2}} if shown is None else shown
    return judge([package], ledger, {vendor: Counter({NUMBER: taken} if taken else {})}, seen)


@pytest.mark.parametrize(
    "right",
    [
        {},
        {"state": SubmissionState.UNKNOWN},
        {"state": SubmissionState.UNKNOWN, "taken": 0},
        {"state": SubmissionState.REFUSED, "taken": 0},
        {"state": SubmissionState.ACCEPTED, "item": ItemState.DELIVERED},
        {"state": SubmissionState.CANCELLED, "taken": 0, "cancel": CANCELLED, "shown": {str(ID): {NUMBER: -2}}},
        {"vendor": "node", "state": SubmissionState.ACCEPTED, "cancel": CANCELLED, "shown": {str(ID): {NUMBER: -2}}},
        {"cancel": NOT_CHANGEABLE},
    ],
    ids=str,
)
def test_what_is_right(right):
    assert not found(**right)


@pytest.mark.parametrize(
    ("answers", "more"),
    [
        ([(LOST, "EOF")], {}),
        ([(LOST, "EOF")], {"state": SubmissionState.UNKNOWN, "taken": 0}),
        ([(LOST, "EOF")], {"rows": 0, "taken": 0}),
        ([(LOST, "EOF"), (DUPLICATE, "")], {}),
        ([(LOST, "EOF"), (ACKNOWLEDGED, str(ID))], {}),
        ([(ACKNOWLEDGED, str(ID)), (DUPLICATE, "")], {}),
        ([(REFUSED, "ERR_SYSTEM_MAINTENANCE")], {"rows": 0, "taken": 0}),
        ([(REFUSED, "ERR_SYSTEM_MAINTENANCE"), (ACKNOWLEDGED, str(ID))], {}),
    ],
    ids=str,
)
def test_answers_that_are_right(answers, more):
    assert not found(*answers, **more)


def test_twice():
    assert found(taken=2).twice
    assert found((LOST, "EOF"), taken=2).twice
    assert found(state=SubmissionState.UNKNOWN, taken=2).twice


def test_lost():
    """Of what was acknowledged: never taken, not recorded, not shown, left on its way."""
    assert found(taken=0).untrue
    assert found(rows=0).lost
    assert found(shown={}).lost
    assert found(shown={str(ID): {}}).lost
    assert found(state=SubmissionState.SENDING).lost
    assert found(state=SubmissionState.PENDING, taken=0).lost
    assert found((LOST, "EOF"), (DUPLICATE, ""), rows=0, taken=0).lost


def test_one_recipient_of_two_lost():
    package = Package("node", (NUMBER, SECOND), None, [Answer(ACKNOWLEDGED, str(ID))])
    row = Row(ID, None, "node", None, NUMBER, None, SubmissionState.ACCEPTED)
    shown = {str(ID): {NUMBER: 2}}
    lines = judge([package], [row], {"node": Counter({NUMBER: 1})}, shown).lost
    assert len(lines) == 2
    assert all(line.startswith(SECOND) for line in lines)
    taken = {"node": Counter({NUMBER: 1})}
    both = [row, row._replace(number=SECOND)]
    assert judge([package], both, taken, {str(ID): {NUMBER: 2, SECOND: 2}}).untrue  # recorded as taken, and was not


@pytest.mark.parametrize(
    ("answers", "more"),
    [
        ([], {"state": SubmissionState.REFUSED}),
        ([], {"state": SubmissionState.CANCELLED}),
        ([], {"item": ItemState.REJECTED}),
        ([], {"item": ItemState.DELIVERED, "state": SubmissionState.UNKNOWN, "taken": 0}),
        ([(LOST, "EOF")], {"rows": 0}),
        ([(REFUSED, "ERR_SYSTEM_MAINTENANCE")], {"state": SubmissionState.UNKNOWN}),
        ([(DUPLICATE, "")], {}),
        ([(ACKNOWLEDGED, str(ID)), (ACKNOWLEDGED, str(ID))], {}),
        ([(FAULT, "oops")], {}),
        ([], {"cancel": CANCELLED}),
        ([], {"cancel": CANCELLED, "shown": {str(ID): {NUMBER: -2}}}),
        ([], {"cancel": NOT_CHANGEABLE, "shown": {str(ID): {NUMBER: -2}}}),
    ],
    ids=str,
)
def test_untrue(answers, more):
    assert found(*answers, **more).untrue


def test_a_number_that_nobody_asked_for():
    assert judge([], [], {"node": Counter({NUMBER: 1})}, {}).untrue


def test_what_is_found_is_said():
    text = str(found(taken=2))
    assert text.startswith(f"TWICE {NUMBER}")
    assert "acknowledged" in text
