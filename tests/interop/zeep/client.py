"""zeep, with a client made from the WSDL that the running bridge serves."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
from lxml import etree
from zeep import Client
from zeep.exceptions import Fault
from zeep.transports import Transport

sys.path.insert(0, str(Path(__file__).parent.parent))

from checks import run


@contextmanager
def service_of(wsdl: str, login: tuple[str, str] | None) -> Iterator[Any]:
    with requests.Session() as session:
        session.trust_env = False
        session.auth = login
        with Client(wsdl, transport=Transport(session=session, timeout=30, operation_timeout=30)) as client:
            yield client.service


def fault_of(wsdl: str, login: dict[str, str]) -> str:
    must = {"{http://schemas.xmlsoap.org/soap/envelope/}mustUnderstand": "1"}
    with service_of(wsdl, None) as service:
        try:
            return f"no fault: {service.getUserCredit(**login, _soapheaders=[etree.Element('{urn:x}unknown', must)])}"
        except Fault as fault:
            return fault.message


run(service_of, fault_of)
