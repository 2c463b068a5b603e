"""A whole shop as one file: written out, read into another system, and erased for good.

The file is a ZIP: `manifest.json`, and each table of the shop twice, as JSON lines for machines (`json/<table>.jsonl`)
and as CSV for people (`csv/<table>.csv`). The manifest names every table with its rows and the SHA-256 of its lines,
and the sums of the books: whoever reads the file into a system proves by them that nothing was lost on the way.

A large shop is written in parts: each table into a folder, then all of them into the file. Whoever was interrupted goes
on, and a part is used again only if its table is still as it was when it was written: the file is of one moment.

Secrets are not in it: passwords, PINs and codes are blanked, and the tables that let people in are left out. So are
the domains, which are to be proved anew, and the files that were written before.
"""

import datetime as dt
import hashlib
import json
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import IO, Any, Final, TypeAlias

import psycopg
from psycopg import sql

from ledger_web.domain.errors import ConflictError, DuplicateSlugError, RuleViolationError
from ledger_web.domain.sheets import BYTE_ORDER_MARK, FORMULA
from ledger_web.domain.slugs import check_slug

FORMAT: Final = 1
ROWS_AT_ONCE: Final = 2_000
BYTES_AT_ONCE: Final = 16 * 1024 * 1024  # of rows in memory, at least one: papers and pictures are of megabytes each
HELD_DAYS: Final = 365 - 90  # a former address stays nobody else's for so long after it leads nowhere
LEFT_OUT: Final = frozenset(
    {
        "sessions", "sign_in_failures", "password_links", "email_links", "recovery_codes", "tills", "domain_claims",
        "shop_exports",
    }
)  # fmt: skip
BLANKED: Final = {"users": {"password_hash": "'!'", "pin_hash": "NULL", "totp_secret": "NULL"}}
# Rows that name others of their own table are read in at once; these name only rows that are older than they are.
IN_ORDER_OF_ID: Final = frozenset({"transactions"})

Connection: TypeAlias = "psycopg.Connection[tuple[Any, ...]]"


class ArchiveError(RuleViolationError):
    """This file is not a shop that can be read in here."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a shop, and what its rows are made of."""

    name: str
    columns: tuple[str, ...]
    texts: frozenset[str]  # those of the columns that hold text
    key: tuple[str, ...]
    names_its_own: bool


def export_shop(
    conninfo: str,
    tenant_id: int,
    slug: str,
    file: IO[bytes],
    *,
    parts: Path | None = None,
    told: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Write everything a shop has into a ZIP, as it is at one moment; return the manifest.

    Args:
        conninfo: How `ledger_app` or `ledger_owner` reaches the database.
        file: Where to, open for writing.
        parts: A folder in which tables wait until all are written, so that whoever is interrupted can go on; a passing
            one, if left out.
        told: Is called with how many tables are written, and of how many.
    """
    with (
        tempfile.TemporaryDirectory(prefix="ledger-export-") as passing,
        _at_shop(conninfo, tenant_id, "REPEATABLE READ READ ONLY") as connection,
    ):
        tables = [table for table in find_tables(connection) if table.name not in LEFT_OUT]
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
            described = []
            for done, table in enumerate(tables, start=1):
                described.append(_put(connection, archive, table, tenant_id, parts or Path(passing)))
                if told:
                    told(done, len(tables))
            manifest = {
                "format": FORMAT,
                "schema": _schema_of(connection),
                "tenant_id": tenant_id,
                "slug": slug,
                "exported_at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
                "tables": described,
                "books": sums_of_the_books(connection, tenant_id),
            }
            archive.writestr("manifest.json", json.dumps(manifest, indent=1))
    return manifest


def import_shop(conninfo: str, file: IO[bytes], slug: str = "") -> dict[str, Any]:
    """Read a shop into this system: all of it, with equal sums, or nothing. Return its manifest.

    Args:
        conninfo: How `ledger_owner` reaches the database.
        slug: Its address here; "" is the one it had.

    Raises:
        ArchiveError: The file is none of ours, of another schema, or damaged.
        DuplicateSlugError, InvalidSlugError: The address cannot be had here.
        ConflictError: This very shop is here already.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            manifest = _manifest_of(archive)
            address = check_slug(slug or manifest["slug"])
            with _at_shop(conninfo, int(manifest["tenant_id"]), "READ COMMITTED") as connection:
                _must_fit(connection, manifest)
                _enter(connection, address, int(manifest["tenant_id"]))
                described = {each["name"]: each for each in manifest["tables"]}
                for table in find_tables(connection):
                    if table.name in described:
                        _read_table(connection, archive, table, described[table.name])
                if sums_of_the_books(connection, int(manifest["tenant_id"])) != manifest["books"]:
                    raise ArchiveError("The books that were read in do not come to the same sums. Nothing was kept.")
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError) as error:
        raise ArchiveError(f"This file cannot be read as a shop: {error}.") from error
    except (psycopg.DataError, psycopg.errors.InsufficientPrivilege) as error:
        raise ArchiveError(f"This file holds what does not belong into a shop: {error}.") from error
    except psycopg.IntegrityError as error:
        raise ArchiveError(f"The rows of this file contradict each other: {error}.") from error
    return {**manifest, "slug": address}


