"""Reads a request: who calls, and with which parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson
from starlette.requests import Request

from bridge.sandbox.basic import basic_login
from bridge.sandbox.node.refusal import Refusal, bad_request

__all__ = ["Parameters", "parameters_of", "username_of"]

LISTS = frozenset({"ids", "customIDs", "numbers"})


class Parameters(NamedTuple):
    """textual: they come from a query string, where everything is text."""

    values: Mapping[str, Any]
    textual: bool


def username_of(request: Request, accounts: Mapping[str, str]) -> str:
    """The caller, proven by HTTP Basic. No login at all is HTTP 401, a wrong one HTTP 403."""
    header = request.headers.get("authorization")
    if header is None:
        raise Refusal("ERR_UNAUTHORIZED_REQUEST", http=401)
    username, password = basic_login(header)
    if username not in accounts or accounts[username] != password:
        raise Refusal("ERR_UNAUTHORIZED_REQUEST")
    return username


async def parameters_of(request: Request) -> Parameters:
    """From the JSON body; without one, from the query string."""
    body = await request.body()
    if not body.strip():
        return Parameters(_from_query(request), textual=True)
    if "json" not in request.headers.get("content-type", ""):
        raise bad_request("Content-Type: application/json")
    try:
        values = orjson.loads(body)  # refuses halves of surrogate pairs, as a strict server does
    except ValueError:
        raise bad_request("JSON") from None
    if not isinstance(values, dict):
        raise bad_request("JSON object")
    return Parameters(values, textual=False)


def _from_query(request: Request) -> dict[str, Any]:
    """`ids=1&ids=2`, `ids[]=1&ids[]=2` and `ids=1,2` are the same list; what has no value is not given."""
    values: dict[str, Any] = {}
    for key, text in request.query_params.multi_items():
        name = key.removesuffix("[]")
        if name in LISTS:
            values.setdefault(name, []).extend(part for part in text.split(",") if part)
        elif text:
            values[name] = text
    return values
