"""What is stored, and how it is asked for: declarations that every store reads alike (design decisions D2, D14).

An aggregate is stored as a body plus declared real columns; lists, counts and sums use the columns only.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from enum import Enum, unique
from typing import Any, ClassVar, Final, Generic, Protocol, TypeVar

import attrs

from csdomain.kernel.rules import PORTS, Text
from csdomain.kernel.rules.errors import InvalidValue
from csdomain.kernel.values.arguments import MOST, checked
from csdomain.kernel.values.ids import IdKind

NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
#: Longer texts belong in the body: indexes of every database take this much.
TEXT_LONGEST: Final = 120
_INTEGER_BITS: Final = 63


def storable(value: object, longest: int) -> bool:
    """Whether every store keeps ``value`` as it is: text of at most that length, without NUL or half a character."""
    if not isinstance(value, str) or len(value) > longest or "\0" in value:
        return False
    return value.isascii() or encodable(value)


def encodable(text: str) -> bool:
    """Whether it holds no half of a character."""
    try:
        return text.isascii() or bool(text.encode())
    except UnicodeEncodeError:
        return False


class Aggregate(Protocol):
    """Anything stored whole under one id, with the version that guards it and the scope it belongs to."""

    @property
    def id(self) -> str:
        """The id under which it is stored."""
        ...

    @property
    def branch(self) -> str:
        """The branch it belongs to."""
        ...

    @property
    def owner(self) -> str:
        """Who owns it: an actor's id, empty for nobody."""
        ...

    version: int


A = TypeVar("A", bound=Aggregate)
V = TypeVar("V", str, int, bool, datetime, date)
#: The type of a column.
Class = type[Any]
ColumnValue = str | int | bool | datetime | date | None


class MalformedQuery(InvalidValue):
    """A query that names no field of its kind, or asks for a page that cannot be (design decision D14)."""

    default_rule = PORTS
    problem = Text("This query cannot be answered.", "无法回答此查询。")


@unique
class Comparison(Enum):
    """How a condition compares: equal, one of, from (inclusive) and below (exclusive), and present or absent."""

    IS = "is"
    AMONG = "among"
    FROM = "from"
    BELOW = "below"
    ABSENT = "absent"
    PRESENT = "present"


def _column(instance: object, attribute: "attrs.Attribute[str]", value: object) -> None:
    if not storable(value, TEXT_LONGEST):
        raise MalformedQuery(field=attribute.name, accepted=Text("the name of a column", "列名"))


@attrs.frozen(field_transformer=checked(MalformedQuery))
class Where(Generic[A]):
    """One condition on one column; several are joined by *and*."""

    column: str = attrs.field(validator=_column)
    comparison: Comparison = attrs.field()
    value: object = None


@attrs.frozen(eq=False)
class Field(Generic[A, V]):
    """A searchable field: a real, indexed column, taken from the aggregate each time it is saved.

    ``of`` returns what the column holds, or None. Amounts are their minor units, Enums their values.
    """

    name: str
    kind: type[V]
    of: Callable[[A], V | None]
    unique: bool = False
    index: bool = True

    def is_(self, value: V) -> Where[A]:
        """The column holds ``value``."""
        return Where(self.name, Comparison.IS, value)

    def among(self, values: Sequence[V]) -> Where[A]:
        """The column holds one of ``values``. Raises :class:`MalformedQuery`."""
        return Where(self.name, Comparison.AMONG, among(values, self.name))

    def at_least(self, low: V) -> Where[A]:
        """The column holds ``low`` or more."""
        return Where(self.name, Comparison.FROM, low)

    def below(self, high: V) -> Where[A]:
        """The column holds less than ``high``."""
        return Where(self.name, Comparison.BELOW, high)

    def absent(self) -> Where[A]:
        """The column holds nothing."""
        return Where(self.name, Comparison.ABSENT)

    def present(self) -> Where[A]:
        """The column holds something."""
        return Where(self.name, Comparison.PRESENT)


