"""`make chaos SECONDS=120 [SEED=..] [DATABASE=sqlite|postgresql]`: the long run.

Exit status 1 when something was lost, went twice, or was untrue.
"""

from __future__ import annotations

import argparse
import asyncio
import secrets
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.chaos.run import run
from tests.postgres import own_postgres

KINDS = ("node", "isobil", "innomobil", "toplusms")
LIMIT_SECONDS = 420


def _runs(seconds: float, database: str | None, stack: ExitStack) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and what is particular to it."""
    if database in (None, "sqlite"):
        yield "sqlite", {"seconds": seconds}
        yield "sqlite with 2 workers", {"seconds": seconds / 2, "workers": 2}
    if database in (None, "postgresql"):
        yield "postgresql", {"seconds": seconds, "server": stack.enter_context(own_postgres())}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--database", choices=("sqlite", "postgresql"))
    parser.add_argument("--limit", type=float, default=LIMIT_SECONDS, help="seconds for settling")
    given = parser.parse_args()
    seed = secrets.randbelow(10**6) if given.seed is None else given.seed
    folder = Path(tempfile.mkdtemp(prefix="bridge-chaos-"))
    print(f"seed {seed}; results and the bridges' output in {folder}", flush=True)
    wrong = False
    with ExitStack() as stack:
        for name, particular in _runs(given.seconds, given.database, stack):
            place = folder / name.replace(" ", "-")
            result = asyncio.run(
                run(name, place, seed=seed, kinds=KINDS, limit=given.limit, look_ups=True, clients=10, pause=0.15, **particular)
            )
            print(result, flush=True)
            if result.findings:
                wrong = True
                print(result.findings, flush=True)
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
