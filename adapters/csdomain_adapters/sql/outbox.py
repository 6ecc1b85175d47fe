"""The table of messages: its rows, and reading them so that one that is broken stops nobody (D22)."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from sqlalchemy import BigInteger, Select, Table, select, type_coerce

from csdomain.kernel.cases.delivery import MessageState, Queued
from csdomain.kernel.cases.effects import Fact, MessageClass
from csdomain.kernel.store.storable import copied
from csdomain.kernel.values.codec import from_micros

from .tables import encoded

#: What delivery changes.
CHANGED: Final = "state next_at attempts sent_at failure tried_at delivered_at ref resent".split()
_INSTANTS: Final = "created_at next_at sent_at until tried_at delivered_at".split()
_FAILURE_LONGEST: Final = 400
_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


def columns(table: Table) -> list[Any]:
    """The columns of a row, instants as the numbers that they are in the table: one may be no number."""
    return [type_coerce(c, BigInteger).label(c.name) if c.name in _INSTANTS else c for c in table.c]


def row(message: Queued) -> dict[str, Any]:
    """The row of a message that is queued."""
    return {
        "key": message.key,
        "occasion": message.occasion,
        "recipient": message.to,
        "facts": encoded(copied(message.facts, "outbox"), "outbox"),
        "created_at": message.created_at,
        "until": message.until,
        "line": message.line or None,
        "klass": message.klass.value,
        "responsible": message.by or None,
        **_delivery(message),
    }


def changed(message: Queued) -> dict[str, Any]:
    """What a message's delivery has come to, and its key as ``key_``."""
    return {"key_": message.key, **_delivery(message)}


def _delivery(message: Queued) -> dict[str, Any]:
    return {
        "state": message.state.value,
        "next_at": message.next_at,
        "attempts": message.attempts,
        "sent_at": message.sent_at,
        "failure": message.failure[:_FAILURE_LONGEST],
        "tried_at": message.tried_at,
        "delivered_at": message.delivered_at,
        "ref": message.ref or None,
        "resent": message.resent,
    }


def queued(row: Mapping[Any, Any]) -> Queued:
    """The message of a row; one with something in it that no message has is not ``readable``, and raises nothing."""
    whole = True

    def read(name: str, how: Callable[[Any], Any], instead: Any) -> Any:
        nonlocal whole
        try:
            return how(row[name])
        except (ValueError, TypeError, OverflowError, KeyError):
            whole = False
            return instead

    def instant(name: str, instead: datetime | None = None) -> Any:
        return instead if row[name] is None else read(name, from_micros, instead)

    values: dict[str, Any] = {
        "key": row["key"],
        "occasion": row["occasion"],
        "to": row["recipient"],
        "facts": read("facts", _facts, {}),
        "created_at": instant("created_at", _NEVER),
        "attempts": read("attempts", int, 0),
        "next_at": instant("next_at"),
        "sent_at": instant("sent_at"),
        "failure": row["failure"],
        "state": read("state", MessageState, MessageState.WAITING),
        "until": instant("until"),
        "line": row["line"] or "",
        "klass": read("klass", MessageClass, MessageClass.CONTRACT),
        "by": row["responsible"] or "",
        "tried_at": instant("tried_at"),
        "delivered_at": instant("delivered_at"),
        "ref": row["ref"] or "",
        "resent": read("resent", int, 0),
    }
    return Queued(**values, readable=whole)


def _facts(text: bytes) -> dict[str, Fact]:
    facts = orjson.loads(text)
    if not isinstance(facts, dict):
        raise TypeError
    return facts


def listed(
    table: Table, *, unsent: bool, state: MessageState | None, to: str, due: datetime | None
) -> Select[tuple[Any, ...]]:
    """A list of messages, the oldest first; each condition has its index."""
    statement: Any = select(*columns(table)).order_by(table.c.seq)
    if unsent:
        statement = statement.where(table.c.sent_at.is_(None))
    if state is not None:
        statement = statement.where(table.c.state == state.value)
    if to:
        statement = statement.where(table.c.recipient == to)
    if due is not None:
        statement = statement.where(table.c.next_at <= due)
    found: Select[tuple[Any, ...]] = statement
    return found
