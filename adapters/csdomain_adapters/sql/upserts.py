"""Inserts that leave what is there as it is, as each database says them, and whether one put in its row."""

from typing import Any

from sqlalchemy import Column, CursorResult, Table, func, literal_column
from sqlalchemy.dialects import mysql, postgresql, sqlite

from .dialects import MARIADB


def insert_new(table: Table, dialect: str, *key: str) -> Any:
    """An insert that does nothing where a row with the same ``key`` is there; with whatever is unique where none is
    given. On MariaDB it is whatever is unique in any case."""
    if dialect == MARIADB:
        return unless_there(mysql.insert(table), next(iter(table.primary_key.columns)))
    inserting = postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
    return inserting.on_conflict_do_nothing(index_elements=list(key) or None)


def unless_there(inserting: mysql.Insert, key: Column[Any]) -> mysql.Insert:
    """An insert that leaves a row with the same key as it is, and a mark for :func:`wrote_no_mark`.

    What MariaDB counts as affected then depends on the driver's flags and on its own version.
    """
    return inserting.on_duplicate_key_update({key.name: marked(key)})


def marked(key: Column[Any]) -> Any:
    """The value of ``key`` itself; that it was evaluated shows in the result's ``lastrowid``."""
    return func.if_(func.last_insert_id(literal_column("1")), key, key)


def wrote_no_mark(result: CursorResult[Any]) -> bool:
    """Whether a row was inserted on MariaDB: none was there to be marked."""
    return result.lastrowid == 0


def wrote_one(result: CursorResult[Any]) -> bool:
    """Whether a row was inserted on the others."""
    return result.rowcount == 1
