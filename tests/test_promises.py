"""Every promise has a test that carries its id, or a reason why not, which the README tells."""

from ledger_web.config import ROOT
from tests.promises import PROMISED, WITHOUT_TEST, proofs


def test_every_promise_has_a_test_or_a_reason() -> None:
    promises = {f"{kind}{number}" for kind, count in PROMISED.items() for number in range(1, count + 1)}
    proved = proofs().keys()
    readme = (ROOT / "README.md").read_text()

    assert promises - proved == WITHOUT_TEST.keys()
    assert [promise for promise in WITHOUT_TEST if promise not in readme] == []
