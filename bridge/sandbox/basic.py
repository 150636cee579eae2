"""HTTP Basic. Source: RFC 7617."""

from __future__ import annotations

import base64
import binascii

__all__ = ["basic_login"]


def basic_login(header: str) -> tuple[str, str]:
    """Username and password of an Authorization header; both empty when it is of another kind or cannot be read."""
    scheme, _, token = header.partition(" ")
    try:
        pair = base64.b64decode(token.strip(), validate=True).decode() if scheme.lower() == "basic" else ""
    except (binascii.Error, UnicodeDecodeError):
        pair = ""
    username, _, password = pair.partition(":")
    return username, password
