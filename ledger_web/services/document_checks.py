"""Documents held against their entries, both ways, for every kind of document. Reported, never repaired.

A document says what its transaction should have moved; the entries say what it did move. Each fact is a row
(id, figure, currency, said, booked) with one of the two sides; what does not come to the same on both sides is wrong.
A new kind of document adds its facts here, and its ids to CLAIMS_ON_TRANSACTIONS. Source: product spec 9; promises L6.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ledger_web.services.cached_balances import Source, ends

# What names a transaction: its own row, whatever the document rows say of it, and its entries. Each holds an index on
# its column, so the next ids are the first of each, in their common order.
CLAIMS_ON_TRANSACTIONS: Final = (
    ("transactions", "id"),
    ("entries", "transaction_id"),
    ("sales", "id"),
    ("sale_returns", "id"),
    ("purchases", "id"),
    ("purchase_returns", "id"),
    ("purchase_charges", "transaction_id"),
    ("payments", "transaction_id"),
    ("stock_moves", "transaction_id"),
    ("open_items", "transaction_id"),
    ("shifts", "id"),
    ("allocations", "made_in"),
)

# Kinds that are nothing without a document of their own, and the table it is in.
DOCUMENT_OF: Final[Mapping[str, str]] = MappingProxyType(
    {
        "sale": "sales",
        "sale_return": "sale_returns",
        "purchase": "purchases",
        "purchase_return": "purchase_returns",
        "payment": "payments",
        "shift_opening": "shifts",
    }
)

# Kinds that never move money, goods or debts but between these: (debited, credited) kinds of accounts. Settling in a
# foreign currency posts the gain or loss beside them.
_PLACES: Final = frozenset({"cash", "bank"})
_REALISED: Final = frozenset({("exchange", "revenue"), ("expense", "exchange")})


def _between(debits: frozenset[str] | set[str], credits: frozenset[str] | set[str]) -> frozenset[tuple[str, str]]:
    return frozenset((debit, credit) for debit in debits for credit in credits)


SHAPES: Final[Mapping[str, frozenset[tuple[str, str]]]] = MappingProxyType(
    {
        "expense": _between({"expense"}, _PLACES),
        "income": _between(_PLACES, {"revenue"}),
        "pay_in": _between(_PLACES, {"equity"}),
        "pay_out": _between({"equity", "expense"}, _PLACES),
        "transfer": _between(_PLACES, _PLACES),
        "drop": _between({"bank"}, {"cash"}),
        "exchange": _between({"cash", "exchange"}, {"cash", "exchange"}),
        "owner_deposit": _between(_PLACES, {"equity"}),
        "owner_drawing": _between({"equity"}, _PLACES),
        "opening_stock": _between({"inventory"}, {"equity"}),
        "shift_opening": _between({"cash"}, {"equity", "over_short"}) | _between({"equity", "over_short"}, {"cash"}),
        "shift_closing": _between({"cash"}, {"over_short"}) | _between({"over_short"}, {"cash"}),
        "salary": _between({"expense"}, {"employee"}) | _REALISED,
        "deduction": _between({"employee"}, {"over_short", "revenue"}) | _REALISED,
        "dues": _between({"member"}, {"revenue"}) | _REALISED,
        "dues_waived": _between({"revenue"}, {"member"}) | _REALISED,
        "set_off": _between({"vendor", "employee"}, {"customer", "member"}) | _REALISED,
        "merge": _between({"customer"}, {"customer"})
        | _between({"vendor"}, {"vendor"})
        | _between({"employee"}, {"employee"})
        | _between({"member"}, {"member"})
        | _between({"store_credit"}, {"store_credit"}),
        "allocation": _REALISED,
        "release": frozenset((credit, debit) for debit, credit in _REALISED) | _REALISED,
    }
)


def _words(words: frozenset[str] | set[str] | tuple[str, ...]) -> str:
    return ", ".join(f"'{word}'" for word in sorted(words))


_SHAPES = ", ".join(
    f"('{kind}', '{debit}', '{credit}')" for kind, pairs in SHAPES.items() for debit, credit in sorted(pairs)
)


def _weight(side: str, kinds: frozenset[str] | set[str]) -> str:
    return f"(CASE WHEN {side}.kind IN ({_words(kinds)}) THEN 1 ELSE 0 END)"


def _net(kinds: set[str], more: str = "debit") -> str:
    """What entries move onto one side of accounts of these kinds."""
    first, second = ("d", "c") if more == "debit" else ("c", "d")
    return f"coalesce(sum(e.amount * ({_weight(first, kinds)} - {_weight(second, kinds)})), 0)"


def _between_ends(column: str, place: str = "place") -> str:
    return f"{column} BETWEEN (SELECT first_id FROM {place}) AND (SELECT last_id FROM {place})"  # nosec B608


def _own(table: str, alias: str, column: str, of: str = "b.id", *, optional: bool = False, place: str = "place") -> str:
    """Join the rows of the batch's transactions, read as one range of an index.

    Joins over a batch hash or merge (`Source.hashes`) whatever the planner believes of a shop, and without the range
    would read all of it.
    """
    return f"""{"LEFT " * optional}JOIN {table} AS {alias}
        ON {alias}.tenant_id = %(tenant_id)s AND {alias}.{column} = {of}
       AND {_between_ends(f"{alias}.{column}", place)}"""


_OWING, _OWED_BY_US = {"customer", "member"}, {"vendor", "employee"}
_OWED = f"""coalesce(sum(e.amount * ({_weight("d", _OWING)} - {_weight("d", _OWED_BY_US)}
                               - {_weight("c", _OWING)} + {_weight("c", _OWED_BY_US)})), 0)"""  # nosec B608 # our own text

# Both sides of an entry.
_SIDES = """CROSS JOIN LATERAL (VALUES (e.debit_account_id, e.amount), (e.credit_account_id, -e.amount))
           AS s(account_id, debit)"""

# What a transaction's entries come to, currency by currency.
_MOVED = f"""
    SELECT e.transaction_id AS id, e.currency, h.kind, h.reverses_id, count(*) AS lines, max(e.line) AS last_line,
           {_net({"revenue", "tax_payable"}, "credit")} AS earned,
           {_net({"tax_payable"}, "credit")} AS tax, {_net({"tax_receivable"})} AS input_tax,
           {_net({"store_credit"}, "credit")} AS store_credit,
           {_net({"cash"})} AS cash, {_net({"bank"})} AS bank, {_net({"inventory"})} AS stock_value, {_OWED} AS owed,
           {_net({"customer"})} AS on_account,
           count(*) FILTER (WHERE d.id IS NULL OR c.id IS NULL OR e.currency <> d.currency OR e.currency <> c.currency)
               AS strangers,
           count(*) FILTER (WHERE e.occurred_on <> h.occurred_on) AS strayed,
           count(*) FILTER (WHERE h.kind IN ({_words(set(SHAPES))})
                              AND (h.kind, d.kind, c.kind) NOT IN (VALUES {_SHAPES})) AS misplaced
      FROM batch AS b
      {_own("entries", "e", "transaction_id")}
      {_own("transactions", "h", "id", optional=True)}
      LEFT JOIN accounts AS d ON d.tenant_id = %(tenant_id)s AND d.id = e.debit_account_id
      LEFT JOIN accounts AS c ON c.tenant_id = %(tenant_id)s AND c.id = e.credit_account_id
     GROUP BY e.transaction_id, e.currency, h.kind, h.reverses_id
