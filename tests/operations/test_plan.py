"""A package of any size becomes vendor messages within the vendor's limits; each recipient is in exactly one."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.message import Kind, Message
from bridge.operations.plan import plan
from bridge.vendors.contract import SendLimits

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def message(numbers, texts=None, **more):
    fields = {"kind": Kind.NORMAL, "sender": "BASLIK", "text": "Merhaba", "validity_minutes": 60, "accepted_at": NOW}
    return Message(numbers=tuple(numbers), texts=None if texts is None else tuple(texts), **(fields | more))


def numbers(count):
    return [f"90532{number:07d}" for number in range(count)]


def test_a_small_package_is_the_message_itself():
    whole = message(numbers(3), invalid_numbers=("12",))
    (part,) = plan(whole, SendLimits(1000, own_texts=True))
    assert part.message is whole
    assert list(part.positions) == [0, 1, 2]
    assert part.due_at is None


@pytest.mark.parametrize(("count", "limit", "sizes"), [(10, 10, [10]), (11, 10, [10, 1]), (25, 10, [10, 10, 5]), (3, 1, [1, 1, 1])])
def test_more_recipients_than_the_limit_are_several_messages(count, limit, sizes):
    parts = plan(message(numbers(count)), SendLimits(limit, own_texts=True))
    assert [len(part.message.numbers) for part in parts] == sizes


def test_distinct_texts_are_messages_of_their_own_where_the_vendor_has_no_own_texts():
    parts = plan(message(numbers(4), ["a", "b", "a", "c"]), SendLimits(1000, own_texts=False))
    assert [(list(part.positions), part.message.text, part.message.texts) for part in parts] == [
        ([0, 2], "a", None),
        ([1], "b", None),
        ([3], "c", None),
    ]


def test_invalid_numbers_are_in_no_part():
    parts = plan(message(numbers(3), invalid_numbers=("12",)), SendLimits(2, own_texts=True))
    assert [part.message.invalid_numbers for part in parts] == [(), ()]


@given(
    texts=st.none() | st.lists(st.sampled_from("abc"), min_size=1, max_size=30),
    limit=st.integers(1, 40),
    own_texts=st.booleans(),
)
def test_each_recipient_is_in_exactly_one_part_with_its_own_text(texts, limit, own_texts):
    whole = message(numbers(len(texts) if texts else 17), texts)
    seen = {}
    for each in plan(whole, SendLimits(limit, own_texts=own_texts)):
        positions, part = each.positions, each.message
        assert 1 <= len(part.numbers) == len(positions) <= limit
        assert own_texts or part.texts is None
        for at, position in enumerate(positions):
            assert position not in seen
            seen[position] = (part.numbers[at], part.texts[at] if part.texts else part.text)
    assert seen == {at: (number, texts[at] if texts else "Merhaba") for at, number in enumerate(whole.numbers)}
