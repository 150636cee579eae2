"""The HTTP face of the simulated innomobil: login, operations, envelopes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bridge.sandbox.clock import Clock
from bridge.sandbox.contract import Options, received
from bridge.sandbox.innomobil import queries
from bridge.sandbox.innomobil.options import InnomobilOptions
from bridge.sandbox.innomobil.queries import MessageQuery, Model, SettingsOfSend
from bridge.sandbox.innomobil.refusal import Refusal
from bridge.sandbox.innomobil.rules import message_of
from bridge.sandbox.innomobil.views import View, retyped
from bridge.sandbox.sends import SendSimulator

__all__ = ["Innomobil"]

BASE = "/api/v1/"
EMPTY_RESULTS: Mapping[str, object] = MappingProxyType({"login": 0, "kredi": 0})  # of all others: []


class Call(NamedTuple):
    """One request of a known account."""

    view: View
    values: dict[str, Any]

    def read(self, model: type[Model]) -> Model:
        return queries.read(model, self.values)


class Innomobil(SendSimulator[InnomobilOptions]):
    """The simulator."""

    def __init__(self, options: Options | None = None, clock: Clock | None = None) -> None:
        super().__init__(InnomobilOptions.of(options), clock)
        self.app = Starlette(routes=list(self._routes()), exception_handlers={HTTPException: self._no_route})

    def _routes(self) -> Iterable[Route]:
        yield self._route("login", self._login)
        yield self._route("alfanumerik", self._senders)
        yield self._route("sendsms", self._send)
        yield self._route("report", self._report)
        yield self._route("reportbyid", self._report_by_id)
        yield self._route("kredi", self._credit)
        yield self._route("multisend", self._multi_send)
        yield self._route("bilgi", self._user)
        yield self._route("reports", self._reports)

    def _route(self, name: str, operation: Callable[[Call], Any]) -> Route:
        async def endpoint(request: Request) -> Response:
            try:
                result = operation(await self._call(request))
            except Refusal as refusal:
                return JSONResponse(refusal.as_json(self.options.failure_style, EMPTY_RESULTS.get(name, [])))
            received(request.scope).accepted = True
            return JSONResponse({"status": "ok", "error": "", "result": retyped(result, self.options.json_types)})

        return Route(BASE + name, endpoint, methods=["POST"])

    async def _call(self, request: Request) -> Call:
        values = queries.json_of(await request.body())
        login = queries.read(queries.Login, values)
        if self.options.accounts.get(login.username) != login.password:
            raise Refusal("login")
        if code := received(request.scope).refuse:
            raise Refusal(code)
        return Call(View(self.book.accounts[login.username], self.clock.now(), self.options), values)

    async def _no_route(self, _request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 404
        return JSONResponse(Refusal("operation").as_json("error", []), status)

    def _login(self, _call: Call) -> str:
        return "1"

    def _senders(self, _call: Call) -> list[str]:
        if not self.options.senders:
            raise Refusal("empty")
        return list(self.options.senders)

    def _send(self, call: Call) -> dict[str, Any]:
        query = call.read(queries.SendQuery)
        return self._take(call.view, query, [query.message], multi=False)

    def _multi_send(self, call: Call) -> dict[str, Any]:
        query = call.read(queries.MultiQuery)
        return self._take(call.view, query, query.message, multi=True)

    def _take(self, view: View, query: SettingsOfSend, asked: list[MessageQuery], *, multi: bool) -> dict[str, Any]:
        messages = [message_of(each, query.gate, self.options) for each in asked]
        if not self.options.postpaid and sum(message.credit for message in messages) > view.account.credit:
            raise Refusal("credit")
        send = self.book.take(view.account, messages, view.now, query.sdate)
        return view.of_send(send, multi=multi)

    def _report(self, call: Call) -> list[dict[str, Any]]:
        query = call.read(queries.ReportQuery)
        return call.view.report(query.messageid, detailed=bool(query.detailed))

    def _report_by_id(self, call: Call) -> list[dict[str, Any]]:
        return call.view.report_by_id(call.read(queries.ReportByIdQuery).reportid)

    def _credit(self, call: Call) -> str:
        call.read(queries.CreditQuery)
        return str(call.view.balance)

    def _user(self, call: Call) -> dict[str, str]:
        """Source: section 11, with the keys of its sample."""
        return {"mail": "test@example.com", "telefon": "0 (555) 000 00 00", "soyad": call.view.account.name, "ad": "inno"}

    def _reports(self, call: Call) -> list[dict[str, Any]]:
        return call.view.reports(call.read(queries.ReportsQuery))
