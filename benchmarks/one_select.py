"""The yardstick of pages: an ordinary page with one SELECT, served the way the shop is."""

import os

from flask import Flask, render_template_string
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels
from sqlalchemy import create_engine, text

from ledger_web.config import read_settings

PAGE = (
    "<!doctype html><title>{{ slug }}</title><h1>{{ slug }}</h1><p>{% for n in range(20) %}<b>{{ n }}</b>{% endfor %}"
)


def worker() -> Flask:
    app = Flask("one_select")
    where = os.environ["ONE_SELECT_DATABASE"]
    engine = create_engine(f"postgresql+psycopg:///?{where}", pool_size=read_settings().threads, max_overflow=0)

    @app.get("/")
    def show() -> str:
        with engine.connect() as connection:
            slug = connection.execute(text("SELECT slug FROM tenant_directory LIMIT 1")).scalar_one()
        return render_template_string(PAGE, slug=slug)

    return app


if __name__ == "__main__":
    settings = read_settings()
    Granian(
        "benchmarks.one_select:worker",
        factory=True,
        address=settings.address,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=settings.workers,
        blocking_threads=settings.threads,
        log_level=LogLevels.error,
    ).serve()