"""  # nosec B608 # our own text

# Open items of the batch; reversals in it, with what they reverse.
_ITEMS = f"SELECT i.* FROM batch AS b {_own('open_items', 'i', 'transaction_id')}"  # nosec B608 # our own text
_UNDONE = f"""
    SELECT h.id, h.reverses_id FROM batch AS b {_own("transactions", "h", "id")} AND h.reverses_id IS NOT NULL
"""  # nosec B608 # our own text

_HEADERS = f"""
    SELECT b.id, 'headers' AS figure, NULL::text AS currency, 1::numeric AS said,
           (h.id IS NOT NULL)::integer::numeric AS booked
      FROM batch AS b
      {_own("transactions", "h", "id", optional=True)}
"""  # nosec B608 # our own text

# Entries are numbered from 1, so one that is gone leaves a gap unless it was the last; then an amount differs.
_ENTRIES = """
    SELECT m.id, 'entries', NULL, max(m.last_line), sum(m.lines) FROM moved AS m GROUP BY m.id
     UNION ALL
    SELECT m.id, 'accounts', NULL, 0, m.strangers + m.misplaced FROM moved AS m
     UNION ALL
    SELECT m.id, 'days', NULL, 0, m.strayed FROM moved AS m
"""

_DOCUMENTS = f"""
    SELECT h.id, 'documents', NULL, 1, 0
      FROM batch AS b
      {_own("transactions", "h", "id")}
     WHERE h.kind IN ({_words(set(DOCUMENT_OF))})
     UNION ALL
    SELECT s.id, 'documents', NULL, 0, 1
      FROM batch AS b {_own("sales", "s", "id")}
     UNION ALL
    SELECT r.id, 'documents', NULL, 0, 1
      FROM batch AS b {_own("sale_returns", "r", "id")}
     UNION ALL
    SELECT r.id, 'documents', NULL, 0, 1
      FROM batch AS b {_own("purchase_returns", "r", "id")}
     UNION ALL
    SELECT p.id, 'documents', NULL, 0, 1
      FROM batch AS b {_own("purchases", "p", "id")}
     UNION ALL
    SELECT s.id, 'documents', NULL, 0, 1
      FROM batch AS b {_own("shifts", "s", "id")}
     UNION ALL
    SELECT p.transaction_id, 'documents', NULL, 0, 1
      FROM batch AS b
      {_own("transactions", "h", "id")} AND h.kind = 'payment'
      {_own("payments", "p", "transaction_id")}
