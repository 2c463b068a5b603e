"""Ledger Web.

python3 app.py             install what is missing, open the shop at http://demo.localhost:8000/
python3 app.py test        install what is missing, run every test; `test long` the long ones
python3 app.py lint        ruff, mypy, djlint, bandit
python3 app.py psql        the database, as its superuser
python3 app.py bench       measure, beside yardsticks
python3 app.py <command>   any command of `flask`, on the same database
gunicorn app:app           any other server; DATABASE_URL and SECRET_KEY must be set
"""

import sys

if __name__ == "__main__":
    from ledger_web.bootstrap import ensure

    ensure(dev=sys.argv[1:2] in (["test"], ["lint"]))
    from ledger_web.start import main

    sys.exit(main(sys.argv[1:]))

if __name__ != "__mp_main__":  # a worker process that looks at its parent's main module
    from ledger_web.start import application

    app = application()
