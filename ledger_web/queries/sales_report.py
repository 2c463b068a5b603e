"""What was sold, deleted and returned, each by itself, and who undid how much."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import text

from ledger_web.domain.languages import Texts
from ledger_web.models.base import session_of
from ledger_web.queries.scope import reach, within

# What the report can be divided by, and how that is called.
DIVISIONS: Final = Texts(
    {
        "day": "Day",
        "staff": "Cashier",
        "salesperson": "Salesperson",
        "hour": "Hour",
        "drawer": "Drawer",
        "reason": "Reason",
    }
)
_KEYS: Final = {
    "day": "to_char(f.day, 'YYYY-MM-DD')",
    "staff": "coalesce(u.name, '')",
    "salesperson": "coalesce(u.name, '')",
    "hour": "to_char(f.at AT TIME ZONE t.time_zone, 'HH24')",
    "drawer": "coalesce(d.name, '')",
    "reason": "coalesce(e.name, f.written, '')",
}
UNUSUAL_TIMES: Final = 3  # as often as the others, measured by what was sold
UNUSUAL_COUNT: Final = 3


@dataclass(frozen=True, slots=True)
class ReportRow:
    """Sales of one division. Amounts are minor units of the base currency, none below zero."""

    key: str
    sales: int
    gross: int
    voids: int
    voided: int
    returns: int
    returned: int

    @property
    def net(self) -> int:
        return self.gross - self.voided - self.returned


@dataclass(frozen=True, slots=True)
class PersonRow:
    """What one person undid, beside what they sold."""

    user_id: uuid.UUID
    name: str
    sales: int
    voids: int
    returns: int
    amount: int  # of both
    loose: int  # returns without a receipt
    copies: int  # of receipts
    is_unusual: bool


_FACTS = """
    SELECT s.sold_on AS day, s.sold_at AS at, s.cashier_id, s.drawer_id, s.total AS gross,
           CASE WHEN s.deleted_at IS NULL THEN 0 ELSE s.total END AS voided, 0 AS returned,
           CASE WHEN s.deleted_at IS NOT NULL THEN s.reason_id END AS reason_id,
           CASE WHEN s.deleted_at IS NOT NULL AND s.reason_id IS NULL THEN 'Written by hand' END AS written,
           1 AS sales, (s.deleted_at IS NOT NULL)::integer AS voids, 0 AS returns
      FROM sales AS s
     WHERE s.tenant_id = :tenant_id AND s.sold_on BETWEEN :since AND :until {seen_sales}
     UNION ALL
    SELECT r.returned_on, r.returned_at, r.cashier_id, r.drawer_id, 0, 0, r.total, r.reason_id, NULL, 0, 0, 1
      FROM sale_returns AS r
     WHERE r.tenant_id = :tenant_id AND r.returned_on BETWEEN :since AND :until {seen_returns}
"""

# The same by who sold each line; a sale counts for everybody who sold something of it.
_LINE_FACTS = """
    SELECT s.sold_on AS day, s.sold_at AS at, coalesce(l.salesperson_id, s.salesperson_id, s.cashier_id) AS cashier_id,
           s.drawer_id, sum(l.total) AS gross, CASE WHEN s.deleted_at IS NULL THEN 0 ELSE sum(l.total) END AS voided,
           0 AS returned, NULL::uuid AS reason_id, NULL AS written,
           1 AS sales, (s.deleted_at IS NOT NULL)::integer AS voids, 0 AS returns
      FROM sales AS s
      JOIN sale_lines AS l ON l.tenant_id = :tenant_id AND l.sale_id = s.id
     WHERE s.tenant_id = :tenant_id AND s.sold_on BETWEEN :since AND :until {seen_sales}
     GROUP BY s.id, s.sold_on, s.sold_at, s.drawer_id, s.deleted_at, 3
     UNION ALL
    SELECT r.returned_on, r.returned_at, coalesce(l.salesperson_id, s.salesperson_id, s.cashier_id, r.cashier_id),
           r.drawer_id, 0, 0, sum(b.total), NULL, NULL, 0, 0, 1
      FROM sale_returns AS r
      JOIN sale_return_lines AS b ON b.tenant_id = :tenant_id AND b.return_id = r.id
      LEFT JOIN sales AS s ON s.tenant_id = :tenant_id AND s.id = r.sale_id
      LEFT JOIN sale_lines AS l ON l.tenant_id = :tenant_id AND l.sale_id = r.sale_id AND l.line = b.sale_line
     WHERE r.tenant_id = :tenant_id AND r.returned_on BETWEEN :since AND :until {seen_returns}
     GROUP BY r.id, r.returned_on, r.returned_at, r.drawer_id, 3
"""

_REPORT = """
    SELECT {key} AS key, sum(f.sales)::bigint AS sales, sum(f.gross)::bigint AS gross, sum(f.voids)::bigint AS voids,
           sum(f.voided)::bigint AS voided, sum(f.returns)::bigint AS returns, sum(f.returned)::bigint AS returned
      FROM ({facts}) AS f
      JOIN tenants AS t ON t.tenant_id = :tenant_id
      LEFT JOIN users AS u ON u.tenant_id = :tenant_id AND u.id = f.cashier_id
      LEFT JOIN cash_drawers AS d ON d.tenant_id = :tenant_id AND d.id = f.drawer_id
      LEFT JOIN return_reasons AS e ON e.tenant_id = :tenant_id AND e.id = f.reason_id
     WHERE {condition}
     GROUP BY 1
     ORDER BY 1
