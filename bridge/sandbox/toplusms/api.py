"""The HTTP face of the simulated toplusms: login, forms, answers."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bridge.sandbox.basic import basic_login
from bridge.sandbox.clock import Clock
from bridge.sandbox.contract import Options, received
from bridge.sandbox.sends import Account, SendSimulator
from bridge.sandbox.toplusms import views
from bridge.sandbox.toplusms.form import form_of, query_of
from bridge.sandbox.toplusms.options import ToplusmsOptions
from bridge.sandbox.toplusms.refusal import Refusal
from bridge.sandbox.toplusms.rules import Draft, draft_of_form, draft_of_url

__all__ = ["Toplusms"]

BASE = "/api/v1/"
FORM_PATH = "sms/send/normal"
QUEUE_ID = re.compile(r"[0-9]{1,18}")


class Call(NamedTuple):
    """One request of a known account. fields: of the form, or of the query string."""

    account: Account
    api_key: str | None
    fields: Mapping[str, str]
    request: Request


class Answer(JSONResponse):
    """JSON, with the document's Content-Type."""

    media_type = "application/json; charset=UTF-8"


class Toplusms(SendSimulator[ToplusmsOptions]):
    """The simulator."""

    def __init__(self, options: Options | None = None, clock: Clock | None = None) -> None:
        super().__init__(ToplusmsOptions.of(options), clock)
        self.app = Starlette(routes=list(self._routes()), exception_handlers={HTTPException: self._no_route})

    def _routes(self) -> Iterable[Route]:
        yield self._route("POST", FORM_PATH, self._send_form)
        yield self._route("GET", "sms/send", self._send_url)
        yield self._route("GET", "sms/reports/{queue_id}", self._report)
        yield self._route("GET", "user/profileDetails", self._profile)

    def _route(self, method: str, path: str, operation: Callable[[Call], dict[str, Any]]) -> Route:
        async def endpoint(request: Request) -> Response:
            try:
                answer = operation(await self._call(request))
            except Refusal as refusal:
                return self._refused(refusal)
            received(request.scope).accepted = True
            return Answer(answer)

        return Route(BASE + path, endpoint, methods=[method])

    async def _call(self, request: Request) -> Call:
        query = query_of(request.scope["query_string"])
        form = request.method == "POST"
        api_key = query.get("apikey") if self.options.apikey_for_form or not form else None
        username = self._owner(api_key) if api_key is not None else self._basic(request.headers.get("authorization", ""))
        if code := received(request.scope).refuse:
            raise Refusal(code)
        fields = form_of(request.headers.get("content-type", ""), await request.body()) if form else query
        return Call(self.book.accounts[username], api_key, fields, request)

    def _owner(self, api_key: str) -> str:
        for username, known in self.options.api_keys.items():
            if known == api_key and username in self.options.accounts:
                return username
        raise Refusal("login")

    def _basic(self, header: str) -> str:
        username, digest = basic_login(header)
        password = self.options.accounts.get(username)
        if password is None or hashlib.md5(password.encode(), usedforsecurity=False).hexdigest() != digest:
            raise Refusal("login")
        return username

    def _refused(self, refusal: Refusal) -> Response:
        return Answer(refusal.as_json(self.options.error_codes))

    async def _no_route(self, _request: Request, _error: Exception) -> Response:
        return self._refused(Refusal("operation"))

    def _send_form(self, call: Call) -> dict[str, Any]:
        return {"status": "success", "queueId": self._take(call.account, draft_of_form(call.fields, self.options))}

    def _send_url(self, call: Call) -> dict[str, Any]:
        """Its sample has no status."""
        return {"queueId": self._take(call.account, draft_of_url(call.fields, self.options))}

    def _take(self, account: Account, draft: Draft) -> int:
        if draft.message.credit > account.credit:
            raise Refusal("credit")
        return self.book.take(account, [draft.message], self.clock.now(), draft.scheduled_for).id

    def _report(self, call: Call) -> dict[str, Any]:
        asked = call.request.path_params["queue_id"]
        send = call.account.sends.get(int(asked)) if QUEUE_ID.fullmatch(asked) else None
        if send is None:
            raise Refusal("queue")
        return views.report(send, call.account.user_id, self.clock.now(), self.options)

    def _profile(self, call: Call) -> dict[str, Any]:
        if call.api_key is None:
            return views.profile(call.account)
        return views.profile_by_key(call.account, call.api_key)
