"""getSmsPackageItems."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.domain.capability import Feature
from bridge.domain.package import PackageItem, Page
from bridge.domain.query import ItemsQuery, PackageKey
from bridge.errors import CallError, ErrorCode
from bridge.operations.backend import Account, ask, need
from bridge.operations.requests import BAD_FIELD, GetSmsPackageItems, parse
from bridge.outbound.driver import Timing

__all__ = ["GetSmsPackageItemsCase", "package_key"]


class GetSmsPackageItemsCase:
    """Lists the recipients of one package."""

    def prepare(self, values: Mapping[str, Any]) -> ItemsQuery:
        request = parse(GetSmsPackageItems, values)
        return ItemsQuery(
            package=package_key(request.pkg_id, request.uuid, request.custom_id, "pkgID, uuid, customID"),
            target=request.target,
            operator=request.operator,
            state=request.state,
            page_index=request.page_index,
            page_size=request.size(),
        )

    async def run(self, account: Account, prepared: ItemsQuery, timing: Timing) -> Page[PackageItem]:
        need(account, Feature.ITEMS)
        return await ask(account, account.backend.vendor.items(prepared, account.credentials), timing)


def package_key(id_: int | None, uuid: str | None, custom_id: str | None, fields: str) -> PackageKey:
    """The package that a call names; id 0 is how PHP writes an empty one. Raises CallError naming `fields` when none is given."""
    if not (id_ or uuid or custom_id):
        raise CallError(ErrorCode.BAD_REQUEST, BAD_FIELD, field=fields)
    return PackageKey(id=id_ or None, uuid=uuid, custom_id=custom_id)
