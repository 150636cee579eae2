"""One connection over a transport that is none."""

from __future__ import annotations

import asyncio
import gc
import socket

import pytest

from bridge.errors import OutcomeUnknown
from bridge.outbound.connection import Connection
from bridge.outbound.contract import EngineOptions
from tests.outbound.scripted import OK, OK_BODY


class Transport:
    def __init__(self, sock):
        self.sock = sock
        self.written = []
        self.closing = False
        self.unwritten = 0

    def get_extra_info(self, _):
        return self.sock

    def write(self, data):
        self.written.append(data)

    def is_closing(self):
        return self.closing

    def get_write_buffer_size(self):
        return self.unwritten

    def abort(self):
        self.closing = True


@pytest.fixture
def peer():
    here, there = socket.socketpair()
    with here, there:
        yield here, there


async def opened(peer, read_timeout=60.0):
    lost = []
    options = EngineOptions(read_timeout=read_timeout, keepalive=60.0, max_response=1000)
    connection = Connection(asyncio.get_running_loop(), options, lost.append)
    transport = Transport(peer[0])
    connection.connection_made(transport)
    return connection, transport, lost


async def begun(connection):
    task = asyncio.create_task(connection.exchange(b"request", head_only=False))
    await asyncio.sleep(0)
    return task


async def test_used_again(peer):
    connection, transport, lost = await opened(peer)
    for number in (1, 2):
        task = await begun(connection)
        connection.data_received(OK)
        assert (await task).body == OK_BODY
        assert connection.reusable()
        assert not connection.stale(asyncio.get_running_loop().time())
        assert len(transport.written) == number
    connection.connection_lost(None)
    assert lost == [connection]


async def test_timer_of_an_earlier_request(peer):
    """It may fire while a later one is under way, and then goes on for that one."""
    connection, transport, _ = await opened(peer)
    task = await begun(connection)
    connection._on_timer()
    assert not transport.closing
    connection.data_received(OK)
    await task
    connection._on_timer()
    assert connection.reusable()
    connection.connection_lost(None)


async def test_time_out(peer):
    connection, transport, _ = await opened(peer, read_timeout=0.01)
    with pytest.raises(OutcomeUnknown, match="read timeout"):
        await connection.exchange(b"request", head_only=False)
    assert transport.closing


async def test_what_makes_an_idle_one_stale(peer):
    now = asyncio.get_running_loop().time()
    connection, transport, _ = await opened(peer)
    task = await begun(connection)
    connection.data_received(OK)
    await task
    assert connection.stale(now + 61)
    assert not connection.stale(now)
    peer[1].send(b"x")
    assert connection.stale(now)
    peer[0].recv(1)
    assert not connection.stale(now)
    peer[1].close()
    assert connection.stale(now)
    transport.closing = True
    assert connection.ended()
    connection.connection_lost(None)


@pytest.mark.parametrize("kind", ["none", "closed"])
async def test_ended_while_it_was_made(peer, kind):
    peer[0].close()
    connection, _, _ = await opened((None,) if kind == "none" else peer)
    task = await begun(connection)
    connection.data_received(OK)
    await task
    assert connection.stale(asyncio.get_running_loop().time())
    connection.connection_lost(None)


async def test_bytes_that_nobody_asked_for(peer):
    connection, transport, _ = await opened(peer)
    connection.data_received(b"x")
    assert transport.closing
    assert connection.ended()


async def test_answer_before_the_request_was_written(peer):
    connection, transport, _ = await opened(peer)
    task = await begun(connection)
    transport.unwritten = 1
    connection.data_received(OK)
    await task
    assert not connection.reusable()
    connection.connection_lost(None)


async def test_cancelled_in_the_turn_of_the_failure(peer, caplog):
    """Neither a response for the next request nor a complaint of asyncio remains."""
    connection, transport, _ = await opened(peer)
    task = await begun(connection)
    connection.connection_lost(ConnectionResetError())
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert transport.closing
    del task
    gc.collect()
    assert not caplog.records
