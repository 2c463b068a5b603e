"""Floor 4, HTTP in and HTML out: one file per feature. A handler says form, service or query, answer.

`ALL` is the table of contents of the site; `factory.create_app` registers it.
"""

from ledger_web.blueprints import (
    accounts,
    admin,
    appearance,
    auth,
    books,
    drawers,
    expenses,
    home,
    labels,
    landing,
    measure_rules,
    parties,
    payments,
    product_imports,
    products,
    reports,
    sales,
    scan,
    sell,
    shifts,
    transactions,
)

ALL = (
    landing.blueprint,
    auth.blueprint,
    appearance.blueprint,
    home.blueprint,
    sell.blueprint,
    sales.blueprint,
    *parties.blueprints,
    payments.blueprint,
    shifts.blueprint,
    drawers.blueprint,
    products.blueprint,
    product_imports.blueprint,
    labels.blueprint,
    scan.blueprint,
    measure_rules.blueprint,
    transactions.blueprint,
    accounts.blueprint,
    expenses.blueprint,
    books.blueprint,
    reports.blueprint,
    admin.blueprint,
)
