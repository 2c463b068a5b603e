"""Each row of the threat table in SECURITY.md, and of the list of faults that are caught, names tests that exist."""

import re

from ledger_web.config import ROOT
from tests.mutants import FAULTS

NAMED = re.compile(r"`([\w/]+\.py)(?:::(test_\w+))?`")


def test_every_threat_names_tests_that_exist() -> None:
    rows = rows_of("SECURITY.md")

    assert len(rows) > 15
    assert missing_in(rows) == []


def test_every_fault_that_is_planted_names_what_caught_it() -> None:
    rows = rows_of("tests/README.md")

    assert {row.split("|")[1].strip() for row in rows} == {fault.name for fault in FAULTS}
    assert missing_in(rows) == []


def test_every_fault_can_still_be_planted() -> None:
    assert [fault.name for fault in FAULTS if fault.right not in (ROOT / fault.path).read_text()] == []


def rows_of(file: str) -> list[str]:
    return [line for line in (ROOT / file).read_text().splitlines() if line.startswith("| ")][1:]


def missing_in(rows: list[str]) -> list[str]:
    """Return the tests that the last column names and that are not there."""
    missing = []
    for row in rows:
        named = NAMED.findall(row.rpartition("|")[0].rpartition("|")[2])
        assert named, row
        for file, test in named:
            path = ROOT / "tests" / file
            if not path.is_file() or (test and f"def {test}(" not in path.read_text()):
                missing.append(f"{file}::{test}")
    return missing
