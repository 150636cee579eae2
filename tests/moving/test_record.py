"""`smsbridge record` as a program, between real clients' requests and a bridge; and `smsbridge replay` of what it wrote."""

from __future__ import annotations

import contextlib
import gzip
import json
import re
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner, Result
from lxml import etree

from bridge.cli import main
from tests.moving.conftest import ENVIRONMENT, LOGIN, sandboxed
from tests.moving.peers import Connections, Tee, misbehave, recorder
from tests.program import Program
from tests.soap.wire import Answer, Wire, exchange, request
from tests.waiting import until

CLIENTS = Path(__file__).parents[1] / "soap" / "recorded"
FIRST_ID = {"axis1": 222962, "jaxws": 222980, "mono-wsdl": 222992, "node-soap": 223004, "php": 223010, "zeep": 223072}
HIDDEN = ("username", "password", "title", "content", "msg", "number", "nr", "keyword")
PER_HOP = ("host", "connection", "expect", "keep-alive")


class Passed(NamedTuple):
    """One exchange: what the client wrote and got, and what the server got and wrote."""

    raw: bytes
    answer: Answer
    received: bytes
    sent: bytes


class Recording(NamedTuple):
    """What one client did, and the folder that was written."""

    passed: list[Passed]
    folder: Path


def headers_of(raw: bytes) -> list[str]:
    """The header lines that a pass-through leaves alone."""
    lines = raw.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
    return [line for line in lines if line.partition(":")[0].lower() not in PER_HOP]


def record(port: int, folder: Path, raws: list[bytes]) -> Recording:
    """Sends requests by way of a recorder."""
    tee = Tee(port)
    passed = []
    with contextlib.closing(tee), recorder(f"http://127.0.0.1:{tee.port}/soap", folder) as front:
        for raw in raws:
            answer = exchange(front, raw)
            passed.append(Passed(raw, answer, bytes(tee.requests[-1]), bytes(tee.answers[-1])))
    return Recording(passed, folder)


@pytest.fixture(scope="module", params=FIRST_ID)
def recording(request, tmp_path_factory) -> Iterator[Recording]:
    raws = [
        re.sub(rb" /l-[^/]+/soap", b" /soap", path.read_bytes(), count=1) for path in sorted((CLIENTS / request.param).iterdir())
    ]
    with sandboxed(first_package_id=FIRST_ID[request.param]) as (bridge, _):
        yield record(bridge.port, tmp_path_factory.mktemp("record") / request.param, raws)


def test_requests_reach_the_server_byte_for_byte(recording):
    for each in recording.passed:
        assert each.received.partition(b"\r\n\r\n")[2] == each.raw.partition(b"\r\n\r\n")[2]
        assert headers_of(each.received) == headers_of(each.raw)
        assert each.received.split(b" ")[:2] == each.raw.split(b" ")[:2]
        assert re.search(rb"\r\nHost: 127.0.0.1:\d+\r\n", each.received)


def test_answers_reach_the_client_byte_for_byte(recording):
    for each in recording.passed:
        head, _, body = each.sent.partition(b"\r\n\r\n")
        assert each.answer.status == int(head.split(b" ")[1])
        names = ("content-type", "content-length", "x-request-id")
        if b"wsdl" in each.raw.split(b"\r\n")[0]:
            host = re.search(rb"\r\nHost: ([^\r]+)", each.raw)[1]
            assert b'location="http://%b/soap"' % host in each.answer.body
            names = ("content-type",)
        else:
            assert each.answer.body == body
        for name in names:
            assert f"\r\n{name}: {each.answer.header(name)}\r\n".encode() in head + b"\r\n"


def leaves(document: bytes) -> Iterator[tuple[str, str]]:
    """(name, text) of every element that holds a text."""
    for element in etree.fromstring(document).iter(etree.Element):
        if not len(element) and (element.text or "").strip():
            yield etree.QName(element).localname, element.text


def test_files_hide_logins_texts_and_numbers(recording):
    files = sorted(recording.folder.iterdir())
    assert len(files) == 2 * len(recording.passed)
    written = b"".join(path.read_bytes() for path in files)
    asked = [each.raw.partition(b"\r\n\r\n")[2] for each in recording.passed if each.raw.startswith(b"POST")]
    planted = {text for body in asked for name, text in leaves(body) if name in HIDDEN}
    assert len(planted) > 5
    for text in planted:
        assert f">{text}<".encode() not in written
        assert len(text) < 8 or text.encode() not in written
    assert "ğüşöç".encode() not in written
    assert b"905511034554" not in written
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert stat.S_IMODE(recording.folder.stat().st_mode) == 0o700


