"""Ledger Web: the books of many shops.

The floors; each imports only from floors below it, and `services` and `queries` never from one another:

    5   factory · cli · serve                                          puts the parts together
    4   blueprints · forms · tenancy · identity · rendering · filters · error_pages · headers
                                                                       the only floor that knows Flask
    3   services  |  queries                                           writes | reads
    2   models                                                         the only tables
    1   domain                                                         no Flask, no SQL, no clock

Outside the floors: `bootstrap` (makes .venv), `embedded_postgres` (the server when no DATABASE_URL is set) and
`config` (settings; floor 5 reads them and hands them down). `tests/test_floors.py` keeps this true.
"""
