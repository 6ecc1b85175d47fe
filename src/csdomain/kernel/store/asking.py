"""Questions to a store are refused by name where the columns could not answer them: each database would make something
else of them (design decision D14)."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final, Protocol

from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import aware

from .kinds import COUNT, TEXT_LONGEST, Comparison, MalformedQuery, Tally, Where, storable

PAGE_LARGEST: Final = 100_000


class Columned(Protocol):
    """What has columns: a kind, a register."""

    @property
    def table(self) -> str:
        """The name of its table."""
        ...

    def typed(self, name: str, /) -> type:
        """The type of a column. Raises MalformedQuery."""
        ...


def check_limit(limit: object) -> None:
    """Refuse a page of no size, or larger than any. Raises MalformedQuery."""
    if isinstance(limit, bool) or not isinstance(limit, int) or not 0 < limit <= PAGE_LARGEST:
        raise MalformedQuery(field="limit", given=limit, minimum=1, maximum=PAGE_LARGEST)


def check_value(of: Columned, name: str, value: object) -> None:
    """Refuse what the column could not hold. Raises MalformedQuery, NaiveTime."""
    wanted = of.typed(name)
    if type(value) is not wanted or wanted is bytes:
        raise MalformedQuery(field=name, given=type(value).__name__, accepted=Text(wanted.__name__, wanted.__name__))
    if isinstance(value, datetime):
        aware(value, name)
    elif isinstance(value, str) and not storable(value, TEXT_LONGEST):
        raise MalformedQuery(field=name, given=f"text of length {len(value)}", maximum=TEXT_LONGEST)
    elif isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise MalformedQuery(field=name, given=value, accepted=Text("64 bits", "64 位整数"))


def check_conditions(of: Columned, conditions: Iterable[Where[Any]]) -> None:
    """Refuse conditions on no column, or with values that it could not hold. Raises MalformedQuery, NaiveTime."""
    for where in conditions:
        if where.comparison in (Comparison.ABSENT, Comparison.PRESENT):
            of.typed(where.column)
        elif where.comparison is not Comparison.AMONG:
            check_value(of, where.column, where.value)
        elif not isinstance(where.value, tuple):
            raise MalformedQuery(field=where.column, given=type(where.value).__name__, accepted=Text("tuple", "tuple"))
        else:
            of.typed(where.column)
            for value in where.value:
                check_value(of, where.column, value)


def check_tally(of: Columned, tally: Tally[Any]) -> None:
    """Refuse counts and sums that cannot be made. Raises MalformedQuery, NaiveTime."""
    check_conditions(of, (*tally.where, *tally.either))
    for name in tally.group_by:
        if of.typed(name) is bytes:
            raise MalformedQuery(field=name, kind=of.table, given="bytes")
    for name in tally.sums:
        if of.typed(name) is not int:
            raise MalformedQuery(field=name, kind=of.table, accepted=Text("an integer field", "整数字段"))
    if tally.top is not None:
        by, most = tally.top
        if by not in (COUNT, *tally.sums):
            known = ", ".join((COUNT, *tally.sums))
            raise MalformedQuery(field="top", kind=of.table, given=by, accepted=Text(known, known))
        check_limit(most)
