"""What a vendor can do. A vendor declares its features; silence means that it cannot."""

from __future__ import annotations

from enum import Enum

__all__ = ["Feature"]


class Feature(Enum):
    """One thing that not every vendor has: (the row's name in the capability table, the SOAP field that asks for it)."""

    ONE_TEXT = ("sendSms to one or many, one text", "sendingType")
    OWN_TEXTS = ("sendSms N-N, a text each", "sendingType")
    OTP = ("sendOtp", "sendOtp")
    TCKN = ("type 2 (national id)", "type")
    CREDIT = ("getUserCredit", "getUserCredit")
    SENDERS = ("getSmsSenders", "getSmsSenders")
    PACKAGES = ("getSmsPackages", "getSmsPackages")
    ITEMS = ("getSmsPackageItems", "getSmsPackageItems")
    REPORTS = ("reports per number", "getSmsPackageItems")
    CANCEL = ("cancelSmsPackage", "cancelSmsPackage")
    LOOK_UP = ("find an uncertain send again", "customID")
    CUSTOM_ID = ("customID", "customID")
    SCHEDULE = ("sendingDate", "sendingDate")
    PERIODIC = ("periodicSettings", "periodicSettings")
    PUSH = ("pushSettings", "pushSettings")
    TRUST_DATE = ("trustDate", "trustDate")
    COMMERCIAL = ("commercial", "commercial")

    @property
    def title(self) -> str:
        """The row's name in the README's capability table."""
        return self.value[0]

    @property
    def field(self) -> str:
        """The name that a refusal gives."""
        return self.value[1]
