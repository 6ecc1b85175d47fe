"""The tables of csdomain as Django is told of them: what the admin shows, and the tests' databases are emptied of.

Columns with what people wrote, and bodies, are not among them: no page, query or dump of Django's meets personal data
beyond the ids that a host gives people (KRN-14). Those who may read more ask the desk, which has permissions.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from typing import Any, Final

import attrs
from django.db import models
from django.utils.functional import lazy
from django.utils.translation import get_language

from csdomain.desk import kinds, stored
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import LABELS
from csdomain.kernel.store.kinds import TEXT_LONGEST, Kind
from csdomain.kernel.store.own import OWN
from csdomain.kernel.store.registers import Register
from csdomain.kernel.values.codec import from_micros, to_micros

PREFIX: Final = "csd_"
APP: Final = "csdomain"


class Instant(models.DateTimeField):
    """An aware instant, which the table holds as microseconds since 1970."""

    def get_internal_type(self) -> str:
        return "BigIntegerField"

    def from_db_value(self, value: int | None, *_: object) -> datetime | None:
        return None if value is None else from_micros(value)

    def get_db_prep_value(self, value: Any, connection: object, prepared: bool = False) -> int | None:
        return to_micros(value) if isinstance(value, datetime) else value


def _pick(en: str, zh: str) -> str:
    return zh if (get_language() or "").startswith("zh") else en


#: A text in the language of whoever reads, for Django.
said: Final = lazy(_pick, str)


def _text(**options: Any) -> models.Field:
    return models.CharField(max_length=TEXT_LONGEST, **options)


_OF: Final[Mapping[type, Callable[..., models.Field]]] = {
    str: _text,
    int: models.BigIntegerField,
    bool: models.BooleanField,
    datetime: Instant,
    date: models.DateField,
}


@attrs.frozen
class Shape:
    """A table: its name without the prefix, what people call one and many, and its columns by their types.

    ``listed`` are the columns that a list shows: none that may hold the id of a person. ``key`` is what Django takes
    for the primary key.
    """

    name: str
    one: Text
    many: Text
    columns: Mapping[str, type]
    listed: tuple[str, ...]
    key: str
    order: str
    found_by: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The name of its model."""
        return "".join(part.capitalize() for part in self.name.split("_"))

    def fields(self) -> Iterator[tuple[str, models.Field]]:
        """New fields for its columns."""
        for name, of in self.columns.items():
            label = said(name.replace("_", " "), LABELS.get(name, name))
            key = {"primary_key": True, "serialize": False} if name == self.key else {"null": True, "blank": True}
            yield name, _OF[of](verbose_name=label, **key)

    def options(self) -> dict[str, Any]:
        """The options of its model: nobody adds, changes or deletes by Django."""
        return {
            "db_table": PREFIX + self.name,
            "verbose_name": said(self.one.en, self.one.zh),
            "verbose_name_plural": said(self.many.en, self.many.zh),
            "default_permissions": ("view",),
        }


#: What kinds of the house are called. Those of others go by the names of their tables.
_NAMES: Final[Mapping[str, tuple[Text, Text]]] = {
    "complaint": (Text("complaint", "投诉"), Text("complaints", "投诉")),
    "order": (Text("order", "订单"), Text("orders", "订单")),
    "staff": (Text("staff record", "员工记录"), Text("staff records", "员工记录")),
    "delegation": (Text("delegation", "委托授权"), Text("delegations", "委托授权")),
}
#: Texts of a kind that say nothing of a person, in any context.
_PLAIN: Final = frozenset({"number", "state", "rulebook"})


def _kind(kind: Kind[Any]) -> Shape:
    plain = kind.table.replace("_", " ")
    one, many = _NAMES.get(kind.table, (Text(plain, plain), Text(plain, plain)))
    columns = {field.name: field.kind for field in kind.fields}
    listed = tuple(name for name, of in columns.items() if name in _PLAIN or of is not str)
    return Shape(
        name=kind.table,
        one=one,
        many=many,
        columns={"id": str, "version": int, "branch": str, "owner": str, **columns},
        listed=("id", "branch", *listed, "version"),
        key="id",
        order="-id",
        found_by=("id", *(name for name in ("number",) if name in columns)),
    )


def _own(name: str, one: Text, many: Text, columns: Mapping[str, type], hidden: str = "", **more: Any) -> Shape:
    listed = tuple(column for column in columns if column not in hidden.split())
    return Shape(name=name, one=one, many=many, columns=columns, listed=listed, **more)


TRAIL: Final = _own(
    "audit",
    Text("line of the trail", "轨迹记录"),
    Text("trail", "轨迹"),
    {"seq": int, "at": datetime, "subject": str, "name": str, "move": str, "source": str, "dest": str, "actor": str},
    "seq actor",
    key="seq",
    order="-seq",
    found_by=("subject",),
)
REFUSALS: Final = _own(
    "refusal",
    Text("refusal", "拒绝记录"),
    Text("refusals", "拒绝记录"),
    {"seq": int, "at": datetime, "use_case": str, "rule": str, "code": str, "subject": str, "actor": str},
    "seq actor subject",
    key="seq",
    order="-seq",
    found_by=("subject",),
)
TIMERS: Final = _own(
    "timer",
    Text("timer", "计时器"),
    Text("timers", "计时器"),
    {"subject": str, "name": str, "state": str, "started_at": datetime, "due_at": datetime, "next_at": datetime},
    key="subject",  # with the name; Django's admin knows one column
    order="due_at",
    found_by=("subject",),
)
OUTBOX: Final = _own(
    "outbox",
    Text("message", "消息"),
    Text("outbox", "发件箱"),
    {"seq": int, "state": str, "occasion": str, "created_at": datetime, "attempts": int, "next_at": datetime}
    | {"sent_at": datetime, "key": str, "recipient": str},
    "seq key recipient",
    key="seq",
    order="-seq",
    found_by=("key",),
)
#: What no page shows, and a test's database is emptied of like the others.
_UNSHOWN: Final = (
    ("number", "series"),
    ("paper", "number"),
    ("key", "key"),
    ("cursor", "consumer"),
    ("rulebook", "ref"),
)


def kinds_shown() -> tuple[Shape, ...]:
    """The cases and records of every context."""
    return tuple(_kind(kind) for kind in kinds())


def shapes() -> tuple[Shape, ...]:
    """Every table of csdomain."""
    registers = (each for each in (*OWN, *stored()) if isinstance(each, Register))
    unshown = dict((*_UNSHOWN, *((each.table, each.key[0]) for each in registers)))
    rest = (_own(name, Text(name, name), Text(name, name), {key: str}, key=key, order=key) for name, key in unshown.items())
    return (*kinds_shown(), TRAIL, REFUSALS, TIMERS, OUTBOX, *rest)