def purge_shop(conninfo: str, tenant_id: int, *, at_once: bool = False) -> dict[str, int]:
    """Erase a deleted shop: every row of every table, and its addresses. Return how many rows of which table.

    Args:
        conninfo: How `ledger_owner` reaches the database.
        at_once: Do not wait until the days are over in which it can be had back.

    Raises:
        ConflictError: It is not deleted, or can still be had back.
    """
    with _at_shop(conninfo, tenant_id, "READ COMMITTED") as connection:
        row = connection.execute(
            """
            SELECT until >= current_date FROM tenant_directory
             WHERE tenant_id = %s AND status = 'deleted'
               FOR UPDATE
            """,
            [tenant_id],
        ).fetchone()
        if row is None:
            raise ConflictError("This shop is not deleted, so nothing of it is erased. Delete it first.")
        if row[0] and not at_once:
            raise ConflictError("This shop can still be had back. Erase it when that time is over.")
        erased = {
            table.name: _run(connection, "DELETE FROM {} WHERE tenant_id = %s", table.name, tenant_id)
            for table in reversed(find_tables(connection))
        }
        for directory in ("tenant_directory", "domain_directory"):
            erased[directory] = _run(connection, "DELETE FROM {} WHERE tenant_id = %s", directory, tenant_id)
    return {name: rows for name, rows in erased.items() if rows}


def free_addresses(conninfo: str) -> int:
    """Forget former addresses that were held long enough; return how many."""
    with psycopg.connect(conninfo) as connection:
        return connection.execute(
            "DELETE FROM tenant_directory WHERE status = 'former' AND until < current_date - %s", [HELD_DAYS]
        ).rowcount


def find_tables(connection: Connection) -> list[Table]:
    """Return every table of shops, each after those whose rows it names."""
    rows = connection.execute(
        """
        SELECT c.relname,
               (SELECT array_agg(a.attname::text ORDER BY a.attnum) FROM pg_attribute AS a
                 WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''),
               (SELECT coalesce(array_agg(a.attname::text), '{}') FROM pg_attribute AS a
                  JOIN pg_type AS t ON t.oid = a.atttypid AND t.typcategory = 'S'
                 WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
               (SELECT array_agg(a.attname::text ORDER BY k.place)
                  FROM pg_constraint AS p
                 CROSS JOIN unnest(p.conkey) WITH ORDINALITY AS k(attnum, place)
                  JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = k.attnum
                 WHERE p.conrelid = c.oid AND p.contype = 'p'),
               (SELECT coalesce(array_agg(DISTINCT f.confrelid::regclass::text), '{}') FROM pg_constraint AS f
                 WHERE f.conrelid = c.oid AND f.contype = 'f')
          FROM pg_class AS c
         WHERE c.relnamespace = 'public'::regnamespace
           AND c.relkind IN ('r', 'p')
           AND c.relname NOT IN ('tenant_directory', 'domain_directory')
           AND EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id')
         ORDER BY c.relname
        """
    ).fetchall()
    tables = {
        name: Table(name, tuple(columns), frozenset(texts), tuple(key), name in named)
        for name, columns, texts, key, named in rows
    }
    order = TopologicalSorter({name: sorted(set(named) - {name}) for name, *_others, named in rows})
    return [tables[name] for name in order.static_order() if name in tables]


def sums_of_the_books(connection: Connection, tenant_id: int) -> dict[str, Any]:
    """Return what a shop's books come to: debits and credits by kind of account and currency, and the stock."""
    accounts = connection.execute(
        """
        SELECT a.kind, a.currency::text, coalesce(sum(e.amount) FILTER (WHERE e.debit_account_id = a.id), 0)::text,
               coalesce(sum(e.amount) FILTER (WHERE e.credit_account_id = a.id), 0)::text, sum(a.balance)::text
          FROM accounts AS a
          LEFT JOIN entries AS e
            ON e.tenant_id = %(tenant_id)s
           AND a.id IN (e.debit_account_id, e.credit_account_id)
         WHERE a.tenant_id = %(tenant_id)s
         GROUP BY a.kind, a.currency
         ORDER BY a.kind, a.currency
        """,
        {"tenant_id": tenant_id},
    ).fetchall()
    stock = connection.execute(
        """
        SELECT count(*), coalesce(sum(quantity), 0)::text, coalesce(sum(value), 0)::text
          FROM stock_levels
         WHERE tenant_id = %s
        """,
        [tenant_id],
    ).fetchone()
    return {"accounts": [list(row) for row in accounts], "stock": list(stock or ())}


