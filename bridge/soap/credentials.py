"""Where a client put its username and password."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode

from bridge.errors import CallError, CredentialsMissing, ErrorCode
from bridge.soap.envelope import Call, Login

__all__ = ["basic_login", "login_of"]


_CONTROLS = re.compile("[\x00-\x1f\x7f]")  # RFC 7617 section 2


def login_of(call: Call, authorization: bytes | None) -> tuple[str, str]:
    """The username and password of a call: of the body, else HTTP Basic, else a SOAP header, else WS-Security.

    authorization: the HTTP header, or None.
    Raises CredentialsMissing when there are none anywhere, CallError ERR_UNAUTHORIZED_REQUEST when only a part is there.
    Source: Node API v1.8.3, note 1.
    """
    username, password = call.body_login.username, call.body_login.password
    if isinstance(username, str) and isinstance(password, str):
        return username.strip(), password
    places = [call.body_login, *([basic_login(authorization)] if authorization else []), *call.header_logins]
    for place in places:
        username, password = place.username, place.password
        if isinstance(username, str) and isinstance(password, str):
            return username.strip(), password
    if any(place.username is not None or place.password is not None for place in places):
        raise CallError(ErrorCode.UNAUTHORIZED_REQUEST)
    raise CredentialsMissing


def basic_login(authorization: bytes) -> Login:
    """The login of an Authorization header; both parts None when it is of another scheme or broken. Source: RFC 7617."""
    scheme, _, encoded = authorization.strip().partition(b" ")
    if scheme.lower() != b"basic":
        return Login(None, None)
    try:
        decoded = b64decode(encoded.strip(), validate=True)
    except binascii.Error:
        return Login(None, None)
    try:
        text = decoded.decode()
    except UnicodeDecodeError:
        text = decoded.decode("iso-8859-9")  # .NET Framework writes the machine's own character set
    username, colon, password = text.partition(":")
    return Login(username, password) if colon and not _CONTROLS.search(text) else Login(None, None)