def among(values: object, column: str) -> tuple[object, ...]:
    """What a column is compared with, as a tuple: no text, and not more than anybody hands in.

    Raises :class:`MalformedQuery`.
    """
    if isinstance(values, str | bytes | Mapping) or not isinstance(values, Collection) or len(values) > MOST:
        limit = Text(f"a collection of at most {MOST}", f"至多 {MOST} 项的集合")
        raise MalformedQuery(field=column, given=type(values).__name__, accepted=limit)
    return tuple(values)


Upcaster = Callable[[dict[str, Any]], dict[str, Any]]


@attrs.frozen(eq=False)
class Kind(Generic[A]):
    """What a context declares once about an aggregate: class, id, table and fields. Also the key to its repository.

    ``schema`` is the number of the body's present form; ``upcasters[n]`` turns a body of form n into form n + 1.
    ``queue`` is the field that says in whose queue it is; without one, in its owner's for ever. Columns ``id``,
    ``branch``, ``owner`` and ``version`` are always there.

    ``indexes`` are indexes over several columns. ``owners`` and ``branches`` are further text fields that count as own
    and as of the branch, beside ``owner`` and ``branch`` (PPL-05).
    """

    type: type[A]
    id: IdKind[Any]
    table: str
    fields: tuple[Field[A, Any], ...] = ()
    schema: int = 1
    upcasters: Mapping[int, Upcaster] = attrs.field(factory=dict)
    queue: Field[A, str] | None = None
    indexes: tuple[tuple[str, ...], ...] = ()
    owners: tuple[Field[A, str], ...] = ()
    branches: tuple[Field[A, str], ...] = ()

    BUILT_IN: ClassVar[tuple[str, ...]] = ("id", "branch", "owner", "version")

    def __attrs_post_init__(self) -> None:
        names = [field.name for field in self.fields]
        reserved = {*self.BUILT_IN, "schema", "body"}
        bad = [n for n in [self.table, *names] if not NAME.fullmatch(n)] + [n for n in names if n in reserved]
        if bad or len(set(names)) != len(names):
            raise ValueError(f"{self.table}: field names must be distinct, plain and not reserved: {bad or names}")
        if self.queue is not None and self.queue not in self.fields:
            raise ValueError(f"{self.table}: the queue's field is none of its fields: {self.queue.name}")
        for field in (*self.owners, *self.branches):
            if field not in self.fields or field.kind is not str or field.unique:
                raise ValueError(f"{self.table}: {field.name} says whose it is, but is no text field, or a unique one")
        unknown = {name for index in self.indexes for name in index}.difference(self.BUILT_IN, names)
        if unknown:
            raise ValueError(f"{self.table}: an index names what is no column: {sorted(unknown)}")
        missing = [n for n in range(1, self.schema) if n not in self.upcasters]
        if missing:
            raise ValueError(f"{self.table}: no upcaster from schema {missing}")

    def owned_by(self, aggregate: A) -> tuple[str, ...]:
        """Everybody whose own ``aggregate`` is."""
        return (aggregate.owner, *_held(self.owners, aggregate))

    def branches_of(self, aggregate: A) -> tuple[str, ...]:
        """Every branch that ``aggregate`` is of."""
        return (aggregate.branch, *_held(self.branches, aggregate))

    def upcast(self, body: dict[str, Any], schema: int) -> dict[str, Any]:
        """A body of an older schema in the present form."""
        for number in range(schema, self.schema):
            body = self.upcasters[number](body)
        return body

    def row(self, aggregate: A) -> dict[str, ColumnValue]:
        """The declared columns of an aggregate.

        Raises :class:`MalformedQuery` where a value is not of its field's kind, or more than every database holds.
        """
        row: dict[str, ColumnValue] = {}
        for field in self.fields:
            value = row[field.name] = field.of(aggregate)
            if value is not None and not fits(value, field.kind):
                kind = field.kind.__name__
                raise MalformedQuery(field=field.name, kind=kind, maximum=TEXT_LONGEST, given=sort_of(value))
        return row

    def typed(self, name: str) -> Class:
        """The type of a column. Raises :class:`MalformedQuery`."""
        self.column(name)
        return int if name == "version" else next((field.kind for field in self.fields if field.name == name), str)

    def column(self, name: str) -> str:
        """``name`` if it is a column of this kind. Raises :class:`MalformedQuery`."""
        if name not in self.BUILT_IN and all(field.name != name for field in self.fields):
            known = ", ".join([*self.BUILT_IN, *(field.name for field in self.fields)])
            raise MalformedQuery(field=name, kind=self.table, accepted=Text(known, known))
        return name


