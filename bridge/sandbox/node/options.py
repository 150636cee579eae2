"""What the Node simulator can be started with."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.sandbox.contract import Options

__all__ = ["NodeOptions"]


@dataclass(frozen=True, kw_only=True)
class NodeOptions(Options):
    """Options of the Node simulator, each of which the document leaves open.

    waiting_senders, refused_senders: listed, but not fit to send with.
    otp_senders: approved for /sms/create-otp; None means the same ones as for /sms/create.
    max_recipients: of one package. max_ids: in the `ids` or `customIDs` of one query.
    refuse_duplicates: the same text to the same number within 30 minutes is ERR_SMS_PKG_DUPLICATION.
    http_status_form: refusals have an HTTP status of their own and none in the body (the second form seen in the wild).
    """

    waiting_senders: tuple[str, ...] = ("BEKLEYEN",)
    refused_senders: tuple[str, ...] = ("REDDEDILEN",)
    otp_senders: tuple[str, ...] | None = None
    max_recipients: int = 10_000
    max_ids: int = 1000
    refuse_duplicates: bool = False
    http_status_form: bool = False
    first_package_id: int = 222962
    first_item_id: int = 12345678910