def test_files_keep_everything_else(recording):
    """Outside of what is hidden a request's file is the request."""
    for each, path in zip(recording.passed, sorted(recording.folder.glob("*.http")), strict=True):
        head, _, body = path.read_bytes().partition(b"\r\n\r\n")
        sent_head, _, sent = each.raw.partition(b"\r\n\r\n")
        assert sorted(head.split(b"\r\n")) == sorted(sent_head.split(b"\r\n"))
        assert len(body) == len(sent)
        hide = re.compile(rb"(<(?:\w+:)?(?:%b)\b[^>]*>)[^<]*" % b"|".join(name.encode() for name in HIDDEN))
        plain_items = re.compile(rb"(<item(?: xmlns=\"\")?>)[^<]+")
        assert plain_items.sub(rb"\1", hide.sub(rb"\1", body)) == plain_items.sub(rb"\1", hide.sub(rb"\1", sent))


def test_numbers_stay_numbers_and_the_same_ones(recording):
    sent, written = [], []
    for each, path in zip(recording.passed, sorted(recording.folder.glob("*.http")), strict=True):
        for raw, found in ((each.raw, sent), (path.read_bytes(), written)):
            if raw.startswith(b"POST"):
                found += [text for name, text in leaves(raw.partition(b"\r\n\r\n")[2]) if name in {"number", "nr"}]
    assert len(sent) == len(written) > 3
    assert len(set(zip(sent, written, strict=True))) == len(set(sent))
    assert all(re.fullmatch(r"905[0-9]{9}", number) for number in written)
    assert not set(sent) & set(written)


def replayed(folder: Path, port: int, *more: str) -> tuple[Result, dict]:
    done = CliRunner(env=ENVIRONMENT).invoke(
        main, ["replay", str(folder), f"http://127.0.0.1:{port}/soap", *LOGIN, "--json", *more]
    )
    return done, json.loads(done.stdout)


def test_a_replay_against_a_bridge_that_is_as_new_finds_nothing(recording):
    with sandboxed(first_package_id=900_000_000) as (bridge, _):  # other ids than were recorded
        done, report = replayed(recording.folder, bridge.port, "--sends")
    assert (done.exit_code, report["differences"], report["notes"]) == (0, [], [])
    assert len(report["calls"]) == len(recording.passed)


def test_a_replay_without_sends_against_a_server_that_answers_otherwise(recording, both, tmp_path):
    """What is recorded is changed, which is the same."""
    bridge, vendor = both
    folder = shutil.copytree(recording.folder, tmp_path / "copy")
    for path in folder.glob("*getUserCredit.answer"):
        path.write_bytes(path.read_bytes().replace(b"<err></err>", b"<err></err><was>1</was>"))
    before = vendor.sent()
    done, report = replayed(folder, bridge.port)
    assert done.exit_code == 1
    assert {"result/was": "breaking"}.items() <= {each["where"]: each["level"] for each in report["differences"]}.items()
    assert vendor.sent() == before
    assert len(report["notes"]) == 8


def test_a_folder_without_a_recording(tmp_path):
    done = CliRunner().invoke(main, ["replay", str(tmp_path), "http://127.0.0.1:9/soap"])
    assert (done.exit_code, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)


# HTTP around it


@pytest.fixture(scope="module")
def program(tmp_path_factory) -> Iterator[tuple[Program, Tee, Path]]:
    """A recorder in front of a bridge, for requests of all kinds."""
    folder = tmp_path_factory.mktemp("record")
    with sandboxed() as (bridge, _):
        tee = Tee(bridge.port)
        to = f"http://127.0.0.1:{tee.port}/soap"
        with Program("record", "--listen", "127.0.0.1:0", "--to", to, "--out", str(folder), "--keep-wsdl-address") as program:
            program.port()
            yield program, tee, folder
            assert program.stop() == 0
        tee.close()


def newest(folder: Path, count: int) -> bytes:
    """The request that was written last and its answer, once so many pairs are there."""
    until(lambda: len(list(folder.glob("*.answer"))) >= count)
    last = max(folder.glob("*.answer"))
    return last.with_suffix(".http").read_bytes() + last.read_bytes()


