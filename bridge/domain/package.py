"""What a client can ask about: packages, their items, senders. Field names follow the answers' elements (snake_case)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, TypeVar

__all__ = ["Package", "PackageItem", "Page", "Sender", "Statistics"]

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """Counts of one package. Source: Node API v1.8.3, /sms/summary."""

    # parts x recipients
    total: int | None = None
    # parts x recipients
    credit: int | None = None
    # recipients
    r_count: int | None = None
    # recipients
    delivered: int | None = None
    # recipients
    undelivered: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One package as getSmsPackages shows it. None means that the vendor does not say."""

    id: int | None = None
    custom_id: str | None = None
    # 0 otp, 1 normal, 2 national id
    type: int | None = None
    uuid: str | None = None
    error: str | None = None
    # -4 .. 6
    state: int | None = None
    title: str | None = None
    content: str | None = None
    senders: tuple[str, ...] = ()
    encoding: int | None = None
    # minutes
    validity: int | None = None
    statistics: Statistics = field(default_factory=Statistics)
    # 0 or 1
    is_scheduled: int | None = None
    # yyyy-MM-ddTHH:mm:ss, Turkish local time
    sending_date: str | None = None

    def __repr__(self) -> str:
        return f"<Package {self.id} state {self.state}>"


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageItem:
    """One recipient of a package as getSmsPackageItems shows it. Dates: yyyy-MM-ddTHH:mm:ss with 0..6 fraction digits."""

    id: str | None = None
    msg: str | None = None
    error: str | None = None
    credit: int | None = None
    # -2 .. 5
    state: int | None = None
    sender: str | None = None
    target: str | None = None
    set_state: int | None = None
    sending_date: str | None = None
    delivery_date: str | None = None
    processing_date: str | None = None

    def __repr__(self) -> str:
        return f"<PackageItem {self.id} state {self.state}>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """One alphanumeric title. status: 0 waiting, 1 approved, 2 refused, 3 forbidden."""

    uuid: str | None = None
    status: int | None = None
    title: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[Row]):
    """One page of rows, and how many there are in all."""

    total_record: int
    rows: tuple[Row, ...]
