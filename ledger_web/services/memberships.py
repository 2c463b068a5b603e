"""How long somebody is a member: moved by dues, and moved back where dues are reversed."""

import datetime as dt
import uuid

from ledger_web.services.posting import Act


def lengthen(act: Act, member_id: uuid.UUID, ends_on: dt.date) -> None:
    """Let the membership end on a day, and remember when it ended before. Only while the party is held."""
    act.execute(
        """
        INSERT INTO membership_terms (tenant_id, transaction_id, member_id, ended_on, ends_on)
        SELECT p.tenant_id, %(transaction_id)s, p.id, p.expires_on, %(ends_on)s
          FROM parties AS p
         WHERE p.tenant_id = %(tenant_id)s AND p.id = %(member_id)s
        """,
        {"transaction_id": act.transaction_id, "member_id": member_id, "ends_on": ends_on},
    )
    _end(act, member_id, ends_on)


def shorten(act: Act, transaction_id: uuid.UUID) -> None:
    """Take back what dues did that are being reversed: the membership ends as the other dues say, or as before all.

    If it ends on another day by now, later dues or somebody decided that, and it stays.
    """
    row = act.execute(
        """
        SELECT p.id, coalesce(o.ends_on, f.ended_on) AS ends_on
          FROM membership_terms AS t
          JOIN parties AS m ON m.tenant_id = %(tenant_id)s AND m.id = t.member_id
          JOIN parties AS p ON p.tenant_id = %(tenant_id)s
           AND p.id = CASE WHEN m.merged_into IS NULL THEN m.id ELSE m.merged_into END
          LEFT JOIN LATERAL (
                SELECT x.ends_on FROM membership_terms AS x
                 WHERE x.tenant_id = %(tenant_id)s AND x.member_id = t.member_id
                   AND x.transaction_id <> t.transaction_id
                   AND NOT EXISTS (SELECT FROM transactions AS r
                                    WHERE r.tenant_id = %(tenant_id)s AND r.reverses_id = x.transaction_id)
                 ORDER BY x.ends_on DESC
                 LIMIT 1) AS o ON true
         CROSS JOIN LATERAL (
                SELECT x.ended_on FROM membership_terms AS x
                 WHERE x.tenant_id = %(tenant_id)s AND x.member_id = t.member_id
                 ORDER BY x.transaction_id
                 LIMIT 1) AS f
         WHERE t.tenant_id = %(tenant_id)s AND t.transaction_id = %(transaction_id)s AND p.expires_on = t.ends_on
        """,
        {"transaction_id": transaction_id},
    ).one_or_none()
    if row is not None:
        _end(act, row.id, row.ends_on)


def _end(act: Act, member_id: uuid.UUID, ends_on: dt.date | None) -> None:
    act.execute(
        """
        UPDATE parties SET expires_on = %(ends_on)s, version = version + 1
         WHERE tenant_id = %(tenant_id)s AND id = %(member_id)s
        """,
        {"member_id": member_id, "ends_on": ends_on},
    )
