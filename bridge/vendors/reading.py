"""Reading what vendors answer, tolerantly: numbers as strings, missing keys, JSON or not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from bridge.domain.http import HttpResponse

__all__ = ["given", "integer", "json_object", "text"]


def given(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields that have a value: vendors read an absent key as "not given", a null not all of them."""
    return {name: value for name, value in fields.items() if value is not None}


def json_object(response: HttpResponse) -> Mapping[str, Any] | None:
    """The body as a JSON object, or None when it is anything else."""
    try:
        body = orjson.loads(response.body)
    except orjson.JSONDecodeError:
        return None
    return body if isinstance(body, Mapping) else None


def text(value: object) -> str | None:
    """str, or None for null."""
    return None if value is None else str(value)


def integer(value: object) -> int | None:
    """int, or None for what is none: a wrong cell must not lose the whole list. Booleans become 0 and 1."""
    try:
        return int(value)  # type: ignore[call-overload,no-any-return]  # whatever it is, int() decides
    except (TypeError, ValueError, OverflowError):
        return None
