"""suds (suds-community), with a client made from the WSDL that the running bridge serves."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from suds.client import Client
from suds.transport.http import HttpAuthenticated

sys.path.insert(0, str(Path(__file__).parent.parent))

from checks import run


@contextmanager
def service_of(wsdl: str, login: tuple[str, str] | None) -> Iterator[Any]:
    username, password = login or (None, None)
    yield Client(wsdl, cache=None, transport=HttpAuthenticated(username=username, password=password)).service


run(service_of)
