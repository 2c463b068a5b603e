"""Put the parts together: `create_app()`."""

from typing import Any

from flask import Flask
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy.exc import OperationalError
from werkzeug.middleware.proxy_fix import ProxyFix

from ledger_web import (
    blueprints,
    cli,
    csrf,
    error_pages,
    filters,
    headers,
    identity,
    probes,
    rendering,
    slow_readers,
    tenancy,
)
from ledger_web.config import ROOT, Settings, read_settings
from ledger_web.embedded_postgres import EmbeddedPostgres
from ledger_web.models.base import db, directory_session, end_session, watch_pool
from ledger_web.queries.readiness import list_refusals
from ledger_web.services.provisioning import (
    DatabaseAccess,
    access_to,
    access_to_embedded,
    create_database,
    schema_head,
)

BODY_BYTES_MAX = 2 * 1024 * 1024
FORM_PARTS_MAX = 1_000
FIELD_BYTES_MAX = 64 * 1024
# A connection that no packet comes back from is given up after about 11 seconds, not after the system's two hours.
DEAD_CONNECTIONS = {
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 11_000,  # milliseconds
}


class NotReadyError(Exception):
    """The shop does not open in this state; the last lines of the message say what to do."""


def create_app(settings: Settings | None = None) -> Flask:
    """Make the application.

    Raises:
        NotReadyError: The database must not be served from: see `queries/readiness.py`.
    """
    settings = settings or read_settings()
    app = Flask(
        "ledger_web", root_path=str(ROOT / "ledger_web"), template_folder="../templates", static_folder="../static"
    )
    access = reach_database(settings)
    app.config.from_mapping(_configuration(settings), **_engine(access.application, settings.threads))
    app.extensions["database_access"] = access  # for commands that the web's own role may not do
    db.init_app(app)
    app.teardown_appcontext(end_session)  # runs before the extension's own, which would fail a finished request
    with app.app_context():
        watch_pool(db.engine)
        try:
            _refuse_what_is_not_ready(settings)
        except NotReadyError:
            db.engine.dispose()
            raise
    _furnish(app)
    slow_readers.init_app(app, settings.threads)
    _believe_proxies(app, settings.proxies)
    probes.stand_before(
        app,
        base_domain=settings.base_domain,
        schema_head=schema_head(),
        token=settings.metrics_token,
        check_durability=settings.check_durability,
    )
    cli.init_app(app)
    return app


def create_bare_app(conninfo: str, *, connections: int) -> Flask:
    """Make what reaches the database as the web does and answers nobody: for a process that the web starts."""
    app = Flask("ledger_web")
    app.config.from_mapping(_engine(conninfo, connections))
    db.init_app(app)
    app.teardown_appcontext(end_session)
    with app.app_context():
        watch_pool(db.engine)
    return app


def _furnish(app: Flask) -> None:
    """Give the application its web. The order is the order in which each looks at a request."""
    for part in (probes, headers, error_pages, rendering, filters, tenancy, csrf, identity):
        part.init_app(app)
    for blueprint in blueprints.ALL:
        app.register_blueprint(blueprint)


def _believe_proxies(app: Flask, proxies: int) -> None:
    """Take the browser's address and the scheme from our own proxies. Never the host: it chooses the shop."""
    if proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=0, x_port=0, x_prefix=0
        )


def reach_database(settings: Settings) -> DatabaseAccess:
    """Say how to reach the database of these settings; the embedded server is started, or joined, for it."""
    if settings.database_url:
        return access_to(settings.database_url, settings.database_owner_url, settings.secret_key)
    server = EmbeddedPostgres(settings.data_dir / "postgres").start()
    create_database(server.conninfo(), "ledger")
    return access_to_embedded(server.conninfo, "ledger")


def _configuration(settings: Settings) -> dict[str, Any]:
    return {
        "SECRET_KEY": settings.secret_key,
        "SECRET_KEY_FALLBACKS": list(settings.secret_key_fallbacks),
        "BASE_DOMAIN": settings.base_domain,
        "SIGN_UP": settings.sign_up,
        "RESOLVERS": settings.resolvers,
        "DEBUG": settings.debug,
        "TESTING": settings.testing,
        "SMTP_HOST": settings.smtp_host,
        "SMTP_PORT": settings.smtp_port,
        "SMTP_USER": settings.smtp_user,
        "SMTP_PASSWORD": settings.smtp_password,
        "SMTP_FROM": settings.smtp_from,
        "SMTP_TLS": settings.smtp_tls,
        "EXPORT_DIR": settings.export_dir or settings.data_dir / "exports",
        "LOG_FORMAT": settings.log_format,
        "MAX_CONTENT_LENGTH": BODY_BYTES_MAX,
        "MAX_FORM_PARTS": FORM_PARTS_MAX,
        "MAX_FORM_MEMORY_SIZE": FIELD_BYTES_MAX,
    }


def _engine(conninfo: str, connections: int) -> dict[str, Any]:
    """One connection for each thread, none more: whoever waits longer than three seconds is told to come back."""
    return {
        "SQLALCHEMY_DATABASE_URI": "postgresql+psycopg://",
        "SQLALCHEMY_ENGINE_OPTIONS": {
            "connect_args": {"connect_timeout": 3, "application_name": "ledger_web"}
            | DEAD_CONNECTIONS
            | conninfo_to_dict(conninfo),
            "pool_size": connections,
            "pool_use_lifo": True,  # those used last have what the next one asks ready in their memory
            "max_overflow": 0,
            "pool_timeout": 3,
            "pool_recycle": 1800,
        },
    }


def _refuse_what_is_not_ready(settings: Settings) -> None:
    try:
        refusals = list_refusals(
            directory_session(), schema_head=schema_head(), check_durability=settings.check_durability
        )
    except OperationalError as error:
        raise NotReadyError(
            f"The database cannot be reached: {str(error.orig).strip()}\n"
            "Look at DATABASE_URL and at the server; `python3 app.py migrate` says more about roles and passwords."
        ) from error
    finally:
        db.session.remove()
    if refusals:
        raise NotReadyError("\n".join(f"{refusal.reason}\n{refusal.remedy}" for refusal in refusals))
