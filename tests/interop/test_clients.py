"""Every client of clients.py, at each of its vendors; and the README, which shows what came of it."""

from __future__ import annotations

import os
import re
import subprocess

import pytest

from tests.interop.clients import CLIENTS, Check, Client, arrivals
from tests.interop.conftest import Demo
from tests.interop.matrix import NAME, matrix
from tests.program import environment
from tests.readme import README
from tests.waiting import PATIENCE

RUNS = [pytest.param(client, vendor, id=f"{client.tag}-{vendor}") for client in CLIENTS for vendor in client.vendors]


def unless_ci(reason: str) -> None:
    """Skips on a developer's machine; where everything has to be there, it is a failure."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.mark.parametrize(("client", "vendor"), RUNS)
def test_client(client: Client, vendor: str, demo, folder, results):
    if subprocess.run(client.words(client.needs), capture_output=True, check=False).returncode:
        unless_ci(f"not installed: {client.install}")
    at = demo(vendor)
    command = [*client.words(client.command), at.url, "admin", "123456", "BASLIK", client.tag]
    where = folder(client.name)
    done = subprocess.run(command, capture_output=True, timeout=6 * PATIENCE, env=environment(), cwd=where, check=False)
    output = (done.stdout + done.stderr).decode(errors="backslashreplace")
    found = checks_in(output) | not_arrived(client, at)
    results.add(client, vendor, found)
    assert {check: why for check, why in found.items() if why} == {}, output
    assert sorted(found) == sorted(client.checks()), output
    assert "DONE" in output.splitlines(), output
    assert done.returncode == 0, output


def checks_in(output: str) -> dict[Check, str | None]:
    """The checks that a client printed, with None or the reason of the failure."""
    lines = re.findall(r"^CHECK (\S+) (\S+) (?:ok|(FAIL[^\r\n]*))\r?$", output, re.MULTILINE)
    return {(operation, name): reason or None for operation, name, reason in lines}


def not_arrived(client: Client, at: Demo) -> dict[Check, str | None]:
    """The checks whose messages did not reach the vendor, word for word and once."""
    sent = at.sent()
    expected = {check: each for check, each in arrivals(client.tag).items() if check in set(client.checks())}
    wrong = {check: [message for message in each if sent.count(message) != 1] for check, each in expected.items()}
    texts = [text for _, text in sent if text.startswith(client.tag)]
    return {check: f"FAIL {each} is not at the vendor once, but {texts}" for check, each in wrong.items() if each}


def test_the_readme_shows_what_came_of_it(results):
    """`make interop` writes it anew."""
    if missing := results.missing():
        unless_ci(f"not run, or not at every vendor: {', '.join(missing)}")
    _, _, after = README.read_text(encoding="utf-8").partition(f"<!-- {NAME} -->\n")
    shown, end, _ = after.partition(f"\n<!-- /{NAME} -->")
    assert end
    assert shown == matrix(results)


def test_a_client_that_says_too_little_is_noticed():
    output = "CHECK sendSms one ok\nCHECK sendSms many FAIL no pkgID\r\nCHECK sendSms each okay\nDONE\n"
    assert checks_in(output) == {("sendSms", "one"): None, ("sendSms", "many"): "FAIL no pkgID"}
