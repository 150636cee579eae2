"""A vendor that sends its caller elsewhere is not followed: there the credentials would go along."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bridge.errors import VendorRefused
from bridge.outbound.contract import EngineOptions
from bridge.outbound.driver import EngineName, Outbound, open_engine
from bridge.vendors.registry import BUILT_IN
from tests.outbound.conftest import Certificates
from tests.outbound.scripted import ScriptedServer, read, send, serve

CREDENTIALS = {
    "node": {"username": "user", "password": "test"},
    "isobil": {"username": "user", "password": "test", "system_code": 1, "service_id": 1, "otp_service_id": 2},
    "innomobil": {"username": "user", "password": "test"},
    "toplusms": {"username": "user", "password": "test"},
}


@pytest.fixture
def elsewhere() -> Iterator[ScriptedServer]:
    with ScriptedServer([serve]) as server:
        yield server


def test_every_vendor_is_here():
    assert CREDENTIALS.keys() == BUILT_IN.keys()


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize("engine", ["fast", "httpx"])
@pytest.mark.parametrize("kind", CREDENTIALS)
async def test_a_redirect_is_a_refusal(elsewhere, certificates: Certificates, kind: str, engine: EngineName, status: int):
    location = f"HTTP/1.1 {status} Moved\r\nLocation: http://{elsewhere.netloc}/\r\nContent-Length: 0\r\n\r\n"
    with ScriptedServer([read, send(location.encode())]) as server:
        vendor_type = BUILT_IN[kind]
        vendor = vendor_type(vendor_type.settings_type.model_validate({"base_url": f"http://{server.netloc}/"}))
        outbound = Outbound(open_engine(EngineOptions(ca_file=certificates.ca_file), engine))
        with pytest.raises(VendorRefused):
            await outbound.run(vendor.credit(vendor.credentials_type.model_validate(CREDENTIALS[kind])))
        await outbound.close()
        assert (server.received, elsewhere.connections) == (1, 0)
