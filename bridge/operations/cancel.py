"""cancelSmsPackage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.domain.capability import Feature
from bridge.domain.query import PackageKey
from bridge.operations.backend import Account, ask, need
from bridge.operations.items import package_key
from bridge.operations.requests import CancelSmsPackage, parse
from bridge.outbound.driver import Timing

__all__ = ["CancelSmsPackageCase"]


class CancelSmsPackageCase:
    """Cancels a package that has not started."""

    def prepare(self, values: Mapping[str, Any]) -> PackageKey:
        request = parse(CancelSmsPackage, values)
        return package_key(request.id, request.uuid, request.custom_id, "id, uuid, customID")

    async def run(self, account: Account, prepared: PackageKey, timing: Timing) -> int:
        need(account, Feature.CANCEL)
        return await ask(account, account.backend.vendor.cancel(prepared, account.credentials), timing)
