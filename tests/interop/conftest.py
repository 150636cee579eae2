"""What the clients of all toolchains talk to: `smsbridge demo`, in a process of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.program import Program


@pytest.fixture(scope="module")
def endpoint(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a demo that nobody has used before: of node, or of the vendor that the parameter names."""
    with Program("demo", "--port", "0", "--vendor", getattr(request, "param", "node")) as program:
        yield f"http://127.0.0.1:{program.port()}/soap"
