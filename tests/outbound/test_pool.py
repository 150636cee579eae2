"""Permits and idle connections."""

from __future__ import annotations

import asyncio

import pytest

from bridge.errors import NotSent
from bridge.outbound.pool import IdleConnections, Permits
from bridge.outbound.wire import Origin

HERE, THERE = Origin("http", "a", 80), Origin("http", "b", 80)


class Parked:
    """Stands for a connection."""

    def __init__(self, expires: float = 100.0) -> None:
        self.expires = expires
        self.dead = False

    def abort(self) -> None:
        self.dead = True

    def expired(self, now: float) -> bool:
        return now >= self.expires

    def stale(self, now: float) -> bool:
        return self.dead or self.expired(now)


async def test_in_order_of_coming():
    permits = Permits(1, 5.0)
    assert permits.try_acquire()
    served: list[int] = []

    async def wait(number: int) -> None:
        await permits.acquire()
        served.append(number)

    tasks = [asyncio.create_task(wait(number)) for number in range(3)]
    await asyncio.sleep(0)
    for _ in range(3):
        permits.release()
        assert not permits.try_acquire()  # it was handed on
        await asyncio.sleep(0.001)
    await asyncio.gather(*tasks)
    assert served == [0, 1, 2]
    permits.release()
    assert permits.taken == 0


async def test_time_out():
    permits = Permits(1, 0.02)
    await permits.acquire()
    with pytest.raises(NotSent, match="pool timeout"):
        await permits.acquire()
    permits.release()
    assert permits.taken == 0


async def test_cancelled_waiter():
    permits = Permits(1, 5.0)
    await permits.acquire()
    first, second = (asyncio.create_task(permits.acquire()) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    permits.release()
    await second
    assert first.cancelled()
    permits.release()
    assert permits.taken == 0


async def test_cancelled_when_already_served():
    permits = Permits(1, 5.0)
    await permits.acquire()
    waiter = asyncio.create_task(permits.acquire())
    await asyncio.sleep(0)
    permits.release()
    waiter.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiter
    assert permits.taken == 0


async def test_last_in_first_out():
    idle = IdleConnections(9, 5.0)
    old, new, elsewhere = Parked(), Parked(), Parked()
    for origin, connection in ((HERE, old), (HERE, new), (THERE, elsewhere)):
        idle.put(origin, connection)
    assert [idle.take(HERE, 0.0) for _ in range(3)] == [new, old, None]
    assert idle.take(THERE, 0.0) is elsewhere
    idle.close()


async def test_stale_ones_are_dropped():
    idle = IdleConnections(9, 5.0)
    good, expired, dead = Parked(), Parked(1.0), Parked()
    for connection in (good, expired, dead):
        idle.put(HERE, connection)
    dead.abort()
    assert idle.take(HERE, 2.0) is good
    assert expired.dead
    idle.close()


async def test_room_is_made():
    idle = IdleConnections(3, 5.0)
    connections = [Parked() for _ in range(3)]
    for origin, connection in zip((HERE, THERE, HERE), connections, strict=True):
        idle.put(origin, connection)
    idle.make_room(1)
    assert [connection.dead for connection in connections] == [True, False, False]
    idle.forget(connections[0])  # told by its own end: no longer there
    idle.forget(connections[1])
    idle.make_room(2)
    assert not connections[2].dead
    idle.close()
    assert connections[2].dead


async def test_sweep():
    idle = IdleConnections(3, 0.01)
    now = asyncio.get_running_loop().time()
    passing, staying = Parked(now), Parked(now + 60)
    idle.put(HERE, passing)
    idle.put(THERE, staying)
    await asyncio.sleep(0.03)
    assert (passing.dead, staying.dead) == (True, False)
    idle.close()
