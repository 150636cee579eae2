"""A limit of messages per second that all processes share.

Strategy: the generic cell rate algorithm (ITU-T I.371, virtual scheduling): one number for each limit, the time at which all that
was asked for would have gone at an even pace. Who asks moves it on, in one statement, so that slots come in the order of asking; a
slot may be used up to a second before its time.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import Connection, case
from sqlalchemy.dialects import postgresql, sqlite

from bridge.ledger.tables import rate

__all__ = ["Wish", "reserve"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND: Final = 1_000_000
_US: Final = timedelta(microseconds=1)


class Wish(NamedTuple):
    """Messages that are to be sent."""

    messages: int
    now: datetime
    # None for whenever it may be
    latest: datetime | None = None


def reserve(connection: Connection, name: str, per_second: float, wish: Wish) -> datetime | None:
    """When they may be sent; None, and nothing is taken, when that is after `latest`. Raises ValueError for no rate.

    More messages than a second allows have to wait until nothing is owed, and the next ones wait for all of them.
    """
    if not per_second > 0:
        raise ValueError("per_second must be above 0")
    cost, asked_at = round(wish.messages * _SECOND / per_second), (wish.now - _EPOCH) // _US
    make = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    fresh = make(rate).values(name=name, free_at=asked_at + cost)
    # what was not used in the past is lost
    later = case((rate.c.free_at > asked_at, rate.c.free_at + cost), else_=fresh.excluded.free_at)
    ahead = max(cost, _SECOND)
    in_time = None if wish.latest is None else later - ahead <= (wish.latest - _EPOCH) // _US
    moved = fresh.on_conflict_do_update(index_elements=[rate.c.name], set_={"free_at": later}, where=in_time)
    free_at: int | None = connection.execute(moved.returning(rate.c.free_at)).scalar_one_or_none()
    return None if free_at is None else max(wish.now, _EPOCH + (free_at - ahead) * _US)
