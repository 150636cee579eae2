"""suds (suds-community), with a client made from the WSDL that the running bridge serves."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from suds import WebFault
from suds.client import Client
from suds.sax.attribute import Attribute
from suds.sax.element import Element
from suds.transport.http import HttpAuthenticated

sys.path.insert(0, str(Path(__file__).parent.parent))

from checks import run


@contextmanager
def service_of(wsdl: str, login: tuple[str, str] | None) -> Iterator[Any]:
    username, password = login or (None, None)
    yield Client(wsdl, cache=None, transport=HttpAuthenticated(username=username, password=password)).service


def fault_of(wsdl: str, login: dict[str, str]) -> str:
    header = Element("unknown", ns=("x", "urn:x"))
    header.append(Attribute("SOAP-ENV:mustUnderstand", "1"))
    try:
        return f"no fault: {Client(wsdl, cache=None, soapheaders=(header,)).service.getUserCredit(**login)}"
    except WebFault as fault:
        return str(fault.fault.faultstring)


run(service_of, fault_of)