CREDIT = (
    '<?xml version="1.0"?><e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>'
    "<getUserCredit>{login}</getUserCredit></e:Body></e:Envelope>"
)
BODY = CREDIT.format(login="<username>admin</username><password>123456</password>").encode()
XML = "Content-Type: text/xml; charset=utf-8"


def test_a_kept_connection_chunks_compression_and_an_expectation(program):
    program, tee, _ = program
    chunks = b"%x\r\n%b\r\n%x\r\n%b\r\n0\r\nX-Trailer: 1\r\n\r\n" % (10, BODY[:10], len(BODY) - 10, BODY[10:])
    chunked = request(chunks, headers=(XML, "Transfer-Encoding: chunked"), length=False)
    packed = request(gzip.compress(BODY), headers=(XML, "Content-Encoding: gzip", "Accept-Encoding: gzip"))
    upgrade = request(BODY, headers=(XML, "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAA"))
    with Wire(program.port()) as wire:
        for raw, body in ((chunked, BODY), (packed, gzip.compress(BODY)), (upgrade, BODY), (request(BODY), BODY)):
            wire.send(raw)
            answer = wire.answer()
            assert (answer.status, answer.find("credit")) == (200, "316807")
            head, _, got = bytes(tee.requests[-1]).partition(b"\r\n\r\n")
            assert (b"\r\nTransfer-Encoding: chunked" in head) is (raw is chunked)
            assert b"upgrade" not in head.lower()
            assert got.endswith(BODY + b"\r\n0\r\n\r\n") if raw is chunked else got == body or gzip.decompress(got) == BODY
        wire.send(request(BODY, headers=(XML, "Expect: 100-continue")).partition(b"\r\n\r\n")[0] + b"\r\n\r\n")
        assert wire.answer().status == 100
        wire.send(BODY)
        assert wire.answer().find("credit") == "316807"


def test_an_answer_in_a_coding_is_passed_on_in_it_and_written_without(program):
    program, tee, folder = program
    login = "<username>admin</username><password>123456</password><pageSize>1000</pageSize>"
    many = CREDIT.replace("getUserCredit", "getSmsSenders").format(login=login).encode()
    sms = CREDIT.replace("getUserCredit", "sendSms").format(
        login="<username>admin</username><password>123456</password><type>1</type><sendingType>1</sendingType><title>Deneme</title>"
        "<content>gizli metin</content><sender>BASLIK</sender><numbers>"
        + "".join(f"<item>90532{n:07}</item>" for n in range(100))
        + "</numbers>"
    )
    package = exchange(program.port(), request(sms)).find("pkgID")
    asked = many.replace(b"getSmsSenders", b"getSmsPackageItems").replace(
        b"<pageSize>", b"<pkgID>%b</pkgID><pageSize>" % package.encode()
    )
    answer = exchange(program.port(), request(asked, headers=(XML, "Accept-Encoding: gzip")))
    assert answer.header("content-encoding") == "gzip"
    assert answer.body == bytes(tee.answers[-1]).partition(b"\r\n\r\n")[2]
    assert len(list(answer.xml.iter("item"))) == 100
    written = newest(folder, len(tee.requests))
    assert b"content-encoding" not in written
    assert written.count(b"<target>905") == 100
    assert b"gizli" not in written
    assert b"90532000" not in written


@pytest.mark.parametrize(
    ("headers", "body", "secrets"),
    [
        ((XML, "Authorization: Basic YWRtaW46MTIzNDU2"), CREDIT.format(login=""), ("YWRtaW46MTIzNDU2",)),
        ((XML, "Authorization: Bearer abcdef0123", "Cookie: s=abc1", "X-Api-Key: k-e-y"), BODY, ("abcdef0123", "abc1", "k-e-y")),
        ((XML,), CREDIT.format(login="<!-- 905551112233 --><Password>p&amp;q</Password>"), ("p&amp;q", "905551112233")),
        ((XML,), CREDIT.format(login="<unknown a='hidden'>hidden</unknown><?pi hidden?>"), ("hidden",)),
        ((XML,), CREDIT.format(login="<password><![CDATA[se&cret]]></password>"), ("se&cret",)),
        ((XML,), CREDIT.format(login="<customID>905551112233</customID>"), ("905551112233",)),
        ((XML,), b"password=secret&number=905551112233", ("secret", "905551112233")),
        ((XML,), b'<!DOCTYPE a [<!ENTITY b "secret">]><a>&b;</a>', ("secret",)),
        ((XML, "Content-Encoding: gzip"), b"secret that is no gzip", ("secret",)),
        (("Content-Type: application/json",), b'{"password": "secret"}', ("secret",)),
        ((XML,), CREDIT.format(login="<password>\u015fecret</password>").encode("utf-16"), ("\u015fecret",)),
    ],
    ids=[
        "Basic",
        "other headers",
        "comments",
        "what is unknown",
        "CDATA",
        "customID",
        "form",
        "DOCTYPE",
        "no gzip",
        "JSON",
        "UTF-16",
    ],
)
def test_what_is_hidden_is_passed_on_all_the_same(headers, body, secrets, program):
    program, tee, folder = program
    body = body.encode() if isinstance(body, str) else body
    exchange(program.port(), request(body, path="/soap?token=geheim", headers=headers))
    received = bytes(tee.requests[-1])
    assert received.startswith(b"POST /soap?token=geheim HTTP/1.1\r\n")
    assert received.endswith(body)
    for header in headers:
        assert header.encode() in received
    written = newest(folder, len(tee.requests))
    for secret in (*secrets, "geheim"):
        assert secret.encode() not in written
        assert secret.encode("utf-16-le") not in written
    assert "geheim" not in program.output


