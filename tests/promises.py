"""Which promise has which tests: `python -m tests.promises` prints the table.

A test says in its name what it proves: `test_l1_l6_…` proves L1 and L6.
"""

import re
from collections import defaultdict
from pathlib import Path

TESTS = Path(__file__).parent
_NAME = re.compile(r"^def test_((?:[a-z]\d{1,2}_)+)(\w+)", re.MULTILINE)

# How many promises there are of each kind; they are numbered from 1.
PROMISED = {"L": 7, "X": 6, "C": 7, "D": 8, "R": 6, "V": 3, "A": 3, "T": 12, "S": 10, "W": 9, "I": 9, "B": 4, "O": 6,
            "M": 4, "K": 3}  # fmt: skip
WITHOUT_TEST = {
    "C2": "the benchmark posting.hot.32: what a hot drawer bears depends on the machine",
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
    for promise, why in WITHOUT_TEST.items():
        print(f"{promise}\n    no test: {why}")
