"""Single texts; whole log lines are in test_log.py."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.redaction import redact, redact_text


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22 13:05:06",
        "2026-11-22T13:05:06.123456",
        "192.168.100.200",
        "from 10.20.30.40:9587",
        "222962",
        "1 of 10",
        "v1.8.3",
    ],
)
def test_what_is_not_a_number_stays(text):
    assert redact_text(text) == text


def test_an_event_is_changed_in_place():
    event = {"event": "sent to 905321234567", "password": "x", "pkg_id": 1_500_000_000, "request_id": "1234567890ab"}
    redact(event)
    assert event == {
        "event": "sent to 9053******67",
        "password": "[redacted]",
        "pkg_id": 1_500_000_000,
        "request_id": "1234567890ab",
    }


def test_a_secret_that_was_not_given_shows_so():
    event = {"event": "x", "password": None, "token_given": True}
    redact(event)
    assert event == {"event": "x", "password": None, "token_given": True}


@given(st.text(max_size=3_000))
def test_any_text_can_be_redacted(text):
    assert redact_text(text).isprintable()
