"""Programs that were built against an old server's WSDL go on: it had names of its own, maybe a namespace too, maybe rpc/literal.

Their stubs are made while the bridge serves the old server's file, and called there. They also work at a bridge that has only
the old names in its settings: .NET and Axis never look at the WSDL again, JAX-WS does at every start, and needs the file for a
namespace of its own. Clients without stubs have no part in this; svcutil.py writes document/literal only.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from tests.interop import old_wsdl
from tests.interop.clients import Client, named
from tests.interop.conftest import ENVIRONMENT
from tests.interop.test_clients import checks_in, unless_ci
from tests.program import Program, environment
from tests.waiting import PATIENCE

NAMES = {name.upper(): value for name, value in old_wsdl.NAMES._asdict().items() if name != "namespace"}
WSDLS = {"brand": old_wsdl.brand, "rpc": old_wsdl.rpc}
CASES = [  # client, its WSDL, where it works
    ("jaxws", "rpc", ("rpc", "settings")),
    ("jaxws", "brand", ("brand",)),
    ("axis1 stubs", "rpc", ("rpc", "settings")),
    ("mono-wsdl", "rpc", ("rpc", "settings")),
    ("wcf", "brand", ("brand", "settings")),
]


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """Of demos of node: each with an old file, one with the old names in its settings."""
    settings = {"settings": {f"BRIDGE_SOAP__{name}": value for name, value in NAMES.items()}}
    for style, write in WSDLS.items():
        file = tmp_path_factory.mktemp("old") / f"{style}.wsdl"
        file.write_bytes(write())
        settings[style] = {"BRIDGE_SOAP__WSDL_FILE": str(file)}
    with ExitStack() as stack:
        programs = {
            name: stack.enter_context(Program("demo", "--port", "0", env=ENVIRONMENT | each)) for name, each in settings.items()
        }
        yield {name: f"http://127.0.0.1:{program.port()}/soap" for name, program in programs.items()}


def check(client: Client, url: str, tag: str, folder: Path, variables: Mapping[str, str]) -> None:
    """Runs a client, whose program is made with these variables when the folder is empty."""
    command = [*client.words(client.command), url, "admin", "123456", "BASLIK", tag]
    done = subprocess.run(command, capture_output=True, timeout=6 * PATIENCE, env=environment(variables), cwd=folder, check=False)
    output = (done.stdout + done.stderr).decode(errors="backslashreplace")
    found = checks_in(output)
    assert {each: why for each, why in found.items() if why} == {}, output
    assert sorted(found) == sorted(client.checks()), output


@pytest.mark.parametrize(("name", "style", "places"), CASES, ids=[f"{name} {style}" for name, style, _ in CASES])
def test_stubs_from_an_old_wsdl(name, style, places, request, tmp_path):
    client = replace(named(name), name=f"{name} {style}")
    if subprocess.run(client.words(client.needs), capture_output=True, check=False).returncode:
        unless_ci(f"not installed: {client.install}")
    addresses = request.getfixturevalue("addresses")
    variables = NAMES | ({"STYLE": "rpc"} if style == "rpc" else {})
    for place in places:
        check(client, addresses[place], f"{client.tag}-{place}", tmp_path, variables)
