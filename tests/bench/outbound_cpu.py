"""CPU microseconds per call of the engines, by calls in flight. Run: python tests/bench/outbound_cpu.py [SECONDS] [fast,httpx,..]

The server is a process of its own; counted is the CPU time of this one (user and system), event loop included. Where they can be
imported, aiohttp and pyreqwest are measured too.
"""

from __future__ import annotations

import asyncio
import gc
import importlib.util
import subprocess
import sys
import time

import httptools
import uvloop

from bridge.domain.http import HttpRequest
from bridge.outbound.contract import EngineOptions
from bridge.outbound.driver import open_engine

BODY = b'{"type":1,"sendingType":0,"title":"x","content":"Merhaba","number":905321234567,"encoding":0,"sender":"BASLIK"}'
HEADERS = (("Content-Type", "application/json"), ("Authorization", "Basic YWRtaW46MTIzNDU2"))
ANSWER = (
    b"HTTP/1.1 200 OK\r\nDate: Sun, 22 Nov 2026 10:00:00 GMT\r\nContent-Type: application/json; charset=utf-8\r\n"
    b"Connection: keep-alive\r\nKeep-Alive: timeout=5\r\nContent-Length: 37\r\n\r\n" + b'{"err":null,"data":{"pkgID":2229620}}'
)


class Server(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport
        self.parser = httptools.HttpRequestParser(self)

    def data_received(self, data):
        self.parser.feed_data(data)

    def on_message_complete(self):
        self.transport.write(ANSWER)


async def serve():
    server = await asyncio.get_running_loop().create_server(Server, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def engine_call(name, url):
    engine = open_engine(EngineOptions(max_connections=64), name)
    request = HttpRequest("POST", url, HEADERS, BODY)

    async def call():
        assert (await engine.send(request)).status == 200

    return call, engine.close


def aiohttp_call(url):
    import aiohttp  # noqa: PLC0415

    session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=64), cookie_jar=aiohttp.DummyCookieJar())

    async def call():
        async with session.post(url, data=BODY, headers=dict(HEADERS)) as response:
            await response.read()

    return call, session.close


def pyreqwest_call(url):
    from pyreqwest.client import ClientBuilder  # noqa: PLC0415

    client = ClientBuilder().max_connections(64).pool_max_idle_per_host(64).no_proxy().http1_only().build()

    async def call():
        response = await client.post(url).headers(dict(HEADERS)).body_bytes(BODY).build().send()
        await response.bytes()

    return call, client.close


def makers():
    found = {"fast": lambda url: engine_call("fast", url), "httpx": lambda url: engine_call("httpx", url)}
    if importlib.util.find_spec("aiohttp"):
        found["aiohttp"] = aiohttp_call
    if importlib.util.find_spec("pyreqwest"):
        found["pyreqwest"] = pyreqwest_call
    return found


async def measure(call, in_flight, seconds):
    """CPU us per call, with `in_flight` callers for some seconds."""
    calls = 0
    end = time.perf_counter() + seconds

    async def caller():
        nonlocal calls
        while time.perf_counter() < end:
            await call()
            calls += 1

    await asyncio.gather(*[call() for _ in range(in_flight)])
    start = time.process_time()
    await asyncio.gather(*[caller() for _ in range(in_flight)])
    return (time.process_time() - start) / max(calls, 1) * 1e6


async def bench(url, seconds, names):
    print(f"{'client':12}" + "".join(f"{n:>8}" for n in (1, 32, 64)), "  in flight")
    for name in names:
        call, close = makers()[name](url)
        row = [await measure(call, n, seconds) for n in (1, 32, 64)]
        print(f"{name:12}" + "".join(f"{us:8.1f}" for us in row), "  us", flush=True)
        await close()


def main():
    if sys.argv[1:] == ["serve"]:
        uvloop.run(serve())
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    names = sys.argv[2].split(",") if len(sys.argv) > 2 else list(makers())
    with subprocess.Popen([sys.executable, __file__, "serve"], stdout=subprocess.PIPE, text=True) as server:
        try:
            port = int(server.stdout.readline())
            gc.freeze()
            uvloop.run(bench(f"http://127.0.0.1:{port}/sms/create", seconds, names))
        finally:
            server.terminate()


if __name__ == "__main__":
    main()