"""  # nosec B608 # our own text

# What a sale says was sold, but for gift cards, was earned; of these the shop owes what is on them.
_SALES = f"""
    SELECT s.id, x.figure, s.currency, x.said, x.booked
      FROM batch AS b
      {_own("sales", "s", "id")}
     CROSS JOIN LATERAL (VALUES ('total', s.total, 0), ('tax', s.tax_total, 0), ('lines', s.total, 0),
                                ('line_taxes', s.tax_total, 0)) AS x(figure, said, booked)
     UNION ALL
    SELECT s.id, x.figure, s.currency, x.said, x.booked
      FROM batch AS b
      {_own("sales", "s", "id")}
      {_own("sale_lines", "l", "sale_id")}
     CROSS JOIN LATERAL (VALUES ('lines', 0, l.total), ('line_taxes', 0, l.tax),
                                ('total', CASE WHEN l.gift_card_id IS NOT NULL THEN -l.total END, 0),
                                ('store_credit', CASE WHEN l.gift_card_id IS NOT NULL THEN l.total END, 0))
           AS x(figure, said, booked)
     WHERE x.said IS NOT NULL
     UNION ALL
    SELECT m.id, x.figure, m.currency, 0, x.booked
      FROM moved AS m
     CROSS JOIN LATERAL (VALUES ('total', m.earned), ('tax', m.tax), ('store_credit', m.store_credit))
           AS x(figure, booked)
     WHERE m.kind = 'sale'
     UNION ALL
    SELECT p.sale_id, 'store_credit', p.currency, -p.applied, 0
      FROM batch AS b
      {_own("payments", "p", "transaction_id")} AND p.sale_id = b.id
     WHERE p.method IN ('gift_card', 'store_credit', 'exchange')
     UNION ALL
    SELECT s.id, 'on_account', s.currency, s.on_account, 0
      FROM batch AS b {_own("sales", "s", "id")}
     UNION ALL
    SELECT m.id, 'on_account', m.currency, 0, m.on_account FROM moved AS m WHERE m.kind = 'sale'
     UNION ALL
    SELECT s.id, 'reversals', NULL, (s.deleted_at IS NOT NULL)::integer, 0
      FROM batch AS b {_own("sales", "s", "id")}
     UNION ALL
    SELECT b.id, 'reversals', NULL, 0, 1
      FROM batch AS b
      {_own("sales", "s", "id")}
      {_own("transactions", "r", "reverses_id")}
