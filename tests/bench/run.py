"""The bridge beside other servers of the same translation, and beside the limits of the machine. README.md says how to read it.

run.py                 one message: 32 connections and 1
run.py growth          1 to 10,000 numbers in a call
run.py slow            a vendor that takes 50 ms, 256 connections
run.py --only bridge,node-soap --rounds 1 --seconds 3
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from load import Figures, measure
from prepare import FAST, HERE, PROXY, SLOW, WORK, body_of, prepare, spyne_python
from process import Server, Target, Vendor

FIRST_PORT = 19600
BASE = "node-soap"  # ratios are to its CPU time
SLOW_SECONDS, SLOW_CONNECTIONS = 0.05, 256


def bridge(configuration: str) -> Target:
    """The bridge with a configuration of build/."""
    file = WORK / f"{configuration}.toml"
    name = "bridge" if configuration != "logging" else "bridge, a log line a call"
    return Target(name, lambda port, _: [sys.executable, "-m", "bridge", "serve", "--config", file, "--port", str(port)])


def node_soap() -> Target:
    folder = WORK / "node-soap"
    return Target(BASE, lambda port, vendor: ["node", folder / "server.js", str(port), vendor, WORK / "sms.wsdl"], warm_seconds=8)


def spyne(worker: str) -> list[Target]:
    python = spyne_python()
    if python is None:
        print("spyne is left out: it needs Python 3.11", file=sys.stderr)
        return []
    options = [
        "--worker-class",
        worker,
        "--workers",
        "1",
        "--threads",
        "32" if worker == "gthread" else "1",
        "--log-level",
        "warning",
    ]
    command = [python, "-m", "gunicorn", *options, "--chdir", HERE / "peers" / "spyne", "app:app"]
    return [Target(f"spyne, gunicorn {worker}", lambda port, _: [*command, "--bind", f"127.0.0.1:{port}"])]


def limits() -> list[Target]:
    """What no translation can beat: nginx passing bytes on, uvicorn answering a constant."""
    uvicorn = [sys.executable, "-m", "uvicorn", "--app-dir", HERE, "--loop", "uvloop", "--http", "httptools", "--no-access-log"]
    return [
        Target("limit: nginx proxy_pass", lambda *_: ["nginx", "-c", WORK / "proxy.conf"]),
        Target(
            "limit: uvicorn, a constant",
            lambda port, _: [*uvicorn, "--log-level", "warning", "--port", str(port), "constant:app"],
            calls_vendor=False,
        ),
    ]


@contextmanager
def started(targets: list[Target], vendor_port: int) -> Iterator[list[Server]]:
    """All targets, each on its port, asleep."""
    with ExitStack() as stack:
        servers = []
        for number, target in enumerate(targets):
            port = PROXY if "proxy_pass" in target.name else FIRST_PORT + number
            servers.append(Server(target, port, f"http://127.0.0.1:{vendor_port}"))
            stack.callback(servers[-1].stop)
        yield servers


def rounds_of(
    servers: list[Server], vendor: Vendor, connections: list[int], rounds: int, seconds: int
) -> dict[tuple[str, int], Figures]:
    """Medians by server and number of connections. Servers take turns within a round, so that a slow minute hits all alike."""
    body, found = body_of(None), {}
    for server in servers:
        with server.awake():
            measure(server, vendor, body, 32, server.target.warm_seconds, warm_seconds=0)
    for number in range(rounds):
        for count in connections:
            for server in servers:
                with server.awake():
                    figures = measure(server, vendor, body, count, seconds)
                found.setdefault((server.target.name, count), []).append(figures)
                show(f"round {number + 1}, {count} connections, {server.target.name}", figures)
    return {key: Figures.median(values) for key, values in found.items()}


def show(what: str, figures: Figures) -> None:
    print(
        f"{what}: {figures.rate:,.0f}/s, {figures.cpu:,.0f} us, vendor calls {figures.vendor_calls:.2f}",
        file=sys.stderr,
        flush=True,
    )


def one_message(options: argparse.Namespace) -> str:
    connections = [int(count) for count in options.connections.split(",")]
    targets = chosen([bridge("fast"), bridge("logging"), node_soap(), *spyne("sync"), *limits()], options.only)
    with Vendor() as vendor, started(targets, FAST) as servers:
        found = rounds_of(servers, vendor, connections, options.rounds, options.seconds)
    save("one-message", {f"{name}, {count}": figures._asdict() for (name, count), figures in found.items()})
    tables = [one_table(servers, count, found) for count in connections]
    return "\n\n".join([*tables, f"x {BASE}: its CPU time a request over the row's, so more is cheaper."])


def one_table(servers: list[Server], connections: int, found: dict[tuple[str, int], Figures]) -> str:
    head = [f"{connections} connections", "req/s", "CPU us/req", f"x {BASE}", "PSS MB", "start s", "p50 ms", "p99 ms", "checks"]
    base, rows = found.get((BASE, connections)), []
    for server in servers:
        figures = found[server.target.name, connections]
        ratio = f"{base.cpu / figures.cpu:.2f}" if base and figures.cpu else "-"
        row = [server.target.name, f"{figures.rate:,.0f}", f"{figures.cpu:,.0f}", ratio, f"{figures.pss_mb:.0f}"]
        row += [f"{server.start_seconds:.2f}", f"{figures.p50 / 1000:.1f}", f"{figures.p99 / 1000:.1f}"]
        rows.append([*row, figures.complaint(server.target.calls_vendor) or "ok"])
    return table(head, rows)


def growth(options: argparse.Namespace) -> str:
    """Each size in a new process, so that the peak belongs to it."""
    sizes = [int(size) for size in options.sizes.split(",")]
    targets = chosen([bridge("fast"), node_soap(), *spyne("sync")], options.only)
    found: dict[tuple[str, int], Figures] = {}
    with Vendor() as vendor:
        for size in sizes:
            for target in targets:
                with started([target], FAST) as (server,), server.awake():
                    figures = measure(server, vendor, body_of(size), 8, options.seconds, warm_seconds=target.warm_seconds)
                found[target.name, size] = figures
                show(f"{size} numbers, {target.name}", figures)
    head = ["server"]
    for size in sizes:
        head += [f"{size:,}: CPU us/req", "us/number", "peak MB", "p99 ms", "checks"]
    rows = [[target.name, *(cell for size in sizes for cell in growth_cells(found[target.name, size], size))] for target in targets]
    save("growth", {f"{name}, {size}": figures._asdict() for (name, size), figures in found.items()})
    return table(head, rows)


def growth_cells(figures: Figures, size: int) -> list[str]:
    per_number = f"{figures.cpu / size:,.2f}"
    return [
        f"{figures.cpu:,.0f}",
        per_number,
        f"{figures.peak_mb:.0f}",
        f"{figures.p99 / 1000:,.0f}",
        figures.complaint(True) or "ok",
    ]


def slow(options: argparse.Namespace) -> str:
    ceiling = SLOW_CONNECTIONS / SLOW_SECONDS
    targets = chosen([bridge("slow"), node_soap(), *spyne("gthread")], options.only)
    with Vendor() as vendor, started(targets, SLOW) as servers:
        found = rounds_of(servers, vendor, [SLOW_CONNECTIONS], options.rounds, options.seconds)
    rows = []
    for target in targets:
        figures = found[target.name, SLOW_CONNECTIONS]
        row = [target.name, f"{figures.rate:,.0f}", f"{figures.rate / ceiling:.2f}", f"{figures.cpu:,.0f}", f"{figures.pss_mb:.0f}"]
        rows.append([*row, f"{figures.p50 / 1000:.0f}", f"{figures.p99 / 1000:.0f}", figures.complaint(True) or "ok"])
    save("slow", {name: figures._asdict() for (name, _), figures in found.items()})
    head = ["server", "req/s", f"of {ceiling:,.0f}", "CPU us/req", "PSS MB", "p50 ms", "p99 ms", "checks"]
    return table(head, rows)


def chosen(targets: list[Target], only: str) -> list[Target]:
    """All, or those whose name begins as one of `only` does."""
    names = tuple(filter(None, only.split(",")))
    found = [target for target in targets if not names or target.name.startswith(names)]
    return found or sys.exit(f"no such server; there are: {', '.join(target.name for target in targets)}")


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def save(name: str, figures: dict[str, dict[str, float]]) -> None:
    path: Path = WORK / f"{name}.json"
    path.write_text(json.dumps(figures, indent=1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", default="main", choices=["main", "growth", "slow"])
    parser.add_argument("--only", default="", help="beginnings of names, with commas between")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=6, help="of each measurement")
    parser.add_argument("--connections", default="32,1", help="for main")
    parser.add_argument("--sizes", default="1,100,1000,10000", help="for growth")
    options = parser.parse_args()
    prepare()
    print({"main": one_message, "growth": growth, "slow": slow}[options.what](options))


if __name__ == "__main__":
    main()
