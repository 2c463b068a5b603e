"""Every promise that is held to here has a test that carries its id."""

from tests.promises import MEASURED_ELSEWHERE, PROMISED, proofs


def test_every_promise_has_a_test_or_a_reason() -> None:
    found = proofs()

    assert [promise for promise in PROMISED if promise not in found] == []
    assert MEASURED_ELSEWHERE.keys().isdisjoint(PROMISED)
