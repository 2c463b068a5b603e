"""Which business day a moment belongs to."""

import datetime as dt
import functools
import zoneinfo

MIDNIGHT = dt.time(0)


@functools.cache  # it reads the names of six hundred files
def time_zones() -> frozenset[str]:
    """Return the names of all zones this machine knows."""
    return frozenset(zoneinfo.available_timezones())


def business_day(moment: dt.datetime, zone: dt.tzinfo, day_starts_at: dt.time = MIDNIGHT) -> dt.date:
    """Return the business day of a moment: that of the shop's clock, whose day begins at `day_starts_at`.

    The clock on the wall counts, not the hours that passed: in the night in which clocks are set back, the hour
    that comes twice belongs to the same day both times. The database's `business_day` does the same.

    Source: promises I8.
    """
    since_midnight = dt.timedelta(hours=day_starts_at.hour, minutes=day_starts_at.minute, seconds=day_starts_at.second)
    return (moment.astimezone(zone).replace(tzinfo=None) - since_midnight).date()