"""  # nosec B608 # our own text

# What came back takes back what was earned with it, but for gift cards.
_RETURNS = f"""
    SELECT r.id, x.figure, r.currency, x.said, x.booked
      FROM batch AS b
      {_own("sale_returns", "r", "id")}
     CROSS JOIN LATERAL (VALUES ('total', r.total, 0), ('tax', r.tax_total, 0), ('lines', r.total, 0),
                                ('line_taxes', r.tax_total, 0)) AS x(figure, said, booked)
     UNION ALL
    SELECT r.id, x.figure, r.currency, x.said, x.booked
      FROM batch AS b
      {_own("sale_returns", "r", "id")}
      {_own("sale_return_lines", "l", "return_id")}
      LEFT JOIN sale_lines AS s
        ON s.tenant_id = %(tenant_id)s AND s.sale_id = r.sale_id AND s.line = l.sale_line AND s.gift_card_id IS NOT NULL
     CROSS JOIN LATERAL (VALUES ('lines', 0, l.total), ('line_taxes', 0, l.tax),
                                ('total', CASE WHEN s.gift_card_id IS NOT NULL THEN -l.total END, 0))
           AS x(figure, said, booked)
     WHERE x.said IS NOT NULL
     UNION ALL
    SELECT m.id, x.figure, m.currency, 0, x.booked
      FROM moved AS m
     CROSS JOIN LATERAL (VALUES ('total', -m.earned), ('tax', -m.tax)) AS x(figure, booked)
     WHERE m.kind = 'sale_return'
"""  # nosec B608 # our own text

# What a purchase says is owed to its vendor, and to the payees of its charges in their currencies, also of those that
# came late; and what goods that went back took off it.
_PURCHASES = f"""
    SELECT p.id, x.figure, x.currency, x.said, 0
      FROM batch AS b
      {_own("purchases", "p", "id")}
     CROSS JOIN LATERAL (VALUES ('total', p.currency, p.total), ('tax', p.base_currency, p.tax_base),
                                ('kept', p.base_currency, p.kept_base)) AS x(figure, currency, said)
     UNION ALL
    SELECT c.transaction_id, 'total', c.currency, c.net + c.tax, 0
      FROM batch AS b
      {_own("purchase_charges", "c", "transaction_id")}
     WHERE c.payee_id IS NOT NULL OR c.transaction_id <> c.purchase_id
     UNION ALL
    SELECT m.id, 'total', m.currency, 0, m.owed FROM moved AS m WHERE m.kind = 'purchase_charge'
     UNION ALL
    SELECT r.id, x.figure, x.currency, x.said, 0
      FROM batch AS b
      {_own("purchase_returns", "r", "id")}
     CROSS JOIN LATERAL (VALUES ('total', r.currency::text, r.total),
                                ('reversals', NULL, (r.deleted_at IS NOT NULL)::integer)) AS x(figure, currency, said)
     UNION ALL
    SELECT m.id, 'total', m.currency, 0, -m.owed FROM moved AS m WHERE m.kind = 'purchase_return'
     UNION ALL
    SELECT b.id, 'reversals', NULL, 0, 1
      FROM batch AS b
      {_own("purchase_returns", "r", "id")}
      {_own("transactions", "t", "reverses_id")}
     UNION ALL
    SELECT m.id, x.figure, m.currency, 0, x.booked
      FROM moved AS m
     CROSS JOIN LATERAL (VALUES ('total', m.owed), ('tax', m.input_tax), ('kept', m.stock_value)) AS x(figure, booked)
     WHERE m.kind = 'purchase'
     UNION ALL
    SELECT p.id, 'reversals', NULL, (p.deleted_at IS NOT NULL)::integer, 0
      FROM batch AS b {_own("purchases", "p", "id")}
     UNION ALL
    SELECT b.id, 'reversals', NULL, 0, 1
      FROM batch AS b
      {_own("purchases", "p", "id")}
      {_own("transactions", "r", "reverses_id")}
