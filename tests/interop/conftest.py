"""What the clients of all toolchains talk to: `smsbridge demo`, in a process of its own, one for each vendor."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.interop.matrix import Results
from tests.program import Program

# all clients call from one address, and each tries a wrong password
ENVIRONMENT = {"BRIDGE_LIMITS__FREE_LOGIN_FAILURES": "1000000"}


@dataclass(frozen=True)
class Demo:
    """A running bridge with a sandbox behind it. url, sandbox: addresses."""

    url: str
    sandbox: str

    def sent(self) -> list[tuple[str, str]]:
        """What the vendor took so far: numbers as 90.. and texts."""
        taken = httpx.get(f"{self.sandbox}/_sandbox/sent", trust_env=False).raise_for_status().json()["sent"]
        return [(f"90{each['number'][-10:]}", each["text"]) for each in taken]


@pytest.fixture(scope="session")
def demo() -> Iterator[Callable[[str], Demo]]:
    """The demo of a vendor, started when it is first asked for."""
    with ExitStack() as stack:
        running: dict[str, Demo] = {}

        def of(vendor: str) -> Demo:
            if vendor not in running:
                program = stack.enter_context(Program("demo", "--port", "0", "--vendor", vendor, env=ENVIRONMENT))
                sandbox = program.wait_for(r"the sandbox of \w+ at (\S+)")[1]
                running[vendor] = Demo(f"http://127.0.0.1:{program.port()}/soap", sandbox.rstrip("/"))
            return running[vendor]

        yield of


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A client's folder for what it makes: one for all vendors."""
    made: dict[str, Path] = {}

    def of(name: str) -> Path:
        if name not in made:
            made[name] = tmp_path_factory.mktemp(name.replace(" ", "-"))
        return made[name]

    return of


@pytest.fixture(scope="session")
def results() -> Results:
    """What came of the checks in this run; written down after each client."""
    return Results.anew()
