"""The HTTP face of the simulated isobil API: endpoints, operations, login, Status."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from bridge.errors import SettingsError
from bridge.sandbox.clock import Clock
from bridge.sandbox.contract import Options, Received, Taken, received
from bridge.sandbox.isobil import requests
from bridge.sandbox.isobil.options import IsobilOptions
from bridge.sandbox.isobil.refusal import Refusal, status
from bridge.sandbox.isobil.requests import Model, MultiRequest, SubmitRequest, read
from bridge.sandbox.isobil.rules import draft_of
from bridge.sandbox.isobil.store import Store
from bridge.sandbox.isobil.views import View
from bridge.sandbox.isobil.wire import ENDPOINTS, Asked, BrokenEnvelope, answered, asked_of, faulted, values_of

__all__ = ["Isobil"]


class Call(NamedTuple):
    """One request of a known account. textual: its fields came from XML."""

    view: View
    values: Mapping[str, Any]
    textual: bool

    def read(self, model: type[Model]) -> Model:
        return read(model, self.values, textual=self.textual)

    def criterion(self, model: type[Model]) -> Model:
        return read(model, self.values.get("Criterion") or {}, textual=self.textual)


Operation = Callable[[Call], dict[str, Any]]


class Isobil:
    """The simulator."""

    def __init__(self, options: Options | None = None, clock: Clock | None = None) -> None:
        self._first_options = self.options = IsobilOptions.of(options)
        self.clock = clock or Clock()
        self._store = Store(self.options)
        self._operations = dict(self._all_operations())
        self.app = Starlette(routes=[Route("/{path:path}", self._endpoint, methods=["GET", "POST"])])

    def reset(self) -> None:
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

    def _all_operations(self) -> Iterable[tuple[str, Operation]]:
        yield "GetUserAccount", lambda call: call.view.user_account()
        yield "Submit", lambda call: self._take(call, SubmitRequest)
        yield "SubmitMulti", lambda call: self._take(call, MultiRequest)
        yield "SubmitOTP", lambda call: self._take(call, SubmitRequest)
        yield "Submit_TCKN", lambda call: self._take(call, SubmitRequest, tckn=True)
        yield "SubmitMulti_TCKN", lambda call: self._take(call, MultiRequest, tckn=True)
        yield "GetServices", lambda call: call.view.services(tckn=call.criterion(requests.ServiceFilter).process == 1)
        yield "GetSenders", lambda call: call.view.senders(call.criterion(requests.SenderFilter).service_id)
        yield "Query", _query
        yield "QueryDetail", lambda call: call.view.detail(call.criterion(requests.PacketKey))
        yield "QueryMulti", lambda call: call.view.found(call.criterion(requests.Search))
        yield "QueryScheduled", _query_scheduled

    async def _endpoint(self, request: Request) -> Response:
        as_xml = ENDPOINTS.get(request.url.path.rpartition("/")[2].lower())
        if as_xml is None:
            return HTMLResponse("<h1>404 - File or directory not found.</h1>", 404)
        if request.method != "POST":
            return HTMLResponse(f"<h1>isobil</h1><p>{'<br>'.join(self._operations)}</p>")
        try:
            asked = asked_of(request, await request.body(), as_xml=as_xml)
        except BrokenEnvelope as broken:
            return faulted(broken)
        response = self._respond(asked, received(request.scope))
        return answered(asked, response, shell=self.options.response_shell, in_soap=self.options.soap_answers)

    def _respond(self, asked: Asked, record: Received) -> dict[str, Any]:
        name = ""
        try:
            name = self._operation(asked, record.path)
            data = self._operations[name](self._call(asked, record))
            record.accepted = True
            shown = status("success", self.options.codes)
        except Refusal as refusal:
            data = {"MessageID": 0} if name.startswith("Submit") else {}
            shown = status(refusal.name, self.options.codes, refusal.hint)
        return data | {"Status": shown} if "MessageID" in data else {"Status": shown} | data

    def _operation(self, asked: Asked, path: str) -> str:
        """The one operation that the request names, whatever the case of its letters."""
        known = {name.lower(): name for name in self._operations}
        named = {known.get(name.lower(), name) for name in asked.operations}
        if len(named) != 1:
            raise Refusal("operation", " / ".join(sorted(named)) or "?op=")
        (name,) = named
        if name not in self._operations or (name == "SubmitOTP" and "/v2/" in path.lower()):
            raise Refusal("operation", name)
        return name

    def _call(self, asked: Asked, record: Received) -> Call:
        values = values_of(asked)
        credential = read(requests.Signed, values, textual=asked.as_xml).credential
        account = self._store.account(credential, self.options)
        if record.refuse:
            raise Refusal(record.refuse)
        return Call(View(account, self.options, self.clock.now()), values, asked.as_xml)

    def _take(self, call: Call, model: type[SubmitRequest | MultiRequest], *, tckn: bool = False) -> dict[str, Any]:
        account, options, now = call.view
        draft = draft_of(call.read(model), now, options, tckn=tckn)
        return {"MessageID": self._store.take(account, draft, now, options.packet_size).id}


def _query(call: Call) -> dict[str, Any]:
    return call.view.report(call.view.account.message(call.criterion(requests.MessageKey).message_id))


def _query_scheduled(call: Call) -> dict[str, Any]:
    return call.view.scheduled(call.view.account.message(call.criterion(requests.ScheduledKey).message_id))