"""

_PEOPLE = """
    SELECT u.id AS user_id, u.name,
           (SELECT count(*) FROM sales AS s
             WHERE s.tenant_id = :tenant_id AND s.cashier_id = u.id AND s.sold_on BETWEEN :since AND :until) AS sales,
           v.voids, r.returns, v.amount + r.amount AS amount, r.loose,
           (SELECT count(*) FROM receipt_prints AS p
             WHERE p.tenant_id = :tenant_id AND p.printed_by = u.id AND p.number > 1
               AND (p.printed_at AT TIME ZONE t.time_zone)::date BETWEEN :since AND :until) AS copies
      FROM users AS u
      JOIN tenants AS t ON t.tenant_id = :tenant_id
     CROSS JOIN LATERAL (
           SELECT count(*) AS voids, coalesce(sum(s.total), 0)::bigint AS amount FROM sales AS s
            WHERE s.tenant_id = :tenant_id AND s.deleted_by = u.id
              AND (s.deleted_at AT TIME ZONE t.time_zone)::date BETWEEN :since AND :until) AS v
     CROSS JOIN LATERAL (
           SELECT count(*) AS returns, coalesce(sum(r.total), 0)::bigint AS amount,
                  count(*) FILTER (WHERE r.sale_id IS NULL) AS loose
             FROM sale_returns AS r
            WHERE r.tenant_id = :tenant_id AND r.cashier_id = u.id AND r.returned_on BETWEEN :since AND :until) AS r
     WHERE u.tenant_id = :tenant_id {seen}
     ORDER BY v.amount + r.amount DESC, u.name
"""


@dataclass(frozen=True, slots=True)
class LooseRow:
    """A return without a receipt."""

    id: uuid.UUID
    number: str
    returned_at: dt.datetime
    product: str
    total: int
    cashier: str
    approver: str
    reason: str
    note: str


_LOOSE = """
    SELECT r.id, r.number, r.returned_at, l.name AS product, r.total, coalesce(u.name, '') AS cashier,
           coalesce(x.name, '') AS approver, e.name AS reason, r.note
      FROM sale_returns AS r
      JOIN sale_return_lines AS l ON l.tenant_id = :tenant_id AND l.return_id = r.id AND l.line = 1
      JOIN return_reasons AS e ON e.tenant_id = :tenant_id AND e.id = r.reason_id
      LEFT JOIN users AS u ON u.tenant_id = :tenant_id AND u.id = r.cashier_id
      LEFT JOIN users AS x ON x.tenant_id = :tenant_id AND x.id = r.approved_by
     WHERE r.tenant_id = :tenant_id AND r.sale_id IS NULL AND r.returned_on BETWEEN :since AND :until {seen}
     ORDER BY r.returned_on DESC, r.id DESC
     LIMIT 100
"""


def list_loose_returns(tenant_id: int, since: dt.date, until: dt.date) -> list[LooseRow]:
    """Return what came back without a receipt, the newest first."""
    seen = within(person="r.cashier_id", drawer="r.drawer_id")
    values = {"tenant_id": tenant_id, "since": since, "until": until, **reach()}
    rows = session_of(tenant_id).execute(text(_LOOSE.format(seen=seen)), values)
    return [LooseRow(**row._mapping) for row in rows]


def sales_report(tenant_id: int, since: dt.date, until: dt.date, by: str) -> list[ReportRow]:
    """Return sums of sales, deletions and returns: of the day a sale was made, and of the day something came back.

    Args:
        by: A key of DIVISIONS. By reason, only what was undone.
    """
    condition = "f.voids + f.returns > 0" if by == "reason" else "true"
    facts = (_LINE_FACTS if by == "salesperson" else _FACTS).format(
        seen_sales=within(person="s.cashier_id", drawer="s.drawer_id"),
        seen_returns=within(person="r.cashier_id", drawer="r.drawer_id"),
    )
    sql = _REPORT.format(key=_KEYS[by], facts=facts, condition=condition)
    values = {"tenant_id": tenant_id, "since": since, "until": until, **reach()}
    rows = session_of(tenant_id).execute(text(sql), values)
    return [ReportRow(**row._mapping) for row in rows]


def total_of(rows: Sequence[ReportRow]) -> ReportRow:
    """Add up a report."""
    return ReportRow(
        "",
        sum(row.sales for row in rows),
        sum(row.gross for row in rows),
        sum(row.voids for row in rows),
        sum(row.voided for row in rows),
        sum(row.returns for row in rows),
        sum(row.returned for row in rows),
    )


def who_undid(tenant_id: int, since: dt.date, until: dt.date) -> list[PersonRow]:
    """Return what each person undid and how many copies they printed, the largest amount first.

    Unusual is who undid at least UNUSUAL_COUNT and, for what they sold, UNUSUAL_TIMES as often as the others together.
    """
    values = {"tenant_id": tenant_id, "since": since, "until": until, **reach(drawer=False)}
    people = session_of(tenant_id).execute(text(_PEOPLE.format(seen=within(person="u.id"))), values)
    rows = [row for row in people if row.sales or row.voids or row.returns]
    all_sales = sum(row.sales for row in rows)
    all_undone = sum(row.voids + row.returns for row in rows)
    found = []
    for row in rows:
        undone = row.voids + row.returns
        others = (all_undone - undone, all_sales - row.sales)
        is_unusual = (
            undone >= UNUSUAL_COUNT
            and undone * max(others[1], 1) > UNUSUAL_TIMES * others[0] * max(row.sales, 1)
            and undone * 10 > row.sales
        )
        found.append(PersonRow(**row._mapping, is_unusual=is_unusual))
    return found
