"""Toolchain by operation, from what the last run of test_clients.py wrote down: `make interop`.

python -m tests.interop.matrix [--write]      --write: into the README too
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.interop.clients import CHECKS, CLIENTS, Check, Client
from tests.readme import README, table_of, with_table

__all__ = ["NAME", "Results", "matrix"]

NAME = "interop"  # of the table's place in the README
FILE = Path(__file__).parent / "build" / "results.json"


class Results:
    """Of each client at each vendor: the checks, and None or why one failed. Kept in a file."""

    def __init__(self, read: Mapping[str, Mapping[str, Mapping[str, str | None]]] | None = None) -> None:
        self._kept = {name: dict(vendors) for name, vendors in (read or {}).items()}

    @classmethod
    def read(cls) -> Results:
        """What the last run wrote down."""
        return cls(json.loads(FILE.read_text(encoding="utf-8")))

    @classmethod
    def anew(cls) -> Results:
        """Nothing, and what the last run wrote down is gone."""
        FILE.unlink(missing_ok=True)
        return cls()

    def add(self, client: Client, vendor: str, found: Mapping[Check, str | None]) -> None:
        self._kept.setdefault(client.name, {})[vendor] = {" ".join(check): reason for check, reason in found.items()}
        FILE.parent.mkdir(exist_ok=True)
        FILE.write_text(json.dumps(self._kept, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")

    def missing(self) -> list[str]:
        """The clients that did not run, or not at every vendor."""
        return [client.name for client in CLIENTS if set(self._kept.get(client.name, {})) != set(client.vendors)]

    def ran(self, client: Client) -> bool:
        return client.name in self._kept

    def passed(self, client: Client, check: Check) -> bool:
        """Whether a check passed at every vendor."""
        runs = self._kept.get(client.name, {})
        return bool(runs) and all(run.get(" ".join(check), "missing") is None for run in runs.values())


def matrix(results: Results) -> str:
    """The table, and below it what a toolchain rules out. In Markdown."""
    rows = [[client.title, *(_cell(results, client, operation) for operation in CHECKS)] for client in CLIENTS]
    notes = [f"- {client.title}, {' '.join(check)}: cannot, {why}" for client in CLIENTS for check, why in client.cannot.items()]
    table = table_of(["", *(f"`{operation}`" for operation in CHECKS)], rows)
    return "\n".join([table, *(["", *notes] if notes else [])])


def _cell(results: Results, client: Client, operation: str) -> str:
    checks = [check for check in (*client.checks(), *client.cannot) if check[0] == operation]
    passed = sum(results.passed(client, check) for check in checks)
    if not results.ran(client):
        return "not run"
    return "ok" if passed == len(checks) else f"{passed} of {len(checks)}"


def main() -> None:
    results = Results.read() if FILE.exists() else Results()
    shown = matrix(results)
    print(shown)
    if missing := results.missing():
        print(f"\nThe README stays as it is. Not run, or not at every vendor: {', '.join(missing)}")
    elif "--write" in sys.argv:
        README.write_text(with_table(README.read_text(encoding="utf-8"), NAME, shown), encoding="utf-8")


if __name__ == "__main__":
    main()
