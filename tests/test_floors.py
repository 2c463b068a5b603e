"""The floors hold: nothing imports from above or from its neighbour, Flask and SQL stay where they belong."""

import ast
import re
from pathlib import Path

import pytest

from ledger_web.config import ROOT

FLOORS = {
    "domain": 1,
    "models": 2,
    "services": 3,
    "queries": 3,
    "blueprints": 4,
    "forms": 4,
    "tenancy": 4,
    "identity": 4,
    "cookies": 4,
    "approval": 4,
    "refunds": 4,
    "strangers": 4,
    "csrf": 4,
    "rendering": 4,
    "downloads": 4,
    "slow_readers": 4,
    "mail": 4,
    "export_folder": 4,
    "name_servers": 4,
    "receipt_pdf": 4,
    "label_sheets": 4,
    "filters": 4,
    "error_pages": 4,
    "headers": 4,
    "logs": 4,
    "probes": 4,
    "factory": 5,
    "cli": 5,
    "commands": 5,
    "demo": 5,
    "exporter": 5,
    "serve": 5,
    "site_walk": 5,
    "start": 5,
}
OUTSIDE = {"config": 5, "embedded_postgres": 5, "bootstrap": 5}  # read by floor 5 only
FLASK_FROM = 4
SQL_UP_TO = 3
SQL = re.compile(r"\b(SELECT\s.+\sFROM|INSERT\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|SET\s+LOCAL)\b", re.DOTALL)
SOURCES = sorted((ROOT / "ledger_web").rglob("*.py"))


def room_of(path: Path) -> str:
    return path.relative_to(ROOT / "ledger_web").parts[0].removesuffix(".py")


def imports_of(tree: ast.AST) -> list[tuple[int, str]]:
    """Every imported module, with its line; of `from ledger_web import x` it is ledger_web.x."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = f"{'.' * node.level}{node.module or ''}"
            names = [f"{module}.{alias.name}" for alias in node.names]
            found += [(node.lineno, name) for name in (names if module == "ledger_web" else [module])]
    return found


def offences_of(path: Path, source: str) -> list[str]:
    tree, room = ast.parse(source), room_of(path)
    if room == "__init__":
        return [f"{path}:{line}: ledger_web/__init__.py imports {name}" for line, name in imports_of(tree)]
    floor = {**FLOORS, **OUTSIDE}.get(room)
    if floor is None:
        return [f"{path}:1: {room} is on no floor: give it one in tests/test_floors.py"]
    found = []
    for line, name in imports_of(tree):
        top, _, rest = name.partition(".")
        other = rest.partition(".")[0]
        if top == "ledger_web" and other != room:
            other_floor = {**FLOORS, **OUTSIDE}.get(other, 99)
            both_outside = room in OUTSIDE and other in OUTSIDE
            neighbours = {room, other} == {"services", "queries"}
            if (other_floor > floor or neighbours or (room in OUTSIDE and not both_outside)) and not both_outside:
                found.append(f"{path}:{line}: {room} (floor {floor}) imports {name}")
        if name.startswith("."):
            found.append(f"{path}:{line}: a relative import hides its floor")
        if top == "flask" and floor < FLASK_FROM:
            found.append(f"{path}:{line}: {room} (floor {floor}) imports flask")
    return found + _hidden_imports(path, tree) + _misplaced_sql(path, tree, floor)


def _hidden_imports(path: Path, tree: ast.AST) -> list[str]:
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return [
        f"{path}:{node.lineno}: an import inside {function.name}"
        for function in functions
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]


def _misplaced_sql(path: Path, tree: ast.AST, floor: int) -> list[str]:
    if floor <= SQL_UP_TO and room_of(path) != "domain":
        return []
    return [
        f"{path}:{node.lineno}: SQL on floor {floor}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.search(node.value)
    ]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_keeps_to_its_floor(path: Path) -> None:
    assert offences_of(path, path.read_text()) == []


@pytest.mark.parametrize(
    ("room", "source", "offence"),
    [
        ("services/sales.py", "from ledger_web.queries.sales import list_sales", "imports ledger_web.queries.sales"),
        ("queries/sales.py", "from ledger_web.services import sales", "imports ledger_web.services"),
        ("domain/money.py", "from ledger_web.models.base import db", "imports ledger_web.models.base"),
        ("models/sale.py", "from ledger_web import tenancy", "imports ledger_web.tenancy"),
        ("services/sales.py", "import flask", "imports flask"),
        ("queries/sales.py", "from flask import g", "imports flask"),
        ("queries/sales.py", "from . import products", "a relative import"),
        ("blueprints/sales.py", "from ledger_web.factory import create_app", "imports ledger_web.factory"),
        ("blueprints/sales.py", "from ledger_web.config import Settings", "imports ledger_web.config"),
        ("config.py", "from ledger_web.domain import money", "imports ledger_web.domain"),
        ("services/sales.py", "def f():\n    import json", "an import inside f"),
        ("blueprints/sales.py", "q = 'SELECT 1 FROM sales'", "SQL on floor 4"),
        ("domain/sales.py", "q = 'DELETE FROM sales'", "SQL on floor 1"),
        ("cellar.py", "", "cellar is on no floor"),
    ],
)
def test_an_offence_is_found(room: str, source: str, offence: str) -> None:
    found = offences_of(ROOT / "ledger_web" / room, source)

    assert len(found) == 1
    assert offence in found[0]


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("factory.py", "from ledger_web import blueprints, config, csrf\nfrom flask import Flask"),
        ("blueprints/sales.py", "from ledger_web.services.sales import record_sale\nimport flask"),
        ("services/sales.py", "q = 'SELECT id FROM sales WHERE tenant_id = :tenant_id'"),
        ("blueprints/sales.py", "hint = 'Select a drawer and update it.'"),
    ],
)
def test_what_is_allowed_is_no_offence(room: str, source: str) -> None:
    assert offences_of(ROOT / "ledger_web" / room, source) == []