def _held(fields: Sequence[Field[A, str]], aggregate: A) -> tuple[str, ...]:
    return tuple([value for field in fields if (value := field.of(aggregate)) is not None])


def sort_of(value: object) -> str:
    """What ``value`` is, for an error that must not repeat it."""
    return f"text of length {len(value)}" if isinstance(value, str) else type(value).__name__


def fits(value: object, kind: type) -> bool:
    """Whether a column of ``kind`` of every database keeps ``value`` as it is."""
    if not isinstance(value, kind) or isinstance(value, bool) is not (kind is bool):
        return False
    if isinstance(value, str):
        return storable(value, TEXT_LONGEST)
    if isinstance(value, datetime):
        return kind is datetime and value.utcoffset() is not None
    return not isinstance(value, int) or value.bit_length() <= _INTEGER_BITS


@attrs.frozen(field_transformer=checked(MalformedQuery))
class Query(Generic[A]):
    """A list to ask for: conditions, order, page size, and where the last page ended.

    Pages are keyset pages: ``after`` is the cursor of the last page, so what is added meanwhile neither repeats nor
    hides a record. Records with nothing in the ordering column come last, in either direction.

    Of the conditions in ``either`` at least one holds, where there are any: whose a record is may stand in several
    columns. A store looks each up by its own index, never by one *or* over all.
    """

    where: tuple[Where[A], ...] = ()
    order_by: str = attrs.field(default="id", validator=_column)
    descending: bool = False
    limit: int = 50
    after: tuple[ColumnValue, str] | None = None
    either: tuple[Where[A], ...] = ()

    def __attrs_post_init__(self) -> None:
        if self.limit < 1:
            raise MalformedQuery(field="limit", given=self.limit, minimum=1)


@attrs.frozen
class Page(Generic[A]):
    """One page of a list; ``next`` is the cursor for the following one, None at the end.

    ``unreadable`` are the ids of records that belong here and cannot be read: they are passed over.
    """

    items: tuple[A, ...]
    next: tuple[ColumnValue, str] | None
    unreadable: tuple[str, ...] = ()


@attrs.frozen
class ColumnPage:
    """One page of a list that gives only some columns of each record, in the order in which they were asked for."""

    items: tuple[tuple[ColumnValue, ...], ...]
    next: tuple[ColumnValue, str] | None


@attrs.frozen(field_transformer=checked(MalformedQuery))
class Tally(Generic[A]):
    """Counts and sums, grouped: ``Tally(group_by=("state",), sums=("claimed",))``, run inside the database.

    ``top=("claimed", 10)`` gives the ten groups with the largest sum of that column, largest first, ``("count", 10)``
    those with the most records; groups alike in it come in the order of the groups. ``either`` is as in a query.
    """

    where: tuple[Where[A], ...] = ()
    group_by: tuple[str, ...] = ()
    sums: tuple[str, ...] = ()
    top: tuple[str, int] | None = None
    either: tuple[Where[A], ...] = ()


@attrs.frozen
class TallyRow:
    """One group: its values, how many, and the sums (0 where nothing was there to add)."""

    group: tuple[ColumnValue, ...]
    count: int
    sums: tuple[int, ...]


#: What ``Tally.top`` calls the number of records.
COUNT: Final = "count"


def ranked(rows: Iterable[TallyRow], tally: Tally[Any]) -> list[TallyRow]:
    """Groups in their order, nothing last; or the largest first, so many as ``top`` says."""
    found = sorted(rows, key=lambda row: [(value is None, 0 if value is None else value) for value in row.group])
    if tally.top is None:
        return found
    by, most = tally.top
    place = None if by == COUNT and COUNT not in tally.sums else tally.sums.index(by)
    found.sort(key=lambda row: row.count if place is None else row.sums[place], reverse=True)
    return found[:most]