def _at_shop(conninfo: str, tenant_id: int, isolation: str) -> Connection:
    """Connect, and begin a transaction that sees one shop. Reading a whole shop may take longer than a page may."""
    connection = psycopg.connect(conninfo)
    connection.execute(sql.SQL("SET TRANSACTION ISOLATION LEVEL {}").format(sql.SQL(isolation)))
    connection.execute(sql.SQL("SET LOCAL app.tenant_id = {}").format(sql.Literal(str(int(tenant_id)))))
    connection.execute("SET LOCAL statement_timeout = 0")
    connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
    return connection


def _schema_of(connection: Connection) -> str:
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(row[0]) if row else ""


def _put(connection: Connection, archive: zipfile.ZipFile, table: Table, tenant_id: int, parts: Path) -> dict[str, Any]:
    """Put a table into the archive by way of its part; return what the manifest says of it."""
    described = _part(connection, table, _query(table, tenant_id), parts)
    for name in _names(table):
        archive.write(parts / Path(name).name, name)
    return described


def _part(connection: Connection, table: Table, query: sql.Composed, parts: Path) -> dict[str, Any]:
    """Return what is said of a table's part, which is written unless it is there and as the table is now."""
    note = parts / f"{table.name}.json"
    found = _state_of(connection, query)
    state = [FORMAT, _schema_of(connection), *found]
    if note.exists():
        kept = json.loads(note.read_text())
        if kept["state"] == state and kept["files"] == _digests(table, parts):
            return dict(kept["described"])
    note.unlink(missing_ok=True)
    described = _write_table(connection, table, query, _fitting(found), parts)
    draft = note.with_suffix(".draft")
    draft.write_text(json.dumps({"state": state, "files": _digests(table, parts), "described": described}))
    draft.replace(note)
    return described


def _state_of(connection: Connection, query: sql.Composed) -> tuple[int, str, int]:
    """Return how many rows there are, a sum that another row, or a row less, makes another one, and the longest."""
    found = connection.execute(
        sql.SQL(
            """
            SELECT count(*), coalesce(sum(hashtextextended(r::text, 0)), 0)::text,
                   coalesce(max(octet_length(r::text)), 0)
              FROM ({}) AS r
            """
        ).format(query)
    ).fetchone()
    return found or (0, "", 0)


