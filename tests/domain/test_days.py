"""Which business day a moment belongs to. The database's function is asked the same in tests/services/test_books.py."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from ledger_web.domain.days import business_day

# (moment in UTC, zone, hour the day starts at, business day); promises I8.
MOMENTS = [
    ("2026-11-20T18:59:59", "Asia/Karachi", "00:00", "2026-11-20"),  # 23:59:59 there
    ("2026-11-20T19:00:00", "Asia/Karachi", "00:00", "2026-11-21"),  # 00:00:00 there
    ("2026-11-20T21:59:59", "Asia/Karachi", "03:00", "2026-11-20"),  # 02:59:59 in a bar that closes at three
    ("2026-11-20T22:00:00", "Asia/Karachi", "03:00", "2026-11-21"),
    ("2026-11-20T19:29:59", "Asia/Kabul", "00:00", "2026-11-20"),  # a zone of half hours
    ("2026-11-20T19:30:00", "Asia/Kabul", "00:00", "2026-11-21"),
    # Berlin, 29 March 2026: at 01:00 UTC the clock jumps from 02:00 to 03:00. Half past two does not exist.
    ("2026-03-29T00:59:59", "Europe/Berlin", "02:30", "2026-03-28"),  # 01:59:59
    ("2026-03-29T01:00:00", "Europe/Berlin", "02:30", "2026-03-29"),  # 03:00:00
    # Berlin, 25 October 2026: at 01:00 UTC the clock falls from 03:00 back to 02:00. Half past two comes twice.
    ("2026-10-25T00:29:59", "Europe/Berlin", "02:30", "2026-10-24"),  # 02:29:59, the first time
    ("2026-10-25T00:30:00", "Europe/Berlin", "02:30", "2026-10-25"),  # 02:30:00, the first time
    ("2026-10-25T01:29:59", "Europe/Berlin", "02:30", "2026-10-24"),  # 02:29:59, the second time
    ("2026-10-25T01:30:00", "Europe/Berlin", "02:30", "2026-10-25"),  # 02:30:00, the second time
    # Cairo, 24 April 2026: midnight itself does not exist; the clock goes from 23:59:59 to 01:00:00.
    ("2026-04-23T21:59:59", "Africa/Cairo", "00:00", "2026-04-23"),
    ("2026-04-23T22:00:00", "Africa/Cairo", "00:00", "2026-04-24"),
    ("2026-11-20T09:59:59", "Pacific/Kiritimati", "00:00", "2026-11-20"),  # fourteen hours ahead
    ("2026-11-20T10:00:00", "Pacific/Kiritimati", "00:00", "2026-11-21"),
]


@pytest.mark.parametrize(("moment", "zone", "starts_at", "day"), MOMENTS)
def test_i8_a_moment_belongs_to_the_day_of_the_shops_clock(moment: str, zone: str, starts_at: str, day: str) -> None:
    instant = dt.datetime.fromisoformat(moment).replace(tzinfo=dt.UTC)

    found = business_day(instant, ZoneInfo(zone), dt.time.fromisoformat(starts_at))

    assert found == dt.date.fromisoformat(day)