"""  # nosec B608 # our own text

# Money: what payments say went through drawers and banks, in its own currency each.
_PAYMENTS = f"""
    SELECT p.transaction_id, CASE WHEN p.drawer_id IS NULL THEN 'bank' ELSE 'cash' END, p.currency,
           CASE p.direction WHEN 'in' THEN p.applied ELSE -p.applied END, 0
      FROM batch AS b
      {_own("payments", "p", "transaction_id")}
     WHERE p.drawer_id IS NOT NULL OR p.bank_id IS NOT NULL
     UNION ALL
    SELECT p.transaction_id, 'cash', p.other_change_currency, -p.other_change, 0
      FROM batch AS b
      {_own("payments", "p", "transaction_id")} AND p.other_change IS NOT NULL
     UNION ALL
    SELECT m.id, 'cash', m.currency, 0, m.cash FROM moved AS m WHERE m.kind IN ('sale', 'sale_return', 'payment')
     UNION ALL
    SELECT m.id, 'bank', m.currency, 0, m.bank FROM moved AS m WHERE m.kind IN ('sale', 'sale_return', 'payment')
"""  # nosec B608 # our own text

_GOODS = f"""
    SELECT g.transaction_id, 'stock_value', t.base_currency, g.value, 0
      FROM batch AS b
      {_own("stock_moves", "g", "transaction_id")}
      JOIN tenants AS t ON t.tenant_id = %(tenant_id)s
     UNION ALL
    SELECT m.id, 'stock_value', m.currency, 0, m.stock_value FROM moved AS m
"""  # nosec B608 # our own text

# What parties owe by their open items. A transaction that was undone before there were items has none.
_DEBTS = f"""
    SELECT i.transaction_id, 'owed', i.currency, CASE i.side WHEN 'charge' THEN i.amount ELSE -i.amount END, 0
      FROM items AS i
     UNION ALL
    SELECT m.id, 'owed', m.currency, 0, m.owed
      FROM moved AS m
     WHERE m.reverses_id IS NULL
       AND (m.id IN (SELECT i.transaction_id FROM items AS i)
            OR m.id NOT IN (SELECT r.reverses_id FROM transactions AS r
                             WHERE r.tenant_id = %(tenant_id)s AND {_between_ends("r.reverses_id")}))
"""  # nosec B608 # our own text

# What stands on another party's account than the open item's, though all together it is right. Who was merged is who
# they were merged into.
_PARTIES = f"""
    SELECT d.id, 'misdirected', d.currency, 0, (sum(abs(d.off)) - abs(sum(d.off))) / 2
      FROM (SELECT o.id, o.currency, o.party_id, sum(o.amount) AS off
              FROM (SELECT i.transaction_id AS id, i.currency, i.party_id,
                           CASE i.side WHEN 'charge' THEN -i.amount ELSE i.amount END AS amount
                      FROM items AS i
                     UNION ALL
                    SELECT b.id, e.currency, coalesce(p.merged_into, p.id),
                           CASE WHEN a.kind IN ({_words(_OWING)}) THEN s.debit ELSE -s.debit END
                      FROM batch AS b
                      {_own("entries", "e", "transaction_id")}
                      {_SIDES}
                      JOIN accounts AS a
                        ON a.tenant_id = %(tenant_id)s AND a.id = s.account_id
                       AND a.kind IN ({_words(_OWING | _OWED_BY_US)})
                      JOIN parties AS p ON p.tenant_id = %(tenant_id)s AND p.id = a.party_id) AS o
             GROUP BY o.id, o.currency, o.party_id) AS d
      {_own("transactions", "h", "id", "d.id")} AND h.reverses_id IS NULL
     GROUP BY d.id, d.currency
