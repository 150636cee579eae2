"""SIGHUP: what is taken up, and what is refused. More of it: test_cli.py."""

from __future__ import annotations

import json
import signal
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from bridge.sandbox import build, serve_in_thread
from tests.program import Program, call, free_port
from tests.waiting import PATIENCE

ACCOUNT = '[[accounts]]\nusername = "admin"\npassword = "123456"\ncredentials = { username = "user", password = "test" }\n'


@pytest.fixture(scope="module")
def vendor_url() -> Iterator[str]:
    with serve_in_thread(build("node")) as running:
        yield running.base_url


def write(file: Path, vendor_url: str, server: str = "", more: str = "") -> str:
    vendor = f'[vendors.main]\nkind = "node"\nbase_url = "{vendor_url}"\n'
    file.write_text(f'[server]\nhost = "127.0.0.1"\n{server}\n{more}\n{vendor}{ACCOUNT}', encoding="utf-8")
    return str(file)


class Certificates:
    """The file that the bridge reads, and who signed what is in it."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def renew(self) -> trustme.CA:
        authority = trustme.CA()
        authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(self.file))
        return authority


def connect(port: int, authority: trustme.CA) -> ssl.SSLSocket:
    """A connection to whoever shows a certificate of this authority. Raises ssl.SSLError for any other."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    plain = socket.create_connection(("127.0.0.1", port), PATIENCE)
    try:
        return context.wrap_socket(plain, server_hostname="localhost")
    except BaseException:
        plain.close()
        raise


def answers(connection: ssl.SSLSocket) -> bool:
    connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    answer = b""
    while not answer.endswith(b"\r\n\r\nok\n"):  # it may come in pieces
        if not (piece := connection.recv(1000)):
            return False
        answer += piece
    return answer.startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("workers", [1, 2])
def test_a_new_certificate(vendor_url: str, tmp_path: Path, workers: int):
    """New connections see it, an old one goes on; a broken one changes nothing."""
    certificates, tls_port = Certificates(tmp_path / "pair.pem"), free_port()
    first = certificates.renew()
    pair = f'tls_certificate = "{certificates.file}"\ntls_key = "{certificates.file}"\ntls_port = {tls_port}'
    config = write(tmp_path / "bridge.toml", vendor_url, pair)
    with Program("serve", "--config", config, "--port", str(free_port()), "--workers", str(workers)) as program:
        program.wait_for("Application startup complete", times=workers)
        with connect(tls_port, first) as old:
            assert answers(old)
            second = certificates.renew()
            if workers == 1:
                program.signal(signal.SIGHUP)
                program.wait_for("certificate reloaded")
                assert answers(old)
        if workers > 1:
            program.signal(signal.SIGHUP)
            program.wait_for("Finished server process", times=2 * workers)  # each serves HTTP and HTTPS
        with connect(tls_port, second) as new:
            assert answers(new)
        with pytest.raises(ssl.SSLError):
            connect(tls_port, first)
        certificates.file.write_text("-----BEGIN CERTIFICATE-----\nbroken\n-----END CERTIFICATE-----\n", encoding="ascii")
        program.signal(signal.SIGHUP)
        refusal = json.loads(program.wait_for('.*not reloaded".*')[0])
        assert refusal["setting"] == "server.tls_certificate"
        for _ in range(4):
            with connect(tls_port, second) as new:
                assert answers(new)
        assert program.stop() == 0


@pytest.mark.parametrize("workers", [1, 2])
def test_another_ledger_is_refused(vendor_url: str, tmp_path: Path, workers: int):
    config, port = tmp_path / "bridge.toml", free_port()

    def ledger(name: str) -> str:
        return write(config, vendor_url, more=f'[ledger]\nurl = "sqlite:///{tmp_path}/{name}.db"')

    with Program("serve", "--config", ledger("one"), "--port", str(port), "--workers", str(workers)) as program:
        program.wait_for("Application startup complete", times=workers)
        ledger("two")
        program.signal(signal.SIGHUP)
        refusal = json.loads(program.wait_for('.*"settings not reloaded".*')[0])
        assert (refusal["setting"], refusal["why"]) == ("ledger", "cannot be changed while the bridge runs")
        assert call(port).find("credit") == "316807"
        assert not (tmp_path / "two.db").exists()
        assert program.output.count("Started server process") == workers
        assert program.stop() == 0
