"""getSmsPackages, getSmsPackageItems and cancelSmsPackage with a ledger.

A vendor that keeps packages itself (node) is asked first; the ledger answers for what only it knows, and when the vendor does not
answer. For all other vendors the ledger answers, after what is stale was refreshed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bridge.domain.package import Package, PackageItem, Page
from bridge.domain.query import ItemsQuery, PackageKey, PackagesQuery
from bridge.errors import CallError, ErrorCode
from bridge.ledger.ledger import Ledger
from bridge.ledger.values import Cancelled
from bridge.operations.backend import Account, UseCase, prove
from bridge.operations.refresh import Refresher
from bridge.outbound.driver import Timing

__all__ = ["StoredCancel", "StoredItems", "StoredPackages"]

# the vendor has no such package, or gives no answer
_NOT_THERE = frozenset({ErrorCode.SMS_PKG_NOT_FOUND, ErrorCode.NOT_FOUND, ErrorCode.SYSTEM_MAINTENANCE})


class _Stored:
    def __init__(self, case: UseCase, ledger: Ledger, refresher: Refresher) -> None:
        """case: the use case that asks the vendor; it checks the fields."""
        self._case, self._ledger, self._refresher = case, ledger, refresher

    def prepare(self, values: Mapping[str, Any]) -> Any:
        return self._case.prepare(values)


class StoredPackages(_Stored):
    """getSmsPackages."""

    async def run(self, account: Account, prepared: PackagesQuery, timing: Timing) -> Page[Package]:
        await prove(account, timing)
        if account.backend.vendor.keeps_packages:
            return await self._of_vendor(account, prepared, timing)
        await self._refresher.stale(account, timing)
        return await self._ledger.packages(account.username, prepared)

    async def _of_vendor(self, account: Account, query: PackagesQuery, timing: Timing) -> Page[Package]:
        try:
            page: Page[Package] = await self._case.run(account, query, timing)
        except CallError as error:
            if error.code not in _NOT_THERE:
                raise
            return await self._ledger.packages(account.username, query)
        if not query.ids and not query.custom_ids:
            return page
        # what was kept, split, refused or unknown has an id of the ledger, which the vendor does not know
        await self._refresher.stale(account, timing)
        ids, custom_ids = ({getattr(row, name) for row in page.rows} for name in ("id", "custom_id"))
        stored = await self._ledger.packages(account.username, query)
        own = tuple(row for row in stored.rows if row.id not in ids and (row.custom_id is None or row.custom_id not in custom_ids))
        return replace(page, total_record=page.total_record + len(own), rows=(*page.rows, *own))


class StoredItems(_Stored):
    """getSmsPackageItems."""

    async def run(self, account: Account, prepared: ItemsQuery, timing: Timing) -> Page[PackageItem]:
        await prove(account, timing)
        if account.backend.vendor.keeps_packages:
            try:
                page: Page[PackageItem] = await self._case.run(account, prepared, timing)
            except CallError as error:
                if error.code not in _NOT_THERE:
                    raise
            else:
                return page
        await self._refresher.package(account, prepared.package, timing)
        return await self._ledger.items(account.username, prepared)


class StoredCancel(_Stored):
    """cancelSmsPackage: what the bridge still holds; else what the vendor can cancel."""

    async def run(self, account: Account, prepared: PackageKey, timing: Timing) -> int:
        await prove(account, timing)
        cancelled = await self._ledger.cancel(account.username, prepared)
        if cancelled is Cancelled.CANCELLED:
            return 1
        if account.backend.vendor.keeps_packages:
            return await self._at_vendor(account, prepared, timing)
        not_found = cancelled is Cancelled.NOT_FOUND
        raise CallError(ErrorCode.SMS_PKG_NOT_FOUND if not_found else ErrorCode.SMS_PKG_NOT_CHANGEABLE)

    async def _at_vendor(self, account: Account, key: PackageKey, timing: Timing) -> int:
        """The client may know an id that only the ledger has."""
        stored = await self._ledger.find(account.username, key)
        submissions = () if stored is None or stored.vendor != account.backend.name else stored.submissions
        keys = [PackageKey(id=int(each.vendor_ref)) for each in submissions if each.vendor_ref is not None]
        try:
            statuses = [await self._case.run(account, each, timing) for each in keys or [key]]
        except CallError as error:
            if submissions and error.code == ErrorCode.SMS_PKG_NOT_FOUND:
                raise CallError(ErrorCode.SMS_PKG_NOT_CHANGEABLE) from None
            raise
        return int(statuses[0])
