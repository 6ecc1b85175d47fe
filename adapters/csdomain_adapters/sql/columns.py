"""Columns: what each type of Python is on each database, and what tables and indexes are called."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import BigInteger, Boolean, Date, Dialect, Integer, LargeBinary, String
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.types import TypeDecorator, TypeEngine

from csdomain.kernel.rules.errors import NaiveTime
from csdomain.kernel.store.kinds import TEXT_LONGEST
from csdomain.kernel.values.codec import from_micros, to_micros

PREFIX: Final = "csd_"


class Instant(TypeDecorator[datetime]):
    """An aware instant as integer microseconds since 1970 in UTC: exact, ordered and alike on every database."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise NaiveTime(given=value)
        return to_micros(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return None if value is None else from_micros(value)


class Day(TypeDecorator[date]):
    """A date. On SQLite it is text, which a host's connection that detects types gives as a date already (D11)."""

    impl = Date
    cache_ok = True

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        read = super().result_processor(dialect, coltype)
        return read if read is None else lambda value: value if isinstance(value, date) else read(value)


#: Text by its bytes on MariaDB; ``utf8mb4_bin`` would take "a" and "a " for the same key.
_BYTES: Final = "utf8mb4_nopad_bin"
#: Options of every table: a server may be set to an engine without transactions, or to another character set.
OPTIONS: Final[dict[str, Any]] = {"mariadb_engine": "InnoDB", "mariadb_charset": "utf8mb4", "mariadb_collate": _BYTES}


def text(length: int) -> String:
    """Text compared by its bytes, on every database: ids, keys and their order are then alike everywhere."""
    plain = String(length)
    return plain.with_variant(postgresql.VARCHAR(length, collation="C"), "postgresql").with_variant(
        mysql.VARCHAR(length, collation=_BYTES), "mariadb"
    )


#: A body. MariaDB's BLOB ends at 64 KB.
BODY: Final = LargeBinary().with_variant(mysql.LONGBLOB(), "mariadb")


#: What a line of the trail has besides what it says (design decision D32), and the index that keeps it one chain.
CHAIN: Final[dict[str, Callable[[], TypeEngine[Any]]]] = {
    "place": Integer,
    "digest": lambda: text(64),
    "salt": lambda: text(32),
    "proof": lambda: BODY,
}
CHAIN_INDEX: Final = "uq_csd_audit_place"
#: A number that counts itself up.
SERIAL: Final = BigInteger().with_variant(Integer, "sqlite")
TYPES: Final[dict[type, Callable[[], TypeEngine[Any]]]] = {
    str: lambda: text(TEXT_LONGEST),
    int: BigInteger,
    bool: Boolean,
    datetime: Instant,
    date: Day,
    bytes: lambda: BODY,
}
#: The longest name of an index on any database.
_NAME_LONGEST: Final = 60


def index_name(table: str, columns: Sequence[str], *, unique: bool = False) -> str:
    """What an index is called: by its table and columns, cut where that is more than a database takes."""
    name = f"{'uq' if unique else 'ix'}_{table}_{'_'.join(columns)}"
    if len(name) <= _NAME_LONGEST:
        return name
    return f"{name[: _NAME_LONGEST - 9]}_{sha256(name.encode()).hexdigest()[:8]}"
