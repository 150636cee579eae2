"""Writes the README's tables from the code: `make readme`. test_readme.py fails when they are stale.

A table stands between `<!-- NAME -->` and `<!-- /NAME -->`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel

from bridge.domain.capability import Feature
from bridge.errors import TEXTS
from bridge.operations.recorded import SUPPLIED
from bridge.settings import Settings
from bridge.vendors.contract import Vendor
from bridge.vendors.registry import BUILT_IN

__all__ = ["README", "TABLES", "table_of", "with_table", "with_tables"]

README = Path(__file__).parent.parent / "README.md"


def with_tables(text: str) -> str:
    """The README with its tables as the code has them now."""
    for name, table in TABLES.items():
        text = with_table(text, name, table())
    return text


def with_table(text: str, name: str, table: str) -> str:
    """The README with one table in its place."""
    opening, closing = f"<!-- {name} -->", f"<!-- /{name} -->"
    before, _, rest = text.partition(opening)
    found, after = rest.partition(closing)[1:]
    assert found, f"the README has no place for {name}"
    return f"{before}{opening}\n{table}\n{closing}{after}"


def table_of(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |" for line in lines)


# settings

# sections that stand in the file under another name than the field's
_HEADINGS = {"vendors": "[vendors.NAME]", "accounts": "[[accounts]]"}


def settings_table() -> str:
    return table_of(["key", "value", "default", "meaning"], list(_setting_rows()))


def _setting_rows() -> Iterator[list[str]]:
    for section, info in Settings.model_fields.items():
        yield [f"**{_HEADINGS.get(section, f'[{section}]')}**", "", "", ""]
        yield from _rows_of(_model_in(info.annotation))
        for kind, vendor in BUILT_IN.items():
            if section == "vendors":
                yield [f'**[vendors.NAME]** of kind = "{kind}"', "", "", ""]
                yield from _rows_of(vendor.settings_type)
            elif section == "accounts":
                yield [f"**[accounts.credentials]** of {kind}", "", "", ""]
                yield from _rows_of(vendor.credentials_type)


def _model_in(annotation: Any) -> type[BaseModel]:
    """The model of a section: the annotation itself, or what it is a list, a table or an option of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(_model_in(each) for each in get_args(annotation) if each not in (str, type(None), ...))


def _rows_of(model: type[BaseModel]) -> Iterator[list[str]]:
    schema = model.model_json_schema()
    for name, each in schema["properties"].items():
        default = "needed" if name in schema.get("required", ()) else _as_toml(each.get("default"))
        yield [f"`{name}`", _value(each, schema), default, each.get("description", "")]


def _value(field: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    """What a field takes, in words."""
    if "$ref" in field:
        field = schema["$defs"][field["$ref"].rpartition("/")[2]]
    if "anyOf" in field:
        field = next(each for each in field["anyOf"] if each.get("type") != "null")
        return _value(field, schema)
    if "enum" in field or "const" in field:
        return " or ".join(_as_toml(each) for each in field.get("enum", [field.get("const")]))
    if field.get("type") == "array":
        return f"list of {_value(field['items'], schema)}"
    kind = {"password": "secret", "path": "file"}.get(field.get("format", ""))
    words = {"integer": "integer", "number": "number", "string": "text", "boolean": "true or false", "object": "table"}
    return f"{kind or words.get(field.get('type', ''), 'text')}{_range(field)}"


def _range(field: Mapping[str, Any]) -> str:
    least = field.get("minimum", f"above {field['exclusiveMinimum']:g}" if "exclusiveMinimum" in field else None)
    most = field.get("maximum", f"below {field['exclusiveMaximum']:g}" if "exclusiveMaximum" in field else None)
    shown = [f"{each:g}" if isinstance(each, float) else str(each) for each in (least, most) if each is not None]
    if len(shown) == 2:
        return f", {shown[0]} to {shown[1]}"
    return f", {'at least ' if least == field.get('minimum') else ''}{shown[0]}" if shown else ""


def _as_toml(value: Any) -> str:
    return "" if value in (None, [], {}) else f"`{json.dumps(value, ensure_ascii=False)}`"


# capabilities


# what a vendor need not have where there is a ledger
_BY_LEDGER = SUPPLIED | {Feature.PACKAGES, Feature.ITEMS, Feature.CANCEL}


def capability_table() -> str:
    rows = [[each.title, *(_whose(each, vendor) for vendor in BUILT_IN.values())] for each in Feature]
    return table_of(["", *BUILT_IN], rows)


def _whose(feature: Feature, vendor: type[Vendor[Any]]) -> str:
    if feature in vendor.features:
        return "yes"
    return "bridge" if feature in _BY_LEDGER and not vendor.keeps_packages else "no"


# errors


def error_table() -> str:
    rows = [[f"`{code}`", str(row.status), "yes" if row.retryable else "", row.en, row.tr] for code, row in TEXTS.items()]
    return table_of(["err/code", "err/status", "try later", "English", "Turkish"], rows)


def unexplained() -> Iterator[str]:
    """Keys that have no meaning in the table."""
    for line in settings_table().splitlines():
        if re.search(r"\|\s*\|$", line) and "**" not in line:
            yield line


TABLES: Mapping[str, Callable[[], str]] = {"settings": settings_table, "capabilities": capability_table, "errors": error_table}


if __name__ == "__main__":
    README.write_text(with_tables(README.read_text(encoding="utf-8")), encoding="utf-8")
