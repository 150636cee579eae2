"""A vendor that misbehaves exactly as told: blocking sockets in threads, so that nothing depends on the client's event loop.

A script is a sequence of steps for one connection. The first connection follows the first script, and so on; the last script
serves all later connections. After its last step a script holds the connection open until the client ends it.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Sequence

from tests.waiting import PATIENCE

OK = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n{"data": 42}'
OK_BODY = b'{"data": 42}'


class Gone(Exception):
    """The client ended the connection, or the server is being stopped."""


class Peer:
    """One connection, seen from the vendor's side."""

    def __init__(self, server: ScriptedServer, sock: socket.socket) -> None:
        self.server = server
        self.sock = sock
        self.body = b""  # of the last request
        self._pending = b""

    def _more(self) -> None:
        try:
            data = self.sock.recv(65536)
        except OSError:
            data = b""
        if not data:
            raise Gone
        self._pending += data

    def head(self) -> int:
        """Reads a request up to its body and counts it; returns the length of the body."""
        while b"\r\n\r\n" not in self._pending:
            self._more()
        head, _, self._pending = self._pending.partition(b"\r\n\r\n")
        self.server.note(head)
        lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        return int(lengths[0].split(b":")[1]) if lengths else 0

    def request(self) -> None:
        length = self.head()
        while len(self._pending) < length:
            self._more()
        self.body = self._pending[:length]
        self.server.bodies.append(self.body)
        self._pending = self._pending[length:]

    def send(self, data: bytes) -> None:
        try:
            self.sock.sendall(data)
        except OSError:
            raise Gone from None

    def start_tls(self, context: ssl.SSLContext) -> None:
        self.sock = context.wrap_socket(self.sock, server_side=True)
        self.server.adopt(self.sock)

    def close(self) -> None:
        """Ends the connection with a FIN, in TLS without a farewell, as many servers do."""
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()
        raise Gone

    def reset(self) -> None:
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()
        raise Gone

    def leave(self) -> None:
        """Lets nobody connect any more."""
        self.server.leave()

    def hold(self) -> None:
        """Reads and forgets until the client ends the connection."""
        while True:
            self._pending = b""
            self._more()


Step = Callable[[Peer], object]


def read(peer: Peer) -> None:
    peer.request()


def read_head(peer: Peer) -> None:
    peer.head()


def send(data: bytes) -> Step:
    return lambda peer: peer.send(data)


def ok(peer: Peer) -> None:
    peer.send(OK)


def close(peer: Peer) -> None:
    peer.close()


def reset(peer: Peer) -> None:
    peer.reset()


def mark(peer: Peer) -> None:
    """Lets the test go on that waits for `marked`."""
    peer.server.marked.set()


def close_and_mark(peer: Peer) -> None:
    try:
        peer.close()
    finally:
        mark(peer)


def wait(peer: Peer) -> None:
    """Until the test sets `go_on`."""
    peer.server.go_on.wait(PATIENCE)


def not_reading(peer: Peer) -> None:
    """Holds the connection open without taking what arrives, until the server is stopped."""
    peer.server.stopped.wait(PATIENCE)


def serve(peer: Peer) -> None:
    """Answers every request."""
    while True:
        peer.request()
        peer.send(OK)


class ScriptedServer:
    """Use as a context manager. Counts the requests of which the head was received."""

    def __init__(self, *scripts: Sequence[Step], tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> None:
        self.scripts = scripts or ((serve,),)
        self.heads: list[bytes] = []
        self.bodies: list[bytes] = []
        self.connections = 0
        self.open = 0
        self.most_open = 0
        self.marked = threading.Event()
        self.go_on = threading.Event()
        self.stopped = threading.Event()
        self._tls = tls
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._socks: list[socket.socket] = []
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, 0), family=family, backlog=256)
        self.port = self._listener.getsockname()[1]
        self.netloc = f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"

    @property
    def received(self) -> int:
        return len(self.heads)

    def note(self, head: bytes) -> None:
        with self._lock:
            self.heads.append(head)

    def adopt(self, sock: socket.socket) -> None:
        """Lets the stop of the server end this one too."""
        self._socks.append(sock)

    def __enter__(self) -> ScriptedServer:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped.set()
        self.go_on.set()
        self.leave()
        for sock in self._socks:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(PATIENCE)
            assert not thread.is_alive()

    def leave(self) -> None:
        """Closes the listening socket."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes accept()
        self._listener.close()

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            if self.stopped.is_set():
                sock.close()
                return
            sock.settimeout(PATIENCE)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            script = self.scripts[min(self.connections, len(self.scripts) - 1)]
            self.connections += 1
            self._socks.append(sock)
            self._start(self._serve, sock, script)

    def _serve(self, sock: socket.socket, script: Sequence[Step]) -> None:
        with self._lock:
            self.open += 1
            self.most_open = max(self.most_open, self.open)
        peer = Peer(self, sock)
        try:
            if self._tls is not None:
                peer.start_tls(self._tls)
            for step in (*script, Peer.hold):
                step(peer)
        except (Gone, OSError):
            pass
        finally:
            with self._lock:
                self.open -= 1
            peer.sock.close()
