"""Answers with the document's keys and types: all numbers are text, but for queueId."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from bridge.sandbox.contract import Options
from bridge.sandbox.sends import Account, Fate, Send, local_text

__all__ = ["profile", "profile_by_key", "report"]

WORDS: Mapping[Fate, str] = MappingProxyType(
    {Fate.WAITING: "waiting", Fate.SENT: "sent", Fate.DELIVERED: "delivered", Fate.FAILED: "not_delivered"}
)


def report(send: Send, user_id: int, now: datetime, options: Options) -> dict[str, Any]:
    """Source: GET sms/reports/[queueId]"""
    (message,) = send.messages
    fates = [send.fate(number, now, options) for number in message.numbers]
    queue = {
        "queue_id": str(send.id),
        "queue_user_id": str(user_id),
        "queue_status": _queue_status(send, fates, now, options),
        "queue_message": message.text,
        "q_send_datetime": local_text(send.due),
        "q_total_credit": str(message.credit),
        "delivered_cnt": str(fates.count(Fate.DELIVERED)),
        "not_delivered_cnt": str(fates.count(Fate.FAILED)),
        "waiting_cnt": str(fates.count(Fate.WAITING)),
        "sent_cnt": str(fates.count(Fate.SENT)),
        "total_numbers": str(len(fates)),
        "st_title": message.sender,
    }
    numbers = [_number(send, number, fate, options) for number, fate in zip(message.numbers, fates, strict=True)]
    return {"status": "success", "queue": queue, "numbers": numbers}


def profile(account: Account) -> dict[str, str]:
    """Source: "KREDİ SORGULAMAK", with the keys of its sample."""
    return {
        "status": "success",
        "id": str(account.user_id),
        "user_type": "registered_user",
        "username": account.name,
        "register_datetime": "2017-07-11 13:14:27",
        "active": "1",
        "firstname": "DENEME",
        "lastname": "KULLANICI",
        "birthyear": "1989",
        "tc_identity_no": "11112222333",
        **_company(),
        "balance_money": "0",
        "balance_credit": str(account.credit),
    }


def profile_by_key(account: Account, api_key: str) -> dict[str, str]:
    """Source: "URL ÜZERİNDEN İŞLEM YAPMAK", whose sample has more than the other."""
    return {
        "status": "success",
        "id": str(account.user_id),
        "top_id": "1",
        "user_type": "customer",
        "username": account.name,
        "register_datetime": "2016-10-06 16:56:07",
        "active": "1",
        "firstname": "DENEME",
        "lastname": "KULLANICI",
        "birthyear": "1989",
        "tc_identity_no": "xxxxxxxx",
        "province": "izmir",
        "district": "karşıyaka",
        **_company(),
        "api_key": api_key,
        "credit_type": "money",
        "money_per_credit": "0",
        "balance_credit": str(account.credit),
        "affiliate_parent_id": "2",
        "balance_money": "0",
    }


def _company() -> dict[str, str]:
    return {
        "company_name": "İşletme Adı",
        "tax_office": "Karşıyaka VD",
        "tax_no": "555555555",
        "company_phone": "5551112233",
        "company_address": "işletme adresi",
        "email": "test@example.com",
        "cellphone": "5551112233",
        "invoice_address": "fatura adresi",
    }


def _queue_status(send: Send, fates: Sequence[Fate], now: datetime, options: Options) -> str:
    if all(fate in {Fate.DELIVERED, Fate.FAILED} for fate in fates):
        return "completed"
    return "sending" if now >= send.due + timedelta(seconds=options.sent_after_seconds / 2) else "waiting"


def _number(send: Send, number: str, fate: Fate, options: Options) -> dict[str, str | None]:
    sent = None if fate is Fate.WAITING else local_text(send.sent_at(options))
    final = fate in {Fate.DELIVERED, Fate.FAILED}
    return {
        "number": number,
        "status": WORDS[fate],
        "sent_datetime": sent,
        "updated_datetime": local_text(send.reported_at(options)) if final else sent,
    }
