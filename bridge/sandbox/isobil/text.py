"""What becomes of a text. Source: explanations of Message and DataCoding (160 characters, or 4 x 153 = 612)."""

from __future__ import annotations

from bridge.sandbox.isobil.refusal import Refusal
from bridge.sandbox.text import ASCII, BASIC, EXTENSION, UTF8, mangled, parts

__all__ = ["as_sent", "parts_of"]

CODINGS = {"Default": ASCII, "UCS2": UTF8}
GSM = BASIC | EXTENSION
MAX_PARTS = 4


def as_sent(text: str, coding: str) -> str:
    """The text as it arrives: what the Default alphabet lacks is replaced."""
    return mangled(text, GSM) if coding == "Default" else text


def parts_of(text: str, coding: str) -> int:
    """How many parts the text takes. Raises Refusal when it is empty or takes more than four."""
    count = parts(text, CODINGS[coding])
    if not text or count > MAX_PARTS:
        raise Refusal("text", f"1..{MAX_PARTS} parça")
    return count