def _fitting(state: tuple[int, str, int]) -> int:
    """Return how many rows may be taken at once."""
    return max(1, min(ROWS_AT_ONCE, BYTES_AT_ONCE // max(1, state[2])))


def _digests(table: Table, parts: Path) -> list[str]:
    """Return the SHA-256 of a part's files; "" of one that is not there."""
    found = []
    for path in (parts / Path(name).name for name in _names(table)):
        if path.exists():
            with path.open("rb") as content:
                found.append(hashlib.file_digest(content, "sha256").hexdigest())
        else:
            found.append("")
    return found


def _names(table: Table) -> tuple[str, str]:
    """Return what a table's files are called in the archive: for machines, for people."""
    return f"json/{table.name}.jsonl", f"csv/{table.name}.csv"


def _query(table: Table, tenant_id: int) -> sql.Composed:
    blanked = BLANKED.get(table.name, {})
    chosen = sql.SQL(", ").join(
        sql.SQL("{} AS {}").format(sql.SQL(blanked[each]), sql.Identifier(each))
        if each in blanked
        else sql.Identifier(each)
        for each in table.columns
    )
    return sql.SQL("SELECT {} FROM {} WHERE tenant_id = {} ORDER BY {}").format(
        chosen,
        sql.Identifier(table.name),
        sql.Literal(tenant_id),
        sql.SQL(", ").join(map(sql.Identifier, table.key)),
    )


def _write_table(
    connection: Connection, table: Table, query: sql.Composed, at_once: int, parts: Path
) -> dict[str, Any]:
    digest, rows = hashlib.sha256(), 0
    for_machines, for_people = (parts / Path(name).name for name in _names(table))
    with for_machines.open("wb") as lines, connection.cursor("rows") as cursor:
        cursor.itersize = at_once
        cursor.execute(sql.SQL("SELECT to_jsonb(r)::text FROM ({}) AS r").format(query))
        for (line,) in cursor:
            written = f"{line}\n".encode()
            digest.update(written)
            lines.write(written)
            rows += 1
    copy = sql.SQL("COPY ({}) TO STDOUT (FORMAT csv, HEADER)").format(_inert(table, query))
    with (
        for_people.open("wb") as csv,
        connection.cursor() as copier,
        copier.copy(copy) as copied,
    ):
        csv.write(BYTE_ORDER_MARK.encode())
        for block in copied:
            csv.write(block)
    return {"name": table.name, "rows": rows, "sha256": digest.hexdigest()}


def _inert(table: Table, query: sql.Composed) -> sql.Composed:
    """Let no spreadsheet compute a text, as in every list: an apostrophe stands before what could begin a formula."""
    guarded = sql.SQL("CASE WHEN r.{name} ~ {formula} THEN {apostrophe} || r.{name} ELSE r.{name} END AS {name}")
    cells = sql.SQL(", ").join(
        guarded.format(name=sql.Identifier(each), formula=sql.Literal(FORMULA), apostrophe=sql.Literal("'"))
        if each in table.texts
        else sql.SQL("r.{}").format(sql.Identifier(each))
        for each in table.columns
    )
    return sql.SQL("SELECT {} FROM ({}) AS r").format(cells, query)


def _manifest_of(archive: zipfile.ZipFile) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads(archive.read("manifest.json"))
    if manifest.get("format") != FORMAT:
        raise ArchiveError(f"This file is of format {manifest.get('format')}; this system reads format {FORMAT}.")
    return manifest


def _must_fit(connection: Connection, manifest: dict[str, Any]) -> None:
    here = _schema_of(connection)
    if manifest["schema"] != here:
        raise ArchiveError(
            f"This file was written by a system at schema {manifest['schema']}, and this one is at {here}."
            " Bring both to the same version, then export once more."
        )
    if any(each["name"] in LEFT_OUT for each in manifest["tables"]):
        raise ArchiveError("This file holds ways in, or domains, which we never write out. Nothing was kept.")
    known = connection.execute(
        "SELECT slug FROM tenant_directory WHERE tenant_id = %s", [int(manifest["tenant_id"])]
    ).fetchone()
    if known:
        raise ConflictError(f"This very shop is here already, at {known[0]}.")


def _enter(connection: Connection, slug: str, tenant_id: int) -> None:
    entered = connection.execute(
        """
        INSERT INTO tenant_directory (slug, tenant_id) VALUES (%(slug)s, %(tenant_id)s) ON CONFLICT DO NOTHING
        """,
        {"slug": slug, "tenant_id": tenant_id},
    )
    if not entered.rowcount:
        raise DuplicateSlugError(f"{slug} is taken here, or looks like an address that is. Choose another.")


def _read_table(connection: Connection, archive: zipfile.ZipFile, table: Table, described: dict[str, Any]) -> None:
    digest, rows = hashlib.sha256(), 0
    columns = sql.SQL(", ").join(map(sql.Identifier, table.columns))
    statement = sql.SQL(
        "INSERT INTO {table} ({columns}) SELECT {columns} FROM jsonb_populate_recordset(NULL::{table}, %s::jsonb)"
    ).format(table=sql.Identifier(table.name), columns=columns)
    at_once = None if table.names_its_own and table.name not in IN_ORDER_OF_ID else ROWS_AT_ONCE
    with archive.open(f"json/{table.name}.jsonl") as lines:
        for batch in _batches(lines, at_once):
            for line in batch:
                digest.update(line)
            rows += len(batch)
            connection.execute(statement, [(b"[" + b",".join(batch) + b"]").decode()])
    if (rows, digest.hexdigest()) != (described["rows"], described["sha256"]):
        raise ArchiveError(f"The rows of {table.name} are not those that were written out. The file is damaged.")


def _batches(lines: IO[bytes], size: int | None) -> Iterator[Sequence[bytes]]:
    batch: list[bytes] = []
    held = 0
    for line in lines:
        batch.append(line)
        held += len(line)
        if size is not None and (len(batch) >= size or held >= BYTES_AT_ONCE):
            yield batch
            batch, held = [], 0
    if batch:
        yield batch


def _run(connection: Connection, statement: str, table: str, tenant_id: int) -> int:
    return connection.execute(sql.SQL(statement).format(sql.Identifier(table)), [tenant_id]).rowcount
