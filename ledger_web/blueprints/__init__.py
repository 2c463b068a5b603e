"""Floor 4, HTTP in and HTML out: one file per feature. A handler says form, service or query, answer.

`ALL` is the table of contents of the site; `factory.create_app` registers it.
"""

from ledger_web.blueprints import (
    admin,
    appearance,
    auth,
    drawers,
    home,
    landing,
    parties,
    payments,
    product_imports,
    products,
    sales,
    sell,
    shifts,
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
    admin.blueprint,
)
