"""The README says what the code does: its tables are fresh, its example loads, its commands and links exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bridge.app import compose
from bridge.cli import main
from bridge.errors import ErrorCode
from bridge.settings import load
from tests.readme import README, TABLES, with_tables

TEXT = README.read_text(encoding="utf-8")


def test_the_tables_are_fresh():
    """`make readme` writes them anew."""
    assert with_tables(TEXT) == TEXT


@pytest.mark.parametrize("name", TABLES)
def test_a_stale_table_is_noticed(name):
    opening = f"<!-- {name} -->\n"
    assert opening in TEXT
    assert with_tables(TEXT.replace(opening, f"{opening}| stale |\n")) == TEXT


def test_every_setting_has_a_meaning():
    rows = [line for line in TABLES["settings"]().splitlines() if line.startswith("| `")]
    assert len(rows) > 50
    assert [row for row in rows if row.endswith("|  |")] == []


def test_the_example_is_a_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (example,) = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    for name in re.findall(r'_env = "(\w+)"', example):
        monkeypatch.setenv(name, "x")
    file = tmp_path / "bridge.toml"
    file.write_text(example, encoding="utf-8")
    assert [account.username for account in compose(load(file)).settings.accounts] == ["admin"]


def test_every_command_is_named_and_every_named_one_exists():
    assert set(re.findall(r"smsbridge ([a-z][a-z-]+)", TEXT)) == set(main.commands)


def test_every_error_that_is_named_exists():
    assert set(re.findall(r"ERR_[A-Z_]+[A-Z]", TEXT)) == {code.value for code in ErrorCode}


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^)#]+)\)", TEXT))))
def test_links_lead_somewhere(target: str):
    assert (README.parent / target).is_file()


@pytest.mark.parametrize("anchor", sorted(set(re.findall(r"\]\(#([^)]+)\)", TEXT))))
def test_links_inside_lead_somewhere(anchor: str):
    assert anchor in {line.lstrip("# ").lower().replace(" ", "-") for line in TEXT.splitlines() if line.startswith("#")}


def test_make_targets_exist():
    makefile = (README.parent / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"(?:`|^    )make ([a-z]+)", TEXT, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
