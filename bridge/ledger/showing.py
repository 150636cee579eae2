"""Rows as clients are shown them."""

from __future__ import annotations

from typing import Any

from bridge.domain.clock import ISTANBUL
from bridge.domain.package import Package, PackageItem, Statistics
from bridge.domain.status import ItemState, set_state
from bridge.ledger.instant import from_ms
from bridge.ledger.progress import item_state, state_of
from bridge.ledger.recording import TEXT_SEPARATOR

__all__ = ["shown_item", "shown_package"]

# of an unknown outcome, settled_at is when it became unknown
_NOT_PROCESSED = frozenset({ItemState.REJECTED, ItemState.CANCELLED, ItemState.WAITING, ItemState.SENDING})


def shown_package(row: Any) -> Package:
    """row: of `package`, with `only`. A customID that the bridge gave is not shown."""
    content = row.content
    if content is None and row.own_texts:
        content = row.own_texts.partition(TEXT_SEPARATOR)[0]
    return Package(
        id=row.id if row.public_id is None else row.public_id,
        custom_id=row.custom_id,
        type=row.kind,
        uuid=row.uuid,
        error=row.error,
        state=state_of(row).value,
        title=row.title,
        content=content,
        senders=(row.sender,),
        encoding=row.encoding,
        validity=row.validity,
        statistics=Statistics(
            total=row.total, credit=row.credit, r_count=row.recipients, delivered=row.delivered, undelivered=row.undelivered
        ),
        is_scheduled=row.scheduled,
        sending_date=_local(row.sending_at, "seconds"),
    )


def shown_item(row: Any, package: Any) -> PackageItem:
    """row: of `item`, with settled_at, state (as submission_state) and code of its submission. package: its package's row."""
    state = item_state(row.state, row.submission_state)
    refused = state is ItemState.REJECTED and row.error is None
    delivered = state is ItemState.DELIVERED and row.reported_at is not None
    processed = state not in _NOT_PROCESSED and row.settled_at is not None
    return PackageItem(
        id=str(row.id),
        msg=row.content,
        error=row.code if refused else row.error,
        credit=0 if state in {ItemState.REJECTED, ItemState.CANCELLED} else row.parts,
        state=state.value,
        sender=package.sender,
        target=row.number,
        set_state=set_state(state_of(package)),
        sending_date=_local(package.sending_at, "seconds"),
        delivery_date=_local(row.reported_at, "seconds") if delivered else None,
        processing_date=_local(row.settled_at, "milliseconds") if processed else None,
    )


def _local(ms: int, precision: str) -> str:
    """yyyy-MM-ddTHH:mm:ss[.fff], Turkish local time."""
    return from_ms(ms).astimezone(ISTANBUL).replace(tzinfo=None).isoformat(timespec=precision)
