"""The error table is whole: every code, in both languages, with a status."""

from __future__ import annotations

import pytest

from bridge import errors
from bridge.errors import TEXTS, BridgeError, CallError, ErrorCode, Language, Reason, SettingsError, VendorRefused, text_of

# "Hata Kodları ve Açıklamaları" of Node API v1.8.3: the codes that the seven operations can give. The others are of contacts,
# users, plans, promotions, spam filters and MO, of which the SOAP interface has none.
DOCUMENTED = """
    ERR_BAD_REQUEST ERR_USER_NOT_AUTHORIZED ERR_SMS_PKG_NOT_FOUND ERR_SMS_PKG_NOT_CHANGEABLE ERR_INVALID_SMS_SENDING_DATE
    ERR_USER_NOT_FOUND ERR_USER_CREDIT_REQUIRED ERR_PARENT_USER_CREDIT_REQUIRED ERR_USER_IYS_SETTINGS_NOT_FOUND
    ERR_INVALID_DATE_RANGE ERR_SMS_PKG_CUSTOM_ID_DUPLICATION ERR_REQUEST_PARAM_LIMIT ERR_SMS_SENDING_TIME_LIMIT
    ERR_MULTI_REQUEST_NOT_PERMITTED ERR_SYSTEM_MAINTENANCE
"""
# not in it, but given by its live servers
LIVE = """
    ERR_INVALID_PARAM ERR_UNAUTHORIZED_REQUEST ERR_INVALID_SMS_SENDER ERR_EMPTY_SMS_PACKAGE ERR_USER_BRAND_CODE_NOT_FOUND
    ERR_SMS_PKG_DUPLICATION ERR_SMS_PKG_CREATING_FAILED ERR_NOT_FOUND ERR_INTERNAL_SERVER ERR_DAILY_REQUEST_LIMIT
    ERR_CONCURRENT_REQUEST_LIMIT
"""
REASON = Reason("Alan: {field}.", "Field: {field}.")


def test_the_codes_are_those_of_the_document_and_of_live_servers():
    assert {code.value for code in ErrorCode} == set(f"{DOCUMENTED} {LIVE}".split())


def test_every_code_has_one_row_and_every_row_a_code():
    assert set(TEXTS) == set(ErrorCode)


@pytest.mark.parametrize("code", ErrorCode)
def test_every_row_is_filled(code):
    row = TEXTS[code]
    assert row.tr.strip() and row.en.strip()
    assert row.tr != row.en
    assert 400 <= row.status <= 599
    # the code is found by its plain name, as vendors give it
    assert text_of(code.value, Language.TURKISH) == row.tr
    assert text_of(code.value, Language.ENGLISH) == row.en


@pytest.mark.parametrize(
    "code", ["ERR_SYSTEM_MAINTENANCE", "ERR_INTERNAL_SERVER", "ERR_CONCURRENT_REQUEST_LIMIT", "ERR_DAILY_REQUEST_LIMIT"]
)
def test_what_may_succeed_later_is_marked(code):
    assert CallError(code).retryable


@pytest.mark.parametrize(
    ("error", "status", "turkish", "english"),
    [
        (CallError("ERR_BAD_REQUEST"), 400, "Hatalı istek.", "Bad request."),
        (CallError("ERR_BAD_REQUEST", REASON, field="type"), 400, "Hatalı istek. Alan: type.", "Bad request. Field: type."),
        (VendorRefused("ERR_BAD_REQUEST", message="Olmaz"), 400, "Olmaz", "Olmaz"),
        (VendorRefused("ERR_BAD_REQUEST", status=417), 417, "Hatalı istek.", "Bad request."),
        (VendorRefused("ERR_OF_THE_VENDOR"), 417, "", ""),
        (VendorRefused("ERR_OF_THE_VENDOR", REASON, field="type"), 417, "Alan: type.", "Field: type."),
        (VendorRefused("ERR_OF_THE_VENDOR", message="Olmaz"), 417, "Olmaz", "Olmaz"),
    ],
)
def test_what_a_client_reads(error, status, turkish, english):
    assert (error.status, error.text(Language.TURKISH), error.text(Language.ENGLISH)) == (status, turkish, english)


def test_the_tree_is_as_it_is_drawn():
    drawn = {word for word in (errors.__doc__ or "").split() if word in errors.__all__}
    raised = {
        name for name in errors.__all__ if isinstance(getattr(errors, name), type) and issubclass(getattr(errors, name), Exception)
    }
    assert drawn >= raised
    assert not issubclass(SettingsError, BridgeError)
    assert all(issubclass(getattr(errors, name), BridgeError) for name in raised - {"SettingsError"})
