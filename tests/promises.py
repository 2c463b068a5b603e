"""Which promise has which tests: `python -m tests.promises` prints the table.

A test says in its name what it proves: `test_l1_l6_…` proves L1 and L6.
"""

import re
from collections import defaultdict
from pathlib import Path

TESTS = Path(__file__).parent
_NAME = re.compile(r"^def test_((?:[a-z]\d{1,2}_)+)(\w+)", re.MULTILINE)

# What has tests that carry its id; and what has no test in this suite, with the reason.
PROMISED = (
    "L1", "L2", "L3", "L4", "L5", "L6", "L7", "C1", "C3", "C4", "C5", "C6", "C7",
    "R1", "R2", "R3", "R4", "R6", "V1", "I8",
    "D1", "D3", "D4", "D5", "D6", "D7", "D8", "X1", "X2", "X3", "X6", "O1", "O2", "O3", "A3", "K1", "K2", "K3",
    "T1", "T2",
    "T4", "T5", "T7", "T9", "T10", "T12", "W1", "W2", "W3", "W4", "W5", "I1", "I2", "B4", "V2", "V3",
    "S1", "S2", "S3", "S4", "S5", "S6", "S7", "S8", "S9", "S10", "A1", "A2",
)  # fmt: skip
MEASURED_ELSEWHERE = {
    "C2": "the benchmark posting.hot.32 and http.store_sale: what a hot drawer bears depends on the machine",
    "R5": "the benchmark recalculation.1m: a million entries take minutes to make",
}


def proofs() -> dict[str, list[str]]:
    """Return file::test for each promise, in the order of their ids."""
    found = defaultdict(list)
    for path in sorted(TESTS.rglob("test_*.py")):
        for ids, name in _NAME.findall(path.read_text()):
            for id in ids.strip("_").split("_"):
                found[id.upper()].append(f"{path.relative_to(TESTS)}::{name}")
    return dict(sorted(found.items(), key=lambda each: (each[0][0], int(each[0][1:]))))


if __name__ == "__main__":
    for promise, tests in proofs().items():
        print(promise, *tests, sep="\n    ")
    for promise, why in MEASURED_ELSEWHERE.items():
        print(f"{promise}\n    no test: {why}")
