"""Each row of the threat table in SECURITY.md names tests that exist."""

import re

from ledger_web.config import ROOT

NAMED = re.compile(r"`([\w/]+\.py)(?:::(test_\w+))?`")


def test_every_threat_names_tests_that_exist() -> None:
    rows = [line for line in (ROOT / "SECURITY.md").read_text().splitlines() if line.startswith("| ")][1:]
    missing = []
    for row in rows:
        named = NAMED.findall(row.rpartition("|")[0].rpartition("|")[2])
        assert named, row
        for file, test in named:
            path = ROOT / "tests" / file
            if not path.is_file() or (test and f"def {test}(" not in path.read_text()):
                missing.append(f"{file}::{test}")

    assert len(rows) > 15
    assert missing == []
