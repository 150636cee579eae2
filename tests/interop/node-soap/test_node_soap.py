"""node-soap, by the program beside this file. `npm install --no-package-lock` here makes it ready."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.program import PATIENCE, environment

HERE = Path(__file__).parent
NODE = shutil.which("node")


def missing(reason: str) -> None:
    """Skips on a developer's machine; where everything has to be there, it is a failure."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def test_node_soap(request: pytest.FixtureRequest):
    if NODE is None:
        missing("there is no node")
    if not (HERE / "node_modules" / "soap").is_dir():
        missing(f"run `npm install --no-package-lock` in {HERE.relative_to(HERE.parents[2])}")
    endpoint = request.getfixturevalue("endpoint")
    command = [str(NODE), str(HERE / "client.js"), endpoint]
    done = subprocess.run(command, capture_output=True, text=True, timeout=4 * PATIENCE, env=environment(), check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(done.stdout.splitlines()) == 9
