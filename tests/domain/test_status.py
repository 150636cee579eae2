"""Every pair of states, every rule that a package follows, and that no package goes back."""

from __future__ import annotations

from collections import Counter
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.domain.status import (
    FINAL_ITEMS,
    ITEM_OF,
    MOVES,
    SHELVES,
    UNDELIVERED,
    ItemState,
    PackageFilter,
    PackageState,
    SubmissionState,
    may_follow,
    package_state,
    set_state,
    shelf_of,
)

# for each state, in the order of its kind: an x under each state that may come next, in the same order
ITEMS = """
    CANCELLED    ........
    REJECTED     ........
    WAITING      xx.x....
    SENDING      .xx.xxxx
    SENT         .x...xxx
    DELIVERED    ........
    UNDELIVERED  ........
    TIMED_OUT    ........
"""
PACKAGES = """
    CANCELLED        ...........
    FAILED           ...........
    NOT_CREATED      ...........
    REJECTED         ...........
    RECORDING        ...........
    WAITING          xx.....x...
    QUEUING          ...........
    SENDING          xx.x.x..xxx
    SENT             .x.x.....xx
    PARTLY_REPORTED  ..........x
    COMPLETED        ...........
"""
SUBMISSIONS = """
    PENDING    .x.x.x
    SENDING    x.xxx.
    ACCEPTED   ......
    REFUSED    ......
    UNKNOWN    x.xx..
    CANCELLED  ......
"""


def pairs(kind, table):
    order = sorted(kind)
    rows = [line.split() for line in table.split("\n") if line.strip()]
    assert [kind[name] for name, _ in rows] == order
    for name, marks in rows:
        assert len(marks) == len(order)
        yield from ((kind[name], then, mark == "x") for then, mark in zip(order, marks, strict=True))


@pytest.mark.parametrize(("kind", "table"), [(ItemState, ITEMS), (PackageState, PACKAGES), (SubmissionState, SUBMISSIONS)])
def test_every_pair_of_states(kind, table):
    found = [(now, then, may_follow(then, now)) for now, then in product(sorted(kind), repeat=2)]
    assert found == list(pairs(kind, table))


def test_no_kind_of_state_follows_another():
    # their numbers are equal: a state of one kind must not be looked up in the row of another
    for kind, moves in MOVES.items():
        assert all(type(state) is kind for now, then in moves.items() for state in (now, *then))


def test_final_items_are_those_that_nothing_follows():
    assert set(ItemState) - FINAL_ITEMS == {ItemState.WAITING, ItemState.SENDING, ItemState.SENT}
    assert UNDELIVERED <= FINAL_ITEMS


def test_items_can_go_where_their_submission_goes():
    for now, then in product(SubmissionState, repeat=2):
        if may_follow(then, now) and ITEM_OF[then] is not ITEM_OF[now]:
            assert may_follow(ITEM_OF[then], ITEM_OF[now]), (now, then)


@pytest.mark.parametrize(
    ("items", "before", "expected"),
    [
        ("WAITING", "WAITING", "WAITING"),
        ("WAITING CANCELLED", "WAITING", "WAITING"),
        ("CANCELLED", "WAITING", "CANCELLED"),
        ("CANCELLED REJECTED", "WAITING", "CANCELLED"),
        ("WAITING REJECTED", "WAITING", "WAITING"),
        ("SENDING", "WAITING", "SENDING"),
        ("SENDING WAITING", "WAITING", "SENDING"),
        ("SENT WAITING", "SENDING", "SENDING"),
        ("SENT SENDING", "SENDING", "SENDING"),
        ("DELIVERED SENDING", "SENDING", "SENDING"),
        ("SENDING REJECTED", "SENDING", "SENDING"),
        ("WAITING", "SENDING", "WAITING"),
        ("SENT", "SENDING", "SENT"),
        ("SENT REJECTED", "SENDING", "SENT"),
        ("SENT DELIVERED", "SENT", "PARTLY_REPORTED"),
        ("SENT UNDELIVERED", "SENT", "PARTLY_REPORTED"),
        ("SENT TIMED_OUT REJECTED", "SENT", "PARTLY_REPORTED"),
        ("DELIVERED", "SENT", "COMPLETED"),
        ("UNDELIVERED", "SENT", "COMPLETED"),
        ("TIMED_OUT", "PARTLY_REPORTED", "COMPLETED"),
        ("DELIVERED UNDELIVERED TIMED_OUT REJECTED", "PARTLY_REPORTED", "COMPLETED"),
        # nobody was sent to; or sent, and everybody rejected
        ("REJECTED", "WAITING", "FAILED"),
        ("REJECTED", "SENDING", "FAILED"),
        ("REJECTED", "SENT", "REJECTED"),
        ("REJECTED", "REJECTED", "REJECTED"),
        ("REJECTED", "FAILED", "FAILED"),
        # in portions, of which the rest was cancelled
        ("SENT CANCELLED", "SENDING", "SENT"),
        ("SENDING CANCELLED", "SENDING", "SENDING"),
        ("REJECTED CANCELLED", "SENDING", "CANCELLED"),
        ("REJECTED CANCELLED", "SENT", "REJECTED"),
        ("SENT DELIVERED CANCELLED", "SENT", "PARTLY_REPORTED"),
        ("DELIVERED CANCELLED", "SENDING", "COMPLETED"),
    ],
)
def test_a_package_follows_its_items(items, before, expected):
    counts = {ItemState[name]: 3 for name in items.split()}
    everything = {state: counts.get(state, 0) for state in ItemState}  # nobody in a state is as if it were not named
    assert package_state(counts, PackageState[before]) is PackageState[expected]
    assert package_state(everything, PackageState[before]) is PackageState[expected]