def test_the_address_in_the_wsdl_can_be_left(program):
    program, tee, _ = program
    answer = exchange(program.port(), request("", method="GET", path="/soap?wsdl"))
    assert answer.body == bytes(tee.answers[-1]).partition(b"\r\n\r\n")[2]
    assert f'location="http://127.0.0.1:{tee.port}/soap"'.encode() in answer.body


def test_requests_pass_when_nothing_more_is_or_can_be_written(tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "00007-getUserCredit.http").touch()  # of an earlier recording
    with sandboxed() as (bridge, _):
        to = f"http://127.0.0.1:{bridge.port}/"
        with Program("record", "--listen", "127.0.0.1:0", "--to", to, "--out", str(folder), "--max-pairs", "2") as program:
            assert exchange(program.port(), request(BODY)).find("credit") == "316807"
            newest(folder, 1)
            assert (folder / "00008-getUserCredit.http").exists()
            shutil.rmtree(folder)
            assert exchange(program.port(), request(BODY)).find("credit") == "316807"
            program.wait_for("could not be written")
            folder.mkdir()
            assert exchange(program.port(), request(BODY)).find("credit") == "316807"
            assert program.stop() == 0
            assert program.output.count("the last pair") == 1
    assert list(folder.iterdir()) == []


# servers that are bad or away


def test_an_old_server_that_misbehaves_or_is_away(tmp_path):
    bad = Connections(misbehave)
    to = f"http://127.0.0.1:{bad.port}/"
    with Program("record", "--listen", "127.0.0.1:0", "--to", to, "--out", str(tmp_path), "--timeout", "2") as program:
        with contextlib.closing(bad):
            for path, word in (("garbage", "not HTTP"), ("cut", "breaks off"), ("slow", "within 2 s"), ("huge", "")):
                answer = exchange(program.port(), request(BODY, path=f"/{path}"))
                assert (answer.status, answer.code) == (502, "Fault")
                assert "may have been taken" in answer.find("faultstring")
                assert word in answer.find("faultstring")
            page = exchange(program.port(), request(BODY, path="/html"))
            assert (page.status, page.header("content-type")) == (200, "text/html")
        answer = exchange(program.port(), request(BODY, headers=("Content-Type: application/soap+xml",)))
        assert answer.status == 502
        assert b"connection refused. The request was not sent." in answer.body
        assert answer.header("content-type").startswith("application/soap+xml")
        program.wait_for("connection refused")
        assert program.stop() == 0
    written = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"bytes that are no XML" in written
    assert b"secret 42" not in written


@pytest.mark.parametrize(
    ("listen", "to", "out", "word"),
    [
        ("nowhere", "http://127.0.0.1/", "out", "listen"),
        ("127.0.0.1:99999", "http://127.0.0.1/", "out", "listen"),
        ("127.0.0.1:0", "127.0.0.1", "out", "to"),
        ("127.0.0.1:0", "http://127.0.0.1/", "file/out", "out"),
    ],
)
def test_what_cannot_start_says_so(listen, to, out, word, tmp_path):
    (tmp_path / "file").touch()
    done = CliRunner().invoke(main, ["record", "--listen", listen, "--to", to, "--out", str(tmp_path / out)])
    assert done.exit_code == 1
    assert re.fullmatch(rf"Error: {word}: .*\n", done.stderr)
