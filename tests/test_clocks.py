"""Days and times are the database's: no machine's clock that is off puts a sale on another day. Promise I9."""

import re
import time
from types import SimpleNamespace

import pytest

from ledger_web.config import ROOT
from ledger_web.domain import ids
from tests.returns import ask
from tests.shops import Shop, add_product, sell

CLOCK = re.compile(r"datetime\.now|date\.today|utcnow|time\.time|time_ns|localtime|gmtime")
# Ids only have to differ; the others write beside a file when it was made.
ASK_IT = {"domain/ids.py", "services/backups.py", "services/shop_archives.py"}
MINUTES = 60 * 1_000_000_000


@pytest.mark.parametrize("off", [-10 * MINUTES, 10 * MINUTES, 24 * 60 * MINUTES])
def test_i9_a_machine_whose_clock_is_off_sells_on_the_right_day_at_the_right_time(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, off: int
) -> None:
    milk = add_product(shop)
    monkeypatch.setattr(ids, "_last_tick", 0)
    monkeypatch.setattr(ids, "time", SimpleNamespace(time_ns=lambda: time.time_ns() + off))

    sale_id = sell(shop, (milk, 1, 115_00))

    (row,) = ask(
        shop,
        """
        SELECT s.sold_on = t.occurred_on
               AND t.occurred_on = business_day(now(), n.time_zone, n.day_starts_at) AS is_today,
               greatest(s.sold_at, t.posted_at) <= now() AND least(s.sold_at, t.posted_at) > now() - interval '1 minute'
                   AS is_now
          FROM sales AS s
          JOIN transactions AS t ON t.tenant_id = :tenant_id AND t.id = s.id
          JOIN tenants AS n ON n.tenant_id = :tenant_id
         WHERE s.tenant_id = :tenant_id AND s.id = :sale_id
        """,
        sale_id=sale_id,
    )
    assert (row.is_today, row.is_now) == (True, True)


def test_i9_whoever_writes_and_every_rule_asks_no_clock_of_the_machine() -> None:
    rooms = ("domain", "models", "services")
    found = {
        path.relative_to(ROOT / "ledger_web").as_posix()
        for room in rooms
        for path in (ROOT / "ledger_web" / room).glob("*.py")
        if CLOCK.search(path.read_text())
    }

    assert found == ASK_IT
