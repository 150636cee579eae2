"""HTTP over a raw socket: what is written is what a test says, byte for byte."""

from __future__ import annotations

import re
import socket
import zlib
from types import TracebackType
from typing import NamedTuple, Self

from lxml import etree

from tests.waiting import PATIENCE

LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]+)", re.IGNORECASE)


class Answer(NamedTuple):
    """One HTTP response. `headers` as they came: a repeated one stands twice."""

    version: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        """The only header of that name, or None. A second one of the same name is an error."""
        values = [value for each, value in self.headers if each.lower() == name]
        assert len(values) < 2, f"{name} stands twice"
        return values[0] if values else None

    @property
    def content(self) -> bytes:
        """The body without its content coding."""
        return zlib.decompress(self.body, zlib.MAX_WBITS | 16) if self.header("content-encoding") == "gzip" else self.body

    @property
    def xml(self) -> etree._Element:
        return etree.fromstring(self.content)

    def find(self, name: str) -> str | None:
        """The text of the first element of that local name, "" for an empty one, None when there is none."""
        element = next(self.xml.iter(f"{{*}}{name}"), None)
        return None if element is None else element.text or ""

    @property
    def code(self) -> str:
        """err/code of a call's answer, "" when it succeeded, "Fault" for a Fault."""
        if next(self.xml.iter("{*}Fault"), None) is not None:
            return "Fault"
        code = self.find("code")
        return code or ""


class Wire:
    """A connection to the server."""

    def __init__(self, port: int, timeout: float = PATIENCE, source: str = "") -> None:
        """source: the address to come from; any of 127.0.0.0/8 is ours."""
        self._socket = socket.create_connection(("127.0.0.1", port), timeout, source_address=(source, 0) if source else None)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._read = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._socket.close()

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def reset(self) -> None:
        """Hang up without a farewell."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        self._socket.close()

    def answer(self, method: str = "POST") -> Answer:
        """Read one whole answer. method: of the request; the answer to HEAD has no body."""
        head = self._until(b"\r\n\r\n")
        line, *fields = head.decode("latin-1").split("\r\n")
        version, status, _ = f"{line} ".split(" ", 2)
        pairs = (field.partition(":") for field in fields)
        headers = tuple((name, value.strip()) for name, _, value in pairs)
        length = LENGTH.search(b"\r\n" + head)
        body = b"" if length is None or method == "HEAD" or int(status) < 200 else self._bytes(int(length[1]))
        return Answer(version, int(status), headers, body)

    def closed(self) -> bool:
        """Whether the server hangs up now, with nothing more said."""
        assert not self._read
        try:
            return self._socket.recv(1) == b""
        except TimeoutError:
            return False

    def silent(self, seconds: float) -> bool:
        """Whether the server says nothing and stays for so long."""
        before = self._socket.gettimeout()
        self._socket.settimeout(seconds)
        try:
            self._read += self._socket.recv(65536)
        except TimeoutError:
            return True
        finally:
            self._socket.settimeout(before)
        return False

    def _until(self, mark: bytes) -> bytes:
        while mark not in self._read:
            self._more()
        found, _, self._read = self._read.partition(mark)
        return found

    def _bytes(self, count: int) -> bytes:
        while len(self._read) < count:
            self._more()
        found, self._read = self._read[:count], self._read[count:]
        return found

    def _more(self) -> None:
        data = self._socket.recv(65536)
        if not data:
            raise ConnectionError(f"hung up after {self._read!r}")
        self._read += data


def request(
    body: bytes | str,
    *,
    path: str = "/soap",
    method: str = "POST",
    version: str = "HTTP/1.1",
    headers: tuple[str, ...] = ("Content-Type: text/xml; charset=utf-8",),
    length: bool = True,
) -> bytes:
    """A whole request, as plain as can be. length: with Content-Length."""
    body = body.encode() if isinstance(body, str) else body
    lines = [f"{method} {path} {version}", "Host: localhost:9587", *headers]
    if length and (body or method == "POST"):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def parted(raw: bytes) -> tuple[dict[bytes, bytes], bytes]:
    """(headers by their names in small letters, body) of a request."""
    head, _, body = raw.partition(b"\r\n\r\n")
    fields = (line.partition(b":") for line in head.split(b"\r\n")[1:])
    return {name.strip().lower(): value.strip() for name, _, value in fields}, body


def exchange(port: int, raw: bytes, *, timeout: float = PATIENCE) -> Answer:
    """Send one request on a connection of its own, and read its answer. A client that expects a 100 waits for it."""
    head, _, body = raw.partition(b"\r\n\r\n")
    with Wire(port, timeout) as wire:
        if b"100-continue" in head.lower():
            wire.send(head + b"\r\n\r\n")
            answer = wire.answer()
            if answer.status != 100:
                return answer
            wire.send(body)
        else:
            wire.send(raw)
        return wire.answer(raw.split(b" ", 1)[0].decode())
