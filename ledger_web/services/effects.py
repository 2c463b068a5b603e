"""What entries will do to the cached balances, for previews: from what is in them now, without a lock."""

from collections.abc import Sequence

from ledger_web.domain.journal import Entry, deltas
from ledger_web.services.posting import Act, account_id, net
from ledger_web.services.reversals import BalanceEffect


def balance_effects(act: Act, entries: Sequence[Entry]) -> list[BalanceEffect]:
    """Say what each balance is and will be, in the order in which the entries name them, opened yet or not."""
    sums = {key: amounts for key, amounts in deltas(entries).items() if key.cached}
    balances = act.execute(
        "SELECT id, balance FROM accounts WHERE tenant_id = %(tenant_id)s AND id = ANY(%(ids)s)",
        {"ids": [account_id(act.tenant_id, key) for key in sums]},
    )
    holders = act.execute(
        """
        SELECT 'p' || id AS holder, name FROM parties
         WHERE tenant_id = %(tenant_id)s AND id = ANY(%(parties)s::uuid[])
         UNION ALL
        SELECT 'd' || id, name FROM cash_drawers
         WHERE tenant_id = %(tenant_id)s AND id = ANY(%(drawers)s::uuid[])
         UNION ALL
        SELECT 'c' || code, name FROM bank_accounts
         WHERE tenant_id = %(tenant_id)s AND code = ANY(%(codes)s::text[])
        """,
        {
            "parties": [key.party_id for key in sums if key.party_id],
            "drawers": [key.drawer_id for key in sums if key.drawer_id],
            "codes": [key.code for key in sums if key.kind == "bank"],
        },
    )
    before = {row.id: row.balance for row in balances}
    names = {row.holder: row.name for row in holders}
    effects = []
    for key, amounts in sums.items():
        named = f"p{key.party_id}" if key.party_id else f"d{key.drawer_id}" if key.drawer_id else f"c{key.code}"
        now = before.get(account_id(act.tenant_id, key), 0)
        effects.append(BalanceEffect(key.kind, names.get(named, ""), key.currency, now, now + net(key, amounts)))
    return effects
