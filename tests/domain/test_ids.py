import threading
import time
import uuid

import pytest

from ledger_web.domain.ids import new_id, parse_id
from tests.bad_input import ALL


def test_an_id_is_a_uuid_of_version_7_and_carries_the_time() -> None:
    before = time.time_ns() // 1_000_000

    made = new_id()

    assert made.version == 7
    assert made.variant == uuid.RFC_4122
    assert before <= made.int >> 80 <= time.time_ns() // 1_000_000 + 1


def test_each_id_is_later_than_the_one_before() -> None:
    made = [new_id() for _ in range(20_000)]

    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_ids_stay_in_order_when_the_clock_is_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    first = new_id()
    monkeypatch.setattr("ledger_web.domain.ids.time.time_ns", lambda: 1_000_000)

    made = [new_id() for _ in range(100)]

    assert first < made[0]
    assert made == sorted(set(made))
    assert {one.version for one in made} == {7}


def test_ids_of_many_threads_never_meet() -> None:
    made: list[list[uuid.UUID]] = [[] for _ in range(8)]

    def make(mine: list[uuid.UUID]) -> None:
        mine.extend(new_id() for _ in range(2_000))

    threads = [threading.Thread(target=make, args=(mine,)) for mine in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert all(mine == sorted(mine) for mine in made)
    assert len({one for mine in made for one in mine}) == 16_000


def test_an_id_is_read_in_its_usual_form() -> None:
    made = new_id()

    assert parse_id(str(made)) == made
    assert parse_id(str(made).upper()) == made


@pytest.mark.parametrize("text", [text for text in ALL if text[:8] not in {"00000000", "ffffffff"}])
def test_no_other_spelling_is_an_id(text: str) -> None:
    assert parse_id(text) is None
