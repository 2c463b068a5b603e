"""Lists on their way to the database and back: whatever is in them, it arrives as it was."""

import datetime as dt
import uuid
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import DBAPIError

from ledger_web.models.base import db

HARD_TEXTS = [
    "",
    "NULL",
    "null",
    "a,b",
    "{a}",
    'say "hi"',
    "back\\slash",
    "\\x00",
    " spaces ",
    "line\nbreak",
    "‘’ سلام 🥛",
]


def sent_and_read(values: list[Any], kind: str) -> Any:
    with db.engine.connect() as connection:
        return connection.exec_driver_sql(f"SELECT %(values)s::{kind}[]", {"values": values}).scalar_one()


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("text", HARD_TEXTS),
        ("text", ["one", None]),
        ("uuid", [uuid.UUID(int=1), None, uuid.uuid4()]),
        ("bigint", [0, -1, 2**63 - 1, -(2**63), None]),
        ("numeric", [Decimal("0.000001"), Decimal("-12.50"), Decimal("1E+3"), None]),
        ("boolean", [True, False, None]),
        ("bytea", [b"", b"\x00\xff\\\"'", None]),
        ("date", [dt.date(2000, 1, 1), dt.date(2199, 12, 31), None]),
        ("timestamptz", [dt.datetime(2026, 2, 28, 23, 59, 59, 999999, tzinfo=dt.UTC), None]),
        ("bigint", []),
    ],
)
def test_a_list_arrives_as_it_was(app: Flask, kind: str, values: list[Any]) -> None:
    assert sent_and_read(values, kind) == values


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0")) | st.none()))
def test_any_texts_arrive_as_they_were(app: Flask, texts: list[str | None]) -> None:
    assert sent_and_read(texts, "text") == texts


def test_a_zero_byte_is_refused_as_a_text_alone_is(app: Flask) -> None:
    with pytest.raises(DBAPIError) as refused:
        sent_and_read(["a\0b"], "text")

    assert isinstance(refused.value.orig, psycopg.DataError)


def test_what_has_no_way_of_being_written_is_refused(app: Flask) -> None:
    with pytest.raises(DBAPIError, match="a list may not hold"):
        sent_and_read([1.5], "text")


def test_a_statement_is_prepared_once_whatever_is_in_its_lists(app: Flask) -> None:
    sql = "SELECT cardinality(%(values)s::bigint[]) AS prepared_once"
    with db.engine.connect() as connection:
        for values in ([1], [2**40], [None], [], [1, 2, 3]) * 3:
            connection.exec_driver_sql(sql, {"values": values})
        prepared = connection.exec_driver_sql(
            "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%%AS prepared_once'"
        ).scalar_one()

    assert prepared == 1