"""  # nosec B608 # our own text

# More allocated than there is, or what was undone; allocations between sides, parties or currencies that do not meet.
_ALLOCATIONS = f"""
    SELECT i.transaction_id, 'allocated', i.currency,
           least(a.amount, CASE WHEN i.cancelled_in IS NULL THEN i.amount ELSE 0 END), a.amount
      FROM items AS i
      JOIN (SELECT x.id, sum(x.amount) AS amount
              FROM (SELECT c.credit_id AS id, c.amount FROM allocations AS c
                     WHERE c.tenant_id = %(tenant_id)s AND c.released_in IS NULL
                       AND {_between_ends("c.credit_id", "items_place")}
                     UNION ALL
                    SELECT d.charge_id, d.amount FROM allocations AS d
                     WHERE d.tenant_id = %(tenant_id)s AND d.released_in IS NULL
                       AND {_between_ends("d.charge_id", "items_place")}) AS x
             GROUP BY x.id) AS a ON a.id = i.id
     UNION ALL
    SELECT a.made_in, 'allocations', NULL, 0, 1
      FROM batch AS b
      {_own("allocations", "a", "made_in")}
      LEFT JOIN open_items AS c ON c.tenant_id = %(tenant_id)s AND c.id = a.credit_id
      LEFT JOIN open_items AS d ON d.tenant_id = %(tenant_id)s AND d.id = a.charge_id
     WHERE (c.side, d.side, c.party_id, c.currency) IS DISTINCT FROM ('credit', 'charge', d.party_id, d.currency)
"""  # nosec B608 # our own text

_SHIFTS = f"""
    SELECT c.shift_id, 'cash', c.currency, c.counted - c.expected, 0
      FROM batch AS b
      {_own("shift_counts", "c", "shift_id")} AND c.moment = 'opening'
     UNION ALL
    SELECT b.id, 'cash', c.currency, c.counted - c.expected, 0
      FROM batch AS b
      {_own("shifts", "s", "closed_in")}
      JOIN shift_counts AS c
        ON c.tenant_id = %(tenant_id)s AND c.shift_id = s.id AND c.moment = 'closing'
     UNION ALL
    SELECT m.id, 'cash', m.currency, 0, m.cash FROM moved AS m WHERE m.kind = 'shift_opening'
     UNION ALL
    SELECT m.id, 'cash', m.currency, 0, m.cash
      FROM moved AS m
      {_own("shifts", "s", "closed_in", "m.id")}
     WHERE m.kind = 'shift_closing'
"""  # nosec B608 # our own text

# A reversal leaves nothing of what it reverses, but for what goods and foreign money are worth by then. Who was merged
# since is who they were merged into.
_REVERSALS = f"""
    SELECT x.id, 'left', x.currency, 0, greatest(sum(greatest(x.net, 0)), sum(greatest(-x.net, 0)))
      FROM (SELECT e.id, e.currency, sum(s.debit) AS net
              FROM (SELECT u.id, e.currency, e.debit_account_id, e.credit_account_id, e.amount
                      FROM undone AS u {_own("entries", "e", "transaction_id", "u.id")}
                     UNION ALL
                    SELECT u.id, e.currency, e.debit_account_id, e.credit_account_id, e.amount
                      FROM undone AS u
                      {_own("entries", "e", "transaction_id", "u.reverses_id", place="undone_place")}) AS e
              {_SIDES}
              JOIN accounts AS a ON a.tenant_id = %(tenant_id)s AND a.id = s.account_id
              LEFT JOIN parties AS p ON p.tenant_id = %(tenant_id)s AND p.id = a.party_id
             WHERE a.kind NOT IN ('exchange', 'revenue', 'expense', 'inventory', 'cost_of_sales')
             GROUP BY e.id, a.kind, coalesce(p.merged_into, a.party_id), a.drawer_id, a.code, e.currency) AS x
     GROUP BY x.id, x.currency
