"""What happens to the bridge, its vendors and its database, and when: drawn from a seed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

__all__ = ["SERVING", "Event", "Stage", "plan"]

SERVING = "serving"
"""Detail of an event that waits until its process serves."""

# seconds between kills, and so on, on average
_KILL, _STOP, _OUTAGE, _RESTART, _FULL, _ORDERLY = 3.5, 15, 4, 20, 25, 30
# the dead-process limit of the bridge; in a long run one stop and one outage of the database last longer
_LEASE_SECONDS = 30
_FAULTS = (
    "timeout",
    "timeout_after_accept",
    "reset",
    "reset_after_accept",
    "error_500",
    "error_502_after_accept",
    "error_503",
    "garbage",
    "garbage_after_accept",
    "empty_after_accept",
    "truncated_after_accept",
    "rate_limited",
    "slow",
)


class Event(NamedTuple):
    """at, seconds: in seconds from the start. target: the place of a replica, or a vendor. detail: of the kind."""

    at: float
    kind: str
    target: int | str
    seconds: float = 0
    detail: str = ""
    count: int = 1


@dataclass(frozen=True)
class Stage:
    """What there is for events to happen to."""

    seconds: float
    replicas: int
    workers: int
    vendors: tuple[str, ...]
    postgres: bool


def plan(random: Random, stage: Stage) -> list[Event]:
    """All events, in order of their time."""
    return sorted([*_to_processes(random, stage), *_to_vendors(random, stage), *_to_database(random, stage)])


def _times(random: Random, seconds: float, every: float) -> Iterator[float]:
    """One in each part of the time, so that short runs have them too."""
    count = max(1, round(seconds / every))
    for place in range(count):
        yield (place + random.uniform(0.1, 0.9)) * seconds / count


def _to_processes(random: Random, stage: Stage) -> Iterator[Event]:
    for at in _times(random, stage.seconds, _KILL):
        kind = "kill worker" if stage.workers > 1 and random.random() < 0.5 else "kill"
        # most die at work, some while they start
        detail = SERVING if random.random() < 0.75 else ""
        yield Event(at, kind, random.randrange(stage.replicas), random.uniform(0, 1), detail)
    for at in _times(random, stage.seconds, _STOP):
        yield Event(at, "stop", random.randrange(stage.replicas), random.uniform(0.5, 5))
    if stage.seconds > 2 * _LEASE_SECONDS:
        yield Event(random.uniform(0, stage.seconds / 4), "stop", random.randrange(stage.replicas), _LEASE_SECONDS * 1.3)
    if stage.seconds > _ORDERLY:
        for at in _times(random, stage.seconds, _ORDERLY):
            yield Event(at, "orderly", random.randrange(stage.replicas))


def _to_vendors(random: Random, stage: Stage) -> Iterator[Event]:
    for at in _times(random, stage.seconds, _OUTAGE):
        vendor = random.choice(stage.vendors)
        kind = random.choice(("fault", "fault", "refuse", "hold requests", "hold answers"))
        detail = random.choice(_FAULTS) if kind == "fault" else ""
        yield Event(at, kind, vendor, random.uniform(0.5, 4), detail, random.randint(1, 6))


def _to_database(random: Random, stage: Stage) -> Iterator[Event]:
    if stage.postgres:
        for at in _times(random, stage.seconds, _RESTART):
            yield Event(at, "restart", "database", random.uniform(0, 2), random.choice(("fast", "immediate")))
        if stage.seconds > 3 * _LEASE_SECONDS:  # when it is back, every process looks dead to every other
            yield Event(random.uniform(0.5, 0.7) * stage.seconds, "restart", "database", _LEASE_SECONDS * 1.2, "immediate")
    else:
        for at in _times(random, stage.seconds, _FULL):
            yield Event(at, "full", random.randrange(stage.replicas), random.uniform(0.5, 2))
