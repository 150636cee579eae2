"""The reader of responses, without a network."""

from __future__ import annotations

import pytest

from bridge.errors import OutcomeUnknown
from bridge.outbound.response import MAX_HEAD, ResponseReader, Unanswered
from tests.outbound.scripted import OK, OK_BODY

LIMIT = 1000


def read(data: bytes, *, head_only: bool = False, size: int | None = None):
    """Feeds data in pieces of some size; returns the reader and its response."""
    reader = ResponseReader(LIMIT)
    reader.start(head_only=head_only)
    response = None
    size = size or len(data) or 1
    for at in range(0, len(data), size):
        assert response is None
        response = reader.feed(data[at : at + size])
    return reader, response


RESPONSES = {
    "length": (OK, 200, OK_BODY),
    "chunks": (
        b"HTTP/1.1 201 Made\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1;x=y\r\nc\r\n0\r\nTrailer: t\r\n\r\n",
        201,
        b"abc",
    ),
    "interim": (b"HTTP/1.1 100 Continue\r\nX: 1\r\n\r\nHTTP/1.1 103 Early\r\nX: 2\r\n\r\n" + OK, 200, OK_BODY),
    "no body": (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
}


@pytest.mark.parametrize("size", [None, 1, 2, 7, 30])
@pytest.mark.parametrize("name", RESPONSES)
def test_in_pieces(name, size):
    data, status, body = RESPONSES[name]
    reader, response = read(data, size=size)
    assert (response.status, response.body) == (status, body)
    assert not {"x", "trailer"} & response.headers.keys()
    assert reader.reusable


def test_one_after_the_other():
    reader, _ = read(OK)
    for head_only in (False, False, True):
        reader.start(head_only=head_only)
        assert not reader.reusable
        assert reader.feed(OK.partition(OK_BODY)[0] if head_only else OK).body == (b"" if head_only else OK_BODY)


@pytest.mark.parametrize("behind", [b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nabc", b"garbage\r\n\r\n"])
def test_what_follows_a_whole_response_does_not_lose_it(behind):
    for size in (None, 1):
        reader, response = ResponseReader(LIMIT), None
        for at in range(0, len(OK + behind), size or 1000):
            response = response or reader.feed((OK + behind)[at : at + (size or 1000)])
        assert (response.status, response.body) == (200, OK_BODY)
        assert reader.reusable == (size == 1)  # what is still to come is seen when it comes


def test_repeated_header():
    _, response = read(b"HTTP/1.1 200 OK\r\nSet-Cookie: a\r\nset-cookie: b\r\nContent-Length: 0\r\n\r\n")
    assert response.headers == {"set-cookie": "a, b", "content-length": "0"}


@pytest.mark.parametrize(
    "data",
    [
        OK + b"H",
        OK + OK,
        OK.replace(b"HTTP/1.1", b"HTTP/1.0"),
        OK.replace(b"Content-Type:", b"Connection: close\r\nContent-Type:"),
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
)
def test_not_reusable(data):
    reader, response = read(data)
    assert response.status == 200
    assert not reader.reusable


def test_answer_to_head_ends_the_connection():
    reader, response = read(OK.partition(OK_BODY)[0], head_only=True)
    assert (response.status, response.body) == (200, b"")
    assert not reader.reusable


@pytest.mark.parametrize(
    ("data", "error"),
    [(b"", Unanswered), (OK[:1], OutcomeUnknown), (OK[:-1], OutcomeUnknown), (b"HTTP/1.1 100 Continue\r\n\r\n", OutcomeUnknown)],
)
def test_cut_off(data, error):
    reader, _ = read(data)
    with pytest.raises(OutcomeUnknown) as caught:
        reader.end()
    assert type(caught.value) is error


def test_body_until_the_end():
    reader, response = read(b"HTTP/1.1 200 OK\r\n\r\nabc", size=1)
    assert response is None
    assert reader.end().body == b"abc"
    assert not reader.reusable


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * MAX_HEAD,
        b"HTTP/1.1 100 Continue\r\n\r\n" * (MAX_HEAD // 20),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;" + b"x" * (MAX_HEAD + 6 * LIMIT),
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (LIMIT + 1),
    ],
)
@pytest.mark.parametrize("size", [None, 4096])
def test_too_large(data, size):
    with pytest.raises(OutcomeUnknown, match="too large"):
        read(data, size=size)


@pytest.mark.parametrize("size", [None, 256 * 1024, 4096])
def test_a_body_that_comes_with_its_head_in_one_read_may_be_larger_than_a_head(size):
    body = b"x" * (3 * MAX_HEAD)
    reader = ResponseReader(4 * MAX_HEAD)
    reader.start(head_only=False)
    data = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    size = size or len(data)
    responses = [reader.feed(data[at : at + size]) for at in range(0, len(data), size)]
    assert responses[-1].body == body


def test_small_chunks_fit():
    chunks = b"1\r\nx\r\n" * LIMIT
    _, response = read(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n")
    assert len(response.body) == LIMIT


@pytest.mark.parametrize(
    ("field", "seconds"),
    [
        (b"timeout=5", 4),
        (b"max=100, timeout=5", 4),
        (b"Timeout = 5; max=9", 4),
        (b"timeout=0", -1),
        (b"max=100", float("inf")),
        (b"timeout=x", float("inf")),
    ],
)
def test_announced_time(field, seconds):
    reader, response = read(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nKeep-Alive: " + field + b"\r\n\r\n")
    assert reader.idle_seconds(response) == seconds


def test_no_announced_time():
    reader, response = read(OK)
    assert reader.idle_seconds(response) == float("inf")
