"""The chronicle: one line for each happening of a customer, over every context, made of events alone (D24, CUS-05).

A context says in ``chronicle.toml`` beside its module which events of its kinds are lines, and in which words; and
which are not (``silent``), so that none is forgotten::

    [order]
    silent = ["order_closed"]

    [order.order_signed]
    amount = "total"
    zh_hans = "签署订单"
    zh_hant = "簽署訂單"
    en = "Signed the order"
"""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import attrs

from csdomain.frame.cases import CaseType
from csdomain.kernel.store.kinds import Comparison, Query, Where
from csdomain.kernel.store.ports import AuditRecord, Unit
from csdomain.kernel.store.projections import Projection
from csdomain.kernel.store.registers import Mode, Register, RowPage
from csdomain.kernel.values.actors import Action, Actor, Scope
from csdomain.kernel.values.money import Money


@attrs.frozen(kw_only=True)
class Line:
    """A line as it is stored: the ``name`` of the event, the ``kind`` of its ``subject``, the amount in minor units."""

    event: str
    customer: str
    at: datetime
    kind: str
    subject: str
    name: str
    amount: int | None = None


CHRONICLE: Final = Register(
    Line, "chronicle", Mode.DISPOSABLE, ("event",), indexes=(("customer", "at", "event"), ("subject",))
)


@attrs.frozen(kw_only=True)
class Words:
    """What a line says in each language; ``amount`` is the fact of the event that is its amount, empty for none.

    >>> Words(zh_hans="提出投诉", zh_hant="提出投訴", en="Complained").said("zh_hant")
    '提出投訴'
    """

    zh_hans: str
    zh_hant: str
    en: str
    amount: str = attrs.field(default="", repr=False)

    def said(self, language: str) -> str:
        """In ``zh_hans``, ``zh_hant`` or ``en``, the last for any other."""
        return str(getattr(self, language)) if language in ("zh_hans", "zh_hant") else self.en


@attrs.frozen(kw_only=True)
class Moment:
    """A line of a customer's timeline: what happened to ``subject``, a record of the ``kind``, and when (UTC).

    ``name`` is that of the event, ``words`` say it, ``amount`` is None where it has none. [CUS-05]
    """

    event: str
    at: datetime
    kind: str
    subject: str
    name: str
    words: Words
    amount: Money | None


@attrs.frozen(eq=False, slots=False, kw_only=True)
class Chronicle(Projection[Line]):
    """The lines of one kind of case: the ``words`` by the name of the event; ``read`` permits reading the kind."""

    words: Mapping[str, Words]
    read: Action


def chronicle(module: str, cases: CaseType, *, whose: str = "customer") -> Chronicle:
    """The lines of a kind, from ``chronicle.toml`` beside ``module``.

    ``whose`` is the fact of the events that names the customer; empty where that is their subject. Lines go when the
    case is erased, and when it should be and the law keeps it. Raises ValueError, TypeError for a malformed table.
    """
    data = tomllib.loads((Path(module).parent / "chronicle.toml").read_text(encoding="utf-8"))
    kind = cases.kind.table
    words = {name: Words(**said) for name, said in data[kind].items() if name != "silent"}
    kept = cases.keeping
    if kept is None:
        raise ValueError(f"{kind}: what cannot be erased has no lines")

    def line(record: AuditRecord) -> Iterable[Line]:
        customer, amount = record.facts.get(whose) if whose else record.subject, words[record.name].amount
        if customer:
            yield Line(
                event=record.event_id,
                customer=str(customer),
                at=record.at,
                kind=kind,
                subject=record.subject,
                name=record.name,
                amount=_figure(record.facts.get(amount)),
            )

    return Chronicle(
        kind=cases.kind,
        register=CHRONICLE,
        rows=dict.fromkeys(words, line),
        ends=frozenset({kept.erased.name, kept.restricted.name}),
        words=words,
        read=cases.read,
    )


def _figure(fact: object) -> int | None:
    return fact if type(fact) is int else None


def timeline(
    unit: Unit,
    chronicles: Iterable[Chronicle],
    customers: Sequence[str],
    actor: Actor,
    currency: str,
    *,
    limit: int,
    after: tuple[datetime, str] | None,
) -> RowPage[Moment]:
    """One page of what happened to a customer, the newest first, as far as ``actor`` may read the records.

    ``customers`` are the ids of one person. The lines of records that are out of reach are left out of the page. Raises
    MalformedQuery, NaiveTime.
    """
    by_kind = {each.kind.table: each for each in chronicles if each.read in actor.grants}
    readable = CHRONICLE["kind"].among(sorted(by_kind))
    rows = unit.register(CHRONICLE)
    pages = [
        rows.rows(CHRONICLE["customer"].is_(id), readable, order_by=("at",), descending=True, limit=limit, after=after)
        for id in customers
    ]
    found = sorted(
        (line for page in pages for line in page.items), key=lambda line: (line.at, line.event), reverse=True
    )
    shown = found[:limit]
    reached = {kind: _reached(unit, each, _subjects(shown, kind), actor) for kind, each in by_kind.items()}
    items = tuple(
        Moment(
            event=line.event,
            at=line.at,
            kind=line.kind,
            subject=line.subject,
            name=line.name,
            words=by_kind[line.kind].words[line.name],
            amount=None if line.amount is None else Money(line.amount, currency),
        )
        for line in shown
        # A line of an event that is none any more waits to be made again.
        if line.subject in reached[line.kind] and line.name in by_kind[line.kind].words
    )
    more = len(found) > limit or any(page.next is not None for page in pages)
    return RowPage(items, (shown[-1].at, shown[-1].event) if more else None)


def _subjects(lines: Iterable[Line], kind: str) -> list[str]:
    return sorted({line.subject for line in lines if line.kind == kind})


def _reached(unit: Unit, chronicle: Chronicle, ids: Sequence[str], actor: Actor) -> AbstractSet[str]:
    """Those of some records that ``actor`` may read."""
    kind, read = chronicle.kind, chronicle.read
    if not ids or actor.grants[read] is Scope.ALL:
        return frozenset(ids)
    owners = ("owner", *(field.name for field in kind.owners))
    branches = ("branch", *(field.name for field in kind.branches))
    wanted: Query[Any] = Query((Where("id", Comparison.AMONG, tuple(ids)),), limit=len(ids))
    whose = len(owners) + 1
    return {
        str(row[0])
        for row in unit.of(kind).columns(("id", *owners, *branches), wanted).items
        if actor.reaches(read, _texts(row[1:whose]), _texts(row[whose:]))
    }


def _texts(columns: Iterable[object]) -> tuple[str, ...]:
    return tuple(str(each) for each in columns if each is not None)