"""  # nosec B608 # our own text

FACTS: Final = (
    _HEADERS, _ENTRIES, _DOCUMENTS, _SALES, _RETURNS, _PURCHASES, _PAYMENTS, _GOODS, _DEBTS, _PARTIES, _ALLOCATIONS,
    _SHIFTS, _REVERSALS,
)  # fmt: skip

# Of a transaction also the one it undoes, and those whose open items it settled or released.
_MOVED_TRANSACTIONS = """
    SELECT unnest(ARRAY[t.id, coalesce(t.reverses_id, t.id)])
      FROM transactions AS t
     WHERE t.tenant_id = %(tenant_id)s AND t.posted_at >= %(since)s::timestamptz
     UNION
    SELECT i.transaction_id
      FROM transactions AS t
      JOIN allocations AS a ON a.tenant_id = %(tenant_id)s AND a.made_in = t.id
      JOIN open_items AS i ON i.tenant_id = %(tenant_id)s AND i.id IN (a.credit_id, a.charge_id)
     WHERE t.tenant_id = %(tenant_id)s AND t.posted_at >= %(since)s::timestamptz
"""
_NEXT_IDS = " UNION ".join(
    f"(SELECT DISTINCT {column} AS id FROM {table}"
    f" WHERE tenant_id = %(tenant_id)s AND {column} > %(after)s"
    f" AND (%(since)s::timestamptz IS NULL OR {column} IN ({_MOVED_TRANSACTIONS})) ORDER BY 1 LIMIT %(limit)s)"
    for table, column in CLAIMS_ON_TRANSACTIONS
)  # nosec B608 # our own text

DOCUMENTS: Final = Source(
    figures=(),  # each row says its own
    hashes=True,
    count=f"""
        SELECT count(*) FROM transactions
         WHERE tenant_id = %(tenant_id)s AND (%(since)s::timestamptz IS NULL OR id IN ({_MOVED_TRANSACTIONS}))
    """,  # nosec B608 # our own text
    batch=f"SELECT n.id FROM ({_NEXT_IDS}) AS n ORDER BY n.id LIMIT %(limit)s",  # nosec B608 # our own text
    named="SELECT n.id FROM unnest(%(ids)s::uuid[]) AS n(id)",
    found="""
        SELECT id FROM transactions WHERE tenant_id = %(tenant_id)s AND id = %(holder_id)s
         UNION
        SELECT transaction_id FROM open_items WHERE tenant_id = %(tenant_id)s AND party_id = %(holder_id)s
    """,
    compared=f"""
        WITH moved AS MATERIALIZED ({_MOVED}), items AS MATERIALIZED ({_ITEMS}), undone AS MATERIALIZED ({_UNDONE}),
             items_place AS ({ends("id", "items")}), undone_place AS ({ends("reverses_id", "undone")})
        SELECT w.id,
               coalesce(max(s.number), max(r.number), max(p.number), max(undone.number),
                        max(h.kind || ' ' || h.occurred_on), 'unknown') AS holder,
               max(t.base_currency) AS currency,
               array_agg(w.figure || CASE WHEN w.currency <> t.base_currency THEN ' ' || w.currency ELSE '' END
                         ORDER BY w.figure, w.currency) AS figures,
               array_agg(w.said ORDER BY w.figure, w.currency) AS cached,
               array_agg(w.booked ORDER BY w.figure, w.currency) AS computed, false AS is_impossible
          FROM (SELECT f.id, f.figure, f.currency, sum(f.said)::numeric AS said, sum(f.booked)::numeric AS booked
                  FROM ({" UNION ALL ".join(FACTS)}) AS f
                 GROUP BY f.id, f.figure, f.currency
                HAVING sum(f.said) <> sum(f.booked)) AS w
          JOIN tenants AS t ON t.tenant_id = %(tenant_id)s
          {_own("transactions", "h", "id", "w.id", optional=True)}
          {_own("sales", "s", "id", "w.id", optional=True)}
          {_own("sale_returns", "r", "id", "w.id", optional=True)}
          {_own("purchases", "p", "id", "w.id", optional=True)}
          LEFT JOIN sales AS undone ON undone.tenant_id = %(tenant_id)s AND undone.id = h.reverses_id
         GROUP BY w.id
    """,  # nosec B608 # our own text
)
