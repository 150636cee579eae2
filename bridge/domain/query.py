"""What is asked: the questions of the reading operations and cancel, already checked. Client's words are in no repr."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

__all__ = ["ItemsQuery", "PackageKey", "PackagesQuery", "SendersQuery"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageKey:
    """Names one package. At least one of the three is given."""

    id: int | None = None
    uuid: str | None = None
    custom_id: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PackagesQuery:
    """Filters of getSmsPackages; None or () is no filter."""

    ids: tuple[int, ...] = ()
    custom_ids: tuple[str, ...] = field(default=(), repr=False)
    # part of the text
    keyword: str | None = field(default=None, repr=False)
    sender: str | None = None
    # 0 all, 1 queued, 2 processing, 3 scheduled, 4 periodic, 5 completed, 6 cancelled, 7 failed
    status: int | None = None
    # aware
    start: datetime | None = None
    # aware
    finish: datetime | None = None
    page_index: int = 0
    # 10 .. 1000
    page_size: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemsQuery:
    """Filters of getSmsPackageItems within one package."""

    package: PackageKey
    # part of the number
    target: str | None = field(default=None, repr=False)
    # 0 Turkcell, 1 Vodafone, 2 TurkTelekom, 3 Netgsm
    operator: int | None = None
    # -2 .. 5
    state: int | None = None
    page_index: int = 0
    # 10 .. 1000
    page_size: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class SendersQuery:
    """Filters of getSmsSenders."""

    # part of the title
    keyword: str | None = field(default=None, repr=False)
    # 0 waiting, 1 approved, 2 refused, 3 forbidden
    status: int | None = None
    page_index: int = 0
    # 10 .. 1000
    page_size: int = 100