class Part:
    """A submission and the items of it, as the ledger has them."""

    def __init__(self, count: int) -> None:
        self.state = SubmissionState.PENDING
        self.reported: list[ItemState | None] = [None] * count

    @property
    def items(self) -> list[ItemState]:
        return [ITEM_OF[self.state] if state is None else state for state in self.reported]


PARTS = st.lists(st.integers(1, 3), min_size=1, max_size=3)
# a busy machine is not a defect
patient = settings(suppress_health_check=[HealthCheck.too_slow])
# which part, which of its items (if any), and what is to become of it
STEPS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 2), st.sampled_from([*SubmissionState, *sorted(FINAL_ITEMS)])), max_size=25
)


def move(parts: list[Part], step: tuple[int, int, SubmissionState | ItemState]) -> None:
    """One thing that happens, unless it may not."""
    part, then = parts[step[0] % len(parts)], step[2]
    if isinstance(then, SubmissionState):
        if then is SubmissionState.CANCELLED:  # all that is not sent yet
            for each in parts:
                if each.state is SubmissionState.PENDING:
                    each.state = then
        elif may_follow(then, part.state):
            part.state = then
        return
    place = step[1] % len(part.reported)
    sent = part.state in {SubmissionState.SENDING, SubmissionState.UNKNOWN, SubmissionState.ACCEPTED}
    if sent and may_follow(then, part.items[place]):
        part.reported[place] = then


@patient
@given(PARTS, st.integers(0, 2), STEPS)
def test_a_package_never_goes_back(sizes, invalid, steps):
    parts = [Part(size) for size in sizes]
    state = PackageState.WAITING
    seen = [state]
    for step in steps:
        move(parts, step)
        counts = Counter(item for part in parts for item in part.items)
        counts[ItemState.REJECTED] += invalid
        then = package_state(counts, state)
        assert then is state or may_follow(then, state), (state, then)
        if then is not state:
            # only to wait for another try, and only as long as nobody was sent to
            assert then not in seen or {state, then} == {PackageState.WAITING, PackageState.SENDING}
            seen.append(then)
        state = then


@patient
@given(st.dictionaries(st.sampled_from(ItemState), st.integers(0, 3)).filter(lambda items: any(items.values())))
def test_every_package_has_a_state(items):
    assert package_state(items, PackageState.SENDING) in PackageState


# shelves and filters


@pytest.mark.parametrize("state", PackageState)
@pytest.mark.parametrize("scheduled", [False, True])
@pytest.mark.parametrize("periodic", [False, True])
def test_a_package_is_found_by_the_filters_that_mean_it(state, scheduled, periodic):
    shelf = shelf_of(state, scheduled=scheduled, periodic=periodic)
    found = {wanted for wanted in PackageFilter if shelf in SHELVES[wanted]}
    waiting = state in {PackageState.RECORDING, PackageState.WAITING, PackageState.QUEUING}
    running = state in {PackageState.SENDING, PackageState.SENT, PackageState.PARTLY_REPORTED}
    expected = {PackageFilter.ALL}
    if periodic:
        expected.add(PackageFilter.PERIODIC)
    if waiting and scheduled:
        expected.add(PackageFilter.SCHEDULED)
    elif waiting and not periodic:
        expected.add(PackageFilter.QUEUED)
    if running:
        expected.add(PackageFilter.PROCESSING)
    if state is PackageState.COMPLETED:
        expected.add(PackageFilter.COMPLETED)
    if state is PackageState.CANCELLED:
        expected.add(PackageFilter.CANCELLED)
    if state in {PackageState.FAILED, PackageState.NOT_CREATED, PackageState.REJECTED}:
        expected.add(PackageFilter.FAILED)
    assert found == expected


def test_set_states():
    assert {state.name: set_state(state) for state in PackageState} == {
        "CANCELLED": 5,
        "FAILED": 5,
        "NOT_CREATED": 5,
        "REJECTED": 5,
        "RECORDING": 0,
        "WAITING": 0,
        "QUEUING": 0,
        "SENDING": 1,
        "SENT": 2,
        "PARTLY_REPORTED": 3,
        "COMPLETED": 5,
    }
