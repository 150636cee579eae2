"""getSmsSenders."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.domain.capability import Feature
from bridge.domain.package import Page, Sender
from bridge.domain.query import SendersQuery
from bridge.operations.backend import Account, ask, need, prove
from bridge.operations.requests import GetSmsSenders, parse
from bridge.outbound.driver import Timing

__all__ = ["GetSmsSendersCase"]


class GetSmsSendersCase:
    """Lists the sender titles of the account."""

    def prepare(self, values: Mapping[str, Any]) -> SendersQuery:
        request = parse(GetSmsSenders, values)
        return SendersQuery(keyword=request.keyword, status=request.status, page_index=request.page_index, page_size=request.size())

    async def run(self, account: Account, prepared: SendersQuery, timing: Timing) -> Page[Sender]:
        need(account, Feature.SENDERS)
        page = await ask(account, account.backend.vendor.senders(prepared, account.credentials), timing)
        if not timing.requests:  # a list of the configuration: nobody has judged the login yet
            await prove(account, timing)
        return page
