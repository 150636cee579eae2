"""The numbers as Prometheus reads them. The only place of prometheus-client, imported when somebody asks: it takes 0.1 s."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import accumulate
from types import MappingProxyType

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, InfoMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from bridge import __version__
from bridge.metrics.metrics import BOUNDS, FAMILIES, IN_FLIGHT, Family
from bridge.metrics.slots import Key, Numbers

__all__ = ["Waiting", "expose"]

Waiting = Mapping[str, object]
"""The ledger's overview: its fields by name. Empty: the ledger is away."""

# a field of the overview: how its gauge is called, and what it says
_LEDGER: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "pending": ("pending", "Messages to be sent: kept or scheduled."),
        "unknown": ("unknown", "Messages of which nobody knows whether the vendor took them."),
        "stuck": ("stuck", "Messages that were given up because working on them kept failing."),
        "pushes": ("pushes_waiting", "Pushes to clients that wait for their next attempt."),
        "dead_pushes": ("pushes_dead", "Pushes to clients that were given up."),
        "recurrences": ("periodic_packages", "Packages that are sent periodically and have not ended."),
    }
)
_BOUNDS = [*map(str, BOUNDS), "+Inf"]


def expose(numbers: Iterable[Numbers], waiting: Waiting | None, now: datetime, accept: str) -> tuple[bytes, str]:
    """The body of an answer, and its content type, as the Accept header asks: OpenMetrics or plain text.

    waiting: None when there is no ledger.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Everything(list(numbers), waiting, now))
    PlatformCollector(registry)
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type


class _Everything(Collector):
    """Collects once."""

    def __init__(self, numbers: list[Numbers], waiting: Waiting | None, now: datetime) -> None:
        self._numbers, self._waiting, self._now = numbers, waiting, now

    def collect(self) -> Iterator[Metric]:
        yield InfoMetricFamily("smsbridge_build", "The program.", {"version": __version__})
        totals = _totals(self._numbers)
        for family in FAMILIES:
            yield _family(family, totals)
        in_flight = sum(each.values.get(IN_FLIGHT, [0.0])[0] for each in self._numbers if each.lives)
        yield GaugeMetricFamily(IN_FLIGHT[0], "Requests to /soap that are being worked on.", in_flight)
        if self._waiting is not None:
            yield from _ledger(self._waiting, self._now)
        yield from _processes(self._numbers)


def _totals(numbers: Iterable[Numbers]) -> dict[Key, list[float]]:
    """The sums over all processes."""
    totals: dict[Key, list[float]] = {}
    for each in numbers:
        for key, values in each.values.items():
            totals[key] = [a + b for a, b in zip(totals[key], values, strict=True)] if key in totals else values
    return totals


def _family(family: Family, totals: Mapping[Key, list[float]]) -> Metric:
    series = sorted((key[1:], values) for key, values in totals.items() if key[0] == family.name)
    if not family.timed:
        counter = CounterMetricFamily(family.name, family.help, labels=family.labels)
        for labels, values in series:
            counter.add_metric(labels, values[0])
        return counter
    histogram = HistogramMetricFamily(family.name, family.help, labels=family.labels)
    for labels, (total, *classes) in series:
        histogram.add_metric(labels, list(zip(_BOUNDS, accumulate(classes), strict=True)), total)
    return histogram


def _ledger(waiting: Waiting, now: datetime) -> Iterator[Metric]:
    yield GaugeMetricFamily("smsbridge_ledger_up", "Whether the ledger's database answers.", float(bool(waiting)))
    for field, (name, words) in _LEDGER.items():
        if isinstance(value := waiting.get(field), int):
            yield GaugeMetricFamily(f"smsbridge_ledger_{name}", words, value)
    if waiting:
        oldest = waiting.get("oldest_due")
        age = max(0.0, (now - oldest).total_seconds()) if isinstance(oldest, datetime) else 0.0
        yield GaugeMetricFamily("smsbridge_ledger_oldest_due_seconds", "How long the oldest message to be sent has been due.", age)


def _processes(numbers: Iterable[Numbers]) -> Iterator[Metric]:
    """CPU, memory and files of each process that lives."""
    merged: dict[str, Metric] = {}
    for each in numbers:
        if each.lives:
            for found in ProcessCollector(pid=lambda pid=each.pid: pid, registry=None).collect():  # type: ignore[misc]  # a default
                family = merged.setdefault(found.name, Metric(found.name, found.documentation, found.type))
                for sample in found.samples:
                    family.add_sample(sample.name, {"worker": str(each.number)}, sample.value)
    yield from merged.values()
