"""Give everything about a customer out of every context, as plain data (KRN-14)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from csdomain.frame.questions import cases_of
from csdomain.frame.service import CaseService
from csdomain.kernel.values.actors import Actor


def export_customer(
    services: Iterable[CaseService[Any, Any]], customers: Sequence[str], *, by: Actor, at: datetime
) -> dict[str, object]:
    """Everything about a customer, in clear: ``customer_id`` is the id, further keys are the kinds of record.

    ``customers`` are the ids under which records are kept: several where records of one person were merged.

    Only dicts, lists, texts, numbers, booleans and None, so that any format can be written of it; instants and dates
    are ISO 8601 (UTC), amounts as their minor units with the currency. Each record notes on its trail that
    it was given out. Raises NotPermitted unless ``by`` may export all: with gaps it would pass for whole. [KRN-14]
    """
    found: dict[str, object] = {"customer_id": customers[0]}
    for records in services:
        given = (record for customer in customers for record in records.export_of(customer, by=by, at=at))
        found[cases_of(records).kind.table] = [_plain(record) for record in given]
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    if isinstance(value, Enum):
        return _plain(value.value)
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value
