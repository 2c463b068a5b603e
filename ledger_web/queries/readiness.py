"""Whether the database may be served from: who we are, what the schema is, what the server promises.

Every question is asked of PostgreSQL's catalogue, with the application's own role.
"""

from dataclasses import dataclass

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

POLICY = "(tenant_id = (current_setting('app.tenant_id'::text))::bigint)"
TABLES_OF_NO_SHOP = ("tenant_directory", "domain_directory", "mail_requests", "alembic_version")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nothing is served, and what to do about it: two lines."""

    reason: str
    remedy: str


def list_refusals(session: Session, *, schema_head: str, check_durability: bool) -> list[Refusal]:
    """Return all reasons not to serve from this database; none is the good answer.

    Args:
        session: Any session of the application's role; the directory's will do.
        schema_head: The newest migration.
        check_durability: False only for tests, whose server forgets on purpose.
    """
    refusals = _refuse_role(session)
    if not refusals:
        refusals = _refuse_schema(session, schema_head)
    if not refusals:
        refusals = _refuse_tables(session)
    if check_durability:
        refusals += _refuse_forgetful_server(session)
    return refusals


_POWERS = text(
    r"""
    SELECT current_user AS role,
           r.rolsuper AS is_superuser,
           r.rolbypassrls AS bypasses_row_security,
           r.rolcreaterole AS creates_roles,
           pg_has_role(current_user, d.datdba, 'MEMBER') AS owns_the_database,
           EXISTS (SELECT FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
                    WHERE n.nspname = 'public' AND pg_has_role(current_user, c.relowner, 'MEMBER')) AS owns_tables,
           EXISTS (SELECT FROM pg_roles AS other
                    WHERE (other.rolsuper OR other.rolbypassrls OR other.rolname = 'ledger_owner')
                      AND pg_has_role(current_user, other.oid, 'MEMBER')) AS belongs_to_a_stronger_role,
           EXISTS (SELECT FROM pg_namespace AS n
                    WHERE n.nspname NOT LIKE 'pg\_temp\_%' AND n.nspname NOT LIKE 'pg\_toast\_temp\_%'
                      AND has_schema_privilege(n.oid, 'CREATE')) AS creates_tables,
           has_database_privilege(d.oid, 'TEMP') AS creates_temporary_tables,
           has_database_privilege(d.oid, 'CREATE') AS creates_schemas
      FROM pg_roles AS r
      JOIN pg_database AS d ON d.datname = current_database()
     WHERE r.rolname = current_user
    """
)


def _refuse_role(session: Session) -> list[Refusal]:
    powers = session.execute(_POWERS).mappings().one()
    names = [name.replace("_", " ") for name, held in powers.items() if held is True]
    if not names:
        return []
    return [
        Refusal(
            f"The role {powers['role']} could step around the isolation of the shops: it {', '.join(names)}.",
            "Let DATABASE_URL name the role ledger_app as `python3 app.py migrate` makes it, "
            "or the role that may make it.",
        )
    ]


# Written by whoever migrates: how old a release may be that goes on serving.
_OLDEST_BESIDE = text("SELECT obj_description('public.alembic_version'::regclass, 'pg_class')")


def _refuse_schema(session: Session, head: str) -> list[Refusal]:
    exists = session.scalar(text("SELECT to_regclass('public.alembic_version') IS NOT NULL"))
    found = session.scalar(text("SELECT max(version_num) FROM public.alembic_version")) if exists else None
    if found == head or (found and found > head and head >= (session.scalar(_OLDEST_BESIDE) or found)):
        return []
    remedy = "Run `python3 app.py migrate` with DATABASE_OWNER_URL set to the role that owns the tables."
    if found and found > head:
        remedy = "Start the newer release: this one does not know what that schema means."
    return [Refusal(f"The schema is at {found or 'nothing'}, this release needs {head}.", remedy)]


_UNPROTECTED: TextClause = text(
    """
    SELECT c.relname
      FROM pg_class AS c
      JOIN pg_namespace AS n ON n.oid = c.relnamespace
     WHERE n.nspname = 'public'
       AND c.relkind IN ('r', 'p')
       AND c.relname <> ALL (:tables_of_no_shop)
       AND NOT (c.relrowsecurity
                AND c.relforcerowsecurity
                AND 1 = (SELECT count(*) FROM pg_policy AS p WHERE p.polrelid = c.oid)
                AND EXISTS (SELECT FROM pg_policy AS p
                             WHERE p.polrelid = c.oid
                               AND p.polpermissive
                               AND p.polcmd = '*'
                               AND p.polroles = '{0}'
                               AND pg_get_expr(p.polqual, p.polrelid) = :policy
                               AND pg_get_expr(p.polwithcheck, p.polrelid) = :policy))
     UNION ALL
    SELECT c.relname
      FROM pg_class AS c
      JOIN pg_namespace AS n ON n.oid = c.relnamespace
     WHERE n.nspname = 'public'
       AND (c.relkind = 'm'
            OR c.relkind = 'v' AND NOT coalesce(c.reloptions @> ARRAY['security_invoker=true'], false))
     ORDER BY relname
    """
)


def list_unprotected(session: Session) -> list[str]:
    """Name the tables without the one forced policy, and the views that would look around it."""
    values = {"tables_of_no_shop": list(TABLES_OF_NO_SHOP), "policy": POLICY}
    return list(session.scalars(_UNPROTECTED, values))


def _refuse_tables(session: Session) -> list[Refusal]:
    names = list_unprotected(session)
    if not names:
        return []
    return [
        Refusal(
            f"One shop could read another's rows in: {', '.join(names)}.",
            "Put each under the policy: `protect(…)` in a migration; views WITH (security_invoker = true).",
        )
    ]


def _refuse_forgetful_server(session: Session) -> list[Refusal]:
    off = session.scalars(
        text(
            """
            SELECT name FROM pg_settings
             WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') AND setting = 'off' ORDER BY name
            """
        )
    ).all()
    if not off:
        return []
    return [
        Refusal(
            f"The server may forget a sale it has confirmed: {', '.join(off)} is off.",
            "Turn on in postgresql.conf, or ALTER SYSTEM RESET, and reload: " + ", ".join(off) + ".",
        )
    ]
