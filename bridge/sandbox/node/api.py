"""The HTTP face of the simulated Node API: login, parameters, envelopes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bridge.errors import SettingsError
from bridge.sandbox.clock import Clock
from bridge.sandbox.contract import Options, Taken, received
from bridge.sandbox.node import queries, views
from bridge.sandbox.node.options import NodeOptions
from bridge.sandbox.node.package import Pace, Package
from bridge.sandbox.node.push import Pushes
from bridge.sandbox.node.queries import Model, read
from bridge.sandbox.node.refusal import Refusal
from bridge.sandbox.node.rules import Draft, draft_of_otp, draft_of_sms
from bridge.sandbox.node.store import Account, Store
from bridge.sandbox.node.wire import Parameters, parameters_of, username_of

__all__ = ["Node"]


class Call(NamedTuple):
    """One request of a known account."""

    account: Account
    parameters: Parameters

    def read(self, model: type[Model]) -> Model:
        return read(model, self.parameters.values, textual=self.parameters.textual)


class Node:
    """The simulator."""

    def __init__(self, options: Options | None = None, clock: Clock | None = None) -> None:
        self._first_options = self.options = NodeOptions.of(options)
        self.clock = clock or Clock()
        self._store = Store(self.options)
        self._pushes = Pushes(self.clock, self._push_body)
        self.app = Starlette(
            routes=list(self._routes()), exception_handlers={HTTPException: self._no_route}, lifespan=self._lifespan
        )

    def reset(self) -> None:
        self._pushes.drop()
        self.clock.reset()
        self.options = self._first_options
        self._store = Store(self.options)

    def sent(self) -> Iterable[Taken]:
        return self._store.sent()

    def set_credit(self, account: str, credit: int) -> None:
        if account not in self._store.accounts:
            raise SettingsError("account", f"there are {', '.join(self._store.accounts)}")
        self._store.accounts[account].credit = credit

    def set_option(self, name: str, value: object) -> None:
        self.options = self.options.with_changed(name, value)

    @property
    def _pace(self) -> Pace:
        return Pace.of(self.options)

    def _routes(self) -> Iterable[Route]:
        both = ["GET", "POST"]
        yield self._route("/sms/create-otp", self._create_otp, ["POST"])
        yield self._route("/sms/create", self._create, ["POST"])
        yield self._route("/sms/list", self._list, both)
        yield self._route("/sms/list-item", self._list_item, both)
        yield self._route("/sms/list-sender", self._list_sender, both)
        yield self._route("/sms/cancel", self._cancel, both)
        yield self._route("/sms/summary", self._summary, both)
        yield self._route("/sms/inquiry-number", self._inquiry, both)
        yield self._route("/user/credit", self._credit, both)

    def _route(self, path: str, operation: Callable[[Call], dict[str, Any]], methods: list[str]) -> Route:
        async def endpoint(request: Request) -> Response:
            try:
                data = operation(await self._call(request))
            except Refusal as refusal:
                return self._refused(refusal)
            received(request.scope).accepted = True
            return JSONResponse({"err": None, "data": data})

        return Route(path, endpoint, methods=methods)

    async def _call(self, request: Request) -> Call:
        account = self._store.accounts[username_of(request, self.options.accounts)]
        if code := received(request.scope).refuse:
            raise Refusal(code)
        return Call(account, await parameters_of(request))

    def _refused(self, refusal: Refusal) -> Response:
        own = self.options.http_status_form
        status = refusal.http_status(own=own)
        headers = {"WWW-Authenticate": 'Basic realm="api"'} if status == 401 else None
        return JSONResponse(refusal.as_json(status=not own), status, headers)

    async def _no_route(self, _request: Request, _error: Exception) -> Response:
        return self._refused(Refusal("ERR_NOT_FOUND"))

    def _create_otp(self, call: Call) -> dict[str, Any]:
        query = call.read(queries.OtpQuery)
        return self._take(call.account, draft_of_otp(query, self.options))

    def _create(self, call: Call) -> dict[str, Any]:
        query = call.read(queries.CreateQuery)
        return self._take(call.account, draft_of_sms(query, self.clock.now(), self.options))

    def _take(self, account: Account, draft: Draft) -> dict[str, Any]:
        package = self._store.create(account, draft, self.clock.now(), self.options)
        self._pushes.plan(package, self._pace)
        return {"pkgID": package.id}

    def _list(self, call: Call) -> dict[str, Any]:
        query = call.read(queries.ListQuery)
        if max(len(query.ids or ()), len(query.custom_ids or ())) > self.options.max_ids:
            raise Refusal("ERR_REQUEST_PARAM_LIMIT", f"ids, customIDs: en fazla {self.options.max_ids}")
        return views.package_list(call.account, query, self.clock.now(), self._pace)

    def _list_item(self, call: Call) -> dict[str, Any]:
        query = call.read(queries.ItemQuery)
        return views.item_list(call.account.find(query), query, self.clock.now(), self._pace)

    def _list_sender(self, call: Call) -> dict[str, Any]:
        return views.sender_list(call.account.senders, call.read(queries.SenderQuery))

    def _cancel(self, call: Call) -> dict[str, Any]:
        package = call.account.find(call.read(queries.CancelQuery))
        self._store.cancel(package, self.clock.now(), self._pace)
        return {"status": 1}

    def _summary(self, call: Call) -> dict[str, Any]:
        query = call.read(queries.Ranged)
        return views.summary(call.account, query, self.clock.now(), self._pace)

    def _inquiry(self, call: Call) -> dict[str, Any]:
        query = call.read(queries.InquiryQuery)
        return views.inquiry(call.account, query, self.clock.now(), self._pace)

    def _credit(self, call: Call) -> dict[str, Any]:
        return {"credit": call.account.credit}

    def _push_body(self, package: Package) -> dict[str, Any]:
        user_id = self._store.accounts[package.account].user_id
        return views.push_body(user_id, package, self.clock.now(), self._pace)

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        yield
        await self._pushes.close()
