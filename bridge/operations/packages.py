"""getSmsPackages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bridge.domain.capability import Feature
from bridge.domain.clock import parse_datetime
from bridge.domain.package import Package, Page
from bridge.domain.query import PackagesQuery
from bridge.errors import CallError, ErrorCode
from bridge.operations.backend import Account, ask, need
from bridge.operations.compose import TOO_MANY
from bridge.operations.requests import BAD_FIELD, GetSmsPackages, parse
from bridge.outbound.driver import Timing

__all__ = ["GetSmsPackagesCase"]


class GetSmsPackagesCase:
    """Lists packages; every filter is optional."""

    def __init__(self, max_ids: int) -> None:
        """max_ids: entries that ids and customIDs may have."""
        self._max_ids = max_ids

    def prepare(self, values: Mapping[str, Any]) -> PackagesQuery:
        for name in ("ids", "customIDs"):
            entries = values.get(name)
            if isinstance(entries, list) and len(entries) > self._max_ids:
                raise CallError(ErrorCode.REQUEST_PARAM_LIMIT, TOO_MANY, field=name, limit=self._max_ids)
        request = parse(GetSmsPackages, values)
        start, finish = _date(request.start_date, "startDate"), _date(request.finish_date, "finishDate")
        if start and finish and start > finish:
            raise CallError(ErrorCode.INVALID_DATE_RANGE)
        return PackagesQuery(
            ids=tuple(id_ for id_ in request.ids or () if id_),
            custom_ids=tuple(request.custom_ids or ()),
            keyword=request.keyword,
            sender=request.sender,
            status=request.status,
            start=start,
            finish=finish,
            page_index=request.page_index,
            page_size=request.size(),
        )

    async def run(self, account: Account, prepared: PackagesQuery, timing: Timing) -> Page[Package]:
        need(account, Feature.PACKAGES)
        return await ask(account, account.backend.vendor.packages(prepared, account.credentials), timing)


def _date(text: str | None, field: str) -> datetime | None:
    if text is None:
        return None
    when = parse_datetime(text)
    if when is None:
        raise CallError(ErrorCode.BAD_REQUEST, BAD_FIELD, field=field)
    return when
