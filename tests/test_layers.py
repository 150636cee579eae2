"""The direction of imports, and the libraries that have one room only.

What a module imports tells where it stands: a room imports from rooms further down, never from one above or beside it.
"""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "bridge"
# rooms of one line are siblings and never import each other
ROOMS = [
    "__main__",
    "cli",
    "commands",
    "moving",
    "server",
    "protocol",
    "gate",
    "tls",
    "app",
    "recording",
    "soap console jobs sandbox",
    "operations",
    "vendors ledger outbound",
    "metrics",
    "settings",
    "log",
    "memory",
    "redaction",
    "domain",
    "errors",
]
FLOOR = {room: floor for floor, rooms in enumerate(ROOMS) for room in rooms.split()}
# library: where it may be imported
ONLY_IN = {
    "spyne": {"soap"},
    "lxml": {"soap", "moving"},
    "httpx": {"outbound", "sandbox", "moving", "cli", "commands"},
    "click": {"cli", "commands"},
    "uvicorn": {"server", "protocol", "sandbox"},
    "sqlalchemy": {"ledger"},
    "alembic": {"ledger"},
    "structlog": {"log"},
    "phonenumbers": {"domain"},
    "prometheus_client": {"metrics"},
}
MODULES = sorted(ROOT.rglob("*.py"))


def room_of(path):
    return path.relative_to(ROOT).with_suffix("").parts[0]


def imports_of(path):
    """Full names of all that is imported, also inside functions."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from ([f"bridge.{alias.name}" for alias in node.names] if node.module == "bridge" else [node.module])


def test_every_room_is_known():
    assert {room_of(path) for path in MODULES} <= {*FLOOR, "__init__"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_down(path):
    room = room_of(path)
    for name in imports_of(path):
        library, _, rest = name.partition(".")
        if library == "bridge":
            other = rest.partition(".")[0]
            assert other == room or other not in FLOOR or FLOOR[other] > FLOOR[room], f"{room} imports {name}"
        else:
            assert room in ONLY_IN.get(library, {room}), f"{library} outside of {ONLY_IN[library]}"
